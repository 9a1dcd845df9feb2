from typing import Any

from django import forms
from django.conf import settings

from synthesis.models import Rendition


class SentenceForm(forms.Form):
    """A sentence for the page of voices, and who is to say it."""

    text = forms.CharField(
        label="Sentence",
        max_length=settings.VOICES_MAX_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "off", "aria-describedby": "hint"}),
    )
    speaker = forms.ChoiceField(label="Speaker")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.voices = Rendition.objects.live().by_voice()
        self.fields["speaker"].choices = [  # type: ignore[attr-defined]
            (f"{voice['name']}/{speaker}", speaker.capitalize())
            for voice in self.voices
            for speaker in voice["speakers"]
        ]

    def wanted(self) -> dict[str, Any]:
        """What the service takes."""
        name, _, speaker = self.cleaned_data["speaker"].partition("/")
        voice = next(each for each in self.voices if each["name"] == name)
        return {
            "text": self.cleaned_data["text"],
            "voice": name,
            "speaker": speaker,
            "emotions": voice["speakers"][speaker],
        }

from uuid import UUID

from django import forms
from django.contrib.auth.models import User

from emotion.models import Emotion
from labeling import services


class DecisionForm(forms.Form):
    """What a moderator decides on a clip, and which state of it was on the screen."""

    PROMOTE, WITHDRAW = "promote", "withdraw"

    decision = forms.ChoiceField(choices=[(PROMOTE, "Promote"), (WITHDRAW, "Withdraw")])
    emotion = forms.ChoiceField(choices=Emotion.choices, required=False)
    revision = forms.IntegerField(min_value=0)

    def clean(self) -> dict[str, object]:
        data = super().clean() or {}
        if data.get("decision") == self.PROMOTE and not data.get("emotion"):
            self.add_error("emotion", "Choose the emotion that you hear.")
        return data

    def apply(self, *, clip_id: UUID, moderator: User) -> None:
        """Carry the decision out; raises what the services raise."""
        data = self.cleaned_data
        if data["decision"] == self.WITHDRAW:
            services.withdraw_clip(clip_id=clip_id, moderator=moderator, revision=data["revision"])
            return
        services.decide_clip(
            clip_id=clip_id,
            moderator=moderator,
            emotion=data["emotion"],
            revision=data["revision"],
        )

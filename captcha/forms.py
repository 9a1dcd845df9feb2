from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from captcha.contrib.forms import CaptchaField, VerifiesLast
from captcha.hostnames import MAX_LENGTH
from captcha.languages import language_names
from captcha.models import ANSWERS, Challenge

MAX_POSITION = 99  # far above any challenge; only bounds the number


class StartForm(forms.Form):
    """What the widget sends to start a challenge."""

    sitekey = forms.CharField(max_length=64)
    hostname = forms.CharField(max_length=MAX_LENGTH)
    # The bounds of Turnstile, and the slash of reCAPTCHA v3, which integrations rely on.
    action = forms.CharField(
        max_length=32, required=False, validators=[RegexValidator(r"^[A-Za-z0-9_/-]*$")]
    )
    cdata = forms.CharField(max_length=255, required=False, strip=False)
    kind = forms.ChoiceField(choices=Challenge.Kind, required=False)
    language = forms.CharField(max_length=35, required=False)  # a tag of BCP 47


class WorkForm(forms.Form):
    """The proof of work alone."""

    work = forms.CharField(max_length=20)


class AnswerForm(forms.Form):
    item = forms.IntegerField(min_value=1, max_value=MAX_POSITION)
    answer = forms.ChoiceField(choices=ANSWERS)
    work = forms.CharField(max_length=20, required=False)


class DemoForm(VerifiesLast):
    """The form of the demo page, protected as a site would protect its own."""

    name = forms.CharField(
        max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}), label=_("Your name")
    )
    message = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 4}), label=_("Message")
    )

    def __init__(
        self, data: Any = None, *, captcha: CaptchaField | None = None, **options: Any
    ) -> None:
        super().__init__(data, **options)
        if captcha:
            self.fields["captcha"] = captcha


KINDS = [
    ("audio", _("Listening")),
    ("text", _("Reading")),
    ("work", _("Proof of work alone")),
]


class DemoLookForm(forms.Form):
    """How the widget of the demo page shall look; everything else falls back to the defaults."""

    theme = forms.ChoiceField(
        choices=[("auto", _("Automatic")), ("light", _("Light")), ("dark", _("Dark"))],
        label=_("Theme"),
    )
    size = forms.ChoiceField(
        choices=[
            ("normal", _("Normal")),
            ("compact", _("Compact")),
            ("flexible", _("Flexible")),
            ("invisible", _("Invisible")),
        ],
        label=_("Size"),
    )
    kind = forms.ChoiceField(label=_("Kind"))
    hl = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, kinds: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.required = False
        self._offer("kind", [choice for choice in KINDS if choice[0] in kinds])
        self._offer("hl", [("", _("Of the browser")), *language_names()])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} offers no choices")
        field.choices = choices

    def look(self) -> dict[str, str]:
        """Return what was chosen and is offered; the rest is left to the widget."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

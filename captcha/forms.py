from django import forms
from django.core.validators import RegexValidator

from captcha.hostnames import MAX_LENGTH
from captcha.models import ANSWERS

MAX_POSITION = 99  # far above any challenge; only bounds the number


class StartForm(forms.Form):
    """What the widget sends to start a challenge."""

    sitekey = forms.CharField(max_length=64)
    hostname = forms.CharField(max_length=MAX_LENGTH)
    # The bounds of Turnstile, which integrations rely on.
    action = forms.CharField(
        max_length=32, required=False, validators=[RegexValidator(r"^[A-Za-z0-9_-]*$")]
    )
    cdata = forms.CharField(max_length=255, required=False, strip=False)


class AnswerForm(forms.Form):
    item = forms.IntegerField(min_value=1, max_value=MAX_POSITION)
    answer = forms.ChoiceField(choices=ANSWERS)


class DemoForm(forms.Form):
    """The form of the demo page that the widget protects."""

    name = forms.CharField(
        max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}), label="Your name"
    )
    message = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))

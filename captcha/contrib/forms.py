"""A form field that is the widget, and verifies what the widget found.

class CommentForm(VerifiesLast, forms.Form):
    text = forms.CharField()
    captcha = CaptchaField(RemoteSite(server=..., sitekey=..., secret=...), action="comment")
"""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.forms.widgets import Script
from django.utils.html import format_html

from captcha.contrib.checks import MESSAGES, Refused, TokenCheck
from captcha.contrib.sites import CaptchaSite

RESPONSE_FIELD = "inflect-captcha-response"


class CaptchaWidget(forms.Widget):
    """The element that `api.js` turns into the widget; `{{ form.media }}` brings the script."""

    def __init__(self, site: CaptchaSite, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(dict(attrs or {}))
        self.site = site

    @property
    def media(self) -> forms.Media:
        script: Any = Script(self.site.script, defer=True)  # Django's stubs know text alone
        return forms.Media(js=[script])

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        # No value: a token that came back with the form is used up or refused.
        described = {
            "class": "inflect-captcha",
            "data-sitekey": self.site.sitekey,
            **self.build_attrs(self.attrs, attrs),
        }
        described.pop("required", None)  # an element without a value cannot be
        return format_html("<div{}></div>", flatatt(described))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str | None:
        return data.get(RESPONSE_FIELD)

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return RESPONSE_FIELD not in data

    def id_for_label(self, id_: str) -> str:
        return ""  # a label points at controls; the widget's are in its frame


class CaptchaField(forms.CharField):
    """Takes a token once; see `TokenCheck` for what it may be bound to.

    Args:
        site: `RemoteSite` or `LocalSite`.
        attrs: Attributes of the element, for instance {"data-theme": "dark"}.
    """

    default_error_messages = MESSAGES

    def __init__(
        self,
        site: CaptchaSite,
        *,
        action: str = "",
        hostnames: Collection[str] = (),
        min_score: float | None = None,
        attrs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.check = TokenCheck(site, action, hostnames, min_score)
        self.is_deferred = False
        bound = {"data-action": action} if action else {}
        options.setdefault("label", "")
        super().__init__(widget=CaptchaWidget(site, {**bound, **(attrs or {})}), **options)

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and not self.is_deferred:
            self.verify(value)

    def verify(self, token: str) -> None:
        """Use the token up, or say as a form does why it is not accepted."""
        try:
            self.check(token)
        except Refused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from refusal


class VerifiesLast(forms.Form):
    """Verifies the token when everything else is right, so that a mistyped field burns none."""

    def full_clean(self) -> None:
        for field in self._captcha_fields().values():
            field.is_deferred = True
        super().full_clean()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # where model forms validate their instance
        for name, field in self._captcha_fields().items():
            token = self.cleaned_data.get(name)
            if self.errors or not token:
                continue
            try:
                field.verify(token)
            except ValidationError as error:
                self.add_error(name, error)

    def _captcha_fields(self) -> dict[str, CaptchaField]:
        fields = self.fields.items()
        return {name: field for name, field in fields if isinstance(field, CaptchaField)}

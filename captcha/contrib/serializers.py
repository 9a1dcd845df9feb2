"""The same for Django REST framework: a field of a JSON body that carries the token.

class CommentSerializer(VerifiesLast, serializers.Serializer):
    text = serializers.CharField()
    captcha = CaptchaField(RemoteSite(server=..., sitekey=..., secret=...), action="comment")
"""

from collections.abc import Collection
from typing import Any

from rest_framework import serializers

from captcha.contrib.checks import MESSAGES, Refused, TokenCheck
from captcha.contrib.sites import CaptchaSite


class CaptchaField(serializers.CharField):
    """A token that is taken once and given to nobody; its value is left out of the valid data."""

    default_error_messages = {
        **MESSAGES,
        "blank": MESSAGES["required"],
        "null": MESSAGES["required"],
    }

    def __init__(
        self,
        site: CaptchaSite,
        *,
        action: str = "",
        hostnames: Collection[str] = (),
        min_score: float | None = None,
        **options: Any,
    ) -> None:
        self.check = TokenCheck(site, action, hostnames, min_score)
        options.setdefault("write_only", True)
        super().__init__(**options)

    @property
    def is_deferred(self) -> bool:
        return isinstance(self.parent, VerifiesLast)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        token = super().run_validation(data)
        if token and not self.is_deferred:
            self.verify(token)
        return token

    def verify(self, token: str) -> None:
        """Use the token up, or say as a serializer does why it is not accepted."""
        try:
            self.check(token)
        except Refused as refusal:
            raise serializers.ValidationError(str(refusal), code=refusal.code) from refusal


class VerifiesLast(serializers.Serializer):
    """Verifies the token when everything else is right, and drops it from the valid data."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        valid = super().run_validation(data)
        for name, field in self.fields.items():
            if isinstance(field, CaptchaField) and (token := valid.pop(field.source, None)):
                try:
                    field.verify(token)
                except serializers.ValidationError as error:
                    raise serializers.ValidationError({name: error.detail}) from error
        return valid

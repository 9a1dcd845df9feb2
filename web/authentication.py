"""Who calls the API: a program with a key, or anybody."""

from typing import cast

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from web import services
from web.models import ApiKey

KEYWORD = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key KEY`; without the header a call is anonymous."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiKey] | None:
        keyword, _, key = get_authorization_header(request).partition(b" ")
        if keyword.lower() != KEYWORD.lower().encode():
            return None
        found = services.find_api_key(key=key.strip().decode("latin-1"))
        if found is None:
            raise AuthenticationFailed("The API key is unknown or revoked: ask who gave it to you")
        # The key stands where a person would: it is what the request was made by.
        return cast(AbstractBaseUser, found), found

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the schema describes it."""

    target_class = "web.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{KEYWORD} KEY`, made in the portal or by `create_api_key`",
        }

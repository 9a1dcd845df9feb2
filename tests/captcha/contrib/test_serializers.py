"""The serializer field: a token in a JSON body, taken once."""

import pytest
from rest_framework import serializers

from captcha.contrib.serializers import CaptchaField, VerifiesLast
from captcha.contrib.sites import LocalSite

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[serializers.Serializer, VerifiesLast])
def serializer_class(request, site):
    fields = {
        "text": serializers.CharField(),
        "captcha": CaptchaField(LocalSite(site.sitekey), action="login"),
    }
    return type("CommentSerializer", (request.param,), fields)


def test_a_body_with_a_fresh_token_is_valid_once(serializer_class, token):
    body = {"text": "Hello", "captcha": token}
    assert serializer_class(data=body).is_valid()
    again = serializer_class(data=body)
    assert not again.is_valid()
    assert again.errors["captcha"][0].code == "used"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"captcha": ""}, "blank"),
        ({"captcha": None}, "null"),
        ({"captcha": "garbled"}, "refused"),
        ({"captcha": ["list"]}, "invalid"),
    ],
)
def test_a_body_without_a_good_token_says_why(serializer_class, body, code):
    serializer = serializer_class(data={"text": "Hello", **body})
    assert not serializer.is_valid()
    assert [error.code for error in serializer.errors["captcha"]] == [code]


def test_with_verification_last_a_missing_field_burns_no_token_and_none_is_kept(site, token):
    fields = {"text": serializers.CharField(), "captcha": CaptchaField(LocalSite(site.sitekey))}
    serializer_class = type("CommentSerializer", (VerifiesLast,), fields)
    assert not serializer_class(data={"captcha": token}).is_valid()
    serializer = serializer_class(data={"captcha": token, "text": "Hello"})
    assert serializer.is_valid()
    assert serializer.validated_data == {"text": "Hello"}

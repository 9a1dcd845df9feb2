import pytest

from captcha.models import SiteSecret
from captcha.services import create_site, issue_secret
from web.digests import digest
from web.models import ApiKey
from web.services import issue_api_key


def test_a_digest_is_sha_256_in_hexadecimal():
    # FIPS 180-4's example.
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_what_is_no_text_in_any_encoding_has_a_digest_too():
    assert len(digest("\ud800")) == 64


@pytest.mark.django_db
def test_keys_and_secrets_are_stored_under_the_same_digest_and_nowhere_else():
    _, key = issue_api_key(name="A program")
    secret = issue_secret(site=create_site(name="Shop", hostnames=["shop.example"]))

    assert ApiKey.objects.get().sha256 == digest(key)
    assert SiteSecret.objects.get().sha256 == digest(secret)
    stored = [*ApiKey.objects.values_list(), *SiteSecret.objects.values_list()]
    assert key not in str(stored)
    assert secret not in str(stored)

"""The portal's pages of sites and challenges."""

import re

import pytest
from django.urls import reverse

from captcha import services
from captcha.models import SiteSecret
from web.digests import digest

pytestmark = pytest.mark.django_db
SITES = reverse("admin:captcha_site_changelist")
CHALLENGES = reverse("admin:captcha_challenge_changelist")


def do(client, action: str, *sites):
    return client.post(SITES, {"action": action, "_selected_action": [site.pk for site in sites]})


def test_a_new_secret_is_shown_once_and_works(admin_client, site):
    response = do(admin_client, "issue_new_secret", site)
    shown = re.search(r'id="new-secret">(\w{64})<', response.content.decode())
    assert shown is not None
    assert SiteSecret.objects.get().sha256 == digest(shown[1])
    assert "no-store" in response["Cache-Control"]
    for page in (SITES, reverse("admin:captcha_site_change", args=[site.pk])):
        assert shown[1] not in admin_client.get(page).content.decode()


def test_a_secret_is_issued_for_one_site_at_a_time(admin_client, site, other_site):
    do(admin_client, "issue_new_secret", site, other_site)
    assert not SiteSecret.objects.exists()


def test_older_secrets_are_revoked_by_an_action(admin_client, site, secret):
    newer = services.issue_secret(site=site)
    do(admin_client, "revoke_all_but_the_newest_secret", site)
    assert SiteSecret.objects.valid().get().sha256 == digest(newer)


def test_a_site_is_added_with_its_hosts(admin_client):
    response = admin_client.post(
        reverse("admin:captcha_site_add"),
        {
            "name": "New",
            "is_active": "on",
            "hostnames-TOTAL_FORMS": 1,
            "hostnames-INITIAL_FORMS": 0,
            "hostnames-0-hostname": "new.example",
            "mode": "checkbox",
            "difficulty": "standard",
            "offers_audio": "on",
            "secrets-TOTAL_FORMS": 0,
            "secrets-INITIAL_FORMS": 0,
        },
    )
    assert response.status_code == 302
    assert "new.example" in admin_client.get(SITES).content.decode()


def test_a_host_with_a_scheme_is_refused(admin_client, site):
    response = admin_client.post(
        reverse("admin:captcha_site_change", args=[site.pk]),
        {
            "name": "New",
            "hostnames-TOTAL_FORMS": 1,
            "hostnames-INITIAL_FORMS": 0,
            "hostnames-0-hostname": "https://new.example/",
            "secrets-TOTAL_FORMS": 0,
            "secrets-INITIAL_FORMS": 0,
        },
    )
    assert "is no host name" in response.content.decode()


def test_challenges_are_listed_with_their_items_and_cannot_be_changed(admin_client, visitor, pools):
    passed = visitor.solve()
    page = admin_client.get(CHALLENGES).content.decode()
    assert "Passed" in page
    assert "3 of 3" in page
    address = reverse("admin:captcha_challenge_change", args=[passed["challenge"]])
    assert "Known" in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"state": "failed"}).status_code == 403
    assert admin_client.get(reverse("admin:captcha_challenge_add")).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_lists(
    admin_client, visitor, pools, site, django_assert_max_num_queries
):
    for _ in range(4):
        visitor.solve()
        services.issue_secret(site=site)
    for page in (SITES, CHALLENGES):
        with django_assert_max_num_queries(14):
            admin_client.get(page)

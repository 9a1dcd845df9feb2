"""A site's own answers, languages and owner."""

import io
import json

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from captcha import services
from captcha.models import ChallengeItem, Site
from tests.captcha.conftest import HOSTNAME, Visitor

pytestmark = pytest.mark.django_db
FOUR = "angry,happy,neutral,sad"


def create(*arguments: str) -> Site:
    out = io.StringIO()
    call_command(
        "captcha_create_site", "--name", "Shop", "--hostname", HOSTNAME, *arguments, stdout=out
    )
    keys = json.loads(out.getvalue())
    assert set(keys) == {"sitekey", "secret"}
    return Site.objects.get(sitekey=keys["sitekey"])


def test_the_command_takes_every_option():
    User.objects.create_user("owner")
    site = create(
        "--mode", "checkbox", "--difficulty", "strict", "--verifies-by-get",
        "--kinds", "audio", "work", "--answers", "sad", "happy", "angry", "neutral",
        "--languages", "de", "en", "--owner", "owner",
    )  # fmt: skip
    assert (site.answers, site.languages, site.owner.username) == (FOUR, "de,en", "owner")
    assert (site.difficulty, site.verifies_by_get, site.kinds()) == (
        "strict",
        True,
        ["audio", "work"],
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--answers", "sad", "happy"], "at least 4"),
        (["--languages", "tlh"], "Unknown: tlh"),
        (["--owner", "nobody"], "no account 'nobody'"),
    ],
)
def test_an_option_that_cannot_be_is_told(arguments, told):
    with pytest.raises(CommandError, match=told):
        create(*arguments)
    assert not Site.objects.exists()


def test_a_site_with_fewer_answers_asks_for_these_only(pools, settings):
    settings.CAPTCHA_FREE_CHALLENGES = 100
    site = services.create_site(name="Four", hostnames=[HOSTNAME], answers=FOUR)
    for number in range(3):
        visitor = Visitor(site, f"192.0.{number}.1")
        described = visitor.start().json()
        assert described["answers"] == [*FOUR.split(","), "skip"]
        assert described["item"]["of"] == 2  # no dummy: it may be of another emotion
    asked = ChallengeItem.objects.values_list("play_clip__emotion", flat=True)
    assert set(asked) <= set(FOUR.split(","))


def test_situations_keep_to_the_answers_too(settings):
    settings.CAPTCHA_FREE_CHALLENGES = 100
    site = services.create_site(name="Four", hostnames=[HOSTNAME], answers=FOUR)
    for number in range(10):
        Visitor(site, f"192.0.{number}.1").start(kind="text")
    asked = ChallengeItem.objects.values_list("scenario_emotion", flat=True)
    assert set(asked) <= set(FOUR.split(","))


def test_an_answer_that_the_site_has_not_is_refused(pools):
    site = services.create_site(name="Four", hostnames=[HOSTNAME], answers=FOUR)
    visitor = Visitor(site)
    challenge = visitor.start().json()["challenge"]
    refused = visitor.answer(challenge, 1, "fearful")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "field_invalid")
    assert not ChallengeItem.objects.filter(answered_at__isnull=False).exists()


def test_with_fewer_answers_a_guess_proves_less(pools):
    """Two right of four answers could be luck, so that a third clip is asked."""
    site = services.create_site(name="Four", hostnames=[HOSTNAME], answers=FOUR)
    described = Visitor(site).solve()
    assert described["state"] == "passed"
    assert ChallengeItem.objects.count() > 2


def test_the_widget_keeps_to_the_languages_of_its_site(client):
    site = services.create_site(name="German", hostnames=[HOSTNAME], languages="de,ko")
    for wish, spoken in (("fr", "de"), ("ko", "ko"), ("", "de")):
        query = {"sitekey": site.sitekey, "origin": f"https://{HOSTNAME}", "hl": wish}
        response = client.get("/captcha/widget/", query, headers={"Accept-Language": "en"})
        assert response["Content-Language"] == spoken
        assert f'lang="{spoken}"' in response.content.decode()


def test_answers_are_kept_in_the_order_of_all_sites():
    site = services.create_site(
        name="Mixed", hostnames=[HOSTNAME], answers=" sad, angry,happy ,neutral,sad"
    )
    assert site.answers == FOUR


def test_unknown_answers_are_refused():
    with pytest.raises(ValidationError, match="bored"):
        services.create_site(name="X", hostnames=[HOSTNAME], answers="bored,sad,happy,angry")


def test_a_site_survives_its_owner():
    owner = User.objects.create_user("owner")
    site = services.create_site(name="Shop", hostnames=[HOSTNAME], owner=owner)
    owner.delete()
    site.refresh_from_db()
    assert site.owner is None

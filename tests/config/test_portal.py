import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.management.commands.prepare import make_moderators_group
from labeling.models import Clip, Promotion
from tests.labeling.conftest import *  # noqa: F403 - the fixtures of clips and votes

pytestmark = pytest.mark.django_db

LISTS = [
    "labeling_clip",
    "labeling_vote",
    "labeling_promotion",
    "synthesis_playclip",
    "synthesis_voice",
    "captcha_site",
    "captcha_challenge",
    "emotion_modelversion",
    "web_workerheartbeat",
]


@pytest.fixture
def person(django_user_model):
    """A staff account that is in the moderators' group and nothing more."""
    make_moderators_group()
    user = django_user_model.objects.create_user("person", password="pw", is_staff=True)
    user.groups.add(Group.objects.get(name="Moderators"))
    return user


@pytest.fixture
def portal(client, person):
    client.force_login(person)
    return client


def decide(portal, clip, **data):
    return portal.post(reverse("admin:labeling_clip_decide", args=[clip.pk]), data)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_for_the_administrator(admin_client, clip, vote, name):
    vote(clip)
    assert admin_client.get(reverse(f"admin:{name}_changelist")).status_code == 200


def test_the_first_page_counts(admin_client, clip, vote):
    for _ in range(4):
        vote(clip)
    page = admin_client.get(reverse("admin:index"))
    assert {figure.label: figure.value for figure in page.context["figures"]} == {
        "Conflicts": 0,
        "Collecting votes": 0,
        "Training set": 1,
        "Votes": 4,
        "Play pool": 0,
        "Challenges": 0,
    }
    assert ("Angry", 0, 1) in page.context["pools"]


def test_nobody_sees_the_portal_without_an_account(client, clip):
    for url in (reverse("admin:index"), reverse("admin:labeling_clip_audio", args=[clip.pk])):
        response = client.get(url)
        assert response.status_code == 302
        assert "/portal/login/" in response["Location"]


def test_the_list_of_clips_takes_as_many_queries_for_many_clips_as_for_one(
    admin_client, make_clip, vote
):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(reverse("admin:labeling_clip_changelist"))
        return len(captured)

    vote(make_clip(1))
    few = queries()
    for seed in range(2, 12):
        vote(make_clip(seed))
    assert queries() == few


def test_a_clip_can_be_heard_in_the_portal(portal, clip):
    page = portal.get(reverse("admin:labeling_clip_change", args=[clip.pk]))
    address = reverse("admin:labeling_clip_audio", args=[clip.pk])
    assert address in page.content.decode()
    audio = portal.get(address)
    assert audio["Content-Type"] == "audio/wav"
    assert b"".join(audio.streaming_content)[:4] == b"RIFF"


def test_a_moderator_settles_a_conflict(portal, clip, vote, person):
    for emotion in ["angry", "happy"] * 5:
        vote(clip, emotion)
    response = decide(portal, clip, decision="promote", emotion="happy", revision=1)
    assert response.status_code == 302
    promotion = Promotion.objects.active().get()
    assert (promotion.emotion, promotion.moderator) == ("happy", person)


def test_a_moderator_withdraws_a_clip(portal, clip):
    decide(portal, clip, decision="withdraw", revision=0)
    clip.refresh_from_db()
    assert clip.state == Clip.State.WITHDRAWN


def test_a_stale_decision_gets_409_and_changes_nothing(portal, clip, vote):
    for _ in range(4):
        vote(clip)
    response = decide(portal, clip, decision="promote", emotion="happy", revision=0)
    assert response.status_code == 409
    assert "look at it again" in response.content.decode()
    assert Promotion.objects.get().emotion == "angry"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"decision": "promote", "revision": 0},
        {"decision": "promote", "emotion": "calm", "revision": 0},
        {"decision": "burn", "emotion": "happy", "revision": 0},
        {"decision": "promote", "emotion": "happy", "revision": "x"},
    ],
)
def test_a_malformed_decision_gets_400_and_changes_nothing(portal, clip, data):
    assert decide(portal, clip, **data).status_code == 400
    assert not Promotion.objects.exists()


def test_staff_without_the_permission_cannot_decide(client, django_user_model, clip):
    client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
    response = decide(client, clip, decision="promote", emotion="happy", revision=0)
    assert response.status_code == 403
    assert not Promotion.objects.exists()


def test_a_decision_by_get_is_refused(portal, clip):
    address = reverse("admin:labeling_clip_decide", args=[clip.pk])
    assert portal.get(address).status_code == 405


def test_preparing_twice_makes_one_administrator_and_prints_the_password_once(
    capsys, django_user_model, settings, tmp_path
):
    settings.STATIC_ROOT = tmp_path / "static"
    call_command("prepare")
    assert "password:" in capsys.readouterr().out
    call_command("prepare")
    assert "password:" not in capsys.readouterr().out
    assert django_user_model.objects.filter(is_superuser=True).count() == 1

"""The portal's pages of clips, votes and promotions: who sees them, and who decides."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.storage import storages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.management.commands.prepare import make_moderators_group
from labeling.models import Clip, Promotion
from tests.labeling.conftest import bare_clip

pytestmark = pytest.mark.django_db
MODELS = ["clip", "vote", "promotion"]


def page(name: str, *arguments) -> str:
    return reverse(f"admin:labeling_{name}", args=arguments)


@pytest.fixture
def person(django_user_model):
    """A staff account that is in the moderators' group and nothing more."""
    make_moderators_group()
    user = django_user_model.objects.create_user("person", is_staff=True)
    user.groups.add(Group.objects.get(name="Moderators"))
    return user


@pytest.fixture
def portal(client, person):
    client.force_login(person)
    return client


@pytest.fixture
def guest(client, django_user_model):
    """Logged in, and of the staff, with no permission at all."""
    client.force_login(django_user_model.objects.create_user("guest", is_staff=True))
    return client


@pytest.fixture
def reader(client, django_user_model):
    """May look at clips, and decide nothing."""
    user = django_user_model.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_clip"))
    client.force_login(user)
    return client


def decide(portal, clip, **data):
    return portal.post(page("clip_decide", clip.pk), data)


def pages_of(clip) -> dict[str, str]:
    names = ("clip_change", "clip_history", "clip_audio")
    lists = {f"{model}_changelist": page(f"{model}_changelist") for model in MODELS}
    return {**lists, **{name: page(name, clip.pk) for name in names}}


def test_nobody_without_an_account_sees_or_hears_or_decides_anything(client, clip):
    answers = [client.get(address) for address in pages_of(clip).values()]
    answers.append(decide(client, clip, decision="promote", emotion="happy", revision=0))
    for response in answers:
        assert response.status_code == 302
        assert response["Location"].startswith("/portal/login/")
    assert not Promotion.objects.exists()


def test_staff_without_a_permission_sees_and_hears_nothing(guest, clip):
    statuses = {name: guest.get(address).status_code for name, address in pages_of(clip).items()}
    assert statuses.pop("clip_audio") == 404
    assert set(statuses.values()) == {403}


def test_a_moderator_sees_and_hears_everything(portal, promoted):
    addresses = pages_of(promoted())
    assert {portal.get(address).status_code for address in addresses.values()} == {200}


def test_who_may_only_look_is_offered_no_decision_and_can_take_none(reader, clip):
    shown = reader.get(page("clip_change", clip.pk))
    assert shown.status_code == 200
    assert "Your decision" not in shown.content.decode()
    response = decide(reader, clip, decision="promote", emotion="happy", revision=0)
    assert response.status_code == 403
    clip.refresh_from_db()
    assert (clip.state, clip.revision) == ("open", 0)


def test_staff_without_the_permission_cannot_decide(guest, clip):
    response = decide(guest, clip, decision="promote", emotion="happy", revision=0)
    assert response.status_code == 403
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("model", MODELS)
def test_not_even_the_administrator_writes_rows_by_hand(admin_client, promoted, model):
    clip = promoted()
    row = {"clip": clip, "vote": clip.votes.first(), "promotion": clip.promotions.get()}[model]
    assert admin_client.get(page(f"{model}_add")).status_code == 403
    for verb in ("change", "delete"):
        response = admin_client.post(page(f"{model}_{verb}", row.pk), {"emotion": "sad"})
        assert response.status_code == 403, verb
    clip.refresh_from_db()
    assert (clip.emotion, clip.votes.count(), clip.promotions.get().emotion) == (
        "angry",
        4,
        "angry",
    )


def test_chosen_clips_cannot_be_deleted_from_the_list(admin_client, clip):
    chosen = {"action": "delete_selected", "_selected_action": [clip.pk]}
    admin_client.post(page("clip_changelist"), {**chosen, "post": "yes"})
    assert Clip.objects.filter(pk=clip.pk).exists()


def queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_list_of_clips_takes_as_many_queries_for_many_clips_as_for_one(
    admin_client, make_clip, vote
):
    vote(make_clip(1))
    few = queries(admin_client, page("clip_changelist"))
    for seed in range(2, 12):
        vote(make_clip(seed))
    assert queries(admin_client, page("clip_changelist")) == few


@pytest.mark.parametrize("model", MODELS)
def test_a_list_of_fifty_takes_as_many_queries_as_one_of_five(portal, vote, moderator, model):
    def fill(count: int) -> None:
        for _ in range(count):
            clip = bare_clip(state="promoted", emotion="sad", revision=1)
            vote(clip)
            clip.promotions.create(
                emotion="sad",
                decided_by="moderator",
                moderator=moderator,
                posterior={},
                vote_count=1,
                rule_version="r",
            )

    fill(5)
    few = queries(portal, page(f"{model}_changelist"))
    fill(45)
    assert queries(portal, page(f"{model}_changelist")) == few


def test_a_clip_of_many_votes_takes_as_many_queries_as_one_of_few(portal, clip, vote):
    for _ in range(2):
        vote(clip, "sad")
    few = queries(portal, page("clip_change", clip.pk))
    for number in range(30):
        vote(clip, ["sad", "happy"][number % 2])
    assert queries(portal, page("clip_change", clip.pk)) <= few + 2  # a conflict's own line


def test_the_list_counts_the_votes_by_emotion_the_most_first(portal, clip, vote):
    assert ">none<" in portal.get(page("clip_changelist")).content.decode()
    for label in ("sad", "angry", "sad"):
        vote(clip, label)
    assert "sad 2, angry 1" in portal.get(page("clip_changelist")).content.decode()


def test_clips_are_found_by_state_and_by_where_they_come_from(portal):
    conflict = bare_clip(state="conflict", source="Quiet room")
    bare_clip(source="Loud room")
    for query in ("state__exact=conflict", "q=quiet+room", f"q={conflict.sha256}"):
        shown = portal.get(f"{page('clip_changelist')}?{query}").context["cl"].result_list
        assert list(shown) == [conflict], query


def test_what_a_file_name_says_is_shown_and_not_run(portal, clip):
    Clip.objects.filter(pk=clip.pk).update(source="<script>alert(1)</script>")
    shown = portal.get(page("clip_change", clip.pk)).content.decode()
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert(1)" not in shown


def test_a_clips_page_tells_its_whole_history(portal, clip, vote, person):
    for _ in range(4):
        vote(clip)
    decide(portal, clip, decision="promote", emotion="sad", revision=1)
    text = re.sub(r"<[^>]+>", " ", portal.get(page("clip_change", clip.pk)).content.decode())
    words = " ".join(text.split())
    assert words.count("Angry") > 4
    assert "Moderator person" in words
    for kind in ("Added", "Promoted"):
        assert kind in words


def test_a_clip_can_be_heard_in_the_portal(portal, clip):
    shown = portal.get(page("clip_change", clip.pk))
    address = page("clip_audio", clip.pk)
    assert address in shown.content.decode()
    audio = portal.get(address)
    assert audio["Content-Type"] == "audio/wav"
    assert {"private", "no-store"} <= set(audio["Cache-Control"].split(", "))
    assert b"".join(audio.streaming_content)[:4] == b"RIFF"


def test_a_clip_without_its_file_is_not_found_and_still_shown(portal, clip):
    storages["dummy"].delete(clip.key)
    assert portal.get(page("clip_audio", clip.pk)).status_code == 404
    assert portal.get(page("clip_change", clip.pk)).status_code == 200


def test_a_moderator_settles_a_conflict(portal, clip, vote, person):
    for emotion in ["angry", "happy"] * 5:
        vote(clip, emotion)
    response = decide(portal, clip, decision="promote", emotion="happy", revision=1)
    assert response.status_code == 302
    promotion = Promotion.objects.active().get()
    assert (promotion.emotion, promotion.moderator) == ("happy", person)


def test_the_form_of_the_page_is_what_the_decision_takes(portal, clip):
    shown = portal.get(page("clip_change", clip.pk)).content.decode()
    assert f'action="{page("clip_decide", clip.pk)}"' in shown
    [revision] = re.findall(r'name="revision" value="(\d+)"', shown)
    emotions = re.findall(r'name="emotion" value="(\w+)"', shown)
    assert len(emotions) == 7
    decide(portal, clip, decision="promote", emotion=emotions[5], revision=revision)
    shown = portal.get(page("clip_change", clip.pk)).content.decode()
    assert re.findall(r'name="emotion" value="(\w+)" checked', shown) == [emotions[5]]
    assert 'name="revision" value="1"' in shown


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


def test_after_a_stale_decision_the_page_shows_what_the_next_one_needs(portal, promoted):
    clip = promoted()
    shown = decide(portal, clip, decision="withdraw", revision=0).content.decode()
    assert 'name="revision" value="1"' in shown
    assert decide(portal, clip, decision="withdraw", revision=1).status_code == 302


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


def test_a_decision_on_a_clip_that_is_not_there_is_not_found(portal, clip):
    clip.pk = uuid.uuid4()
    assert decide(portal, clip, decision="withdraw", revision=0).status_code == 404


def test_a_decision_by_get_is_refused(portal, clip):
    assert portal.get(page("clip_decide", clip.pk)).status_code == 405


def test_a_decision_from_another_site_is_refused(person, clip):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person)
    response = decide(strict, clip, decision="withdraw", revision=0)
    assert response.status_code == 403
    clip.refresh_from_db()
    assert clip.state == "open"

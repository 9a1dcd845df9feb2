"""What moderators see and decide of play clips and renditions."""

import pytest
from django.contrib.auth.models import Permission, User

from synthesis import services
from synthesis.models import PlayClip, Rendition
from synthesis.services import Need

pytestmark = pytest.mark.django_db
CLIPS = "/portal/synthesis/playclip/"


@pytest.fixture
def moderator(client) -> User:
    user = User.objects.create_user("mo", is_staff=True)
    names = ["view_playclip", "review_playclip", "view_rendition"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def test_a_moderator_listens_and_approves(client, moderator, add_play_clip, settings):
    settings.PLAY_CLIP_REVIEW = True
    clip = add_play_clip()
    page = client.get(f"{CLIPS}{clip.pk}/change/").content.decode()
    assert "Do you hear “happy”" in page
    assert client.get(f"{CLIPS}{clip.pk}/audio/").headers["Content-Type"] == "audio/wav"
    client.post(f"{CLIPS}{clip.pk}/review/", {"decision": "approve"})
    clip.refresh_from_db()
    assert (clip.state, clip.reviewed_by) == ("ready", moderator)


def test_a_rejected_clip_cannot_be_decided_again(client, moderator, add_play_clip):
    clip = add_play_clip()
    client.post(f"{CLIPS}{clip.pk}/review/", {"decision": "reject"})
    client.post(f"{CLIPS}{clip.pk}/review/", {"decision": "approve"})
    clip.refresh_from_db()
    assert clip.state == "rejected"
    assert "Do you hear" not in client.get(f"{CLIPS}{clip.pk}/change/").content.decode()


def test_many_are_decided_from_the_list(client, moderator, add_play_clip):
    clips = [add_play_clip() for _ in range(3)]
    sent = {"action": "reject", "_selected_action": [str(clip.pk) for clip in clips[:2]]}
    page = client.post(CLIPS, sent, follow=True).content.decode()
    assert "2 clips rejected" in page
    assert PlayClip.objects.filter(state="rejected").count() == 2


def test_without_the_permission_nobody_decides(client, moderator, add_play_clip):
    moderator.user_permissions.remove(Permission.objects.get(codename="review_playclip"))
    clip = add_play_clip()
    assert "Do you hear" not in client.get(f"{CLIPS}{clip.pk}/change/").content.decode()
    response = client.post(f"{CLIPS}{clip.pk}/review/", {"decision": "reject"})
    assert response.status_code == 403
    client.post(CLIPS, {"action": "reject", "_selected_action": [str(clip.pk)]})
    assert PlayClip.objects.ready().count() == 1


def test_a_decision_is_posted_and_is_one_of_two(client, moderator, add_play_clip):
    clip = add_play_clip()
    assert client.get(f"{CLIPS}{clip.pk}/review/").status_code == 405
    client.post(f"{CLIPS}{clip.pk}/review/", {"decision": "delete"})
    clip.refresh_from_db()
    assert (clip.state, clip.reviewed_at) == ("ready", None)


def test_opus_is_played_as_opus(client, moderator, add_play_clip, settings):
    settings.PLAY_CLIP_FORMAT = "opus"
    clip = add_play_clip()
    assert client.get(f"{CLIPS}{clip.pk}/audio/").headers["Content-Type"] == "audio/ogg"


def test_the_administrator_sees_what_was_refused_and_recognised(admin_client, voice):
    need = Need("play", voice, "ann", "sad")
    services.count_refusal(need=need, reason="contradicted")
    Rendition.objects.filter(speaker="ann", emotion="sad").update(times_right=3, times_wrong=1)
    refused = admin_client.get("/portal/synthesis/refusal/").content.decode()
    assert "Contradicted by the emotion model" in refused
    renditions = admin_client.get("/portal/synthesis/rendition/").content.decode()
    assert "3 of 4 (75 %)" in renditions
    assert "1 of 1 (100 %)" in renditions


def test_the_administrator_leaves_a_rendition_out(admin_client, voice):
    rendition = Rendition.objects.first()
    for action, is_active in (("leave_out", False), ("speak", True)):
        sent = {"action": action, "_selected_action": [rendition.pk]}
        admin_client.post("/portal/synthesis/rendition/", sent)
        rendition.refresh_from_db()
        assert rendition.is_active is is_active


def test_a_moderator_cannot_choose_renditions(client, moderator, voice):
    rendition = Rendition.objects.first()
    sent = {"action": "leave_out", "_selected_action": [rendition.pk]}
    client.post("/portal/synthesis/rendition/", sent)
    rendition.refresh_from_db()
    assert rendition.is_active


def test_lists_take_as_many_queries_for_many_rows(admin_client, add_play_clip, settings):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for _ in range(2):
        for _ in range(5):
            add_play_clip()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            admin_client.get(CLIPS)
        counts.append(len(queries))
    assert counts[0] == counts[1]

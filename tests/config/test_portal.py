import pytest
from django.core.management import call_command
from django.urls import reverse

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


def test_preparing_twice_makes_one_administrator_and_prints_the_password_once(
    capsys, django_user_model, settings, tmp_path
):
    settings.STATIC_ROOT = tmp_path / "static"
    call_command("prepare")
    assert "password:" in capsys.readouterr().out
    call_command("prepare")
    assert "password:" not in capsys.readouterr().out
    assert django_user_model.objects.filter(is_superuser=True).count() == 1

"""`manage.py voices`, as an administrator types it."""

import io

import pytest
from django.core.management import CommandError, call_command

from synthesis.models import Rendition, Voice
from tests.synthesis.ml.tiny_models import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def installed(settings, tmp_path) -> None:
    settings.INSTALLED_VOICES_DIR = tmp_path / "voices"


def voices(*arguments: str) -> str:
    out = io.StringIO()
    call_command("voices", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_has_the_shipped_voice_and_coquis_models():
    listed = voices("list")
    assert "kathleen: fast_pitch, en-US, 4 speakers, 7 emotions [CC BY-NC-SA 4.0]" in listed
    assert "tts_models/en/vctk/vits  [apache 2.0]" in listed


def test_a_broken_voice_is_listed_as_such(settings):
    folder = settings.INSTALLED_VOICES_DIR / "broken"
    folder.mkdir(parents=True)
    (folder / "voice.toml").write_text("name = ")
    assert "broken: broken" in voices("list")


def test_a_folder_is_installed_and_known(tmp_path):
    make("fast_pitch", tmp_path / "toy")
    told = voices("install", str(tmp_path / "toy"))
    assert "Installed toy: fast_pitch" in told
    assert Voice.objects.get().name == "toy"
    assert set(Rendition.objects.values_list("emotion", flat=True)) == {"happy", "sad"}
    assert "toy: fast_pitch" in voices("list")


def test_a_voice_without_all_emotions_is_not_fit_for_the_pool(tmp_path):
    make("fast_pitch", tmp_path / "toy")
    voices("install", str(tmp_path / "toy"))
    out = io.StringIO()
    with pytest.raises(CommandError, match="of 7 are not fit"):
        call_command("voices", "check", "toy", stdout=out)
    assert out.getvalue().count("missing") == 5


def test_the_shipped_voice_is_fit_for_the_pool():
    told = voices("check", "kathleen")
    assert told.count("angry") >= 4
    assert "of 28 recognised by the emotion model; real-time factor" in told


def test_a_voice_is_checked_against_the_limits_of_this_installation(settings):
    settings.PLAY_CLIP_LONGEST_S = 0.9
    with pytest.raises(CommandError, match="28 of 28 are not fit for the play pool"):
        voices("check", "kathleen")


def test_the_licence_has_to_be_accepted(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda prompt: "n")
    with pytest.raises(CommandError, match="not accepted"):
        voices("install", "tts_models/en/vctk/vits", "--speaker", "p225")
    assert not Voice.objects.exists()


def test_an_unknown_source_is_told():
    with pytest.raises(CommandError, match="neither a voice folder nor in the list"):
        voices("install", "nothing")
    with pytest.raises(CommandError, match="Unknown voice 'nobody'"):
        voices("check", "nobody")

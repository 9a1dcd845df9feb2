from collections import Counter

import pytest

from audio import decode, rms_dbfs
from emotion.models import Emotion
from labeling.models import Clip
from synthesis import services, tasks
from synthesis.models import PlayClip, Refusal, Rendition, SpeechRequest, Voice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shipped_voice(settings):
    settings.PLAY_VOICES = ["kathleen"]
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 0, 1
    settings.POOL_BATCH_S = 600
    tasks._shelf.cache_clear()


def test_the_shipped_voice_fills_the_pools_and_then_rests():
    tasks.fill_pools()
    assert set(PlayClip.objects.values_list("emotion", flat=True)) == set(Emotion.values)
    assert Clip.objects.open().filter(origin="synthetic").count() == 1
    levels = [rms_dbfs(decode(clip.open_audio())) for clip in PlayClip.objects.all()]
    assert max(levels) - min(levels) < 3
    assert all(clip.speaker and clip.score >= 0.1 for clip in PlayClip.objects.all())
    assert all(60 < clip.f0_hz < 500 for clip in PlayClip.objects.all())
    tasks.fill_pools()
    assert PlayClip.objects.count() == 7


def test_every_speaker_gets_clips(settings):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 1, 0
    settings.PLAY_CLIP_LEAST_SCORE = 0.0  # or a clip that the model contradicts has to wait
    Rendition.objects.exclude(emotion="neutral").delete()
    services.register_voice(folder=tasks.voice_folders.find_voice("kathleen"))
    Rendition.objects.exclude(emotion="neutral").update(is_active=False)
    tasks.fill_pools()
    speakers = Counter(PlayClip.objects.values_list("speaker", flat=True))
    assert speakers == Counter(kathleen=1, ada=1, simon=1, victor=1)


def test_who_asked_for_a_sentence_and_the_pools_take_turns(settings):
    settings.POOL_BATCH_S, settings.PLAY_CLIP_LEAST_SCORE = 0.01, 0.0
    services.register_voice(folder=tasks.voice_folders.find_voice("kathleen"))
    requests = services.request_speech(
        text="The meeting starts at ten.", emotions=["happy", "sad"], voice="kathleen"
    )
    runs = 0
    while SpeechRequest.objects.waiting().exists():
        tasks.fill_pools()
        runs += 1
    assert runs == 2
    assert PlayClip.objects.count() == 2
    for request in requests:
        request.refresh_from_db()
        assert request.state == "done"
        heard = decode(request.open_audio())
        assert len(heard) / 16_000 == pytest.approx(request.duration_ms / 1000, abs=0.01)


def test_a_voice_that_fails_waits_and_keeps_no_other_away(settings, tmp_path, caplog):
    settings.INSTALLED_VOICES_DIR = tmp_path
    settings.PLAY_VOICES = ["broken"]
    broken = Voice.objects.create(name="broken", sha256="1" * 64, language="en", licence="CC0")
    Rendition.objects.create(voice=broken, speaker="eve", emotion="sad")
    tasks.fill_pools()
    refusal = Refusal.objects.get()
    assert (refusal.speaker, refusal.reason) == ("eve", "unspeakable")
    assert "Unknown voice 'broken'" in caplog.text
    settings.PLAY_VOICES = ["broken", "kathleen"]
    tasks.fill_pools()
    assert PlayClip.objects.count() == 7


def test_requests_for_speech_are_spoken_by_their_own_task():
    services.register_voice(folder=tasks.voice_folders.find_voice("kathleen"))
    [request] = services.request_speech(
        text="The tea is on the table.", emotions=["angry"], voice="kathleen", speaker="victor"
    )
    tasks.speak_requests()
    request.refresh_from_db()
    assert (request.state, request.speaker) == ("done", "victor")

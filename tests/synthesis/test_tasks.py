import pytest

from audio import decode, rms_dbfs
from emotion.models import Emotion
from labeling.models import Clip
from synthesis import tasks
from synthesis.models import PlayClip

pytestmark = pytest.mark.django_db


def test_the_shipped_voice_fills_the_pools_and_then_rests(settings):
    settings.PLAY_POOL_TARGET, settings.DUMMY_POOL_TARGET = 1, 1
    settings.POOL_BATCH_S = 600
    tasks.fill_pools()
    assert set(PlayClip.objects.values_list("emotion", flat=True)) == set(Emotion.values)
    assert Clip.objects.open().filter(origin="synthetic").count() == 1
    levels = [rms_dbfs(decode(clip.open_audio())) for clip in PlayClip.objects.all()]
    assert max(levels) - min(levels) < 3
    assert all(clip.speaker and clip.score >= 0.1 for clip in PlayClip.objects.all())
    tasks.fill_pools()
    assert PlayClip.objects.count() == 7

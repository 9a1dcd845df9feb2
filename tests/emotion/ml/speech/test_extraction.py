from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from emotion.ml.speech.extraction import describe, extract
from emotion.ml.speech.features import FeatureConfig, log_mel, power_spectrogram, prepare

CONFIG = FeatureConfig()


def test_a_clip_is_prepared_and_then_described(voice):
    clip = voice(0.8)
    features = extract(clip, CONFIG)
    described = describe(prepare(clip, CONFIG), CONFIG)
    np.testing.assert_array_equal(features.log_mel, described.log_mel)
    np.testing.assert_array_equal(features.functionals, described.functionals)


def test_the_log_mel_is_that_of_the_prepared_clip(voice):
    speech = prepare(voice(0.8), CONFIG)
    expected = log_mel(power_spectrogram(speech, CONFIG), CONFIG)
    np.testing.assert_array_equal(describe(speech, CONFIG).log_mel, expected)


def test_threads_at_once_compute_what_one_computes(voice):
    """The windows, filters and transforms are shared between threads."""
    clips = [voice(0.3 + 0.1 * n, hz=100 + 30 * n) for n in range(8)]
    alone = [extract(clip, CONFIG) for clip in clips]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda clip: extract(clip, CONFIG), clips))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.log_mel, other.log_mel)
        np.testing.assert_array_equal(one.functionals, other.functionals)


def test_the_clip_itself_is_left_as_it_is(voice):
    clip = voice(0.5)
    before = clip.copy()
    extract(clip, CONFIG)
    np.testing.assert_array_equal(clip, before)


@pytest.mark.parametrize("kind", ["i2", "f8"])
def test_other_kinds_of_numbers_give_the_same_features(voice, kind):
    clip = (voice(0.5) * 32_767).round()
    plain = extract(clip.astype(np.float32), CONFIG).functionals
    np.testing.assert_allclose(extract(clip.astype(kind), CONFIG).functionals, plain, rtol=1e-4)


def test_other_bands_and_hops_give_features_of_their_own_length(voice):
    coarse = extract(voice(0.5), FeatureConfig(n_mels=32, hop_length=320, window_length=400))
    assert coarse.log_mel.shape == (1 + (8000 - 400) // 320, 32)
    assert np.isfinite(coarse.functionals).all()

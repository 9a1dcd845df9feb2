"""What is measured of training clips and of what the network speaks, on made-up tracks."""

import numpy as np
import pytest

from synthesis.ml.making.dataset import Scale
from synthesis.ml.making.examples import Example, Row
from synthesis.ml.making.measurement import ACTIVE_RANGE, _statistics, _wanted

VOWELS = {"a", "e"}


def track(mel: np.ndarray, pitch: list[float]) -> tuple[np.ndarray, np.ndarray, float]:
    return mel, np.array(pitch), len(mel) / len(pitch)


def moving(spread: float, mean: float = 0.0) -> np.ndarray:
    """Two bands that move the same way around their mean; shape (frames, 2)."""
    return mean + spread * np.array([[-1.0, -1.0], [1.0, 1.0]] * 10)


def test_mean_and_movement_of_a_band_are_those_of_its_frames():
    found = _statistics([track(moving(0.5, 2.0), [1.0, 2.0])], ["ab"], VOWELS)
    np.testing.assert_allclose(found.mean, 2.0)
    np.testing.assert_allclose(found.spread, 0.5)
    assert found.frames == 10.0


def test_clips_count_alike_however_long_they_are():
    tracks = [track(moving(0.5, 0.0), [1.0]), track(np.tile(moving(0.5, 1.0), (9, 1)), [1.0])]
    found = _statistics(tracks, ["a", "a"], VOWELS)
    np.testing.assert_allclose(found.mean, 0.5)


def test_pauses_do_not_count_as_movement():
    spoken = moving(0.5)
    paused = np.concatenate([spoken, np.full((40, 2), -ACTIVE_RANGE - 3)])
    found = _statistics([track(paused, [1.0])], ["a"], VOWELS)
    np.testing.assert_allclose(found.spread, 0.5)


def test_pitch_is_that_of_voiced_vowels_alone():
    found = _statistics([track(moving(0.5), [1.0, 9.0, 3.0, 0.0])], ["abea"], VOWELS)
    assert found.pitch == pytest.approx(2.0)
    assert found.pitch_spread == pytest.approx(1.0)


def test_a_clip_without_a_voiced_vowel_has_no_pitch_and_no_movement():
    found = _statistics([track(moving(0.5), [0.0, 5.0])], ["ab"], VOWELS)
    assert (found.pitch, found.pitch_spread) == (0.0, 0.0)


def test_a_clip_without_its_spelling_is_refused():
    with pytest.raises(ValueError, match="zip"):
        _statistics([track(moving(0.5), [1.0])], ["a", "b"], VOWELS)


def test_the_pitch_of_a_token_is_the_mean_over_its_voiced_frames():
    class Trained:
        scale = Scale(median_f0_hz=200.0, level_db=-20.0)

    f0 = np.array([200, 0, 400, 400, 0, 0], np.float32)
    example = Example(
        "p", Row("toy", "sad", 0), "abc", np.array([2, 2, 2]), np.zeros((6, 80), np.float32), f0, f0
    )
    _, pitch, per_token = _wanted(Trained(), example)
    np.testing.assert_allclose(pitch, [0.0, 3.0, 0.0], atol=1e-3)  # an octave is three units
    assert pitch[0] != 0.0  # voiced at the median is not unvoiced
    assert per_token == 2.0

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emotion.ml.speech.speakers import SHRINKAGE, TRUST, SpeakerProfile

AVERAGE = np.array([1.0, -2.0, 3.0], np.float32)
clips = st.lists(
    arrays(np.float32, 3, elements=st.floats(-100, 100, width=32)), min_size=1, max_size=8
)


def heard(clips: list[np.ndarray]) -> SpeakerProfile:
    profile = SpeakerProfile()
    for clip in clips:
        profile.add(clip)
    return profile


def test_nobody_is_shifted_by_nothing_and_not_trusted():
    profile = SpeakerProfile()
    np.testing.assert_array_equal(profile.shift(AVERAGE), np.zeros(3))
    assert profile.trust == 0


@settings(max_examples=30)
@given(clips)
def test_the_shift_is_the_shrunken_distance_of_the_mean_from_the_average(clips):
    count = len(clips)
    mean = np.mean(np.array(clips, np.float64), axis=0)
    expected = (mean - AVERAGE) * count / (count + SHRINKAGE)
    np.testing.assert_allclose(heard(clips).shift(AVERAGE), expected, rtol=1e-4, atol=1e-4)


@settings(max_examples=30)
@given(clips, st.randoms(use_true_random=False))
def test_the_order_of_the_clips_does_not_matter(clips, random):
    shuffled = random.sample(clips, len(clips))
    np.testing.assert_allclose(
        heard(shuffled).shift(AVERAGE), heard(clips).shift(AVERAGE), rtol=1e-5, atol=1e-4
    )


@given(st.integers(1, 50))
def test_an_average_speaker_is_not_shifted_however_often_heard(times):
    profile = heard([AVERAGE] * times)
    np.testing.assert_allclose(profile.shift(AVERAGE), 0, atol=1e-6)


def test_trust_grows_with_every_clip_and_never_is_complete():
    trust = [SpeakerProfile(count).trust for count in range(200)]
    assert trust[4] == pytest.approx(4 / (4 + TRUST))
    assert (np.diff(trust) > 0).all()
    assert trust[-1] < 1


def test_a_copy_of_a_profile_goes_its_own_way():
    profile = heard([AVERAGE])
    copy = SpeakerProfile(profile.clips, profile.total)
    copy.add(AVERAGE * 2)
    assert (profile.clips, copy.clips) == (1, 2)
    np.testing.assert_array_equal(profile.total, AVERAGE)


def test_a_profile_keeps_a_sum_and_no_clip():
    profile = heard([AVERAGE, AVERAGE])
    assert profile.total.nbytes == 3 * 8

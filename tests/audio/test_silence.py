import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audio.silence import frame_powers, loud_frames, loud_span

FRAME = 160


def framed_sound(*levels_db: float) -> np.ndarray:
    """One frame of a square wave at each level; such a wave has the same power in every frame."""
    wave = np.where(np.arange(FRAME) % 2, 1.0, -1.0)
    return np.concatenate([wave * 10 ** (level / 20) for level in levels_db]).astype(np.float32)


def test_a_frames_power_is_the_mean_of_its_squared_samples():
    powers = frame_powers(framed_sound(0.0, -20.0, -40.0), FRAME)
    np.testing.assert_allclose(powers, [1.0, 0.01, 0.0001], rtol=1e-6)


def test_samples_after_the_last_whole_frame_are_not_counted():
    sound = np.append(framed_sound(-20.0), np.ones(FRAME - 1, np.float32))
    np.testing.assert_allclose(frame_powers(sound, FRAME), [0.01], rtol=1e-6)
    assert frame_powers(sound[: FRAME - 1], FRAME).shape == (0,)


@pytest.mark.parametrize(("level_db", "is_loud"), [(-34.9, True), (-35.1, False)])
def test_a_frame_counts_as_silence_from_the_range_downwards(level_db: float, is_loud: bool):
    loud = loud_frames(frame_powers(framed_sound(-10.0, -10.0 + level_db), FRAME), 35.0)
    assert loud.tolist() == [True, is_loud]


def test_in_digital_silence_no_frame_is_quieter_than_another():
    assert loud_frames(np.zeros(4), 35.0).all()
    assert loud_span(loud_frames(np.zeros(4), 35.0)) == (0, 4)


def test_no_frames_at_all_leave_an_empty_span():
    assert loud_frames(np.zeros(0), 35.0).shape == (0,)
    assert loud_span(np.zeros(0, np.bool_), kept=3) == (0, 0)


def test_silence_is_cut_at_both_ends_and_kept_within():
    levels = (-80.0, -80.0, -80.0, 0.0, -80.0, -80.0, 0.0, -80.0, -80.0)
    loud = loud_frames(frame_powers(framed_sound(*levels), FRAME), 40.0)
    assert loud_span(loud) == (3, 7)
    assert loud_span(loud, kept=2) == (1, 9)
    assert loud_span(loud, kept=50) == (0, 9)


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.floats(1e-12, 1.0)),
    st.floats(0.0, 100.0),
    st.sampled_from([2.0**-20, 0.25, 8.0]),
)
def test_what_counts_as_silence_does_not_depend_on_the_gain(powers, range_db, gain):
    loud = loud_frames(powers, range_db)
    assert loud[powers.argmax()]
    np.testing.assert_array_equal(loud_frames(powers * gain, range_db), loud)


@given(arrays(np.bool_, st.integers(0, 40)), st.integers(0, 10))
def test_all_loud_frames_lie_in_the_span(loud, kept):
    first, last = loud_span(loud, kept=kept)
    assert 0 <= first <= last <= loud.size
    assert not loud[:first].any()
    assert not loud[last:].any()
    assert (last - first) - (loud_span(loud)[1] - loud_span(loud)[0]) <= 2 * kept

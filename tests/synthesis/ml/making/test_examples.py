import numpy as np
import pytest

from synthesis.ml.errors import CorpusError
from synthesis.ml.making.examples import Example, ExampleStore, Row, durations_after, make_example
from synthesis.ml.speaking.spectrum import HOP_LENGTH

STARTS = np.array([0, 12, 13, 30, 60])  # 10 ms frames: four tokens in 0.6 s


def unchanged(n_frames: int) -> np.ndarray:
    return np.arange(n_frames) + 0.5


def test_without_a_change_of_time_durations_follow_the_boundaries():
    durations = durations_after(STARTS, unchanged(120), 41)
    assert durations is not None
    np.testing.assert_array_equal(durations, [8, 1, 11, 21])


def test_durations_follow_a_stretch():
    stretched = np.linspace(0.25, 119.75, 240)
    durations = durations_after(STARTS, stretched, 81)
    assert durations is not None
    assert durations.sum() == 81
    assert durations[3] == pytest.approx(40, abs=1)


def test_every_token_keeps_a_frame_when_time_is_pressed():
    pressed = np.linspace(0, 119, 24)
    durations = durations_after(STARTS, pressed, 9)
    assert durations is not None
    assert durations.sum() == 9
    assert durations.min() >= 1


def test_more_tokens_than_frames_give_nothing():
    assert durations_after(STARTS, unchanged(120), 3) is None


def test_a_clip_that_was_not_aligned_gives_nothing():
    assert durations_after(np.empty(0, np.int64), unchanged(120), 41) is None


def test_any_boundaries_give_valid_durations():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n_tokens = int(rng.integers(1, 20))
        starts = np.concatenate([[0], np.cumsum(rng.integers(1, 8, n_tokens))])
        positions = np.sort(rng.uniform(0, 2 * starts[-1], int(rng.integers(10, 300))))
        n_frames = int(rng.integers(n_tokens, 120))
        durations = durations_after(starts, positions, n_frames)
        assert durations is not None
        assert len(durations) == n_tokens
        assert durations.min() >= 1
        assert durations.sum() == n_frames


def example() -> Example:
    waveform = np.random.default_rng(0).normal(0, 0.06, 9600).astype(np.float32)
    f0 = np.where(np.arange(121) < 60, 180.0, 0.0)
    made = make_example("one", Row("toy", "angry", 3), "ab c", STARTS, waveform, f0, unchanged(121))
    assert made is not None
    return made


def test_the_curves_of_an_example_have_one_value_a_mel_frame():
    made = example()
    assert made.n_frames == 1 + 9600 // HOP_LENGTH == 41
    assert made.f0.shape == made.level_db.shape == (41,)
    assert made.mel.shape == (41, 80)
    assert made.durations.sum() == 41
    np.testing.assert_array_equal(made.f0[:20], 180.0)
    np.testing.assert_array_equal(made.f0[20:], 0.0)


def test_examples_come_back_from_the_store(tmp_path):
    store = ExampleStore(tmp_path / "examples")
    assert "one" not in store
    store.add("one", [example()])
    assert "one" in store
    (loaded,) = store.load()
    assert (loaded.prompt, loaded.row) == ("one", Row("toy", "angry", 3))
    assert loaded.spelling == "ab c"
    np.testing.assert_array_equal(loaded.durations, example().durations)
    np.testing.assert_allclose(loaded.mel, example().mel, atol=0.01)


def test_an_empty_store_says_what_to_do(tmp_path):
    with pytest.raises(CorpusError, match="prepare them first"):
        ExampleStore(tmp_path).load()

from itertools import combinations

import numpy as np
import pytest

from synthesis.ml.recordings.alignment import (
    SILENCE,
    Spoken,
    _flat_start,
    _token_starts,
    _viterbi,
    align,
)

RATE = 16_000
SOUNDS = {"low": 300.0, "mid": 900.0, "high": 2500.0, "top": 5000.0}


def sentence(labels: list[str], lengths_s: list[float], rng: np.random.Generator) -> Spoken:
    """Each label as noise around its own frequency; silence as faint noise."""
    parts = []
    for label, length_s in zip(labels, lengths_s, strict=True):
        n = int(length_s * RATE)
        noise = rng.normal(0, 1e-3, n)
        if label != SILENCE:
            time = np.arange(n) / RATE
            noise += 0.2 * np.sin(2 * np.pi * SOUNDS[label] * time + rng.normal(0, 0.3, n))
        parts.append(noise)
    return Spoken(np.concatenate(parts).astype(np.float32), labels)


@pytest.fixture(scope="module")
def corpus() -> tuple[list[Spoken], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    clips, truths = [], []
    for _ in range(40):
        sounds = [str(name) for name in rng.choice(list(SOUNDS), 6)]
        # No sound twice in a row: their border could not be heard.
        sounds = [s for i, s in enumerate(sounds) if i == 0 or s != sounds[i - 1]]
        labels = [*sounds[:2], SILENCE, *sounds[2:], SILENCE]
        lengths = [float(rng.uniform(0.06, 0.2)) for _ in labels]
        clips.append(sentence(labels, lengths, rng))
        truths.append(np.concatenate([[0.0], np.cumsum(lengths)]))
    return clips, truths


def test_boundaries_are_found_from_the_labels_alone(corpus):
    clips, truths = corpus
    starts = align(clips)
    errors = np.concatenate(
        [np.abs(found * 0.01 - true) for found, true in zip(starts, truths, strict=True)]
    )
    assert np.median(errors) < 0.015
    assert np.mean(errors < 0.05) > 0.9


def test_every_token_gets_its_own_frames(corpus):
    clips, _ = corpus
    for clip, starts in zip(clips, align(clips), strict=True):
        assert len(starts) == len(clip.labels) + 1
        assert starts[0] == 0
        assert np.all(np.diff(starts) >= 1)
        assert abs(starts[-1] - len(clip.waveform) / 160) <= 1


def test_the_same_seed_gives_the_same_alignment(corpus):
    clips, _ = corpus
    for first, again in zip(align(clips, seed=3), align(clips, seed=3), strict=True):
        np.testing.assert_array_equal(first, again)


def test_a_clip_too_short_for_its_labels_gives_no_alignment(corpus):
    clips, _ = corpus
    short = Spoken(clips[0].waveform[:1600], list(clips[0].labels) * 3)
    assert len(align([*clips, short])[-1]) == 0


def best_by_trying_all(likelihood: np.ndarray, states: np.ndarray) -> float:
    """The score of the best path from the first state to the last, none skipped."""
    n_frames, n_states = len(likelihood), len(states)
    borders = combinations(range(1, n_frames), n_states - 1)
    paths = (np.repeat(states, np.diff([0, *cut, n_frames])) for cut in borders)
    return max(float(likelihood[np.arange(n_frames), path].sum()) for path in paths)


@pytest.mark.parametrize("search", [_viterbi, _viterbi.py_func], ids=["compiled", "as written"])
@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_the_best_of_all_that_there_are(search, seed):
    rng = np.random.default_rng(seed)
    likelihood, states = rng.normal(size=(9, 5)), np.array([0, 3, 4, 0], np.int64)
    path = search(likelihood, states)
    assert (path[0], path[-1]) == (0, 3)
    assert set(np.diff(path)) <= {0, 1}
    score = likelihood[np.arange(9), states[path]].sum()
    assert score == pytest.approx(best_by_trying_all(likelihood, states))


def test_the_flat_start_spreads_states_over_the_loud_part_alone():
    level = np.full(40, -4.0)
    level[10:30] = 1.0
    path = _flat_start(level[:, None], 7)
    assert set(path[:9]) == {0}
    assert set(path[32:]) == {6}
    assert np.all(np.diff(path) >= 0)
    counts = np.bincount(path[10:30], minlength=7)[1:6]
    assert counts.max() - counts.min() <= 2


def test_a_token_starts_where_its_first_state_does():
    path = np.array([0, 0, 1, 2, 2, 3, 4, 4, 5])  # silence, two states of a sound, a pause, ...
    np.testing.assert_array_equal(_token_starts(path, ["a", SILENCE, "b"]), [0, 5, 6, 9])

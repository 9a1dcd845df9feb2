import numpy as np
import pytest

from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.training.recipes.ear_head import (
    EVENNESS,
    SHARPNESS,
    SHRINKAGE,
    EarHead,
    HeadConfig,
    adapted_logits,
    fit_head,
)

FEATURES = 12


def clips(seed: int = 0, voices: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four speakers in all emotions: a voice, plus what an emotion adds, plus chance."""
    rng = np.random.default_rng(seed)
    emotions = np.random.default_rng(99).normal(0, 1.0, (len(EMOTIONS), FEATURES))
    labels = np.tile(np.arange(len(EMOTIONS)), 20)
    speakers = np.repeat(np.arange(4), 35)
    spread = rng.normal(0, voices, (4, FEATURES))
    features = emotions[labels] + spread[speakers] + rng.normal(0, 0.3, (140, FEATURES))
    return features.astype(np.float32), labels, speakers.astype(str)


@pytest.fixture(scope="module")
def head() -> EarHead:
    features, labels, speakers = clips()
    return fit_head([features], labels, speakers, HeadConfig())


def test_the_fit_solves_kernel_ridge_regression():
    """Closed form against scikit-learn, one ridge for all where emotions are equally frequent."""
    from sklearn.kernel_ridge import KernelRidge

    features, labels, speakers = clips()
    head = fit_head([features], labels, speakers, HeadConfig(gamma=0.5, ridge=0.2))
    z = head.support.astype(np.float64)
    targets = np.eye(len(EMOTIONS))[labels] - 1 / len(EMOTIONS)
    theirs = KernelRidge(alpha=0.2, kernel="rbf", gamma=0.5 / FEATURES).fit(z, targets)
    other = head.standardised(clips(1)[0])
    np.testing.assert_allclose(
        head.logits(other) / SHARPNESS, theirs.predict(other.astype(np.float64)), atol=2e-4
    )


def test_a_rare_emotion_weighs_as_much_as_a_frequent_one():
    features, labels, speakers = clips(voices=0.0)
    rare = (labels != 0) | (np.arange(140) < 14)  # two angry clips are left of twenty
    head = fit_head([features[rare]], labels[rare], speakers[rare], HeadConfig(ridge=1.0))
    found = head.logits(head.standardised(features[~rare])).argmax(axis=1)
    assert np.mean(found == 0) > 0.9


def test_copies_are_learnt_from_and_the_scale_is_that_of_clean_clips():
    features, labels, speakers = clips()
    head = fit_head([features, features + 5], labels, speakers, HeadConfig())
    np.testing.assert_allclose(head.mean, features.mean(axis=0), atol=1e-5)
    assert head.support.shape == (280, FEATURES)
    moved = head.logits(head.standardised(features + 5)).argmax(axis=1)
    assert np.mean(moved == labels) > 0.9


def test_without_references_nothing_is_taken_off(head):
    none = np.zeros((0, FEATURES), np.float32)
    assert not head.shift(none, np.zeros((0, 7))).any()
    assert not head.shift(none, None).any()


@pytest.mark.parametrize("count", [1, 3, 10])
def test_the_mean_of_few_clips_counts_little(head, count):
    references = np.ones((count, FEATURES), np.float32)
    expected = (1 - head.voice) * count / (count + SHRINKAGE)
    np.testing.assert_allclose(head.shift(references, None), expected, atol=1e-6)


def test_what_the_emotion_of_the_references_adds_is_left_in(head):
    """Ten angry clips: what is taken off is the voice, and next to nothing of the anger."""
    angry = np.tile(head.voice + head.emotions[0], (10, 1)).astype(np.float32)
    certain = np.eye(7)[[0] * 10]
    mix = (certain.sum(axis=0) + EVENNESS) / (10 + 7 * EVENNESS) - 1 / 7
    expected = (head.emotions[0] - mix @ head.emotions) * 10 / 13
    np.testing.assert_allclose(head.shift(angry, certain), expected, atol=1e-5)
    compensated, plain = (np.abs(head.shift(angry, known)).sum() for known in (certain, None))
    assert compensated < 0.35 * plain


def test_other_clips_of_a_new_voice_help(head):
    features, labels, speakers = clips(seed=5, voices=3.0)
    z = head.standardised(features)
    plain = head.logits(z)
    others = [
        np.flatnonzero((speakers == s) & (np.arange(140) != i)) for i, s in enumerate(speakers)
    ]
    adapted = adapted_logits(head, z, plain, others, compensated=False)
    right = [np.mean(scores.argmax(axis=1) == labels) for scores in (plain, adapted)]
    assert right[1] > right[0] + 0.1


def test_a_head_is_the_same_after_saving_and_loading(head, tmp_path):
    head.save(tmp_path / "head.npz")
    again = EarHead.load(tmp_path / "head.npz")
    other = head.standardised(clips(1)[0])
    np.testing.assert_array_equal(again.logits(other), head.logits(other))
    np.testing.assert_array_equal(again.shift(other[:3], None), head.shift(other[:3], None))


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_missing_or_damaged_head_is_refused(content, tmp_path):
    if content is not None:
        (tmp_path / "head.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"head\.npz holds no trained head"):
        EarHead.load(tmp_path / "head.npz")

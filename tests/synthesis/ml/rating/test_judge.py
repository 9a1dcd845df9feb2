"""The judge of voices, on made-up descriptions and on the corpora."""

import numpy as np
import pytest

from audio import decode, encode_wav
from emotion.ml.labels import EMOTIONS
from synthesis.ml.rating.judge import (
    CHOOSING_SPEAKERS,
    RIDGE,
    STEEPNESS,
    Judge,
    NaturalSpeech,
    functionals_of,
    load_natural_speech,
)
from tests.synthesis.ml.conftest import syllables


def described(n: int, seed: int) -> NaturalSpeech:
    """Clips of two speakers whose every emotion lies around a point of its own."""
    rng = np.random.default_rng(seed)
    emotions = np.array(EMOTIONS * n)
    points = np.random.default_rng(0).normal(0, 2, (len(EMOTIONS), 12))
    features = points[np.arange(len(emotions)) % len(EMOTIONS)]
    features = features + rng.normal(0, 0.5, features.shape)
    return NaturalSpeech(features, emotions, np.array(["a", "b"])[np.arange(len(emotions)) % 2])


def test_a_judge_recognises_what_is_like_what_it_learnt():
    judge, clips = Judge(described(20, 1)), described(5, 2)
    assert judge.heard(clips.features) == list(clips.emotions)
    scores = judge.scores(clips.features)
    assert scores.shape == (35, 7)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert scores.min() > 0


def test_a_judge_is_the_closed_form_of_a_weighted_kernel_ridge():
    """Golden: (K + ridge / w) c = y, solved here by hand, clips of every emotion counting alike."""
    whole = described(6, 1)
    speech = NaturalSpeech(whole.features[5:], whole.emotions[5:], whole.speakers[5:])  # uneven
    probe = described(2, 3).features
    centre, spread = speech.features.mean(axis=0), speech.features.std(axis=0) + 1e-6
    known, asked = (np.clip((x - centre) / spread, -4, 4) for x in (speech.features, probe))
    targets = (speech.emotions[:, None] == np.array(EMOTIONS)).astype(float)
    weights = 1 / targets.sum(axis=0)[targets.argmax(axis=1)]
    weights /= weights.mean()

    def kernel(ours: np.ndarray) -> np.ndarray:
        distances = np.square(ours[:, None] - known).sum(axis=2)
        return np.exp(-distances / known.shape[1])

    coefficients = np.linalg.solve(kernel(known) + np.diag(RIDGE / weights), targets - 1 / 7)
    powers = np.exp(STEEPNESS * kernel(asked) @ coefficients)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(Judge(speech).scores(probe), expected, rtol=1e-9)


def test_an_emotion_of_few_clips_is_heard_as_well_as_one_of_many():
    rng = np.random.default_rng(0)
    emotions = np.array(["angry"] * 200 + ["sad"] * 5 + [e for e in EMOTIONS for _ in range(2)])
    features = rng.normal(0, 0.3, (len(emotions), 4)) + 2.0 * (emotions == "sad")[:, None]
    judge = Judge(NaturalSpeech(features, emotions, np.full(len(emotions), "a")))
    asked = rng.normal(0, 0.3, (20, 4)) + 2.0
    assert judge.heard(asked) == ["sad"] * 20


def test_one_odd_feature_does_not_decide():
    judge, clips = Judge(described(20, 1)), described(5, 2)
    odd = clips.features.copy()
    odd[:, 3] = 1e6
    assert np.mean(np.array(judge.heard(odd)) == clips.emotions) > 0.6


def test_speakers_are_kept_or_left_out():
    speech = described(4, 1)
    assert set(speech.of({"a"}).speakers) == {"a"}
    assert set(speech.of({"a"}, others=True).speakers) == {"b"}


def test_the_judge_of_takes_and_that_of_the_figures_share_no_speaker():
    speakers = {f"ravdess-{actor:02}" for actor in range(1, 21)}
    assert {f"ravdess-{actor:02}" for actor in range(1, 11)} <= CHOOSING_SPEAKERS  # the donors
    assert len(speakers - CHOOSING_SPEAKERS) == 8


def test_a_corpus_is_described_once(tmp_path):
    folder = tmp_path / "ravdess"
    folder.mkdir()
    for actor, emotion in ((1, "01"), (2, "05")):
        clip = folder / f"03-01-{emotion}-01-01-01-{actor:02}.wav"
        clip.write_bytes(encode_wav(syllables(seed=actor), 16_000))
    cache = tmp_path / "natural.npz"
    first = load_natural_speech([("ravdess", folder)], cache)
    assert list(first.emotions) == ["neutral", "angry"]
    assert list(first.speakers) == ["ravdess-01", "ravdess-02"]
    np.testing.assert_array_equal(first.features[1], functionals_of(decode(clip)))
    again = load_natural_speech([("ravdess", tmp_path / "gone")], cache)
    np.testing.assert_array_equal(again.features, first.features)


@pytest.mark.corpora
def test_a_judge_recognises_strangers_far_above_chance(corpora, tmp_path):
    named = [("ravdess", corpora / "ravdess"), ("emodb", corpora / "emodb")]
    speech = load_natural_speech(named, tmp_path / "natural.npz")
    judge = Judge(speech.of(CHOOSING_SPEAKERS))
    strangers = speech.of(CHOOSING_SPEAKERS, others=True)
    heard = np.array(judge.heard(strangers.features))
    recalls = [(heard[strangers.emotions == e] == e).mean() for e in EMOTIONS]
    assert np.mean(recalls) > 0.5


def test_a_killed_description_leaves_no_half_cache(tmp_path, monkeypatch):
    folder = tmp_path / "ravdess"
    folder.mkdir()
    clip = folder / "03-01-01-01-01-01-01.wav"
    clip.write_bytes(encode_wav(syllables(), 16_000))
    cache = tmp_path / "natural.npz"

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        load_natural_speech([("ravdess", folder)], cache)
    monkeypatch.undo()
    assert not cache.exists()
    assert list(load_natural_speech([("ravdess", folder)], cache).emotions) == ["neutral"]

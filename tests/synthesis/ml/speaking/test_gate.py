import numpy as np
import pytest

from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.speaking.gate import GateLimits, judge_clip

RATE = 16_000


@pytest.fixture(scope="module")
def judge() -> EmotionPredictor:
    return EmotionPredictor.load()


def buzz(seconds: float, rate: int = RATE) -> np.ndarray:
    """Something that the emotion model can score."""
    time = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(150 * (1 + 0.2 * np.sin(8 * time))) / rate
    wave = sum(np.sin(k * phase) / k for k in range(1, 12)) * (1.1 + np.sin(25 * time))
    return (0.1 * wave / np.abs(wave).max() * 3).astype(np.float32)


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (buzz(0.5), "too_short"),
        (buzz(11), "too_long"),
        (buzz(2) * 1e-3, "silent"),
        (np.clip(buzz(2) * 20, -1, 1), "clipped"),
    ],
    ids=["short", "long", "silent", "clipped"],
)
def test_a_faulty_clip_is_refused_before_it_is_judged(judge, waveform, reason):
    judgement = judge_clip(waveform, RATE, "sad", judge=judge)

    assert (judgement.reason, judgement.score) == (reason, None)


def test_only_a_clip_that_is_contradicted_strongly_is_refused(judge):
    scores = judge.predict(buzz(2), assume_speech=True).scores
    most, least = max(scores, key=scores.get), min(scores, key=scores.get)

    assert judge_clip(buzz(2), RATE, most, judge=judge).reason is None
    refused = judge_clip(buzz(2), RATE, least, judge=judge)
    assert refused.reason == "contradicted"
    assert refused.score == pytest.approx(scores[least])
    lenient = GateLimits(least_score=0.0)
    assert judge_clip(buzz(2), RATE, least, judge=judge, limits=lenient).reason is None


def test_another_sampling_rate_is_judged_like_its_own(judge):
    here, there = (
        judge_clip(
            buzz(2, rate), rate, "happy", judge=judge, limits=GateLimits(least_score=0)
        ).score
        for rate in (RATE, 24_000)
    )
    assert there == pytest.approx(here, abs=0.2)

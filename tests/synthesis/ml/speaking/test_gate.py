import warnings
from dataclasses import replace

import numpy as np
import pytest

from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.speaking.gate import GateLimits, _fault, judge_clip

RATE = 16_000
LIMITS = GateLimits(shortest_s=0.8, longest_s=10.0, least_score=0.1)


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
    judgement = judge_clip(waveform, RATE, "sad", judge=judge, limits=LIMITS)

    assert (judgement.reason, judgement.score) == (reason, None)


def test_only_a_clip_that_is_contradicted_strongly_is_refused(judge):
    scores = judge.predict(buzz(2), assume_speech=True).scores
    most, least = max(scores, key=scores.get), min(scores, key=scores.get)

    assert judge_clip(buzz(2), RATE, most, judge=judge, limits=LIMITS).reason is None
    refused = judge_clip(buzz(2), RATE, least, judge=judge, limits=LIMITS)
    assert refused.reason == "contradicted"
    assert refused.score == pytest.approx(scores[least])
    lenient = replace(LIMITS, least_score=0.0)
    assert judge_clip(buzz(2), RATE, least, judge=judge, limits=lenient).reason is None


def test_another_sampling_rate_is_judged_like_its_own(judge):
    here, there = (
        judge_clip(
            buzz(2, rate), rate, "happy", judge=judge, limits=replace(LIMITS, least_score=0.0)
        ).score
        for rate in (RATE, 24_000)
    )
    assert there == pytest.approx(here, abs=0.2)


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (np.full(12_800, 0.5, np.float32), None),  # 0.8 s to the sample
        (np.full(12_799, 0.5, np.float32), "too_short"),
        (np.full(160_000, 0.5, np.float32), None),
        (np.full(160_001, 0.5, np.float32), "too_long"),
        (np.full(RATE, 0.0101, np.float32), None),  # -39.9 dBFS
        (np.full(RATE, 0.0099, np.float32), "silent"),
        (np.repeat([1.0, 0.5], [16, RATE - 16]).astype(np.float32), None),  # one in a thousand
        (np.repeat([1.0, 0.5], [17, RATE - 17]).astype(np.float32), "clipped"),
        (np.repeat([-1.0, 0.5], [17, RATE - 17]).astype(np.float32), "clipped"),
    ],
)
def test_every_limit_is_kept_to_the_sample(waveform, reason):
    assert _fault(waveform, RATE, LIMITS) == reason


@pytest.mark.parametrize("waveform", [np.zeros(0, np.float32), np.zeros(RATE, np.float32)])
def test_nothing_and_silence_are_refused_without_a_warning(judge, waveform):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge_clip(waveform, RATE, "sad", judge=judge, limits=LIMITS).reason

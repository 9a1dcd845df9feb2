"""Which spoken clips may go out: long enough, loud enough, undistorted, and not contradicted.

The last is judged by an emotion model that never heard synthetic speech. It refuses only what it
finds very unlike the intended emotion: it makes mistakes of its own, and people decide later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio import rms_dbfs
from audio.resampling import resampled
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.speaking.clip_measures import MEASURED_RATE_HZ

FULL_SCALE = 0.999


@dataclass(frozen=True)
class GateLimits:
    """What a clip must keep to; whoever runs the gate sets the first three.

    Attributes:
        shortest_s, longest_s: Duration; sentences of five to twenty words take 1 to 8 s.
        least_score: Probability of the intended emotion; chance is 0.14.
        quietest_dbfs: RMS level; the engine sets -23.
        most_clipped: Share of samples at full scale.
    """

    shortest_s: float
    longest_s: float
    least_score: float
    quietest_dbfs: float = -40.0
    most_clipped: float = 0.001


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a clip.

    Attributes:
        reason: None if it may pass, else `too_short`, `too_long`, `silent`, `clipped` or
            `contradicted`.
        score: Probability of the intended emotion; None where it was not asked for.
    """

    reason: str | None
    score: float | None = None


def judge_clip(
    waveform: NDArray[np.float32],
    sampling_rate: int,
    emotion: str,
    *,
    judge: EmotionPredictor,
    limits: GateLimits,
) -> Judgement:
    """Look at a clip before anybody hears it.

    Args:
        waveform: Mono signal, float32 in [-1, 1], shape (samples,).
        sampling_rate: In Hz.
        emotion: What was intended.
        judge: Scores the emotion.
        limits: What it must keep to.
    """
    if reason := _fault(waveform, sampling_rate, limits):
        return Judgement(reason)
    heard = resampled(waveform, sampling_rate, MEASURED_RATE_HZ)
    score = judge.predict(heard, assume_speech=True).scores[emotion]
    return Judgement("contradicted" if score < limits.least_score else None, score)


def _fault(waveform: NDArray[np.float32], sampling_rate: int, limits: GateLimits) -> str | None:
    duration_s = waveform.size / sampling_rate
    if duration_s < limits.shortest_s:
        return "too_short"
    if duration_s > limits.longest_s:
        return "too_long"
    if rms_dbfs(waveform) < limits.quietest_dbfs:
        return "silent"
    if float(np.mean(np.abs(waveform) >= FULL_SCALE)) > limits.most_clipped:
        return "clipped"
    return None

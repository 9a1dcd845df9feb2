"""When each phoneme of a reading is said: a monophone HMM trained from a flat start.

The model knows nothing but the texts. Every phoneme has two states, silence has one; training
alternates between finding the best path (Viterbi) and estimating the states from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.fft import dct
from tqdm import tqdm

from audio.silence import loud_frames, loud_span
from emotion.ml.speech.functionals import deltas

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAMPLING_RATE = 16_000
HOP_LENGTH = 160  # 10 ms: two states a phoneme make 20 ms the shortest phoneme
WINDOW_LENGTH = 400
N_MELS = 40
N_CEPSTRA = 13
SILENCE = "sil"

# Gaussians a state, iteration by iteration: single ones until the path has settled.
SCHEDULE = (1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4)
FRAMES_PER_GAUSSIAN = 60
VARIANCE_FLOOR = 0.02
LOUD_RANGE_DB = 24.0


@dataclass(frozen=True)
class Spoken:
    """A recording and the labels of its tokens in order, `SILENCE` for pauses and boundaries."""

    waveform: NDArray[np.float32]
    labels: Sequence[str]


def align(clips: Sequence[Spoken], seed: int = 0, show_progress: bool = False) -> list[Ints]:
    """Find the start of every token of every clip.

    Args:
        clips: At 16 kHz, trimmed; silence before the first token counts to the token.
        seed: Of the clustering of states into Gaussians.
        show_progress: Print a bar over the iterations.

    Returns:
        For each clip the start of its tokens and the end of the last one in frames of 10 ms,
        strictly rising, shape (tokens + 1,). A clip with more states than frames gives none:
        shape (0,).
    """
    names = sorted({label for clip in clips for label in clip.labels} - {SILENCE})
    index = {name: number for number, name in enumerate(names)}
    states = [_state_sequence(clip.labels, index) for clip in clips]
    features = [_features(clip.waveform) for clip in clips]
    long_enough = [i for i in range(len(clips)) if len(features[i]) > len(states[i])]
    paths = {i: _flat_start(features[i], len(states[i])) for i in long_enough}
    rng = np.random.default_rng(seed)
    for n_gaussians in tqdm(SCHEDULE, desc="alignment", disable=not show_progress):
        occupied = np.concatenate([states[i][paths[i]] for i in long_enough])
        frames = np.concatenate([features[i] for i in long_enough])
        mixtures = _Mixtures.estimate(frames, occupied, 1 + 2 * len(names), n_gaussians, rng)
        for i in long_enough:
            paths[i] = _viterbi(mixtures.log_likelihood(features[i]), states[i])
    return [
        _token_starts(paths[i], clips[i].labels) if i in paths else np.empty(0, np.int64)
        for i in range(len(clips))
    ]


@dataclass(frozen=True)
class _Mixtures:
    """Diagonal Gaussian mixtures, one a state; shapes (states, gaussians[, features])."""

    weights: Floats
    means: Floats
    variances: Floats

    @classmethod
    def estimate(
        cls,
        frames: Floats,
        occupied: Ints,
        n_states: int,
        n_gaussians: int,
        rng: np.random.Generator,
    ) -> "_Mixtures":
        shape = (n_states, n_gaussians, frames.shape[1])
        mixtures = cls(
            np.full(shape[:2], 1e-10),
            np.broadcast_to(frames.mean(axis=0), shape).copy(),
            np.broadcast_to(frames.var(axis=0) + VARIANCE_FLOOR, shape).copy(),
        )
        for state in range(n_states):
            own = frames[occupied == state]
            if len(own):
                mixtures._fit_state(state, own, n_gaussians, rng)
        return mixtures

    def _fit_state(
        self, state: int, own: Floats, n_gaussians: int, rng: np.random.Generator
    ) -> None:
        wanted = max(1, min(n_gaussians, len(own) // FRAMES_PER_GAUSSIAN))
        cluster = np.zeros(len(own), int)
        if wanted > 1:
            cluster = kmeans2(own / (own.std(axis=0) + 0.1), wanted, minit="++", rng=rng)[1]
        for k in range(wanted):
            part = own[cluster == k] if (cluster == k).any() else own
            # Ten frames of the whole state's variance steady small clusters.
            variance = (part.var(axis=0) * len(part) + own.var(axis=0) * 10) / (len(part) + 10)
            self.means[state, k] = part.mean(axis=0)
            self.variances[state, k] = variance + VARIANCE_FLOOR
            self.weights[state, k] = len(part) / len(own)

    def log_likelihood(self, frames: Floats) -> Floats:
        """Of every state for every frame, shape (frames, states); constants left out."""
        n_states, n_gaussians, n_features = self.means.shape
        precision = (1 / self.variances).reshape(-1, n_features)
        means = self.means.reshape(-1, n_features)
        offset = np.log(self.weights).ravel() - 0.5 * (
            np.log(self.variances).sum(axis=2).ravel() + (means**2 * precision).sum(axis=1)
        )
        each = frames @ (means * precision).T - 0.5 * (frames**2 @ precision.T) + offset
        return np.logaddexp.reduce(each.reshape(-1, n_states, n_gaussians), axis=2)


def _state_sequence(labels: Sequence[str], index: dict[str, int]) -> Ints:
    """States from a leading silence through all tokens; state 0 is silence."""
    states = [0]
    for label in labels:
        first = 1 + 2 * index[label] if label != SILENCE else 0
        states += [first, first + 1] if label != SILENCE else [first]
    return np.array(states, np.int64)


def _token_starts(path: Ints, labels: Sequence[str]) -> Ints:
    """Frames at which tokens start; the first takes the leading silence."""
    lengths = [1 if label == SILENCE else 2 for label in labels]
    first_states = 1 + np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    starts = np.searchsorted(path, first_states)
    starts[0] = 0
    return np.append(starts, len(path)).astype(np.int64)


def _flat_start(features: Floats, n_states: int) -> Ints:
    """Spread the states evenly over the loud part, silence around it."""
    level = np.convolve(features[:, -1] * 10, np.ones(3) / 3, "same")
    first, last = loud_span(loud_frames(10 ** (level / 10), LOUD_RANGE_DB))
    inner = 1 + np.arange(last - first) * (n_states - 2) // (last - first)
    outer = np.full(len(features) - last, n_states - 1)
    return np.concatenate([np.zeros(first, np.int64), inner, outer]).astype(np.int64)


def _features(waveform: NDArray[np.float32]) -> Floats:
    """Cepstra with first and second differences, and the level; shape (frames, 40)."""
    from librosa.feature import melspectrogram

    power = melspectrogram(
        y=waveform,
        sr=SAMPLING_RATE,
        n_fft=512,
        win_length=WINDOW_LENGTH,
        hop_length=HOP_LENGTH,
        n_mels=N_MELS,
        power=2.0,
    ).T  # (frames, mels)
    level_db = 10 * np.log10(power.sum(axis=1) + 1e-10)
    level = (np.clip(level_db - level_db.max(), -40, 0) + 15) / 10
    cepstra = dct(np.log(power + 1e-10), axis=1, norm="ortho")[:, :N_CEPSTRA]
    speech = cepstra[loud_frames(10 ** (level_db / 10), LOUD_RANGE_DB)]
    static = (cepstra - speech.mean(axis=0)) / (speech.std(axis=0) + 1e-3)
    slope = deltas(static)
    # Differences are weighted up to the variance of the static part.
    parts = [static, slope * 2.5, deltas(slope) * 4, level[:, None]]
    return np.concatenate(parts, axis=1)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _viterbi(log_likelihood: Floats, states: Ints) -> Ints:
    """Best left-to-right path through `states`, none skipped; all transitions cost the same."""
    n_frames, n_states = len(log_likelihood), len(states)
    score = np.full(n_states, -np.inf)
    score[0] = log_likelihood[0, states[0]]
    advanced = np.zeros((n_frames, n_states), np.bool_)
    for t in range(1, n_frames):
        for n in range(n_states - 1, -1, -1):
            if n > 0 and score[n - 1] > score[n]:
                score[n] = score[n - 1]
                advanced[t, n] = True
            score[n] += log_likelihood[t, states[n]]
    path = np.empty(n_frames, np.int64)
    n = n_states - 1
    for t in range(n_frames - 1, -1, -1):
        path[t] = n
        if advanced[t, n]:
            n -= 1
    return path

"""Whisper's log-mel spectrogram in numpy, and which of its frames are worth listening to.

Source:
    Radford et al. 2022, "Robust speech recognition via large-scale weak supervision", section
    2.2, and OpenAI's `whisper/audio.py`: 80 bands of Slaney's mel scale, a Hann window of 25 ms
    every 10 ms, a floor of 80 dB below the loudest, scaled by (x + 4) / 4.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from emotion.ml.speech.features import ACTIVE_RANGE_DB, FloatArray, hann
from emotion.ml.speech.hearing import HOP, RATE

N_FFT: Final = 400
N_MELS: Final = 80

FLOOR_DECADES: Final = 8.0
"""Whisper hides all that lies 80 dB below the loudest band."""

TOP_DECADES: Final = 1.0
"""What stands for the loudest band, at the one level that `hearing.heard` sets: taken from the
clip itself, as Whisper does, it would hang on a single loud frame."""

TAIL_SAMPLES: Final = 1600
"""Zeros after the speech: Whisper always heard silence there, for it was trained on 30 s."""

SPEECH_BANDS: Final = slice(3, 62)
"""About 110 to 4500 Hz, where speech stands out of most noise."""

BETWEEN: Final = 0.4
"""Ends are cut below this share of the way, in dB, from the background to the loud frames."""

NEAREST_DB: Final = -9.0
"""The bound for the ends is never nearer to the loud frames, whatever the noise: unstressed
syllables lie there."""

POOLED_DB: Final = -15.0
"""Frames count in full down to here, and by their power below. Chosen among 15, 25 and 35 dB on
held-out speakers of RAVDESS and EMO-DB."""

SYLLABLE_FRAMES: Final = 25
"""Over a quarter of a second the voices of a crowd are even, and one voice is not."""

EDGE_FRAMES: Final = 4
"""Kept beside what is found at both ends."""


def log_mel(speech: FloatArray, *, tail: int = TAIL_SAMPLES) -> FloatArray:
    """Compute power in mel bands, in decades, before any floor but that of Whisper.

    Args:
        speech: Mono signal at 16 kHz, shape (samples,).
        tail: Zeros that are appended, in samples.

    Returns:
        Shape (80, (samples + tail) // 160), never below -10.
    """
    power = _power_spectrum(np.pad(speech, (0, tail)))
    return np.asarray(np.log10(np.maximum(mel_filters() @ power.T, 1e-10)), np.float32)


def whisper_scaled(decades: FloatArray, *, top: float | None = TOP_DECADES) -> FloatArray:
    """Apply Whisper's floor and scaling; shape as given.

    Args:
        decades: From `log_mel`, shape (80, frames).
        top: What the floor lies 80 dB below; the loudest band, as Whisper has it, if None.
    """
    highest = float(decades.max()) if top is None else top
    return np.asarray((np.maximum(decades, highest - FLOOR_DECADES) + 4.0) / 4.0, np.float32)


def attended(
    decades: FloatArray, background_db: float, *, tail: int = TAIL_SAMPLES
) -> tuple[FloatArray, FloatArray]:
    """Cut ends that are no louder than the background, and weigh the frames of the rest.

    In quiet, frames within 15 dB of the loud ones count in full. In noise the bound moves up, to
    two fifths of the way from the background to the loud ones.

    Args:
        decades: From `log_mel`, shape (80, frames), with its tail of silence.
        background_db: From `hearing.heard`: of the recording before it was cut.
        tail: The zeros that were appended, in samples.

    Returns:
        The log-mel of what counts, with the tail, and a weight in (0, 1] for each pair of its
        frames before the tail: shapes (80, kept) and (steps,).
    """
    steps = max(1, (decades.shape[1] - tail // HOP) // 2)
    level = _levels(decades[:, : 2 * steps])
    if level.size < SYLLABLE_FRAMES // 2:
        return decades, np.ones(steps, np.float32)
    bound = max(-ACTIVE_RANGE_DB, min((1 - BETWEEN) * background_db, NEAREST_DB))
    first, last = _span_over(bound, level)
    near = level[first:last] - max(POOLED_DB, bound)
    weights = np.minimum(1.0, 10 ** (near / 10)).reshape(-1, 2).max(axis=1)
    kept = np.concatenate([decades[:, first:last], decades[:, 2 * steps :]], axis=1)
    return kept, weights.astype(np.float32)


def _levels(decades: FloatArray) -> NDArray[np.float64]:
    """Return the level of each frame in the band of speech, in dB relative to the loud frames."""
    power = (10.0 ** decades[SPEECH_BANDS].astype(np.float64)).sum(axis=0)
    smooth = np.median(sliding_window_view(np.pad(power, 2, mode="edge"), 5), axis=1)
    level = 10 * np.log10(smooth)
    rank = min(10, max(1, level.size // 4))
    return np.asarray(level - np.partition(level, -rank)[-rank])


def _span_over(bound_db: float, level: NDArray[np.float64]) -> tuple[int, int]:
    """Return the first frame over the bound and the one after the last, both even."""
    half = SYLLABLE_FRAMES // 2
    windows = np.full(SYLLABLE_FRAMES, 1 / SYLLABLE_FRAMES)
    power = np.convolve(np.pad(10 ** (level / 10), half, mode="edge"), windows, mode="valid")
    even = 10 * np.log10(power + 1e-9)
    places = np.flatnonzero(even >= min(bound_db, float(even.max())))
    first = max(0, int(places[0]) - EDGE_FRAMES)
    last = min(level.size, int(places[-1]) + 1 + EDGE_FRAMES)
    return first - first % 2, last + last % 2


def _power_spectrum(waveform: FloatArray) -> FloatArray:
    """Centred frames, reflected at both ends, as `torch.stft`; the last one left out.

    Returns:
        Shape (samples // 160, 201).
    """
    mode = "reflect" if waveform.size > N_FFT // 2 else "constant"
    padded = np.pad(waveform, N_FFT // 2, mode=mode)  # type: ignore[call-overload]
    frames = sliding_window_view(padded, N_FFT)[::HOP][: waveform.size // HOP]
    spectrum = np.fft.rfft(frames * hann(N_FFT), axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


@cache
def mel_filters() -> FloatArray:
    """Build Slaney's triangles of equal area, shape (80, 201)."""
    top = float(_to_mel(np.array(RATE / 2)))
    corners = _to_hz(np.linspace(0.0, top, N_MELS + 2))
    hz = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
    rising = (hz - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - hz) / (corners[2:] - corners[1:-1])[:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * (2.0 / (corners[2:] - corners[:-2]))[:, None], np.float32)


def _to_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney 1998, Auditory Toolbox: linear up to 1 kHz, 27 steps a factor of 6.4 above."""
    above = 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4)
    return np.where(hz < 1000, hz * 3 / 200, above)


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = 1000 * np.exp((mel - 15) * np.log(6.4) / 27)
    return np.where(mel < 15, mel * 200 / 3, above)

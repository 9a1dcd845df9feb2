"""The one mel spectrogram of a voice, and the way back to sound.

It equals what Coqui's audio processor computes from the voice's `config.json`, so that Coqui's own
Griffin-Lim inverts what our training data holds. A frame is three WORLD frames long.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Float32s = NDArray[np.float32]

SAMPLING_RATE = 16_000
N_FFT = 1024
HOP_LENGTH = 240  # samples: 15 ms, exactly three WORLD frames
WINDOW_LENGTH = 960  # samples: four hops, the least overlap that Griffin-Lim inverts well
N_MELS = 80
FLOOR = 1e-8  # of the amplitude; Coqui's constant

TRAINING_RMS = 0.06  # every training clip is brought to this level, about -24 dBFS


def log_mel(waveform: Float32s) -> Float32s:
    """Compute the log-mel spectrogram of a 16 kHz signal.

    Args:
        waveform: Shape (samples,), at least half a window long.

    Returns:
        Natural logarithm of mel amplitudes, shape (1 + samples // HOP_LENGTH, N_MELS).
    """
    return log_mel_of(magnitudes(waveform))


def magnitudes(waveform: Float32s) -> Float32s:
    """Short-time amplitude spectrum with centred frames, shape (frames, N_FFT // 2 + 1)."""
    padded = np.pad(waveform, N_FFT // 2, mode="reflect")
    frames = sliding_window_view(padded, N_FFT)[::HOP_LENGTH] * _window()
    return np.abs(np.fft.rfft(frames, axis=1)).astype(np.float32)


def frame_levels_db(amplitudes: Float32s) -> Float32s:
    """Level of each frame in dB re 1, from its amplitude spectrum."""
    power = np.square(amplitudes).mean(axis=1)
    levels: Float32s = (10 * np.log10(power + 1e-10)).astype(np.float32)
    return levels


def log_mel_of(amplitudes: Float32s) -> Float32s:
    """Log-mel spectrogram of an amplitude spectrogram; see `log_mel`."""
    mel: Float32s = np.log(np.maximum(FLOOR, amplitudes @ mel_basis().T)).astype(np.float32)
    return mel


@cache
def _window() -> Float32s:
    # Periodic Hann, centred in the FFT, as librosa.stft does for a window shorter than the FFT.
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_LENGTH) / WINDOW_LENGTH)
    margin = (N_FFT - WINDOW_LENGTH) // 2
    return np.pad(window, margin).astype(np.float32)


@cache
def mel_basis() -> Float32s:
    """Slaney's mel filters from 0 to 8 kHz, shape (N_MELS, N_FFT // 2 + 1)."""
    from librosa.filters import mel

    basis: Float32s = mel(
        sr=SAMPLING_RATE, n_fft=N_FFT, n_mels=N_MELS, fmin=0.0, fmax=SAMPLING_RATE / 2
    )
    return basis

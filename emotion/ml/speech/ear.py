"""The listening encoder at work: the first layers of a Whisper encoder, pooled over speech.

A clip becomes one vector: mean and deviation over its active frames of what each chosen layer
gives. Needs numpy and onnxruntime only.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from emotion.ml.errors import InvalidWaveformError, ModelError
from emotion.ml.speech.features import FloatArray
from emotion.ml.speech.hearing import RATE, heard
from emotion.ml.speech.whisper_mel import N_MELS, attended, log_mel, whisper_scaled

LONGEST_S: Final = 10.0
"""Positions beyond are not kept in the file; the cost of attention grows with the square."""

LONGEST_STEPS: Final = 512
"""Positions that an exported ear holds, of 20 ms each: `LONGEST_S` and the tail of silence."""


class Ear:
    """An exported encoder. Safe to share between threads: it keeps no state between calls."""

    def __init__(self, model: Path | bytes, *, threads: int = 1) -> None:
        """Open what `emotion.ml.training.ear_network.export` wrote.

        Args:
            model: Path or content of the ONNX file.
            threads: Of onnxruntime, for one clip.

        Raises:
            ModelError: If it is missing, damaged or no ear.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        source = model if isinstance(model, bytes) else str(model)
        name = "The bytes given" if isinstance(model, bytes) else f"The file {model}"
        try:
            session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        # onnxruntime's errors share no base class but Exception.
        except Exception as error:
            raise ModelError(f"{name} cannot be opened as an ear: {error}") from error
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if [each.name for each in inputs] != ["mel"] or inputs[0].shape[1] != N_MELS:
            given = [(each.name, each.shape) for each in inputs]
            raise ModelError(f"{name} takes {given}: an ear takes 'mel' of {N_MELS} bands")
        self._session = session
        self.layers, _, self.width = outputs[0].shape

    @property
    def size(self) -> int:
        """Numbers by which a clip is described."""
        return int(2 * self.layers * self.width)

    def describe(self, waveform: FloatArray) -> FloatArray:
        """Listen to a recording.

        Args:
            waveform: Mono signal in [-1, 1] at 16 kHz, at most `LONGEST_S`, shape (samples,).

        Returns:
            For each layer its mean, then its deviation over active frames, shape (`size`,).

        Raises:
            EmotionError: As `hearing.heard`, or if it is too long.
        """
        if waveform.size > LONGEST_S * RATE:
            raise InvalidWaveformError(
                f"The waveform lasts {waveform.size / RATE:.1f} s: "
                f"send at most {LONGEST_S:.0f} s at once"
            )
        own = heard(waveform)
        decades, weights = attended(log_mel(own.speech), own.background_db)
        return pooled(self.listen(whisper_scaled(decades)), weights)

    def listen(self, mel: FloatArray) -> FloatArray:
        """Run the encoder on one clip.

        Args:
            mel: From `whisper_scaled`, shape (80, frames); an odd last frame is doubled.

        Returns:
            What each layer gives every 20 ms, shape (layers, ceil(frames / 2), width).
        """
        if mel.shape[1] % 2:
            mel = np.pad(mel, ((0, 0), (0, 1)), mode="edge")
        return np.asarray(self._session.run(None, {"mel": mel[None]})[0])


def pooled(frames: FloatArray, weights: FloatArray) -> FloatArray:
    """Take mean and deviation over the first steps, by weight.

    Args:
        frames: From `Ear.listen`, shape (layers, steps, width).
        weights: Of the steps that count, not negative, shape (used <= steps,).

    Returns:
        Layer by layer the mean and then the deviation, shape (layers * 2 * width,).

    >>> pooled(np.array([[[1.0], [3.0], [9.0]]], np.float32), np.array([1, 1], np.float32))
    array([2., 1.], dtype=float32)
    """
    used = frames[:, : weights.size]
    share = (weights / weights.sum()).astype(np.float32)
    mean = np.einsum("ltn,t->ln", used, share)
    variance = np.einsum("ltn,t->ln", np.square(used - mean[:, None]), share)
    return np.concatenate([mean, np.sqrt(variance)], axis=1).reshape(-1)

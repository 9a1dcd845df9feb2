"""Serving: the shipped weights with onnxruntime and numpy alone."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort

from emotion.ml.errors import InvalidWaveformError, ModelError
from emotion.ml.extraction import Features, describe
from emotion.ml.features import FeatureConfig, FloatArray, at_least, prepare
from emotion.ml.labels import EMOTIONS

SHIPPED: Final = Path(__file__).parent / "weights" / "default"

LONGEST_WHOLE_S: Final = 6.0
"""Clips up to this length of speech are judged in one piece; no training clip is longer."""

WINDOW_S: Final = 3.0
MOST_WINDOWS: Final = 12
"""Bounds the cost of a long clip: twelve windows of 3 s, spread evenly from start to end."""

BATCH: Final = 32


@dataclass(frozen=True)
class Prediction:
    """The emotion of one waveform."""

    emotion: str
    scores: dict[str, float]
    """Calibrated probabilities by emotion, in the order of `EMOTIONS`, summing to 1."""


class EmotionPredictor:
    """A loaded model. Safe to share between threads: it keeps no state between calls."""

    def __init__(
        self,
        session: ort.InferenceSession,
        features: FeatureConfig,
        *,
        name: str,
        version: str,
        sha256: str,
    ) -> None:
        self._session = session
        self._features = features
        self.name = name
        self.version = version
        self.sha256 = sha256

    @classmethod
    def load(cls, folder: Path | str | None = None) -> "EmotionPredictor":
        """Open a folder with `model.onnx` and `model.json`.

        Args:
            folder: The shipped weights when None.

        Raises:
            ModelError: If a file is missing or damaged, or was made for other labels or features.
        """
        folder = Path(folder) if folder is not None else SHIPPED
        manifest = _manifest(folder)
        weights = _verified_weights(folder, manifest)
        try:
            features = FeatureConfig(**manifest["features"])
            name, version = str(manifest["name"]), str(manifest["version"])
            labels = tuple(manifest["labels"])
        except (KeyError, TypeError) as error:
            raise ModelError(f"{folder / 'model.json'} is of another version: {error}") from error
        if labels != EMOTIONS:
            raise ModelError(f"{folder} scores {labels}: expected {EMOTIONS}")
        session, sha256 = _session(folder, weights), str(manifest["sha256"])
        return cls(session, features, name=name, version=version, sha256=sha256)

    def predict(self, waveform: FloatArray, sampling_rate: int = 16_000) -> Prediction:
        """Score the emotion of one utterance.

        Args:
            waveform: Mono signal, float32 in [-1, 1], shape (samples,).
            sampling_rate: In Hz; only 16 000 is accepted.

        Raises:
            TooShortError: If it is shorter than 0.1 s.
            SilentError: If it never exceeds -70 dBFS.
            InvalidWaveformError: If it is not one channel of finite numbers at 16 000 Hz.
        """
        return self.predict_batch([waveform], sampling_rate)[0]

    def predict_batch(
        self, waveforms: Sequence[FloatArray], sampling_rate: int = 16_000
    ) -> list[Prediction]:
        """Score several utterances, those of equal length together; as `predict` for each."""
        expected = self._features.sampling_rate
        if sampling_rate != expected:
            raise InvalidWaveformError(
                f"Unexpected sampling rate {sampling_rate} Hz: send {expected} Hz mono"
            )
        features: list[Features] = []
        owners: list[int] = []
        for owner, waveform in enumerate(waveforms):
            windows = [describe(part, self._features) for part in self._windows(waveform)]
            features += windows
            owners += [owner] * len(windows)
        probabilities = self._probabilities(features)  # (windows, 7)
        owned = np.asarray(owners)
        return [
            _prediction(probabilities[owned == owner].mean(axis=0))
            for owner in range(len(waveforms))
        ]

    def _windows(self, waveform: FloatArray) -> list[FloatArray]:
        """Prepare the waveform, or the windows of a long one that hold sound."""
        rate = self._features.sampling_rate
        speech = prepare(waveform, self._features)
        if speech.size <= LONGEST_WHOLE_S * rate:
            return [speech]
        length = int(WINDOW_S * rate)
        count = min(MOST_WINDOWS, -(-speech.size // length))
        starts = np.linspace(0, speech.size - length, count).astype(np.intp)
        windows = [speech[start : start + length] for start in starts]
        power = np.array([np.mean(np.square(window)) for window in windows])
        audible = power >= power.max() / 1000
        return [
            prepare(window, self._features)
            for window, heard in zip(windows, audible, strict=True)
            if heard
        ]

    def _probabilities(self, features: Sequence[Features]) -> FloatArray:
        """Run the model on windows of equal length together. (windows, 7)"""
        mels = [at_least(each.log_mel, self._features.min_frames) for each in features]
        by_length: dict[int, list[int]] = defaultdict(list)
        for index, mel in enumerate(mels):
            by_length[len(mel)].append(index)
        result = np.empty((len(features), len(EMOTIONS)), dtype=np.float32)
        for indices in by_length.values():
            for start in range(0, len(indices), BATCH):
                chosen = indices[start : start + BATCH]
                inputs = {
                    "log_mel": np.stack([mels[i] for i in chosen]),
                    "functionals": np.stack([features[i].functionals for i in chosen]),
                }
                result[chosen] = self._session.run(["probabilities"], inputs)[0]
        return result


def _prediction(probabilities: FloatArray) -> Prediction:
    exact = probabilities.astype(np.float64)
    exact /= exact.sum()
    scores = {name: float(score) for name, score in zip(EMOTIONS, exact, strict=True)}
    return Prediction(EMOTIONS[int(exact.argmax())], scores)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read {path}: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path} is no model description: expected a JSON object")
    return manifest


def _verified_weights(folder: Path, manifest: dict[str, Any]) -> bytes:
    path = folder / "model.onnx"
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error}") from error
    if hashlib.sha256(weights).hexdigest() != manifest.get("sha256"):
        raise ModelError(f"{path} does not match the checksum in model.json: fetch it again")
    return weights


def _session(folder: Path, weights: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    # onnxruntime's errors share no base class but Exception.
    except Exception as error:
        raise ModelError(f"onnxruntime cannot open {folder / 'model.onnx'}: {error}") from error
    inputs = {each.name for each in session.get_inputs()}
    if inputs != {"log_mel", "functionals"}:
        raise ModelError(f"{folder / 'model.onnx'} takes {sorted(inputs)}: of another version")
    return session

"""A folder of weights: its description, its checksum, and running it with onnxruntime."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import Features
from emotion.ml.speech.features import FeatureConfig, FloatArray, at_least
from emotion.ml.speech.speakers import SpeakerProfile

SHIPPED: Final = Path(__file__).parents[1] / "weights" / "default"
BATCH: Final = 32
INPUTS: Final = {"log_mel", "functionals", "adapted_functionals"}


@dataclass(frozen=True)
class Outputs:
    """What the model says of windows."""

    logits: NDArray[np.float64]
    """Calibrated, shape (windows, 7)."""
    gate: NDArray[np.float64]
    """About 1 for speech and 0 for other sound, shape (windows,)."""


@dataclass(frozen=True)
class Weights:
    """Loaded weights with their description."""

    session: ort.InferenceSession
    features: FeatureConfig
    name: str
    version: str
    sha256: str
    average: FloatArray
    """Mean functionals of the training clips, shape (features,)."""
    scales: dict[int, tuple[float, float]]
    """Of network and kernel scores, by the least number of reference clips."""

    @classmethod
    def load(cls, folder: Path) -> "Weights":
        """Read a folder with `model.onnx` and `model.json`.

        Raises:
            ModelError: If a file is missing or damaged, or was made for other labels or features.
        """
        manifest = _manifest(folder)
        weights = _verified(folder, manifest)
        try:
            labels = tuple(manifest["labels"])
            loaded = cls(
                session=_session(folder, weights),
                features=FeatureConfig(**manifest["features"]),
                name=str(manifest["name"]),
                version=str(manifest["version"]),
                sha256=str(manifest["sha256"]),
                average=np.array(manifest["average"], dtype=np.float32),
                scales={int(n): (pair[0], pair[1]) for n, pair in manifest["scales"].items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelError(f"{folder / 'model.json'} is of another version: {error}") from error
        if labels != EMOTIONS:
            raise ModelError(f"{folder} scores {labels}: expected {EMOTIONS}")
        if 0 not in loaded.scales:
            raise ModelError(f"{folder} has scales for {sorted(loaded.scales)} clips: 0 is missing")
        return loaded

    def run(self, windows: Sequence[Features], profiles: Sequence[SpeakerProfile]) -> Outputs:
        """Score windows of equal length together.

        Args:
            windows: From `extraction.describe`.
            profiles: What is known of each window's speaker.
        """
        mels = [at_least(each.log_mel, self.features.min_frames) for each in windows]
        by_length: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for index, mel in enumerate(mels):
            by_length[len(mel), profiles[index].clips > 0].append(index)
        logits = np.empty((len(windows), len(EMOTIONS)))
        gate = np.empty(len(windows))
        for indices in by_length.values():
            for start in range(0, len(indices), BATCH):
                chosen = indices[start : start + BATCH]
                logits[chosen], gate[chosen] = self._batch(
                    np.stack([mels[i] for i in chosen]),
                    np.stack([windows[i].functionals for i in chosen]),
                    [profiles[i] for i in chosen],
                )
        return Outputs(logits, gate)

    def _batch(
        self, mels: FloatArray, functionals: FloatArray, profiles: Sequence[SpeakerProfile]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        is_adapted = profiles[0].clips > 0
        # An adapted input without rows costs nothing.
        shifted = functionals[:0]
        if is_adapted:
            shifted = functionals - np.stack([each.shift(self.average) for each in profiles])
        inputs = {"log_mel": mels, "functionals": functionals, "adapted_functionals": shifted}
        network, kernel, adapted, gate = self.session.run(None, inputs)
        if is_adapted:
            trust = np.array([each.trust for each in profiles])[:, None]
            kernel = trust * adapted + (1 - trust) * kernel
        scales = np.array([self._scales(each.clips) for each in profiles])  # (batch, 2)
        return scales[:, :1] * network + scales[:, 1:] * kernel, np.asarray(gate, np.float64)

    def _scales(self, references: int) -> tuple[float, float]:
        return self.scales[max(count for count in self.scales if count <= references)]


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read {path}: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelError(f"{path} is no model description: expected a JSON object")
    return manifest


def _verified(folder: Path, manifest: dict[str, Any]) -> bytes:
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
    if inputs != INPUTS:
        raise ModelError(f"{folder / 'model.onnx'} takes {sorted(inputs)}: of another version")
    return session

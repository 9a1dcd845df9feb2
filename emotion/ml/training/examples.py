"""Features of every clip in every variation, computed once and kept in one file."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from audio import decode
from audio.effects import in_room
from audio.whole_files import whole_file
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import extract
from emotion.ml.speech.features import FeatureConfig, FloatArray, prepare
from emotion.ml.training import augmentation
from emotion.ml.training.corpora import Clip

PLAIN: Final = "plain"
CACHE_FORMAT: Final = 2
"""Grows when what is stored changes, so that an older file is not taken for the new one."""

VARIATIONS: Final = (
    "slower",
    "faster",
    "noisy",
    "noisy slower",
    "noisy faster",
    "part",
    "room",
    "telephone",
)


@dataclass(frozen=True)
class Examples:
    """What training sees of a list of clips."""

    speakers: NDArray[np.str_]
    """Shape (clips,)."""
    labels: NDArray[np.intp]
    """Indices into `EMOTIONS`, shape (clips,)."""
    log_mels: dict[str, list[FloatArray]]
    """By variation, one array (frames, n_mels) a clip."""
    functionals: dict[str, FloatArray]
    """By variation, shape (clips, features)."""

    def subset(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Keep the clips where `chosen` is true, shape (clips,)."""
        return Examples(
            self.speakers[chosen],
            self.labels[chosen],
            {
                name: [mel for mel, kept in zip(mels, chosen, strict=True) if kept]
                for name, mels in self.log_mels.items()
            },
            {name: values[chosen] for name, values in self.functionals.items()},
        )


def load_examples(
    clips: Sequence[Clip],
    config: FeatureConfig,
    *,
    cache: Path,
    varied: bool,
    seed: int = 0,
    read: Callable[[Path], FloatArray] = decode,
) -> Examples:
    """Compute the features of the clips, or read them from an earlier run.

    Args:
        clips: What to decode.
        config: The front end.
        cache: Folder for the file of features; its name tells clips, seed and front end apart.
        varied: Also compute `VARIATIONS`, as training needs them.
        seed: For noise and parts.
        read: Decodes a path to float32 at `config.sampling_rate`.
    """
    names = (PLAIN, *VARIATIONS) if varied else (PLAIN,)
    path = cache / f"features-{_fingerprint(clips, config, names, seed)}.npz"
    if not path.exists():
        _write(path, clips, config, names, seed, read)
    return _read(path, clips, names)


def _fingerprint(
    clips: Sequence[Clip], config: FeatureConfig, names: Sequence[str], seed: int
) -> str:
    listed = [(clip.corpus, clip.path.name) for clip in clips]
    described = repr((CACHE_FORMAT, config, tuple(names), seed, listed))
    return hashlib.sha256(described.encode()).hexdigest()[:12]


def _write(
    path: Path,
    clips: Sequence[Clip],
    config: FeatureConfig,
    names: Sequence[str],
    seed: int,
    read: Callable[[Path], FloatArray],
) -> None:
    mels: dict[str, list[FloatArray]] = {name: [] for name in names}
    functionals: dict[str, list[FloatArray]] = {name: [] for name in names}
    for index, clip in enumerate(tqdm(clips, desc="features", unit="clip")):
        rng = np.random.default_rng((seed, index))
        waveform = read(clip.path)
        for name in names:
            features = extract(_variation(name, waveform, config, rng), config)
            mels[name].append(features.log_mel)
            functionals[name].append(features.functionals)
    arrays = {f"functionals {name}": np.stack(rows) for name, rows in functionals.items()}
    for name, rows in mels.items():
        arrays[f"mel {name}"] = np.concatenate(rows)
        arrays[f"frames {name}"] = np.array([len(row) for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as unfinished:
        np.savez(unfinished, **arrays)  # type: ignore[arg-type]


def _variation(
    name: str, waveform: FloatArray, config: FeatureConfig, rng: Generator
) -> FloatArray:
    if name == PLAIN:
        return waveform
    speech = prepare(waveform, config)
    if name == "part":
        return augmentation.random_part(speech, config.sampling_rate, rng)
    if name == "room":
        return in_room(speech, config.sampling_rate, rng, **augmentation.ROOM)
    if name == "telephone":
        return augmentation.over_telephone(speech)
    slower, same, faster = augmentation.SPEEDS
    speed = slower if "slower" in name else faster if "faster" in name else same
    speech = augmentation.at_speed(speech, speed)
    return augmentation.with_room_noise(speech, rng) if "noisy" in name else speech


def _read(path: Path, clips: Sequence[Clip], names: Sequence[str]) -> Examples:
    with np.load(path) as stored:
        mels = {}
        for name in names:
            ends = np.cumsum(stored[f"frames {name}"])[:-1]
            mels[name] = list(np.split(stored[f"mel {name}"], ends))
        functionals = {name: stored[f"functionals {name}"] for name in names}
    return Examples(
        np.array([clip.speaker for clip in clips]),
        np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
        mels,
        functionals,
    )

"""`encoder`: the first layers of a Whisper encoder, frozen, and a kernel machine on what they hear.

Clips are described clean, and for training also degraded and shortened. Nothing of the encoder is
trained here; its weights are read by `emotion.ml.training.whisper_weights`.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from tqdm import tqdm

from audio import decode
from audio.whole_files import whole_file
from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.ear import LONGEST_S, Ear
from emotion.ml.speech.features import FloatArray
from emotion.ml.speech.hearing import RATE, heard
from emotion.ml.training.corpora import Clip, rounds
from emotion.ml.training.degradations.beside import Surroundings
from emotion.ml.training.degradations.conditions import seeded
from emotion.ml.training.degradations.copies import CopyConfig, random_copy, random_part
from emotion.ml.training.ear_network import EarNetwork, export
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.ear_head import EarHead, HeadConfig, adapted_logits, fit_head
from emotion.ml.training.recipes.registry import Scores
from emotion.ml.training.whisper_weights import NOTICE, load_encoder

REFERENCES: Final = (1, 3, 5, 10, 0)
"""Numbers of other clips of the speaker that the gain is published for; 0 stands for all."""

ONE_EMOTION: Final = (1, 3, 10)
"""The same, where all of them carry the emotion of the clip itself: the worst that can happen."""

CACHE_FORMAT: Final = 1
"""Grows when what is stored changes, so that an older file is not taken for the new one."""

CROWD_SPEEDS: Final = (0.8, 1.25)
"""Of the voices in a crowd: few speakers stand for many."""


@dataclass(frozen=True)
class Listened:
    """Clips as the encoder hears them."""

    speakers: NDArray[np.str_]
    labels: NDArray[np.intp]
    copies: tuple[NDArray[np.float32], ...]
    """Clean, then degraded and shortened, each of shape (clips, features)."""
    ear: Path
    """The exported encoder that heard them."""

    def subset(self, chosen: NDArray[np.bool_]) -> "Listened":
        copies = tuple(copy[chosen] for copy in self.copies)
        return Listened(self.speakers[chosen], self.labels[chosen], copies, self.ear)


@dataclass(frozen=True)
class FittedEncoder:
    """A trained head, and the bytes of the encoder that it listens through."""

    head: EarHead
    ear: bytes
    seed: int = 0

    @property
    def parameters(self) -> int:
        return int(self.head.weights.size)

    @cached_property
    def _opened(self) -> Ear:
        return Ear(self.ear)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.ear + self.head.weights.tobytes()).hexdigest()

    def scores(self, examples: Listened) -> Scores:
        """Score clips alone and with other clips of their speakers at hand.

        Raises:
            ModelError: If another encoder heard the clips.
        """
        self._check_ear(examples)
        clean = self.head.standardised(examples.copies[0])
        plain = self.head.logits(clean)
        scores = {"ear": plain}
        for name, chosen, compensated in self._adaptations(examples):
            scores[name] = adapted_logits(self.head, clean, plain, chosen, compensated=compensated)
        return scores

    def _adaptations(
        self, examples: Listened
    ) -> Iterator[tuple[str, list[NDArray[np.intp]], bool]]:
        voices = np.unique(examples.speakers, return_inverse=True)[1]
        for count in REFERENCES:
            chosen = _others(voices, count, self.seed)
            yield f"adapted {count or 'all'}", chosen, True
            yield f"varied {count or 'all'}", chosen, False
        alike = voices * len(EMOTIONS) + examples.labels
        for count in ONE_EMOTION:
            yield f"one emotion {count}", _others(alike, count, self.seed), True

    def _check_ear(self, examples: Listened) -> None:
        if examples.ear.read_bytes() != self.ear:
            raise ModelError(
                "The clips were heard by another encoder than the weights were trained with: "
                "give the same --checkpoint and --layers"
            )

    def probabilities(self, waveform: FloatArray) -> NDArray[np.float64]:
        """Score a waveform at 16 kHz, up to its first `LONGEST_S`; shape (7,), summing to 1."""
        described = self._opened.describe(waveform[: int(LONGEST_S * RATE)])
        logits = self.head.logits(self.head.standardised(described[None]))
        return np.asarray(softmax(logits[0]))

    def save(self, folder: Path) -> None:
        """Write head, encoder, what they are, and the licence of Whisper."""
        folder.mkdir(parents=True, exist_ok=True)
        self.head.save(folder / "head.npz")
        with whole_file(folder / "ear.onnx") as unfinished:
            unfinished.write_bytes(self.ear)
        described = {"model": "encoder", "seed": self.seed, "sha256": self.sha256}
        (folder / "recipe.json").write_text(json.dumps(described) + "\n", encoding="utf-8")
        (folder / "NOTICE.txt").write_text(NOTICE, encoding="utf-8")


def _others(groups: NDArray[np.intp], count: int, seed: int) -> list[NDArray[np.intp]]:
    """Choose for each clip so many others of its group; all of them if `count` is 0 or too many."""
    rng = np.random.default_rng(seed)
    chosen = []
    for index, group in enumerate(groups):
        others = np.flatnonzero(groups == group)
        others = others[others != index]
        if count:
            others = rng.choice(others, min(count, len(others)), replace=False)
        chosen.append(others)
    return chosen


@dataclass(frozen=True)
class EncoderRecipe:
    """Listen by a frozen encoder, fit a head in closed form."""

    name: ClassVar[str] = "encoder"
    checkpoint: str = "openai/whisper-base"
    """What `whisper_weights.load_encoder` takes."""
    layers: tuple[int, ...] = (2, 3)
    """Counted from 1; deeper ones know more of words and less of voices."""
    int8: bool = True
    copies: int = 2
    """Degraded copies of each clip to train on."""
    parts: int = 1
    """Shortened ones."""
    head: HeadConfig = field(default_factory=HeadConfig)
    changes: CopyConfig = field(default_factory=CopyConfig)
    systems: ClassVar[dict[str, tuple[str, ...]]] = {
        "": ("ear",),
        **{
            f"with {count or 'all other'} clips of the speaker": (f"adapted {count or 'all'}",)
            for count in REFERENCES
        },
        **{
            f"with {count or 'all other'} clips of the speaker, known to vary": (
                f"varied {count or 'all'}",
            )
            for count in REFERENCES
        },
        **{
            f"with {count} clips of the speaker in the same emotion": (f"one emotion {count}",)
            for count in ONE_EMOTION
        },
    }

    def describe(self, clips: Sequence[Clip], *, cache: Path, varied: bool, seed: int) -> Listened:
        """Listen to the clips, each form of them in a file of its own that is kept.

        Args:
            clips: What to decode.
            cache: Folder for encoder and features.
            varied: Also listen to degraded and shortened copies.
            seed: Of these copies.
        """
        cache.mkdir(parents=True, exist_ok=True)
        path = self._exported(cache)
        ear, reader = Ear(path), _Reader(clips)
        forms = ["clean"]
        if varied:
            forms += [f"copy {n}" for n in range(self.copies)]
            forms += [f"part {n}" for n in range(self.parts)]
        return Listened(
            np.array([clip.speaker for clip in clips]),
            np.array([EMOTIONS.index(clip.emotion) for clip in clips]),
            tuple(self._listened(form, ear, path, reader, cache, seed) for form in forms),
            path,
        )

    def _exported(self, cache: Path) -> Path:
        """Export the encoder, unless an earlier run did from the same weights."""
        weights = load_encoder(self.checkpoint, layers=max(self.layers, default=0))
        network = EarNetwork(weights, self.layers)
        digest = hashlib.sha256(repr((CACHE_FORMAT, self.layers, self.int8)).encode())
        for tensor in network.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        path = cache / f"ear-{digest.hexdigest()[:12]}.onnx"
        if not path.exists():
            with whole_file(path) as unfinished:
                export(network, unfinished, int8=self.int8)
        return path

    def _listened(
        self, form: str, ear: Ear, path: Path, reader: "_Reader", cache: Path, seed: int
    ) -> NDArray[np.float32]:
        listed = [(clip.corpus, clip.path.name) for clip in reader.clips]
        how = () if form == "clean" else (seed, astuple(self.changes))
        described = repr((CACHE_FORMAT, path.name, form, how, listed))
        digest = hashlib.sha256(described.encode()).hexdigest()[:12]
        stored = cache / f"heard-{form.replace(' ', '-')}-{digest}.npy"
        if not stored.exists():
            bar = tqdm(range(len(reader.clips)), desc=f"{form} clips", unit="clip")
            rows = [
                ear.describe(self._form(form, index, reader, seed)[: int(LONGEST_S * RATE)])
                for index in bar
            ]
            with whole_file(stored) as unfinished, unfinished.open("wb") as file:
                np.save(file, np.stack(rows))
        return np.asarray(np.load(stored), np.float32)

    def _form(self, form: str, index: int, reader: "_Reader", seed: int) -> FloatArray:
        waveform = reader.waveform(index)
        if form == "clean":
            return waveform
        rng, around = seeded(form, seed, index), reader.around(index)
        if form.startswith("copy"):
            return random_copy(waveform, rng, around, self.changes)
        return random_part(heard(waveform).speech, rng, around, self.changes)

    def fit(self, examples: Listened, place: RunPlace) -> FittedEncoder:
        head = fit_head(list(examples.copies), examples.labels, examples.speakers, self.head)
        return FittedEncoder(head, examples.ear.read_bytes(), place.seed)

    def load(self, folder: Path) -> FittedEncoder:
        """Read what `FittedEncoder.save` wrote.

        Raises:
            ModelError: If a file is missing, damaged or of another training.
        """
        try:
            described = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
            ear, seed = (folder / "ear.onnx").read_bytes(), int(described["seed"])
            expected = str(described["sha256"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{folder} holds no trained encoder: {error}") from error
        fitted = FittedEncoder(EarHead.load(folder / "head.npz"), ear, seed)
        if fitted.sha256 != expected:
            raise ModelError(f"{folder} does not match its checksum: train or fetch it again")
        return fitted


class _Reader:
    """The clips' waveforms, decoded once, and the crowd that each may be heard in."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        self.clips = clips
        self._waveforms: dict[int, FloatArray] = {}
        # A crowd is made of voices that are held out together with the clip: so a voice that is
        # held out is in no copy that is trained on.
        turns = rounds(clips)
        turn = [next(n for n, held in enumerate(turns) if clip.speaker in held) for clip in clips]
        self._crowds = [[i for i, other in enumerate(turn) if other == own] for own in turn]

    def waveform(self, index: int) -> FloatArray:
        if index not in self._waveforms:
            self._waveforms[index] = decode(self.clips[index].path)
        return self._waveforms[index]

    def around(self, index: int) -> Surroundings:
        crowd = self._crowds[index]
        few = seeded("crowd", index).choice(crowd, min(12, len(crowd)), replace=False)
        return Surroundings([self.waveform(int(each)) for each in few], speeds=CROWD_SPEEDS)


RECIPE = EncoderRecipe

"""From a training checkpoint to a voice folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from synthesis.ml.acoustic_model import ModelShape, coqui_config
from synthesis.ml.dataset import SEMITONES_PER_UNIT
from synthesis.ml.spectrum import SAMPLING_RATE
from synthesis.ml.voices import Voice, file_sha256, write_manifest

LICENCE = "CC BY-NC-SA 4.0"  # of the acted clips whose contours the training audio carries


def export_voice(
    *,
    name: str,
    folder: Path,
    weights: Mapping[str, Tensor],
    speakers: Sequence[tuple[str, int]],
    table: Mapping[str, str],
    takes: Mapping[str, int],
    shape: ModelShape | None = None,
) -> Voice:
    """Write a voice with one speaker an emotion; `VOICE_CARD.md` is written by hand.

    Args:
        name: Of the voice, and the beginning of its speakers' names.
        folder: Made if needed.
        weights: State of the trained model, with a speaker for every take of an emotion.
        speakers: Emotion and take of each row of its speaker embedding.
        table: Character of each phoneme.
        takes: Which take speaks an emotion; the mean of its takes where none is named.
        shape: Sizes of the network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    emotions = sorted({emotion for emotion, _ in speakers})
    names = {emotion: f"{name}_{emotion}" for emotion in emotions}
    state = dict(weights)
    state["emb_g.weight"] = torch.stack(
        [_embedding(weights["emb_g.weight"], speakers, emotion, takes) for emotion in emotions]
    )
    config = coqui_config(shape or ModelShape(), table.values(), list(names.values()))
    config.save_json(str(folder / "config.json"))
    model_path = folder / "model.pth"
    torch.save({"model": state}, model_path)
    voice = Voice(
        folder=folder,
        name=name,
        language="en-US",
        licence=LICENCE,
        sampling_rate=SAMPLING_RATE,
        sha256=file_sha256(model_path),
        speakers=names,
        phonemes=dict(table),
        semitones_per_unit=SEMITONES_PER_UNIT,
    )
    write_manifest(voice)
    return voice


def _embedding(
    table: Tensor, speakers: Sequence[tuple[str, int]], emotion: str, takes: Mapping[str, int]
) -> Any:
    rows = [
        table[row]
        for row, (own, take) in enumerate(speakers)
        if own == emotion and take == takes.get(emotion, take)
    ]
    if not rows:
        raise ValueError(f"The model has no take {takes[emotion]} of {emotion}")
    return torch.stack(rows).mean(dim=0)

"""From a training checkpoint to a voice folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from synthesis.ml.acoustic_model import ModelShape, coqui_config
from synthesis.ml.dataset import SEMITONES_PER_UNIT
from synthesis.ml.spectrum import SAMPLING_RATE
from synthesis.ml.voices import Voice, file_sha256, write_manifest

LICENCE = "CC BY-NC-SA 4.0"  # of the acted clips whose contours the training audio carries


# On held-out clips the predicted pitch moves half as far as the true one, and its errors grow with
# the factor: this one goes most of the way.
PITCH_SPREAD = 1.6
SLOWNESS = 1.1  # predicted durations of held-out clips sum to nine tenths of the true ones

Row = tuple[str, int]  # emotion and take, as speakers are while training


def export_voice(
    *,
    name: str,
    folder: Path,
    weights: Mapping[str, Tensor],
    rows: Sequence[Row],
    chosen: Mapping[str, Sequence[Row]],
    table: Mapping[str, str],
    shape: ModelShape | None = None,
) -> Voice:
    """Write a voice; its `VOICE_CARD.md` is written by hand.

    Args:
        name: Of the voice, and the beginning of its speakers' names.
        folder: Made if needed.
        weights: State of the trained model, with a speaker for every take of an emotion.
        rows: Emotion and take of each row of its speaker embedding.
        chosen: Whose vectors, averaged, speak an emotion.
        table: Character of each phoneme.
        shape: Sizes of the network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {emotion: f"{name}_{emotion}" for emotion in chosen}
    embedding = weights["emb_g.weight"]
    vectors = [
        torch.stack([embedding[rows.index(row)] for row in takes]).mean(dim=0)
        for takes in chosen.values()
    ]
    config = coqui_config(shape or ModelShape(), table.values(), list(names.values()))
    config.save_json(str(folder / "config.json"))
    model_path = folder / "model.pth"
    torch.save({"model": dict(weights) | {"emb_g.weight": torch.stack(vectors)}}, model_path)
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
        pitch_spread=PITCH_SPREAD,
        slowness=SLOWNESS,
    )
    write_manifest(voice)
    return voice

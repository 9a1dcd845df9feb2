"""From a training checkpoint to a voice folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from synthesis.ml.making.acoustic_model import ModelShape, coqui_config
from synthesis.ml.making.dataset import SEMITONES_PER_UNIT
from synthesis.ml.making.examples import Row
from synthesis.ml.speaking.shaping import Shaping, write_shaping
from synthesis.ml.speaking.spectrum import SAMPLING_RATE
from synthesis.ml.speaking.voices import Voice, file_sha256, write_manifest

# Where nothing was measured: predicted pitch of held-out clips moves half as far as the true one,
# and predicted durations sum to nine tenths of the true ones.
PITCH_SPREAD = 1.6
SLOWNESS = 1.1

LICENCE = "CC BY-NC-SA 4.0"  # of the acted clips whose contours the training audio carries


def export_voice(
    *,
    name: str,
    folder: Path,
    weights: Mapping[str, Tensor],
    rows: Sequence[Row],
    chosen: Sequence[Row],
    shaping: Mapping[Row, Shaping],
    table: Mapping[str, str],
    order: Sequence[str] = (),
    shape: ModelShape | None = None,
) -> Voice:
    """Write a voice; its `VOICE_CARD.md` is written by hand.

    Args:
        name: Of the voice.
        folder: Made if needed.
        weights: State of the trained model, with a speaker for every row.
        rows: Of its speaker embedding.
        chosen: Those that speak; of one speaker and emotion, one is called by the emotion, and
            further ones by emotion and take.
        shaping: Of the chosen rows, where measured.
        table: Character of each phoneme.
        order: Names of speakers; the first is the usual one. The rest follow by name.
        shape: Sizes of the network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ranks = {name: rank for rank, name in enumerate(order)}
    chosen = sorted(chosen, key=lambda row: (ranks.get(row.speaker, len(ranks)), row))
    names = {row: str(row) for row in chosen}
    config = coqui_config(shape or ModelShape(), table.values(), list(names.values()))
    config.save_json(str(folder / "config.json"))
    model_path = folder / "model.pth"
    embedding = weights["emb_g.weight"]
    vectors = torch.stack([embedding[rows.index(row)] for row in chosen])
    torch.save({"model": dict(weights) | {"emb_g.weight": vectors}}, model_path)
    write_shaping(folder, {names[row]: one for row, one in shaping.items() if row in names})
    voice = Voice(
        folder=folder,
        name=name,
        language="en-US",
        licence=LICENCE,
        kind="fast_pitch",
        vocoder="griffin_lim",
        sampling_rate=SAMPLING_RATE,
        sha256=file_sha256(model_path),
        speakers=_speakers(chosen),
        phonemes=dict(table),
        semitones_per_unit=SEMITONES_PER_UNIT,
        pitch_spread=PITCH_SPREAD,
        slowness=SLOWNESS,
    )
    write_manifest(voice)
    return voice


def _speakers(chosen: Sequence[Row]) -> dict[str, dict[str, str]]:
    speakers: dict[str, dict[str, str]] = {}
    for row in chosen:
        emotions = speakers.setdefault(row.speaker, {})
        label = row.emotion if row.emotion not in emotions else f"{row.emotion}_{row.take}"
        emotions[label] = str(row)
    return speakers

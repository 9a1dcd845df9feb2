"""A vocoder for a voice: trained, put beside Griffin-Lim, and kept if it measures better.

    python -m synthesis.ml.making.train_vocoder --kathleen CORPUS --voice FOLDER --work FOLDER
        [--keep]

Both speak the same sentences from the same predicted spectrograms. Words are counted by
pocketsphinx (WER), emotions by the shipped emotion model (recall over all speakers and emotions),
which never heard synthetic speech.
"""

import argparse
import random
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from audio.resampling import resampled
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.making.vocoder_training import (
    VocoderConfig,
    VocoderTrainer,
    load_recordings,
    write_vocoder,
)
from synthesis.ml.rating.evaluation import Recognizer, word_error_rate
from synthesis.ml.speaking.clip_measures import MEASURED_RATE_HZ
from synthesis.ml.speaking.engine import SpeechEngine
from synthesis.ml.speaking.texts import random_sentence
from synthesis.ml.speaking.voices import Voice, load_voice, write_manifest

SENTENCES_SEED = 77


@dataclass(frozen=True)
class VocoderFigures:
    """How a voice does with one vocoder.

    Attributes:
        wer: Word error rate over all speakers and emotions.
        recall: Share of clips whose emotion the model names.
        real_time_factor: Seconds to speak a second, of this process.
    """

    wer: float
    recall: float
    real_time_factor: float

    def is_better_than(self, other: "VocoderFigures") -> bool:
        """Better in one thing that is heard and worse in none."""
        no_worse = self.wer <= other.wer and self.recall >= other.recall
        return no_worse and (self.wer, self.recall) != (other.wer, other.recall)


def measure(voice: Voice, sentences: int) -> VocoderFigures:
    """Let a voice speak and listen to it."""
    engine, judge, recognizer = SpeechEngine(voice), EmotionPredictor.load(), Recognizer()
    rng = random.Random(SENTENCES_SEED)
    texts = [random_sentence(rng, voice.language) for _ in range(sentences)]
    engine.warm_up()
    spoken, hits, cost_s, length_s = [], [], 0.0, 0.0
    pairs = [(speaker, emotion) for speaker in voice.speakers for emotion in voice.emotions]
    for speaker, emotion in tqdm(pairs, desc=voice.vocoder):
        for seed, text in enumerate(texts):
            began = time.process_time()
            clip = engine.speak(text, emotion, seed=seed, speaker=speaker)
            cost_s += time.process_time() - began
            length_s += clip.waveform.size / clip.sampling_rate
            heard = resampled(clip.waveform, clip.sampling_rate, MEASURED_RATE_HZ)
            scores = judge.predict(heard, assume_speech=True).scores
            hits.append(max(scores, key=scores.__getitem__) == emotion)
            spoken.append((text, heard))
    return VocoderFigures(
        wer=word_error_rate(recognizer, spoken),
        recall=float(np.mean(hits)),
        real_time_factor=cost_s / length_s,
    )


def train_vocoder(
    corpus: Path, work: Path, config: VocoderConfig, *, show_progress: bool = True
) -> VocoderTrainer:
    """Train on the reader's recordings, or go on where an earlier call was killed."""
    work.mkdir(parents=True, exist_ok=True)
    trainer = VocoderTrainer(load_recordings(corpus), work / "vocoder.pt", config)
    trainer.run(show_progress=show_progress)
    return trainer


def with_vocoder(voice: Voice, trainer: VocoderTrainer, folder: Path) -> Voice:
    """A copy of a voice that speaks with the trained vocoder, or the voice itself in its folder."""
    if folder != voice.folder:
        shutil.copytree(voice.folder, folder, dirs_exist_ok=True)
    write_vocoder(trainer.generator, folder)
    write_manifest(replace(voice, folder=folder, vocoder="files"))
    return load_voice(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kathleen", type=Path, required=True, help="corpus of the reader")
    parser.add_argument("--voice", type=Path, required=True, help="folder with voice.toml")
    parser.add_argument("--work", type=Path, required=True, help="checkpoint and the tried voice")
    parser.add_argument("--steps", type=int, default=VocoderConfig.steps)
    parser.add_argument("--sentences", type=int, default=10, help="an emotion and speaker")
    parser.add_argument("--keep", action="store_true", help="in the voice, if it measures better")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    voice = load_voice(options.voice)
    trainer = train_vocoder(options.kathleen, options.work, VocoderConfig(steps=options.steps))
    tried = with_vocoder(voice, trainer, options.work / voice.name)
    present, other = (measure(each, options.sentences) for each in (voice, tried))
    is_better = other.is_better_than(present)
    lines = [
        f"{'vocoder':24} {'WER':>6} {'recall':>7} {'real-time factor':>17}",
        _row(voice.vocoder, present),
        _row("multi-band MelGAN", other),
        "It measures better." if is_better else "It does not measure better.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    if is_better and options.keep:
        with_vocoder(voice, trainer, voice.folder)


def _row(name: str, figures: VocoderFigures) -> str:
    factor = figures.real_time_factor
    return f"{name:24} {figures.wer:6.2f} {figures.recall:7.2f} {factor:17.3f}"


if __name__ == "__main__":
    main()

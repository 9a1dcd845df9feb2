"""Figures of a voice: `python -m synthesis.ml.rating.evaluate --voice FOLDER --ravdess CORPUS`."""

import argparse
import json
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from tqdm import tqdm

from audio import decode
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.predictor import EmotionPredictor
from synthesis.ml.rating.evaluation import (
    Confusion,
    Prosody,
    Recognizer,
    mean_prosody,
    measure,
    word_error_rate,
)
from synthesis.ml.rating.judge import CHOOSING_SPEAKERS, Judge, functionals_of, load_natural_speech
from synthesis.ml.recordings.corpora import read_acted_clips
from synthesis.ml.recordings.world import SAMPLING_RATE
from synthesis.ml.speaking.engine import SpeechEngine, Utterance
from synthesis.ml.speaking.texts import random_sentence
from synthesis.ml.speaking.voices import load_voice

SENTENCES_SEED = 2024
COMPARED_ACTORS = frozenset(range(11, 21))  # none of them a donor
COMPARED = ("f0_hz", "duration_s", "brightness_db")

Heard = Callable[[Sequence[Utterance]], list[str]]


@dataclass(frozen=True)
class Corpora:
    """Natural speech that judges learn from, and that prosody is compared with."""

    ravdess: Path
    emodb: Path | None

    def named(self) -> list[tuple[str, Path]]:
        return [("ravdess", self.ravdess), *([("emodb", self.emodb)] if self.emodb else [])]


def load_judges(corpora: Corpora, cache: Path) -> dict[str, Heard]:
    """Three judges, none of which ever heard synthetic speech.

    `strangers` knows none of the natural speakers that helped to make the voice; `natural` knows
    all of the corpora; `default` is the emotion model that ships with Inflect.
    """
    speech = load_natural_speech(corpora.named(), cache)
    return {
        "strangers": _heard_by(Judge(speech.of(CHOOSING_SPEAKERS, others=True))),
        "natural": _heard_by(Judge(speech)),
        "default": _heard_by_default(EmotionPredictor.load()),
    }


def evaluate(
    engine: SpeechEngine,
    speaker: str,
    judges: Mapping[str, Heard],
    recognizer: Recognizer,
    *,
    n_sentences: int,
    n_transcribed: int,
) -> dict[str, Any]:
    """Let one speaker say new sentences in every emotion and measure what comes out.

    Args:
        engine: The voice.
        speaker: Which of its speakers.
        judges: What hears the emotions.
        recognizer: What hears the words.
        n_sentences: The same for every emotion, none of them in the training texts.
        n_transcribed: The first so many are recognised, which takes longer than the clips last.

    Returns:
        By emotion: mean prosody and word error rate; by judge: confusion, recalls
        and their average.
    """
    rng = random.Random(SENTENCES_SEED)
    texts = [random_sentence(rng) for _ in range(n_sentences)]
    spoken = {
        emotion: [
            engine.speak(text, emotion, seed=number, speaker=speaker)
            for number, text in enumerate(tqdm(texts, desc=f"{speaker} {emotion}"))
        ]
        for emotion in EMOTIONS
    }
    return {
        "speaker": speaker,
        "sentences": n_sentences,
        "transcribed": n_transcribed,
        "prosody": {
            emotion: asdict(mean_prosody(measure(clip) for clip in clips))
            for emotion, clips in spoken.items()
        },
        "word_error_rate": _word_error_rates(recognizer, texts[:n_transcribed], spoken),
        "judges": {name: _judged(heard, spoken) for name, heard in judges.items()},
    }


def acted_prosody(ravdess: Path) -> dict[str, Prosody]:
    """Mean prosody of each emotion as actors speak it who lent nothing to the voice."""
    clips = read_acted_clips(ravdess, COMPARED_ACTORS)
    measured: dict[str, list[Prosody]] = {emotion: [] for emotion in EMOTIONS}
    for clip in tqdm(clips, desc="actors"):
        measured[clip.emotion].append(measure(Utterance(decode(clip.path), SAMPLING_RATE)))
    return {emotion: mean_prosody(own) for emotion, own in measured.items()}


def order_of_emotions(figures: Mapping[str, Any], acted: Mapping[str, Prosody]) -> dict[str, float]:
    """Spearman's correlation of pitch, length and brightness over the emotions, voice to actors."""
    return {
        name: float(
            spearmanr(
                [figures["prosody"][emotion][name] for emotion in EMOTIONS],
                [getattr(acted[emotion], name) for emotion in EMOTIONS],
            ).statistic
        )
        for name in COMPARED
    }


def as_markdown(figures: Mapping[str, Any]) -> str:
    """Write the figures of a speaker as the tables of the voice's card."""
    judges = figures["judges"]
    titles = ["emotion", "F0 (Hz)", "F0 range (st)", "duration (s)", "brightness (dB)", "WER"]
    rows = [_row([*titles, *(f"recall, {name}" for name in judges)])]
    rows.append("|" + "---|" * (len(titles) + len(judges)))
    for emotion in EMOTIONS:
        prosody = figures["prosody"][emotion]
        numbers = [
            f"{prosody['f0_hz']:.0f}",
            f"{prosody['f0_range_semitones']:.1f}",
            f"{prosody['duration_s']:.2f}",
            f"{prosody['brightness_db']:.1f}",
            f"{figures['word_error_rate'][emotion]:.2f}",
            *(f"{judge['recall'][emotion]:.2f}" for judge in judges.values()),
        ]
        rows.append(_row([emotion, *numbers]))
    averages = ", ".join(f"{name} {judge['uar']:.2f}" for name, judge in judges.items())
    rows += [
        "",
        f"{figures['sentences']} sentences an emotion, {figures['transcribed']} transcribed. "
        f"UAR (chance 0.14): {averages}.",
    ]
    for name, judge in judges.items():
        rows += ["", _row([f"intended \\ heard by {name}", *EMOTIONS]), "|" + "---|" * 8]
        rows += [
            _row([emotion, *map(str, counts)])
            for emotion, counts in zip(EMOTIONS, judge["confusion"], strict=True)
        ]
    return "\n".join(rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _judged(heard: Heard, spoken: Mapping[str, Sequence[Utterance]]) -> dict[str, Any]:
    confusion = Confusion.of(EMOTIONS, {emotion: heard(clips) for emotion, clips in spoken.items()})
    return {
        "confusion": confusion.counts.tolist(),
        "recall": confusion.recalls,
        "uar": confusion.uar,
    }


def _word_error_rates(
    recognizer: Recognizer, texts: Sequence[str], spoken: Mapping[str, Sequence[Utterance]]
) -> dict[str, float]:
    return {
        emotion: word_error_rate(
            recognizer, [(text, clip.waveform) for text, clip in zip(texts, clips, strict=False)]
        )
        for emotion, clips in tqdm(spoken.items(), desc="recognition")
    }


def _heard_by(judge: Judge) -> Heard:
    return lambda clips: judge.heard(np.stack([functionals_of(clip.waveform) for clip in clips]))


def _heard_by_default(predictor: EmotionPredictor) -> Heard:
    return lambda clips: [
        str(predictor.predict(clip.waveform, clip.sampling_rate).emotion) for clip in clips
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", type=Path, required=True, help="folder with voice.toml")
    parser.add_argument("--ravdess", type=Path, required=True, help="for judges and prosody")
    parser.add_argument("--emodb", type=Path, help="for judges")
    parser.add_argument("--speaker", action="append", help="all of the voice if not given")
    parser.add_argument("--sentences", type=int, default=50)
    parser.add_argument("--transcribed", type=int, default=20, help="of them, for the WER")
    parser.add_argument("--cache", type=Path, help="keeps what was measured of the corpora (.npz)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    voice = load_voice(options.voice)
    engine = SpeechEngine(voice)
    with TemporaryDirectory() as folder:
        cache = options.cache or Path(folder) / "natural.npz"
        judges = load_judges(Corpora(options.ravdess, options.emodb), cache)
    acted, recognizer = acted_prosody(options.ravdess), Recognizer()
    for speaker in options.speaker or voice.speakers:
        figures = evaluate(
            engine,
            speaker,
            judges,
            recognizer,
            n_sentences=options.sentences,
            n_transcribed=min(options.transcribed, options.sentences),
        )
        figures["order"] = order_of_emotions(figures, acted)
        written = json.dumps(figures) if options.json else _section(figures)
        sys.stdout.write(written + "\n")


def _section(figures: Mapping[str, Any]) -> str:
    order = ", ".join(f"{name} {value:.2f}" for name, value in figures["order"].items())
    return (
        f"### {figures['speaker']}\n\n{as_markdown(figures)}\n\n"
        f"Rank correlation of the emotions with RAVDESS actors 11 to 20: {order}.\n"
    )


if __name__ == "__main__":
    main()

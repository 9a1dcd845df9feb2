"""Figures of a voice: `python -m synthesis.ml.evaluate --voice FOLDER`."""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emotion.ml.labels import EMOTIONS
from emotion.ml.predictor import EmotionPredictor
from synthesis.ml.engine import SpeechEngine, Utterance
from synthesis.ml.evaluation import (
    Confusion,
    Recognizer,
    mean_prosody,
    measure,
    word_error_rate,
)
from synthesis.ml.texts import random_sentence
from synthesis.ml.voices import load_voice

SENTENCES_SEED = 2024


def evaluate(engine: SpeechEngine, n_sentences: int, n_transcribed: int) -> dict[str, Any]:
    """Speak new sentences in every emotion and measure what comes out.

    Args:
        engine: The voice.
        n_sentences: The same for every emotion, none of them in the training texts.
        n_transcribed: The first so many are recognised, which takes longer than the clips last.

    Returns:
        By emotion: mean prosody, word error rate of pocketsphinx, and what the shipped emotion
        model hears; the model was trained on natural speech alone.
    """
    rng = random.Random(SENTENCES_SEED)
    texts = [random_sentence(rng) for _ in range(n_sentences)]
    spoken = {
        emotion: [
            engine.speak(text, emotion, seed=number)
            for number, text in enumerate(tqdm(texts, desc=emotion))
        ]
        for emotion in EMOTIONS
    }
    recognizer, judge = Recognizer(), EmotionPredictor.load()
    confusion = Confusion.of(
        EMOTIONS,
        {emotion: [_heard(judge, clip) for clip in clips] for emotion, clips in spoken.items()},
    )
    return {
        "sentences": n_sentences,
        "transcribed": n_transcribed,
        "prosody": {
            emotion: asdict(mean_prosody(measure(clip) for clip in clips))
            for emotion, clips in spoken.items()
        },
        "word_error_rate": {
            emotion: word_error_rate(
                recognizer,
                [
                    (text, clip.waveform)
                    for text, clip in zip(texts[:n_transcribed], clips[:n_transcribed], strict=True)
                ],
            )
            for emotion, clips in tqdm(spoken.items(), desc="recognition")
        },
        "judge": f"{judge.name} {judge.version}",
        "confusion": confusion.counts.tolist(),
        "recall": confusion.recalls,
        "uar": confusion.uar,
    }


def as_markdown(figures: dict[str, Any]) -> str:
    """Write the figures as the tables of the voice's card."""
    rows = [
        "| emotion | F0 (Hz) | F0 range (st) | duration (s) | brightness (dB) | WER | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for emotion in EMOTIONS:
        prosody = figures["prosody"][emotion]
        rows.append(
            f"| {emotion} | {prosody['f0_hz']:.0f} | {prosody['f0_range_semitones']:.1f} "
            f"| {prosody['duration_s']:.2f} | {prosody['brightness_db']:.1f} "
            f"| {figures['word_error_rate'][emotion]:.2f} | {figures['recall'][emotion]:.2f} |"
        )
    rows += [
        "",
        f"{figures['sentences']} sentences an emotion, {figures['transcribed']} transcribed; "
        f"judge {figures['judge']}, UAR {figures['uar']:.2f} (chance 0.14).",
        "",
        "| intended \\ heard | " + " | ".join(EMOTIONS) + " |",
        "|" + "---|" * (len(EMOTIONS) + 1),
    ]
    for emotion, counts in zip(EMOTIONS, figures["confusion"], strict=True):
        rows.append(f"| {emotion} | " + " | ".join(str(count) for count in counts) + " |")
    return "\n".join(rows)


def _heard(judge: EmotionPredictor, clip: Utterance) -> str:
    prediction = judge.predict(clip.waveform, clip.sampling_rate, assume_speech=True)
    return prediction.emotion or "neutral"  # a silent clip sounds like nothing in particular


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", type=Path, required=True, help="folder with voice.toml")
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--transcribed", type=int, default=10, help="of them, for the WER")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args(arguments)
    transcribed = min(options.transcribed, options.sentences)
    figures = evaluate(SpeechEngine(load_voice(options.voice)), options.sentences, transcribed)
    sys.stdout.write((json.dumps(figures) if options.json else as_markdown(figures)) + "\n")


if __name__ == "__main__":
    main()

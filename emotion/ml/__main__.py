"""Judge files from a shell: `python -m emotion.ml FILE... [--json] [--reference FILE]...`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from audio import AudioError, decode
from emotion.ml.errors import EmotionError
from emotion.ml.speech.predictor import EmotionPredictor, Prediction, SpeakerSession

SAMPLING_RATE = 16_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each file; returns 1 if any of them could not be judged."""
    options = _parser().parse_intermixed_args(arguments)
    predictor = EmotionPredictor.load(options.weights)
    session = predictor.session()
    for name in options.reference:
        try:
            predictor.hear(session.profile, decode(name, sampling_rate=SAMPLING_RATE))
        except (OSError, AudioError, EmotionError) as error:
            print(f"The reference {name} is of no use: {error}", file=sys.stderr)
            return 2
    failed = False
    for name in options.files:
        result = judge(session, name, goes_on=options.same_speaker)
        failed |= "error" in result
        print(json.dumps(result, ensure_ascii=False) if options.json else as_text(result))
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m emotion.ml", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="speech in any common format")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--weights", type=Path, help="a folder other than the shipped one")
    parser.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="FILE",
        help="another clip of the same speaker, to adapt to the voice; may be repeated",
    )
    parser.add_argument(
        "--same-speaker",
        action="store_true",
        help="all files are of one speaker: each one adapts to those before it",
    )
    return parser


def judge(session: SpeakerSession, name: str, *, goes_on: bool = False) -> dict[str, object]:
    """Decode and score one file; a file that cannot be judged gives its error instead.

    Args:
        session: What is known of the speaker.
        name: Path of the file.
        goes_on: Whether the file counts as a reference for the next one.
    """
    try:
        waveform = decode(name, sampling_rate=SAMPLING_RATE)
        prediction = (
            session.predict(waveform)
            if goes_on
            else session.predictor.predict(waveform, profile=session.profile)
        )
    except OSError as error:
        return {"file": name, "error": error.strerror or str(error)}
    except (AudioError, EmotionError) as error:
        return {"file": name, "error": str(error)}
    return {"file": name, **_described(prediction), "model": session.predictor.name}


def _described(prediction: Prediction) -> dict[str, object]:
    described: dict[str, object] = {
        "duration_s": round(prediction.duration_s, 3),
        "emotion": prediction.emotion,
        "scores": {name: round(score, 6) for name, score in prediction.scores.items()} or None,
    }
    if prediction.reason:
        described["reason"] = prediction.reason
    return described


def as_text(result: dict[str, object]) -> str:
    """One line for people: the emotion, its probability and the runner-up."""
    if "error" in result:
        return f"{result['file']}: error: {result['error']}"
    scores = result.get("scores")
    if not isinstance(scores, dict):
        return f"{result['file']}: no emotion: {result['reason']} ({result['duration_s']} s)"
    first, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    return (
        f"{result['file']}: {first} {scores[first]:.0%}, then {second} {scores[second]:.0%}"
        f" ({result['duration_s']} s)"
    )


if __name__ == "__main__":
    sys.exit(main())

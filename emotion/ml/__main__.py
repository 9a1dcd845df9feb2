"""Judge files from a shell: `python -m emotion.ml FILE... [--json]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from audio import AudioError, decode
from emotion.ml.errors import EmotionError
from emotion.ml.predictor import EmotionPredictor

SAMPLING_RATE = 16_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each file; returns 1 if any of them could not be judged."""
    parser = argparse.ArgumentParser(prog="python -m emotion.ml", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="speech in any common format")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--weights", type=Path, help="a folder other than the shipped one")
    options = parser.parse_args(arguments)
    predictor = EmotionPredictor.load(options.weights)
    failed = False
    for name in options.files:
        result = judge(predictor, name)
        failed |= "error" in result
        print(json.dumps(result, ensure_ascii=False) if options.json else as_text(result))
    return 1 if failed else 0


def judge(predictor: EmotionPredictor, name: str) -> dict[str, object]:
    """Decode and score one file; a file that cannot be judged gives its error instead."""
    try:
        waveform = decode(name, sampling_rate=SAMPLING_RATE)
        prediction = predictor.predict(waveform, SAMPLING_RATE)
    except OSError as error:
        return {"file": name, "error": error.strerror or str(error)}
    except (AudioError, EmotionError) as error:
        return {"file": name, "error": str(error)}
    return {
        "file": name,
        "duration_s": round(waveform.size / SAMPLING_RATE, 3),
        "emotion": prediction.emotion,
        "scores": {emotion: round(score, 6) for emotion, score in prediction.scores.items()},
        "model": predictor.name,
    }


def as_text(result: dict[str, object]) -> str:
    """One line for people: the emotion, its probability and the runner-up."""
    scores = result.get("scores")
    if not isinstance(scores, dict):
        return f"{result['file']}: error: {result['error']}"
    first, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    return (
        f"{result['file']}: {first} {scores[first]:.0%}, then {second} {scores[second]:.0%}"
        f" ({result['duration_s']} s)"
    )


if __name__ == "__main__":
    sys.exit(main())

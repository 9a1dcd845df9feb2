"""Time the shipped model against the classic recipe with librosa, on the same clips in one run.

    OMP_NUM_THREADS=1 python -m benchmarks.predict --data ravdess=FOLDER

Times are of the processor, one thread. The classic recipe is
`emotion.ml.training.recipes.classic`: librosa's
features and a multilayer perceptron, trained here on the clips that are timed, since its time does
not depend on what it has learnt.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np

from audio import decode, voiced_segments
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.extraction import describe
from emotion.ml.speech.features import FeatureConfig, prepare
from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.speech.speakers import SpeakerProfile
from emotion.ml.training.corpora import load_corpus, parse_spec
from emotion.ml.training.recipes.classic import Classic, classic_features

RATE = 16_000
SCALES = (1, 10, 100, 1000)


def median_ms(function: Callable[..., object], inputs: Sequence[object]) -> float:
    """Call once to warm up, then time each input."""
    function(inputs[0])
    times = []
    for each in inputs:
        started = time.process_time()
        function(each)
        times.append(time.process_time() - started)
    return 1000 * float(np.median(times))


def total_s(function: Callable[[np.ndarray], object], waveforms: Sequence[np.ndarray]) -> float:
    started = time.process_time()
    for waveform in waveforms:
        function(waveform)
    return time.process_time() - started


def exactly(waveform: np.ndarray, seconds: float) -> np.ndarray:
    """Repeat or cut the speech of a clip to one length, so that clips compare."""
    return np.resize(prepare(waveform, FeatureConfig()), int(seconds * RATE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each clip")
    parser.add_argument("--most", type=int, default=1000, help="clips of the longest series")
    options = parser.parse_args()
    clips = load_corpus(*parse_spec(options.data))
    chosen = clips[:: max(1, len(clips) // options.clips)][: options.clips]
    waveforms = [exactly(decode(clip.path), options.seconds) for clip in chosen]

    predictor, config = EmotionPredictor.load(), FeatureConfig()
    described = [describe(prepare(each, config), config) for each in waveforms]
    nobody = [SpeakerProfile()]
    labels = [EMOTIONS.index(clip.emotion) for clip in chosen]
    vectors = [classic_features(each, RATE) for each in waveforms]
    pipeline = Classic().pipeline(0).fit(np.stack(vectors), labels)

    def judge(waveform: np.ndarray) -> object:
        return predictor.predict(waveform, assume_speech=True)

    def classic(waveform: np.ndarray) -> object:
        return pipeline.predict_proba(classic_features(waveform, RATE)[None])

    rows = {
        "default: features": median_ms(lambda w: describe(prepare(w, config), config), waveforms),
        "default: model": median_ms(lambda f: predictor._weights.run([f], nobody), described),
        "default: both": median_ms(judge, waveforms),
        "search for speech (voice activity)": median_ms(voiced_segments, waveforms),
        "classic: features": median_ms(lambda w: classic_features(w, RATE), waveforms),
        "classic: model": median_ms(lambda v: pipeline.predict_proba(v[None]), vectors),
        "classic: both": median_ms(classic, waveforms),
    }
    print(f"{len(waveforms)} clips of {options.seconds:g} s, one thread, median processor time:")
    for name, value in rows.items():
        print(f"{name:36}{value:9.2f} ms")
    print(f"{'ratio of both':36}{rows['classic: both'] / rows['default: both']:9.1f}")
    print("\nclips      default     classic    ratio")
    for count in (each for each in SCALES if each <= options.most):
        series = [waveforms[index % len(waveforms)] for index in range(count)]
        ours, theirs = total_s(judge, series), total_s(classic, series)
        print(f"{count:5}{ours:10.2f} s{theirs:10.2f} s{theirs / ours:9.1f}")


if __name__ == "__main__":
    main()

"""Time the shipped model against librosa's classic features, on the same clips in one run.

    OMP_NUM_THREADS=1 python -m benchmarks.predict --data ravdess=FOLDER --clips 50

Times are of the processor, one thread, medians over clips. The classic recipe is what many
tutorials feed to a classifier: means of MFCC, chroma, mel, spectral contrast and tonnetz; the
classifier itself is left out, in favour of the recipe.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import librosa
import numpy as np

from audio import decode
from emotion.ml.corpora import load_corpus, parse_spec
from emotion.ml.extraction import describe
from emotion.ml.features import FeatureConfig, prepare
from emotion.ml.predictor import EmotionPredictor

RATE = 16_000


def classic_features(waveform: np.ndarray) -> np.ndarray:
    """Means over time of the five classic features. (193,)"""
    spectrum = np.abs(librosa.stft(waveform))
    parts = (
        librosa.feature.mfcc(y=waveform, sr=RATE, n_mfcc=40),
        librosa.feature.chroma_stft(S=spectrum, sr=RATE),
        librosa.feature.melspectrogram(y=waveform, sr=RATE),
        librosa.feature.spectral_contrast(S=spectrum, sr=RATE),
        librosa.feature.tonnetz(y=librosa.effects.harmonic(waveform), sr=RATE),
    )
    return np.concatenate([part.mean(axis=1) for part in parts])


def median_ms(function: Callable[[np.ndarray], object], waveforms: Sequence[np.ndarray]) -> float:
    """Call once to warm up, then time each waveform."""
    function(waveforms[0])
    times = []
    for waveform in waveforms:
        started = time.process_time()
        function(waveform)
        times.append(time.process_time() - started)
    return 1000 * float(np.median(times))


def exactly(waveform: np.ndarray, seconds: float) -> np.ndarray:
    """Repeat or cut the speech of a clip to one length, so that clips compare."""
    return np.resize(prepare(waveform, FeatureConfig()), int(seconds * RATE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--clips", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each clip")
    options = parser.parse_args()
    clips = load_corpus(*parse_spec(options.data))
    chosen = clips[:: max(1, len(clips) // options.clips)][: options.clips]
    waveforms = [exactly(decode(clip.path), options.seconds) for clip in chosen]
    predictor, config = EmotionPredictor.load(), FeatureConfig()
    features = median_ms(lambda each: describe(prepare(each, config), config), waveforms)
    default = median_ms(predictor.predict, waveforms)
    classic = median_ms(classic_features, waveforms)
    print(f"{len(waveforms)} clips of {options.seconds:g} s, one thread, median processor time:")
    print(f"default: features           {features:8.2f} ms")
    print(f"default: features and model {default:8.2f} ms")
    print(f"librosa: classic features   {classic:8.2f} ms")
    print(f"ratio                       {classic / default:8.1f}")


if __name__ == "__main__":
    main()

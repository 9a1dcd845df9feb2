"""Size and latency of every recipe, on the same clips in one run.

    OMP_NUM_THREADS=1 python -m benchmarks.recipes --data ravdess=FOLDER

Times are of the processor, one thread, medians over clips of 3 s, features and model together.
What a model has learnt changes neither its size nor its time, so the networks are not trained and
the pipelines are fitted to the timed clips.
"""

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import torch

from audio import decode
from benchmarks.predict import RATE, exactly, median_ms
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import FeatureConfig, log_mel, power_spectrogram, prepare
from emotion.ml.speech.predictor import EmotionPredictor
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.corpora import load_corpus, parse_spec
from emotion.ml.training.recipes.networks import LogMelRecipe
from emotion.ml.training.recipes.registry import recipe
from emotion.ml.training.recipes.vectors import FittedPipeline, VectorRecipe

CONFIG = FeatureConfig()


def of_network(chosen: LogMelRecipe) -> tuple[Callable[[np.ndarray], object], int]:
    """Return what judges a waveform, and the bytes of its weights."""
    network = chosen.build().eval()

    @torch.inference_mode()
    def judge(waveform: np.ndarray) -> object:
        mel = log_mel(power_spectrogram(prepare(waveform, CONFIG), CONFIG), CONFIG)
        return network(torch.from_numpy(mel)[None])

    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    return judge, file.tell()


def of_vectors(
    chosen: VectorRecipe, waveforms: list[np.ndarray], labels: list[int]
) -> tuple[Callable[[np.ndarray], object], int]:
    """Return what judges a waveform, and the bytes of its pipeline."""
    vectors = np.stack([chosen.vector(prepare(each, CONFIG)) for each in waveforms])
    pipeline = chosen.pipeline(0).fit(vectors, labels)
    with tempfile.TemporaryDirectory() as folder:
        (path,) = joblib.dump(FittedPipeline(pipeline, 0), Path(folder) / "pipeline", compress=3)
        size = Path(path).stat().st_size
    return lambda waveform: pipeline.predict(chosen.vector(prepare(waveform, CONFIG))[None]), size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--clips", type=int, default=35)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = load_corpus(*parse_spec(options.data))
    chosen = clips[:: max(1, len(clips) // options.clips)][: options.clips]
    waveforms = [exactly(decode(clip.path), 3.0) for clip in chosen]
    labels = [EMOTIONS.index(clip.emotion) for clip in chosen]
    predictor = EmotionPredictor.load()
    rows = {
        "default": (
            lambda waveform: predictor.predict(waveform, assume_speech=True),
            (SHIPPED / "model.onnx").stat().st_size,
        )
    }
    for name in ("classic", "egemaps", "timedist", "cnn_bigru"):
        each = recipe(name)
        is_network = isinstance(each, LogMelRecipe)
        rows[name] = of_network(each) if is_network else of_vectors(each, waveforms, labels)
    print(f"{len(waveforms)} clips of {waveforms[0].size / RATE:g} s, one thread\n")
    print("model         size      time of a clip")
    for name, (judge, size) in rows.items():
        print(f"{name:10}{size / 1e6:7.2f} MB{median_ms(judge, waveforms):10.1f} ms")


if __name__ == "__main__":
    main()

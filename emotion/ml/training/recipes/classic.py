"""`classic`: MFCC, chroma, mel, spectral contrast and tonnetz, averaged over a clip, and an MLP.

The recipe of many tutorials, with librosa. Mean and deviation over time of each row are the vector.
"""

from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emotion.ml.speech.features import FloatArray
from emotion.ml.training.recipes.vectors import VectorRecipe

N_MFCC = 40
SHORTEST_SAMPLES = 2048
"""One window of librosa's transform."""


class Classic(VectorRecipe):
    """Librosa's classic features into a multilayer perceptron."""

    name = "classic"

    def vector(self, waveform: FloatArray) -> NDArray[np.float64]:
        return classic_features(waveform, self.sampling_rate)

    def pipeline(self, seed: int) -> Any:
        mlp = MLPClassifier(
            (300,),
            alpha=0.01,
            batch_size=256,
            max_iter=200,
            random_state=seed,
        )
        return make_pipeline(StandardScaler(), mlp)

    def count(self, pipeline: Any) -> int:
        mlp = pipeline[-1]
        return int(sum(part.size for part in (*mlp.coefs_, *mlp.intercepts_)))


def classic_features(waveform: FloatArray, sampling_rate: int) -> NDArray[np.float64]:
    """Describe a clip by mean and deviation of librosa's classic features.

    Args:
        waveform: Mono signal, shape (samples,); a short one is padded to one window.
        sampling_rate: In Hz.

    Returns:
        Shape (386,).
    """
    if waveform.size < SHORTEST_SAMPLES:
        waveform = np.pad(waveform, (0, SHORTEST_SAMPLES - waveform.size))
    spectrum = np.abs(librosa.stft(waveform))
    mel = librosa.feature.melspectrogram(S=spectrum**2, sr=sampling_rate)
    harmonic = librosa.effects.harmonic(waveform)
    rows = (
        librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=N_MFCC),
        librosa.feature.chroma_stft(S=spectrum, sr=sampling_rate),
        mel,
        librosa.feature.spectral_contrast(S=spectrum, sr=sampling_rate),
        librosa.feature.tonnetz(y=harmonic, sr=sampling_rate),
    )
    return np.concatenate([part for row in rows for part in (row.mean(axis=1), row.std(axis=1))])


RECIPE = Classic

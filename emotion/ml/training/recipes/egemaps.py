"""`egemaps`: openSMILE's eGeMAPS functionals and a linear support vector machine.

The field's usual baseline (Eyben et al. 2016), for comparison only: openSMILE's licence does not
allow commercial use, and nothing of it is shipped.
"""

from functools import cached_property
from typing import Any

import numpy as np
import opensmile
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from emotion.ml.speech.features import FloatArray
from emotion.ml.training.recipes.vectors import VectorRecipe


class Egemaps(VectorRecipe):
    """Eighty-eight functionals of openSMILE into a linear support vector machine."""

    name = "egemaps"

    @cached_property
    def _smile(self) -> Any:
        return opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02,
            feature_level=opensmile.FeatureLevel.Functionals,
        )

    def vector(self, waveform: FloatArray) -> NDArray[np.float64]:
        frame = self._smile.process_signal(waveform, self.sampling_rate)
        return np.nan_to_num(frame.to_numpy(dtype=np.float64)[0])

    def pipeline(self, seed: int) -> Any:
        svm = LinearSVC(C=0.01, class_weight="balanced", max_iter=20_000, random_state=seed)
        return make_pipeline(StandardScaler(), svm)

    def count(self, pipeline: Any) -> int:
        return int(pipeline[-1].coef_.size + pipeline[-1].intercept_.size)


RECIPE = Egemaps

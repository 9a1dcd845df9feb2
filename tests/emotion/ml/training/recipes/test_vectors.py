from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from emotion.ml.errors import ModelError
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech.features import LEVEL_RMS, active_frames
from emotion.ml.training.corpora import load_corpus
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.vectors import FittedPipeline, VectorRecipe, Vectors


class Levels(VectorRecipe):
    """The levels of ten parts of a clip, into a linear model."""

    name = "levels"
    described = 0

    def vector(self, waveform: np.ndarray) -> np.ndarray:
        self.described += 1
        return np.array([float(np.abs(part).mean()) for part in np.array_split(waveform, 10)])

    def pipeline(self, seed: int) -> Any:
        return LogisticRegression(random_state=seed)

    def count(self, pipeline: Any) -> int:
        return int(pipeline.coef_.size)


def test_vectors_are_computed_once(tones, tmp_path):
    clips = load_corpus("emodb", tones)[:6]
    first, second = Levels(), Levels()
    found = first.describe(clips, cache=tmp_path / "work", varied=True, seed=0)
    again = second.describe(clips, cache=tmp_path / "work", varied=False, seed=3)
    assert (first.described, second.described) == (6, 0)
    np.testing.assert_array_equal(again.values, found.values)
    assert [EMOTIONS[label] for label in found.labels] == [clip.emotion for clip in clips]


def test_other_clips_are_not_taken_from_the_cache(tones, tmp_path):
    clips, recipe = load_corpus("emodb", tones), Levels()
    for chosen in (clips[:3], clips[1:4], clips[:3]):
        recipe.describe(chosen, cache=tmp_path, varied=False, seed=0)
    assert recipe.described == 6


def test_a_run_that_breaks_off_leaves_no_cache(tones, tmp_path):
    class Broken(Levels):
        def vector(self, waveform: np.ndarray) -> np.ndarray:
            if self.described == 2:
                raise MemoryError
            return super().vector(waveform)

    with pytest.raises(MemoryError):
        Broken().describe(load_corpus("emodb", tones)[:4], cache=tmp_path, varied=False, seed=0)
    assert not list(tmp_path.iterdir())


def test_clips_are_prepared_before_they_are_described(tones, tmp_path):
    seen = []

    class Seeing(Levels):
        def vector(self, waveform: np.ndarray) -> np.ndarray:
            seen.append(waveform)
            return super().vector(waveform)

    Seeing().describe(load_corpus("emodb", tones)[:3], cache=tmp_path, varied=False, seed=0)
    for waveform in seen:
        frames = waveform.reshape(-1, 160)[active_frames(waveform, 160)]
        assert np.sqrt(np.mean(frames**2)) == pytest.approx(LEVEL_RMS, rel=0.05)


def test_emotions_that_were_not_trained_score_below_all_others():
    rng = np.random.default_rng(0)
    labels = np.array([0, 3, 5] * 10)
    values = rng.normal(size=(30, 4)) + labels[:, None]
    for pipeline in (LogisticRegression(), LinearSVC(), DummyClassifier(strategy="prior")):
        fitted = FittedPipeline(pipeline.fit(values, labels), 12)
        scores = fitted.scores(Vectors(np.array(["a"] * 30), labels, values))["vector"]
        assert scores.shape == (30, 7)
        trained, others = scores[:, [0, 3, 5]], scores[:, [1, 2, 4, 6]]
        assert (others < trained.min()).all()


def test_a_subset_keeps_rows_together():
    vectors = Vectors(np.array(["a", "b", "c"]), np.array([1, 2, 3]), np.arange(6.0).reshape(3, 2))
    chosen = vectors.subset(np.array([True, False, True]))
    assert chosen.speakers.tolist() == ["a", "c"]
    assert chosen.labels.tolist() == [1, 3]
    np.testing.assert_array_equal(chosen.values, [[0, 1], [4, 5]])


def test_a_missing_or_foreign_pipeline_is_refused(tmp_path):
    with pytest.raises(ModelError, match="holds no trained levels"):
        Levels().load(tmp_path)
    for content in (b"", b"no pipeline"):
        (tmp_path / "pipeline.joblib").write_bytes(content)
        with pytest.raises(ModelError, match="holds no trained levels"):
            Levels().load(tmp_path)
    joblib.dump({"pipeline": 1}, tmp_path / "pipeline.joblib")
    with pytest.raises(ModelError, match="something else than a trained levels"):
        Levels().load(tmp_path)


def test_what_was_fitted_counts_its_parameters(tones, tmp_path):
    recipe = Levels()
    clips = load_corpus("emodb", tones)
    examples = recipe.describe(clips, cache=tmp_path, varied=False, seed=0)
    assert recipe.fit(examples, RunPlace()).parameters == 10 * len(set(examples.labels))

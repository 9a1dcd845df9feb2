import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest

from emotion.ml.errors import (
    EmotionError,
    InvalidWaveformError,
    ModelError,
    TooShortError,
)
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech import predictor as predictor_module
from emotion.ml.speech.predictor import (
    MOST_MOMENTS,
    MOST_WINDOWS,
    EmotionPredictor,
    moment_bounds,
    softmax,
)
from emotion.ml.speech.weights_folder import SHIPPED
from emotion.ml.training.corpora import load_corpus

RATE = 16_000


@pytest.fixture
def judge(predictor):
    """Scores a clip that no detector would take for speech."""
    return partial(predictor.predict, assume_speech=True)


def as_row(prediction) -> np.ndarray:
    return np.array([prediction.scores[emotion] for emotion in EMOTIONS])


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0, 5.9, 6.1, 20.0])
def test_scores_are_probabilities_of_the_seven(predictor, voice, seconds):
    prediction = predictor.predict(voice(seconds), RATE, assume_speech=True)
    assert tuple(prediction.scores) == EMOTIONS
    assert sum(prediction.scores.values()) == pytest.approx(1, abs=1e-9)
    assert all(0 <= score <= 1 for score in prediction.scores.values())
    assert prediction.emotion == max(prediction.scores, key=prediction.scores.get)


def test_the_same_waveform_has_the_same_scores(predictor, voice):
    again = EmotionPredictor.load()
    assert predictor.predict(voice(1.5)) == predictor.predict(voice(1.5))
    assert again.predict(voice(1.5)) == predictor.predict(voice(1.5))


def test_different_voices_have_different_scores(judge, voice):
    low, high = (as_row(judge(voice(1.5, hz=hz))) for hz in (100, 320))
    assert np.abs(low - high).max() > 0.02


@pytest.mark.parametrize("gain", [0.02, 4.0])
def test_gain_changes_nothing(judge, voice, gain):
    plain = as_row(judge(voice(2.0)))
    scaled = as_row(judge(voice(2.0) * np.float32(gain)))
    np.testing.assert_allclose(scaled, plain, atol=2e-3)


def test_a_batch_equals_single_predictions(predictor, judge, voice):
    waveforms = [voice(seconds, seed=i) for i, seconds in enumerate((1.0, 2.0, 1.0, 7.0, 0.1))]
    batch = predictor.predict_batch(waveforms, assume_speech=True)
    for waveform, together in zip(waveforms, batch, strict=True):
        np.testing.assert_allclose(as_row(together), as_row(judge(waveform)), atol=1e-4)


def test_an_empty_batch_is_empty(predictor):
    assert predictor.predict_batch([]) == []


def test_a_shared_predictor_serves_threads(judge, voice):
    waveforms = [voice(1.0, hz=100 + 20 * i) for i in range(12)]
    alone = [judge(waveform) for waveform in waveforms]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(judge, waveforms)) == alone


def test_a_long_clip_costs_no_more_than_its_windows(predictor, voice):
    minute = voice(60.0)
    windows = predictor._windows(minute)
    assert len(windows) == MOST_WINDOWS
    started = time.process_time()
    predictor.predict(minute, assume_speech=True)
    assert time.process_time() - started < 5


def test_a_long_pause_is_no_window(predictor, judge, voice):
    paused = np.concatenate((voice(4.0), np.zeros(10 * RATE, np.float32), voice(4.0)))
    assert 2 <= len(predictor._windows(paused)) < 6
    assert sum(judge(paused).scores.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("waveform", "error"),
    [
        (np.zeros(0, np.float32), TooShortError),
        (np.ones(1599, np.float32), TooShortError),
        (np.full(RATE, np.nan, np.float32), InvalidWaveformError),
        (np.ones((2, RATE), np.float32), InvalidWaveformError),
        (np.array(["a"] * RATE), InvalidWaveformError),
    ],
)
def test_what_cannot_be_judged_has_its_error(predictor, waveform, error):
    with pytest.raises(error) as caught:
        predictor.predict(waveform, RATE)
    assert isinstance(caught.value, EmotionError)


def test_another_sampling_rate_is_refused(predictor, voice):
    with pytest.raises(InvalidWaveformError, match="44100 Hz: send 16000 Hz"):
        predictor.predict(voice(1.0), 44_100)


@pytest.fixture
def copied(tmp_path):
    for name in ("model.onnx", "model.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def test_a_copied_folder_works(copied, voice):
    loaded = EmotionPredictor.load(copied)
    described = json.loads((copied / "model.json").read_text())
    assert (loaded.name, loaded.version) == ("default", described["version"])
    loaded.predict(voice(1.0))


def changed(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "Cannot read"),
        (lambda folder: (folder / "model.json").unlink(), "Cannot read"),
        (lambda folder: (folder / "model.json").write_text("{"), "Cannot read"),
        (lambda folder: (folder / "model.json").write_text("[]"), "JSON object"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"x"), "checksum"),
        (lambda folder: changed(folder, labels=["angry"]), "expected"),
        (lambda folder: changed(folder, features={"n_mel": 3}), "another version"),
        (lambda folder: changed(folder, sha256=None), "checksum"),
    ],
)
def test_a_damaged_folder_is_refused(copied, damage, message):
    damage(copied)
    with pytest.raises(ModelError, match=message):
        EmotionPredictor.load(copied)


def test_bytes_that_are_no_model_are_refused(copied):
    import hashlib

    (copied / "model.onnx").write_bytes(b"no model")
    changed(copied, sha256=hashlib.sha256(b"no model").hexdigest())
    with pytest.raises(ModelError, match="onnxruntime cannot open"):
        EmotionPredictor.load(copied)


def test_serving_imports_no_training_library():
    program = """
import sys
from emotion.ml.speech.predictor import EmotionPredictor
import numpy as np
EmotionPredictor.load().predict(np.random.default_rng(0).normal(size=16000).astype("float32"))
heavy = {"torch", "scipy", "librosa", "sklearn", "transformers", "TTS", "django", "onnx"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, emotion.ml; print('numpy' in sys.modules, 'onnxruntime' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"


def test_what_is_shipped_stays_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) <= 10_000_000


@pytest.mark.corpora
def test_a_corpus_never_trained_on_is_recognised_above_chance(predictor, corpora):
    """TESS is in no training set; chance is one in seven."""
    from audio import decode

    clips = load_corpus("tess", corpora / "tess")[::10]
    predictions = [predictor.predict(decode(clip.path), assume_speech=True) for clip in clips]
    for prediction in predictions:
        assert sum(prediction.scores.values()) == pytest.approx(1)
    right = [p.emotion == clip.emotion for p, clip in zip(predictions, clips, strict=True)]
    assert np.mean(right) > 0.25


def test_silence_has_no_emotion_but_a_reason(predictor):
    prediction = predictor.predict(np.zeros(RATE, np.float32))
    assert (prediction.emotion, prediction.reason, prediction.scores) == (None, "silence", {})
    assert prediction.duration_s == 1.0


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(lambda t, rng: 0.1 * rng.standard_normal(t.size), id="noise"),
        pytest.param(lambda t, rng: 0.3 * np.sin(2 * np.pi * 440 * t), id="tone"),
        pytest.param(
            lambda t, rng: 0.1 * sum(np.sin(2 * np.pi * f * t) for f in (262, 330, 392)),
            id="chord",
        ),
        pytest.param(lambda t, rng: 0.5 * (np.arange(t.size) % 8000 < 40), id="clicks"),
    ],
)
def test_what_is_no_speech_has_no_emotion(predictor, sound):
    time_s = np.arange(3 * RATE) / RATE
    waveform = sound(time_s, np.random.default_rng(0)).astype(np.float32)
    prediction = predictor.predict(waveform)
    assert prediction.emotion is None
    assert prediction.reason in {"no_speech", "not_speech"}
    assert prediction.scores == {}


def test_references_change_the_scores_and_nothing_is_kept(predictor, judge, voice):
    plain = judge(voice(1.5))
    references = [voice(1.0, hz=hz) for hz in (150, 170)]
    adapted = judge(voice(1.5), references=references)
    assert adapted.references == 2
    assert adapted.scores != plain.scores
    assert judge(voice(1.5)) == plain


def test_a_session_adapts_to_the_clips_before(predictor, voice, monkeypatch):
    session = predictor.session()
    monkeypatch.setattr("emotion.ml.speech.predictor.voiced_segments", lambda *a, **k: [(0, RATE)])
    monkeypatch.setattr("emotion.ml.speech.predictor.GATE_THRESHOLD", -np.inf)
    counts = [session.predict(voice(1.0, hz=hz)).references for hz in (150, 170, 190)]
    assert counts == [0, 1, 2]
    assert session.predict(np.zeros(RATE, np.float32)).emotion is None
    assert session.profile.clips == 3  # what has no emotion is no reference


def test_a_profile_is_not_changed_by_references(predictor, judge, voice):
    profile = predictor.session().profile
    judge(voice(1.0), references=[voice(1.0)], profile=profile)
    assert profile.clips == 0


@pytest.mark.parametrize(("seconds", "moments"), [(0.2, 1), (1.5, 1), (3.0, 4), (300.0, 120)])
def test_moments_cover_a_recording_from_start_to_end(seconds, moments):
    bounds = moment_bounds(int(seconds * RATE), RATE)
    assert len(bounds) == moments <= MOST_MOMENTS
    assert bounds[0][0] == 0
    assert bounds[-1][1] == int(seconds * RATE)


def test_a_timeline_of_silence_has_no_emotion(predictor):
    moments = predictor.timeline(np.zeros(2 * RATE, np.float32))
    assert {moment.emotion for moment in moments} == {None}
    assert moments[0].scores == {}


@pytest.mark.corpora
def test_speech_is_followed_through_a_recording(predictor, corpora):
    from audio import decode

    clip = decode(sorted((corpora / "ravdess").rglob("*.flac"))[0])
    quiet = np.zeros(3 * RATE, np.float32)
    moments = predictor.timeline(np.concatenate((quiet, clip, quiet)))
    assert moments[0].emotion is None
    assert moments[-1].emotion is None
    heard = [moment for moment in moments if moment.emotion]
    assert heard
    for moment in heard:
        assert sum(moment.scores.values()) == pytest.approx(1)
        assert moment.end_s - moment.start_s == pytest.approx(1.5)


@pytest.mark.corpora
def test_speech_of_an_unknown_corpus_is_not_refused(predictor, corpora):
    from audio import decode

    clips = load_corpus("tess", corpora / "tess")[::35]
    assert all(predictor.predict(decode(clip.path)).emotion for clip in clips)


@pytest.fixture
def counted(monkeypatch):
    """How often clips are prepared and described, by the real functions."""
    counts = {"prepare": 0, "describe": 0}

    def counting(name, original):
        def count(*args, **kwargs):
            counts[name] += 1
            return original(*args, **kwargs)

        return count

    for name in counts:
        original = getattr(predictor_module, name)
        monkeypatch.setattr(predictor_module, name, counting(name, original))
    return counts


@pytest.fixture
def everything_is_speech(monkeypatch):
    monkeypatch.setattr(predictor_module, "voiced_segments", lambda wave, **k: [(0, wave.size)])
    monkeypatch.setattr(predictor_module, "GATE_THRESHOLD", -np.inf)


def test_a_clip_is_prepared_and_described_once(predictor, judge, voice, counted):
    judge(voice(2.0))
    assert counted == {"prepare": 1, "describe": 1}
    judge(voice(2.0), references=[voice(1.0), voice(1.5)])
    assert counted == {"prepare": 4, "describe": 4}


@pytest.mark.usefixtures("everything_is_speech")
def test_a_session_looks_at_each_clip_once(predictor, voice, counted):
    session = predictor.session()
    for _ in range(3):
        session.predict(voice(1.0))
    assert counted == {"prepare": 3, "describe": 3}


@pytest.mark.usefixtures("everything_is_speech")
@pytest.mark.parametrize("seconds", [1.0, 8.0])
def test_following_a_speaker_is_predicting_and_then_hearing(predictor, voice, seconds):
    followed, heard = predictor.session().profile, predictor.session().profile
    for hz in (120, 180, 260):
        clip = voice(seconds, hz=hz)
        prediction = predictor.predict(clip, profile=heard)
        predictor.hear(heard, clip)
        assert predictor.follow(followed, clip) == prediction
        np.testing.assert_array_equal(followed.total, heard.total)


def test_a_session_refuses_another_sampling_rate_and_counts_nothing(predictor, voice):
    session = predictor.session()
    with pytest.raises(InvalidWaveformError, match="8000 Hz"):
        session.predict(voice(1.0), 8_000)
    assert session.profile.clips == 0


def test_more_clips_than_profiles_are_an_error(predictor, voice):
    with pytest.raises((IndexError, ValueError)):
        predictor.predict_batch(
            [voice(1.0)] * 2, profiles=[predictor.session().profile], assume_speech=True
        )


def test_softmax_has_its_closed_form():
    np.testing.assert_allclose(softmax(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]])
    np.testing.assert_allclose(softmax(np.array([[900.0, 900.0, -900.0]])), [[0.5, 0.5, 0.0]])

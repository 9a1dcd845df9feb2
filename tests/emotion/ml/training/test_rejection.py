import numpy as np
import pytest

from audio import encode_wav
from emotion.ml.errors import CorpusError
from emotion.ml.training.experiment import EVALUATION
from emotion.ml.training.rejection import measure_rejection, speaker_rounds

RATE = 16_000


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Two classes of sounds that are no speech, two of each, and one that is silent."""
    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(0)
    for version in (1, 2):
        hiss = rng.normal(0, 0.1, RATE)
        clicks = np.zeros(RATE)
        clicks[rng.integers(0, RATE, 12)] = 0.8
        for kind, sound in (("rain_on_tin", hiss), ("clicks", clicks + 0.001 * hiss)):
            path = folder / f"{kind}_{version}.wav"
            path.write_bytes(encode_wav(sound.astype(np.float32), RATE))
    (folder / "clicks_3.wav").write_bytes(encode_wav(np.zeros(RATE, np.float32), RATE))
    return folder


@pytest.fixture(scope="module")
def report(tones, noise, tmp_path_factory):
    out = tmp_path_factory.mktemp("rejection")
    reports = measure_rejection({"emodb": tones, "noise": noise}, out)
    assert (out / EVALUATION).is_file()
    return reports["default"]["rejection"]


def test_sounds_are_counted_by_the_class_that_their_names_begin_with(report):
    sounds = report["sounds"]
    assert {kind: sounds[kind]["clips"] for kind in sounds} == {
        "rain_on_tin": 2,
        "clicks": 3,
        "all": 5,
    }


def test_the_whole_is_the_mean_weighted_by_clips(report):
    sounds = report["sounds"]
    for key in ("no_speech", "not_speech", "refused"):
        expected = (2 * sounds["rain_on_tin"][key] + 3 * sounds["clicks"][key]) / 5
        assert sounds["all"][key] == pytest.approx(expected, abs=1e-3)


def test_what_is_refused_is_refused_by_voice_activity_or_by_the_gate(report):
    for rates in (*report["sounds"].values(), *report["speech"].values()):
        assert rates["refused"] == pytest.approx(rates["no_speech"] + rates["not_speech"], abs=1e-3)
        assert all(0 <= rates[key] <= 1 for key in ("no_speech", "not_speech", "refused"))


def test_noise_is_refused(report):
    assert report["sounds"]["all"]["refused"] > 0.9


def test_speech_is_measured_clean_and_spoilt(report):
    (rates,) = report["speech"].values()
    assert list(report["speech"]) == ["emodb"]
    assert rates["clips"] == 24
    assert {"noisy", "room", "telephone"} <= set(rates)


def test_without_sounds_that_are_no_speech_there_is_nothing_to_measure(tones, tmp_path):
    with pytest.raises(CorpusError, match="add noise=FOLDER"):
        measure_rejection({"emodb": tones}, tmp_path)


def test_a_folder_without_sounds_is_refused(tones, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"No FLAC.*give the path to noise"):
        measure_rejection({"emodb": tones, "noise": tmp_path / "empty"}, tmp_path)


def test_speakers_are_held_out_as_in_the_protocol():
    speakers = np.array(["emodb-03", "emodb-08", "ravdess-01", "ravdess-11", "ravdess-03"])
    assert speaker_rounds(speakers) == (
        frozenset({"emodb-03", "ravdess-01", "ravdess-11"}),
        frozenset({"emodb-08", "ravdess-03"}),
    )

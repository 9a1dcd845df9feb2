"""Analyses of recordings on disk: what comes back, and what a kill leaves."""

from pathlib import Path

import numpy as np
import pytest

from audio import encode_wav
from synthesis.ml.recordings.analysis_cache import AnalysisCache
from synthesis.ml.recordings.world import READER_F0_HZ, analyse, synthesise
from tests.synthesis.ml.conftest import RATE, syllables


@pytest.fixture
def recording(tmp_path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(encode_wav(syllables(), RATE))
    return path


@pytest.fixture
def cache(tmp_path) -> AnalysisCache:
    return AnalysisCache(tmp_path / "deep" / "analyses")


def test_a_stored_analysis_is_the_analysis_to_half_precision(cache, recording):
    cache.add("clip", recording, READER_F0_HZ)
    waveform, stored = cache.load("clip")
    fresh = analyse(waveform.astype(np.float64), READER_F0_HZ)
    np.testing.assert_allclose(stored.f0, fresh.f0, rtol=1e-3)
    np.testing.assert_allclose(stored.energy_db, fresh.energy_db, atol=0.1)
    np.testing.assert_allclose(stored.aperiodicity, fresh.aperiodicity, atol=2e-3)
    assert stored.spectrum.dtype == stored.aperiodicity.dtype == np.float64


def test_a_stored_analysis_sounds_as_long_as_its_recording(cache, recording):
    cache.add("clip", recording, READER_F0_HZ)
    waveform, stored = cache.load("clip")
    assert len(synthesise(stored)) == pytest.approx(len(waveform), abs=160)


def test_what_is_stored_is_not_analysed_again(cache, recording):
    cache.add("clip", recording, READER_F0_HZ)
    recording.unlink()
    cache.add("clip", recording, READER_F0_HZ)
    assert len(cache.load("clip")[1]) > 100


def test_a_kill_while_it_writes_leaves_no_entry_and_the_next_run_makes_it(
    cache, recording, monkeypatch
):
    write = np.savez

    def killed(path: Path, **arrays: np.ndarray) -> None:
        write(path, **arrays)
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        cache.add("clip", recording, READER_F0_HZ)
    with pytest.raises(FileNotFoundError):
        cache.load("clip")
    monkeypatch.undo()
    cache.add("clip", recording, READER_F0_HZ)
    assert len(cache.load("clip")[1]) > 100

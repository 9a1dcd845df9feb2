"""WORLD analyses of a corpus, computed once and kept in a work folder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio import decode
from audio.whole_files import whole_file
from synthesis.ml.recordings.world import Analysis, Floats, analyse, trim


class AnalysisCache:
    """Analyses on disk, as half-precision logarithms: a third of a megabyte a second.

    An entry is written whole or not at all, so a killed run continues where it was.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, path: Path, f0_range_hz: tuple[float, float]) -> None:
        """Analyse one recording, unless that is done."""
        target = self._path(name)
        if target.exists():
            return
        waveform = trim(decode(path))
        analysis = analyse(waveform, f0_range_hz)
        with whole_file(target) as unfinished:
            np.savez(
                unfinished,
                waveform=waveform.astype(np.float32),
                f0=analysis.f0.astype(np.float32),
                log_spectrum=np.log(analysis.spectrum + 1e-14).astype(np.float16),
                aperiodicity=analysis.aperiodicity.astype(np.float16),
            )

    def load(self, name: str) -> tuple[NDArray[np.float32], Analysis]:
        """Give back a recording's trimmed waveform and its analysis."""
        with np.load(self._path(name)) as stored:
            analysis = Analysis(
                _doubles(stored["f0"]),
                np.exp(_doubles(stored["log_spectrum"])),
                np.clip(_doubles(stored["aperiodicity"]), 1e-3, 1.0),
            )
            return stored["waveform"], analysis

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"


def _doubles(values: NDArray[np.float32]) -> Floats:
    return values.astype(np.float64)

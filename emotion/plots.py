"""The plots of a recording as SVG paths and one picture, so that they need no script to be seen."""

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotion.ml.speech.analysis import FLOOR_DB, Analysis
from emotion.ml.speech.predictor import Moment

WIDTH = 800
HEIGHT = 120
PITCH_HZ = (60.0, 600.0)


@dataclass(frozen=True)
class Segment:
    """A stretch of the timeline, in the plot's units."""

    emotion: str
    x: float
    width: float


@dataclass(frozen=True)
class Plots:
    """Everything that the page draws; paths are in a box of `WIDTH` by `HEIGHT`."""

    waveform: str
    level: str
    harmonic: str
    pitch: str
    autocorrelation: str
    spectrogram: str
    segments: list[Segment]
    seconds: list[tuple[float, str]]
    """Places and labels of the time axis."""


def plots_of(analysis: Analysis, timeline: tuple[Moment, ...]) -> Plots:
    """Draw a recording."""
    lowest, highest = (np.log2(hz) for hz in PITCH_HZ)
    return Plots(
        waveform=_area(analysis.lowest, analysis.highest),
        level=_line(_share(analysis.level_dbfs, FLOOR_DB, 0.0)),
        harmonic=_line(_share(analysis.harmonic_dbfs, FLOOR_DB, 0.0)),
        pitch=_line(_share(np.log2(analysis.pitch_hz), lowest, highest)),
        autocorrelation=_line(_share(analysis.autocorrelation, -1.0, 1.0)),
        spectrogram=_picture(analysis.log_mel),
        segments=list(_segments(timeline, analysis.duration_s)),
        seconds=_ticks(analysis.duration_s),
    )


def _share(values: NDArray[np.floating], low: float, high: float) -> NDArray[np.floating]:
    """Where each value lies between low and high, in [0, 1]; NaN stays."""
    return np.clip((values - low) / (high - low), 0.0, 1.0)


def _line(shares: NDArray[np.floating]) -> str:
    """A path through the values, interrupted where they are NaN."""
    step = WIDTH / max(len(shares) - 1, 1)
    parts: list[str] = []
    is_drawing = False
    for index, share in enumerate(shares):
        if np.isnan(share):
            is_drawing = False
            continue
        # A line of no length at each start makes a lone value visible as a dot.
        parts.append(("L" if is_drawing else "M") + _point(index * step, share))
        if not is_drawing:
            parts.append("h.1")
        is_drawing = True
    return "".join(parts)


def _point(x: float, share: float) -> str:
    return f"{x:.1f} {HEIGHT * (1 - share):.1f}"


def _area(lowest: NDArray[np.floating], highest: NDArray[np.floating]) -> str:
    """A closed path between two curves, scaled to the loudest sample."""
    loudest = max(float(np.abs(lowest).max()), float(np.abs(highest).max()), 1e-4)
    step = WIDTH / len(highest)
    above = [_point(i * step, 0.5 + v / loudest / 2) for i, v in enumerate(highest)]
    below = [_point(i * step, 0.5 + v / loudest / 2) for i, v in enumerate(lowest)]
    return f"M{'L'.join(above)}L{'L'.join(reversed(below))}Z"


def _segments(timeline: tuple[Moment, ...], duration_s: float) -> Iterator[Segment]:
    """Give every moment the time that is nearest to its middle, and join equal neighbours."""
    middles = [(moment.start_s + moment.end_s) / 2 for moment in timeline]
    between = [(a + b) / 2 for a, b in zip(middles, middles[1:], strict=False)]
    edges = [0.0, *between, duration_s]
    run_start = 0
    for index in range(1, len(timeline) + 1):
        ends = index == len(timeline) or timeline[index].emotion != timeline[run_start].emotion
        if ends:
            emotion = timeline[run_start].emotion
            if emotion is not None:
                x, end = (WIDTH * edges[i] / duration_s for i in (run_start, index))
                yield Segment(emotion, round(x, 1), round(end - x, 1))
            run_start = index


def _ticks(duration_s: float) -> list[tuple[float, str]]:
    """At most eight round places on the time axis."""
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60)
    step = next((each for each in steps if duration_s / each <= 8), 60)
    count = int(duration_s / step)
    return [(round(WIDTH * i * step / duration_s, 1), f"{i * step:g}") for i in range(count + 1)]


def _picture(log_mel: NDArray[np.float32]) -> str:
    """The spectrogram as a greyscale PNG with transparency, low bands at the bottom, as a URL."""
    shades = np.round((log_mel.T[::-1] + 80) / 80 * 255).astype(np.uint8)  # (bands, frames)
    height, width = shades.shape
    rows = np.concatenate((np.zeros((height, 1), np.uint8), shades), axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b"")
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()

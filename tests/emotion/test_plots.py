import base64
import re

import numpy as np
import pytest

from emotion.ml.speech.analysis import analyse
from emotion.ml.speech.predictor import Moment
from emotion.plots import HEIGHT, WIDTH, plots_of

RATE = 16_000


@pytest.fixture
def analysis():
    time = np.arange(4 * RATE) / RATE
    waveform = 0.4 * np.sin(2 * np.pi * 200 * time) * (time < 2)
    return analyse(waveform.astype(np.float32), RATE)


def moment(start_s: float, emotion: str | None) -> Moment:
    return Moment(start_s, start_s + 1.5, emotion, {})


def numbers(path: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", path.replace("h.1", ""))]


def test_every_path_stays_in_its_box(analysis):
    plots = plots_of(analysis, ())
    for path in (plots.waveform, plots.level, plots.harmonic, plots.pitch, plots.autocorrelation):
        values = numbers(path)
        assert values
        assert min(values) >= 0
        assert max(values) <= max(WIDTH, HEIGHT)
        assert "nan" not in path


def test_pitch_is_interrupted_where_there_is_none(analysis):
    assert max(numbers(plots_of(analysis, ()).pitch)[::2]) < 0.6 * WIDTH


def test_equal_neighbours_of_the_timeline_are_joined_and_pauses_left_out(analysis):
    timeline = tuple(
        moment(start, emotion)
        for start, emotion in ((0, "sad"), (0.5, "sad"), (1.0, None), (1.5, "angry"), (2.5, "sad"))
    )
    segments = plots_of(analysis, timeline).segments

    assert [segment.emotion for segment in segments] == ["sad", "angry", "sad"]
    assert segments[0].x == 0
    assert segments[0].width == WIDTH * 1.5 / 4.0
    assert segments[-1].x + segments[-1].width == pytest.approx(WIDTH, abs=0.2)


def test_the_spectrogram_is_a_picture(analysis):
    url = plots_of(analysis, ()).spectrogram
    assert url.startswith("data:image/png;base64,")
    data = base64.b64decode(url.partition(",")[2])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20]) == len(analysis.log_mel)
    assert int.from_bytes(data[20:24]) == 64


@pytest.mark.parametrize(("seconds", "last"), [(0.3, "0.2"), (4, "4"), (60, "60"), (300, "300")])
def test_the_time_axis_has_at_most_nine_round_places(seconds, last):
    plots = plots_of(analyse(np.zeros(int(seconds * RATE), np.float32), RATE), ())

    assert 2 <= len(plots.seconds) <= 9
    assert plots.seconds[0] == (0.0, "0")
    assert plots.seconds[-1][1] == last

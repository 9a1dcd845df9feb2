import json
import subprocess
import sys

import numpy as np
import pytest

from audio import encode_wav
from emotion.ml.__main__ import main
from emotion.ml.labels import EMOTIONS


@pytest.fixture
def good(tmp_path, voice, monkeypatch):
    """A clip that counts as speech, which a buzz would not."""
    monkeypatch.setattr(
        "emotion.ml.speech.predictor.voiced_segments", lambda *a, **k: [(0, 24_000)]
    )
    monkeypatch.setattr("emotion.ml.speech.predictor.GATE_THRESHOLD", -np.inf)
    path = tmp_path / "good clip.wav"
    path.write_bytes(encode_wav(voice(1.5), 16_000))
    return path


@pytest.fixture
def bad(tmp_path):
    paths = {name: tmp_path / f"{name}.wav" for name in ("text", "empty", "silent", "short")}
    paths["text"].write_text("no audio")
    paths["empty"].touch()
    paths["silent"].write_bytes(encode_wav(np.zeros(16_000, np.float32), 16_000))
    paths["short"].write_bytes(encode_wav(np.full(800, 0.3, np.float32), 16_000))
    paths["missing"] = tmp_path / "missing.wav"
    return paths


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_good_file_is_one_json_line(good, capsys):
    assert main([str(good), "--json"]) == 0
    (result,) = lines(capsys)
    assert list(result) == ["file", "duration_s", "emotion", "scores", "model"]
    assert result["file"] == str(good)
    assert result["duration_s"] == 1.5
    assert tuple(result["scores"]) == EMOTIONS
    assert sum(result["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert result["emotion"] in EMOTIONS
    assert result["model"] == "default"


def test_bad_files_give_errors_and_the_others_still_run(good, bad, capsys):
    files = [str(good), *map(str, bad.values()), str(good)]
    assert main([*files, "--json"]) == 1
    results = lines(capsys)
    assert [result["file"] for result in results] == files
    by_name = dict(zip(bad, results[1:-1], strict=True))
    silent = by_name.pop("silent")
    assert all(list(result) == ["file", "error"] for result in by_name.values())
    assert all(result["error"] for result in by_name.values())
    assert results[-1]["emotion"] == results[0]["emotion"]
    assert "100 ms" in by_name["short"]["error"]
    assert (silent["emotion"], silent["scores"], silent["reason"]) == (None, None, "silence")


def test_people_get_a_sentence(good, bad, capsys):
    assert main([str(good), str(bad["silent"]), str(bad["text"])]) == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert "%" in first
    assert "1.5 s" in first
    assert second == f"{bad['silent']}: no emotion: silence (1.0 s)"
    assert third.startswith(f"{bad['text']}: error: ")


def test_a_folder_is_an_error_line(tmp_path, capsys):
    assert main([str(tmp_path), "--json"]) == 1
    assert "error" in lines(capsys)[0]


def test_the_module_runs_from_a_shell_without_django(good, bad):
    command = [sys.executable, "-m", "emotion.ml", str(good), str(bad["text"]), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [("error" in json.loads(line)) for line in done.stdout.splitlines()] == [False, True]
    assert done.stderr == ""


def test_options_may_stand_between_files(good, capsys):
    assert main([str(good), "--json", str(good)]) == 0
    assert len(lines(capsys)) == 2


def test_references_adapt_to_the_voice(good, capsys):
    main([str(good), "--json"])
    main([str(good), "--json", "--reference", str(good)])
    plain, adapted = lines(capsys)
    assert plain["scores"] != adapted["scores"]


def test_files_of_the_same_speaker_adapt_to_those_before(good, capsys):
    main([str(good), str(good), "--json", "--same-speaker"])
    first, second = lines(capsys)
    assert first["scores"] != second["scores"]


def test_a_reference_of_no_use_ends_the_run(good, bad, capsys):
    assert main([str(good), "--reference", str(bad["text"])]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert str(bad["text"]) in output.err

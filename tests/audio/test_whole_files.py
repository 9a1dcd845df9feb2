import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from audio.whole_files import whole_file


def test_the_file_appears_when_the_block_ends_and_nothing_else_stays(tmp_path: Path):
    target = tmp_path / "scores.npz"
    with whole_file(target) as unfinished:
        np.savez(unfinished, scores=np.arange(3))
        assert not target.exists()
    np.testing.assert_array_equal(np.load(target)["scores"], [0, 1, 2])
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_old_file_and_no_rest(tmp_path: Path):
    target = tmp_path / "checkpoint.pt"
    target.write_text("old")

    def fail() -> None:
        with whole_file(target) as unfinished:
            unfinished.write_text("half of the n")
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path):
    target = tmp_path / "checkpoint.pt"
    target.write_text("old")
    program = (
        "import sys, time; from pathlib import Path; from audio.whole_files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as path:\n"
        "    path.write_text('half of the n'); print('writing', flush=True); time.sleep(60)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert target.read_text() == "old"
    assert list(tmp_path.glob("*.pt")) == [target]


def test_writers_of_one_file_at_once_leave_the_whole_of_one_of_them(tmp_path: Path):
    target = tmp_path / "cache.bin"
    contents = [bytes([number]) * 200_000 for number in range(8)]

    def write(content: bytes) -> None:
        with whole_file(target) as unfinished, unfinished.open("wb") as file:
            for start in range(0, len(content), 20_000):
                file.write(content[start : start + 20_000])
                file.flush()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert target.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path, mask: int, mode: int):
    before = os.umask(mask)
    try:
        with whole_file(tmp_path / "clip.wav") as unfinished:
            unfinished.write_bytes(b"RIFF")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "clip.wav").stat().st_mode) == mode


def test_a_missing_folder_and_a_block_that_writes_nothing_are_errors(tmp_path: Path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "no" / "clip.wav"):
        pass
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "clip.wav"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)

    with whole_file(link) as unfinished:
        unfinished.write_text("new")

    assert link.is_symlink()
    assert target.read_text() == "new"


def test_what_is_no_regular_file_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    with pytest.raises(OSError, match="is no regular file"), whole_file(pipe) as unfinished:
        unfinished.write_text("new")
    assert pipe.is_fifo()

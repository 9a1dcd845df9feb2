"""A worker that is killed in the middle of its work, as a process of its own."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
WORKER = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "config",
    "worker",
    "-B",
    "-P",
    "solo",
    "-l",
    "ERROR",
]


@pytest.fixture
def environment(tmp_path):
    env = {
        **os.environ,
        "INFLECT_VAR": str(tmp_path),
        "INFLECT_PLAY_POOL_TARGET": "1",
        "INFLECT_DUMMY_POOL_TARGET": "3",
        "INFLECT_POOL_ORPHAN_AGE_S": "0",
        "OMP_NUM_THREADS": "1",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=PROJECT_DIR, env=env, check=True
    )
    return env


def keys_of_rows(var: Path) -> dict[str, set[str]]:
    with sqlite3.connect(f"file:{var / 'inflect.sqlite3'}?mode=ro", uri=True) as database:
        return {
            "play": {key for (key,) in database.execute("SELECT key FROM synthesis_playclip")},
            "dummy": {key for (key,) in database.execute("SELECT key FROM labeling_clip")},
        }


def keys_of_files(var: Path, pool: str) -> set[str]:
    folder = var / "pools" / pool
    return {str(path.relative_to(folder)) for path in folder.rglob("*.wav")}


def is_whole(var: Path) -> bool:
    """Every row has its file and every file its row."""
    return all(keys == keys_of_files(var, pool) for pool, keys in keys_of_rows(var).items())


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def start_worker(environment) -> subprocess.Popen:
    schedule = ["--schedule", f"{environment['INFLECT_VAR']}/beat"]
    return subprocess.Popen(
        WORKER + schedule, cwd=PROJECT_DIR, env=environment, start_new_session=True
    )


def kill(worker: subprocess.Popen) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.mark.slow
def test_a_killed_worker_leaves_no_row_without_file_and_the_next_one_no_file_without_row(
    environment, tmp_path
):
    worker = start_worker(environment)
    try:
        for count in (2, 4, 5):  # killed in the middle of a batch, three times
            wait_until(lambda n=count: len(keys_of_rows(tmp_path)["play"]) >= n, 150)
            kill(worker)
            for pool, keys in keys_of_rows(tmp_path).items():
                assert keys <= keys_of_files(tmp_path, pool)
            worker = start_worker(environment)
        # What a writer leaves that was killed half-way through a file:
        half = tmp_path / "pools" / "play" / "ab" / ("ab" * 32 + ".wav")
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"RIFF")
        kill(worker)
        worker = start_worker(environment)
        wait_until(lambda: len(keys_of_rows(tmp_path)["play"]) == 28, 200)
        wait_until(lambda: len(keys_of_rows(tmp_path)["dummy"]) == 3, 60)
        # Messages that killed workers left may come before the one that tidies up.
        wait_until(lambda: is_whole(tmp_path), 60)
    finally:
        kill(worker)

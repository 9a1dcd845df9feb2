"""A worker that is killed while it moves promoted audio, as a process of its own."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import PROJECT_DIR, run_python

PREPARE = """
import django, uuid
django.setup()
from django.core.management import call_command
from labeling import services
from tests.labeling.conftest import noise
call_command("migrate", verbosity=0)
for seed in range(3):
    clip, _ = services.add_clip(
        waveform=noise(seed), origin="imported", licence="CC0", consent="given"
    )
    for _ in range(4):
        services.record_vote(clip_id=clip.pk, voter=uuid.uuid4().hex, network="n",
                             emotion="angry", challenge_id=uuid.uuid4())
"""
# The pools are folders whose second file is the last that the process touches.
DIE = """
import os, signal, django
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

class Deadly(FileSystemStorage):
    touched = 0

    def dies(self, instant):
        if instant == os.environ["INSTANT"]:
            Deadly.touched += 1
        return instant == os.environ["INSTANT"] and Deadly.touched == 2

    def _save(self, name, content):
        if self.dies("half a copy"):
            super()._save(name, ContentFile(content.read()[:1000]))
            os.kill(os.getpid(), signal.SIGKILL)
        saved = super()._save(name, content)
        if self.dies("copied"):
            os.kill(os.getpid(), signal.SIGKILL)
        return saved

    def delete(self, name):
        if self.dies("pointed to the copy"):
            os.kill(os.getpid(), signal.SIGKILL)
        super().delete(name)

for pool in ("dummy", "learning"):
    settings.STORAGES[pool]["BACKEND"] = "__main__.Deadly"
django.setup()
from labeling import services
services.move_promoted_audio()
"""
GO_ON = """
import django
django.setup()
from labeling import services
print(services.move_promoted_audio(), services.remove_orphaned_audio())
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """An installation with three promoted clips that did not move yet."""
    var = tmp_path_factory.mktemp("prepared")
    run_python(PREPARE, INFLECT_VAR=str(var))
    return var


def clips(var: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(var / "inflect.sqlite3") as database:
        return database.execute("SELECT pool, key FROM labeling_clip").fetchall()


def sizes(var: Path, pool: str) -> dict[str, int]:
    folder = var / "pools" / pool
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*.wav")}


@pytest.mark.parametrize(
    ("instant", "moved", "left_over"),
    [("half a copy", 2, 0), ("copied", 2, 0), ("pointed to the copy", 1, 1)],
)
def test_a_killed_move_loses_no_clip_and_the_next_run_goes_on(
    prepared, tmp_path, instant, moved, left_over
):
    var = tmp_path / "var"
    shutil.copytree(prepared, var)
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings", "INFLECT_VAR": str(var)}
    died = subprocess.run(
        [sys.executable, "-c", DIE],
        cwd=PROJECT_DIR,
        env={**os.environ, **environment, "INSTANT": instant},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    for pool, key in clips(var):
        assert sizes(var, pool)[key] == 44 + 32_000, "a row names a file that is not whole"

    done = run_python(GO_ON, INFLECT_VAR=str(var), INFLECT_POOL_ORPHAN_AGE_S="-1")

    assert done == f"{moved} {left_over}"
    assert {pool for pool, _ in clips(var)} == {"learning"}
    assert sizes(var, "learning") == {key: 44 + 32_000 for _, key in clips(var)}
    assert sizes(var, "dummy") == {}
    with sqlite3.connect(var / "inflect.sqlite3") as database:
        query = "SELECT clip_id FROM labeling_clipevent WHERE kind = 'moved'"
        assert len(set(database.execute(query))) == len(database.execute(query).fetchall()) == 3

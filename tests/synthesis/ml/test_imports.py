"""What importing loads, and what it survives."""

import subprocess
import sys

import pytest
from django.conf import settings


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=settings.BASE_DIR,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module", ["speaking.engine", "speaking.texts", "speaking.voices", "making.train"]
)
def test_what_web_code_imports_loads_no_torch(module):
    heavy = "('torch', 'TTS', 'transformers', 'librosa', 'sklearn', 'pyworld')"
    code = f"import sys, synthesis.ml.{module}; print([m for m in {heavy} if m in sys.modules])"
    assert run(code) == "[]"


def test_pyworld_imports_without_pkg_resources():
    code = (
        "import sys, importlib.abc\n"
        "class Blocker(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pkg_resources':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "from synthesis.ml.recordings.world import pyworld\n"
        "print(pyworld.__version__, 'pkg_resources' in sys.modules)\n"
    )
    version, left_over = run(code).split()
    assert version[0].isdigit()
    assert left_over == "False"


def test_torchaudio_imports_beside_a_cpu_build_of_torch():
    code = (
        "from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports\n"
        "ensure_torchaudio_imports()\n"
        "import torch, torchaudio\n"
        "tone = torch.sin(torch.arange(800) * 0.1)\n"
        "print(len(torchaudio.functional.resample(tone, 8000, 16000)))\n"
    )
    assert run(code) == "1600"

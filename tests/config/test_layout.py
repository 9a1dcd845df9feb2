"""The house stays one in which things are found: short files, folders with few modules."""

import re
from collections import Counter
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]
ROOMS = (
    "audio",
    "benchmarks",
    "captcha",
    "config",
    "emotion",
    "labeling",
    "synthesis",
    "tests",
    "web",
)
MOST_LINES = 400
MOST_MODULES = 20
NAMED_FILE = re.compile(r"`((?:[a-z_]+/)+[\w.]+\.(?:py|toml|json|js|html|txt))`")


def modules() -> list[Path]:
    return [path for room in ROOMS for path in (PROJECT_DIR / room).rglob("*.py")]


def test_no_file_is_too_long_to_be_read_at_once():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    # All settings are in one file, so that they are looked for in one place.
    del lengths[PROJECT_DIR / "config" / "settings.py"]

    assert {path.name: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_folder_has_more_modules_than_can_be_looked_over():
    folders = Counter(path.parent for path in modules() if path.name != "__init__.py")

    assert {str(path): count for path, count in folders.items() if count > MOST_MODULES} == {}


def test_every_file_that_a_document_names_is_there():
    documents = [*PROJECT_DIR.glob("*.md"), *(PROJECT_DIR / "docs").rglob("*.md")]
    named = {
        path
        for document in documents
        for path in re.findall(
            r"`((?:[a-z_]+/)+[\w.]+\.(?:py|toml|json|js|html|txt))`", document.read_text()
        )
        if path.split("/")[0] in {*ROOMS, "docs", "static", "templates"}
    }

    assert len(named) > 10
    assert {path for path in named if not (PROJECT_DIR / path).exists()} == set()

"""What the last `pytest --cov` covered, by package, and whether that is enough.

    python -m tests.coverage_table

The threshold, `fail_under` in `pyproject.toml`, is what the whole suite covers. Where tests were
skipped because a server, the browser or the corpora are missing, the table says so and nothing
fails.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import NoDataError

from tests.conftest import MISSING

# Purely computing parts have a line of their own; files count where they match first.
PACKAGES = [
    "audio",
    "emotion/ml",
    "emotion",
    "labeling",
    "synthesis/ml",
    "synthesis",
    "captcha",
    "config",
    "web",
]
COUNTS = {
    "statements": ("num_statements", "covered_lines"),
    "branches": ("num_branches", "covered_branches"),
}


def package_of(path: str) -> str:
    return next(package for package in PACKAGES if path.startswith(f"{package}/"))


def by_package(files: dict[str, dict]) -> dict[str, Counter[str]]:
    """Sums of coverage's own counts."""
    sums: dict[str, Counter[str]] = {package: Counter() for package in PACKAGES}
    for path, file in files.items():
        summary = file["summary"]
        for names in COUNTS.values():
            sums[package_of(path)].update({name: summary[name] for name in names})
    return sums


def percent(counts: Counter[str]) -> float:
    """Of statements and branches together, as coverage counts."""
    total, covered = (sum(counts[names[part]] for names in COUNTS.values()) for part in (0, 1))
    return 100 * covered / total if total else 100.0


def line(name: str, counts: Counter[str]) -> str:
    statements, branches = counts["num_statements"], counts["num_branches"]
    return f"| {name} | {statements} | {branches} | {percent(counts):.1f} % |"


def report() -> dict[str, dict]:
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(path))
        return json.loads(path.read_text(encoding="utf-8"))["files"]


def main() -> int:
    try:
        sums = by_package(report())
    except NoDataError:
        print("Nothing was measured: run `python -m pytest --cov` first", file=sys.stderr)
        return 2
    total = sum(sums.values(), Counter())
    print("| package | statements | branches | covered |\n|---|---|---|---|")
    for package, counts in sums.items():
        print(line(f"`{package}/`", counts))
    print(line("all", total))
    return judge(percent(total))


def judge(covered: float) -> int:
    least = Coverage().get_option("report:fail_under")
    missing = [reason for is_missing, reason in MISSING.values() if is_missing]
    if missing:
        print(f"Not held against the least of {least} %: {'; '.join(missing)}")
        return 0
    if covered < least:
        print(f"{covered:.2f} % is less than the {least} % of pyproject.toml", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

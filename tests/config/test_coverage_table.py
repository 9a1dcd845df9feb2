"""The table that `make test` ends with."""

import pytest

from tests import coverage_table
from tests.coverage_table import PACKAGES, by_package, judge, line, main, package_of, percent


def summary(statements: int, covered: int, branches: int = 0, taken: int = 0) -> dict:
    return {
        "summary": {
            "num_statements": statements,
            "covered_lines": covered,
            "num_branches": branches,
            "covered_branches": taken,
        }
    }


def test_a_file_counts_in_the_package_that_it_lies_in():
    paths = ["emotion/ml/speech/pitch.py", "emotion/views.py", "synthesis/ml/errors.py"]
    assert [package_of(path) for path in paths] == ["emotion/ml", "emotion", "synthesis/ml"]


def test_every_package_that_is_measured_has_a_line(pytestconfig):
    import tomllib

    with open(pytestconfig.rootpath / "pyproject.toml", "rb") as file:
        measured = tomllib.load(file)["tool"]["coverage"]["run"]["source"]
    assert {package.split("/")[0] for package in PACKAGES} == set(measured)


def test_statements_and_branches_weigh_the_same():
    sums = by_package(
        {"web/a.py": summary(6, 5, 2, 1), "web/b.py": summary(4, 4), "audio/c.py": summary(9, 0)}
    )
    assert percent(sums["web"]) == pytest.approx(100 * (5 + 4 + 1) / (6 + 4 + 2))
    assert line("web", sums["web"]) == "| web | 10 | 2 | 83.3 % |"
    assert percent(sums["audio"]) == 0


def test_below_the_least_of_the_project_the_run_fails(monkeypatch, capsys):
    monkeypatch.setattr(coverage_table, "MISSING", {})
    assert (judge(100), judge(0)) == (0, 1)
    assert "0.00 % is less than" in capsys.readouterr().err


def test_where_tests_were_skipped_nothing_fails_and_the_reason_is_told(monkeypatch, capsys):
    monkeypatch.setattr(coverage_table, "MISSING", {"browser": (True, "no Chromium: install it")})
    assert judge(0) == 0
    assert "no Chromium: install it" in capsys.readouterr().out


def test_without_a_measurement_it_says_what_to_run(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    assert main() == 2
    assert "pytest --cov" in capsys.readouterr().err

import os
import stat
import subprocess
import sys
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]


def read_setting(expression: str, var_dir: Path, **env: str) -> subprocess.CompletedProcess:
    """Evaluate an expression over the settings in a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("INFLECT_", "DATABASE"))}
    return subprocess.run(
        [sys.executable, "-c", f"from config import settings; print({expression})"],
        cwd=PROJECT_DIR,
        env={**clean, "INFLECT_VAR": str(var_dir), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_secret_key_is_generated_once_and_readable_by_nobody_else(tmp_path):
    first = read_setting("settings.SECRET_KEY", tmp_path).stdout
    assert len(first.strip()) > 60
    assert read_setting("settings.SECRET_KEY", tmp_path).stdout == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("secret_key*")] == ["secret_key"]


def test_two_installations_have_different_secrets(tmp_path):
    keys = {read_setting("settings.SECRET_KEY", tmp_path / name).stdout for name in "ab"}
    assert len(keys) == 2


def test_processes_that_start_together_share_one_secret(tmp_path):
    command = [sys.executable, "-c", "from config import settings; print(settings.SECRET_KEY)"]
    environment = {**os.environ, "INFLECT_VAR": str(tmp_path)}
    processes = [
        subprocess.Popen(command, cwd=PROJECT_DIR, env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    assert len({process.communicate()[0] for process in processes}) == 1


def test_production_wants_its_hosts_named(tmp_path):
    result = read_setting("settings.ALLOWED_HOSTS", tmp_path, INFLECT_ENV="production")
    assert result.returncode != 0
    assert "INFLECT_ALLOWED_HOSTS" in result.stderr


def test_production_is_strict(tmp_path):
    names = ["DEBUG", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"]
    result = read_setting(
        f"[getattr(settings, name) for name in {names}]",
        tmp_path,
        INFLECT_ENV="production",
        INFLECT_ALLOWED_HOSTS="inflect.example",
    )
    assert result.stdout.strip() == "[False, True, True, True]"


def test_production_passes_djangos_deployment_check(tmp_path):
    result = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=PROJECT_DIR,
        env={
            **os.environ,
            "INFLECT_VAR": str(tmp_path),
            "INFLECT_ENV": "production",
            "INFLECT_ALLOWED_HOSTS": "inflect.example",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_a_misspelt_environment_is_refused(tmp_path):
    result = read_setting("settings.DEVELOPMENT", tmp_path, INFLECT_ENV="prodution")
    assert result.returncode != 0
    assert "INFLECT_ENV" in result.stderr


def test_sqlite_waits_for_its_lock_and_keeps_a_write_ahead_log(settings, db):
    from django.db import connection

    if connection.vendor != "sqlite":
        return
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA busy_timeout").fetchone()[0] == 20_000

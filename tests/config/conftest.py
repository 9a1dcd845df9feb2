import os
import shutil
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.buckets import s3_endpoint  # noqa: F401 - a fixture
from tests.processes import free_port


def postgresql_folder() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory):
    """A database cluster of these tests alone; PostgreSQL refuses to run as root."""
    programs, port = postgresql_folder(), free_port()
    folder = Path("/tmp") / f"inflect-postgresql-{os.getpid()}"
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs / program), "-D", str(folder), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")

    try:
        run("initdb", "-U", "inflect", "--auth", "trust")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k /tmp -c fsync=off"
        run("pg_ctl", "-w", "-l", f"{folder}.log", "-o", options, "start")
        yield f"postgres://inflect@127.0.0.1:{port}/postgres"
        run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.log").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def new_postgresql_database(postgresql_url) -> Callable[[], str]:
    """Makes an empty database and returns its address."""
    numbers = count(1)

    def make() -> str:
        name = f"made_{next(numbers)}"
        with psycopg.connect(postgresql_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgresql_url.removesuffix("postgres") + name

    return make

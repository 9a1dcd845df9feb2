"""What a web process costs: CPU seconds and memory when it has started, and once it serves.

    python -m benchmarks.web_process [--rounds 7]

Each round is a fresh process that imports `config.asgi`, then answers `/api/health`, which loads
the emotion model. Medians are printed; CPU time hardly depends on who else works on the machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PROCESS = """
import json, sys, time
from pathlib import Path

def resident_mb():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

import config.asgi
started = {"start_cpu_s": time.process_time(), "start_mb": resident_mb()}
from django.test import Client
assert Client(SERVER_NAME="localhost").get("/api/health").status_code == 200
print(json.dumps(started | {"serving_cpu_s": time.process_time(), "serving_mb": resident_mb()}))
"""


def one_process(folder: str) -> dict[str, float]:
    # The variables of the Procfile, without which the C library keeps what loading needed.
    environment = {
        **os.environ,
        "INFLECT_VAR": folder,
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    run("manage.py", "migrate", "-v0")
    return json.loads(run("-c", PROCESS).splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        found = [one_process(folder) for _ in range(rounds + 1)][1:]  # the first fills caches
    for name in found[0]:
        print(f"{name:12} {statistics.median(each[name] for each in found):8.2f}")


if __name__ == "__main__":
    main()

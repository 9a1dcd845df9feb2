"""A server that is killed while visitors answer: what they were told is there afterwards."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from captcha.work import solve

PROJECT_DIR = Path(__file__).resolve().parents[2]
PREPARE = """
import django, numpy as np
django.setup()
from captcha import services
from labeling import services as labeling
from synthesis import services as synthesis
from synthesis.models import Voice
from tests.synthesis.conftest import sound
from emotion.ml.labels import EMOTIONS
voice = Voice.objects.create(name="noise", sha256="0" * 64, language="en", licence="CC0")
for seed in range(400):
    synthesis.add_play_clip(utterance=sound(seed, 0.4), voice=voice, text="Words.", seed=seed,
                            emotion=EMOTIONS[seed % 7])
for seed in range(30):
    synthesis.add_dummy_clip(utterance=sound(1000 + seed), voice=voice, text="Words.", seed=seed)
site = services.create_site(name="Shop", hostnames=["shop.example"])
print(site.sitekey, services.issue_secret(site=site))
"""


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {
        **os.environ,
        "INFLECT_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "INFLECT_CAPTCHA_LEAST_LISTENING": "0",
        "INFLECT_CAPTCHA_WORK_BITS": "2",
        "INFLECT_CAPTCHA_WORK_MAX_EXTRA_BITS": "0",
        "INFLECT_CAPTCHA_CHALLENGE_RATE": "10000/s",
        "INFLECT_CAPTCHA_FREE_CHALLENGES": "100000",
        "INFLECT_TRUSTED_PROXIES": "127.0.0.1/32",
    }


class Server:
    """A web process that can be killed and started again on the same database."""

    def __init__(self, environment: dict[str, str], port: int) -> None:
        self.environment, self.port = environment, port
        self.start()

    def start(self) -> None:
        arguments = ["-m", "uvicorn", "config.asgi:application", "--lifespan", "off"]
        self.process = subprocess.Popen(
            [sys.executable, *arguments, "--port", str(self.port), "--log-level", "critical"],
            cwd=PROJECT_DIR,
            env=self.environment,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            try:
                return urlopen(f"http://127.0.0.1:{self.port}/api/pool", timeout=5).close()
            except URLError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def post(self, path: str, body: dict, address: str = "192.0.2.1") -> dict:
        request = Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Forwarded-For": address},
        )
        with urlopen(request, timeout=10) as response:
            return json.load(response)


def emotions_of(var: Path, challenge: str) -> dict[int, str]:
    """The right answers, read from the database by the test."""
    query = """SELECT item.position, clip.emotion FROM captcha_challengeitem item
               LEFT JOIN synthesis_playclip clip ON clip.id = item.play_clip_id
               WHERE item.challenge_id = ?"""
    with sqlite3.connect(f"file:{var / 'inflect.sqlite3'}?mode=ro", uri=True) as database:
        return dict(database.execute(query, [challenge.replace("-", "")]).fetchall())


def visit(server: Server, var: Path, sitekey: str, number: int, passed: list[str]) -> None:
    """Pass one challenge after the other, and note every token that the server gave."""
    for turn in range(1000):
        address = f"10.{number}.{turn}.1"
        body = {"sitekey": sitekey, "hostname": "shop.example"}
        described = server.post("/captcha/api/challenge", body, address)
        work = solve(salt=described["work"]["salt"], bits=described["work"]["bits"])
        while described["state"] == "open" and "item" in described:
            position = described["item"]["number"]
            right = emotions_of(var, described["challenge"]).get(position) or "happy"
            body = {"item": position, "answer": right, "work": work}
            path = f"/captcha/api/challenge/{described['challenge']}/answer"
            described = server.post(path, body, address)
        if described["state"] == "passed":
            passed.append(described["token"])


@pytest.mark.slow
def test_a_killed_server_loses_no_passed_token_and_no_vote(environment, tmp_path, unused_tcp_port):
    python = [sys.executable]
    subprocess.run(
        [*python, "manage.py", "migrate", "-v0"], cwd=PROJECT_DIR, env=environment, check=True
    )
    made = subprocess.run(
        [*python, "-c", PREPARE],
        cwd=PROJECT_DIR,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    sitekey, secret = made.stdout.split()
    server = Server(environment, unused_tcp_port)
    passed: list[str] = []

    def visitor(number: int) -> None:
        # The server is killed under this visitor's feet.
        with suppress(URLError, HTTPError, OSError, ValueError, sqlite3.Error):
            visit(server, tmp_path, sitekey, number, passed)

    try:
        for round_number in range(2):
            before = len(passed)
            threads = [
                threading.Thread(target=visitor, args=(10 * round_number + n,)) for n in range(3)
            ]
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 90
            while len(passed) < before + 8:
                assert time.monotonic() < deadline, "nobody passes"
                time.sleep(0.005)
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
        for token in passed:
            body = {"secret": secret, "response": token}
            assert server.post("/captcha/api/siteverify", body)["success"], "a token was lost"
        with sqlite3.connect(tmp_path / "inflect.sqlite3") as database:
            [(half,)] = database.execute(
                """SELECT count(*) FROM captcha_challenge challenge
                   JOIN captcha_challengeitem item ON item.challenge_id = challenge.id
                   WHERE challenge.state = 'passed' AND challenge.kind = 'audio'
                     AND item.dummy_clip_id IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM labeling_vote vote
                                     WHERE vote.challenge_id = challenge.id)"""
            )
            [(votes,)] = database.execute("SELECT count(*) FROM labeling_vote")
            [(tokenless,)] = database.execute(
                """SELECT count(*) FROM captcha_challenge challenge WHERE state = 'passed'
                   AND NOT EXISTS (SELECT 1 FROM captcha_responsetoken token
                                   WHERE token.challenge_id = challenge.id)"""
            )
        assert (half, tokenless) == (0, 0)
        assert votes > 0
    finally:
        server.kill()

"""A client of the widget's interface without a browser, and what its attempts came to."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from captcha.redteam.solvers import Solver
from captcha.work import solve
from labeling.statistics import rate_interval

TIMEOUT_S = 30.0
_SITEKEY = re.compile(r'data-sitekey="([^"]+)"')


class Stopped(Exception):
    """The server refused; `code` is its own."""

    def __init__(self, code: str, wait_s: int) -> None:
        super().__init__(code)
        self.code, self.wait_s = code, wait_s


@dataclass
class Report:
    """What an attack came to.

    Attributes:
        outcomes: How the attempts ended: passed, failed, or the code that stopped them.
        kinds: Which kinds of challenge they were at their end: work, where clips ran out.
        passed_by: How many passed by kind.
        requests: Calls of the server.
        hashes: Tries for proofs of work.
        work_s, waited_s, total_s: Time for proofs of work, for waiting on limits, and in all.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    passed_by: Counter[str] = field(default_factory=Counter)
    questions: int = 0
    requests: int = 0
    hashes: int = 0
    work_s: float = 0.0
    waited_s: float = 0.0
    total_s: float = 0.0

    def described(self) -> dict[str, Any]:
        passed, attempts = self.outcomes["passed"], sum(self.outcomes.values())
        by_ear = self.kinds["audio"]
        return {
            "attempts": attempts,
            "outcomes": dict(self.outcomes),
            "kinds": dict(self.kinds),
            "passed_by": dict(self.passed_by),
            "pass_rate": _rate(passed, attempts),
            "pass_rate_of_audio": _rate(self.passed_by["audio"], by_ear) if by_ear else None,
            "questions": self.questions,
            "requests_per_pass": round(self.requests / passed, 1) if passed else None,
            "hashes_per_pass": round(self.hashes / passed) if passed else None,
            "work_seconds_per_pass": round(self.work_s / passed, 2) if passed else None,
            "seconds_per_pass": round(self.total_s / passed, 2) if passed else None,
            "waited_s": round(self.waited_s, 1),
            "total_s": round(self.total_s, 1),
        }


def _rate(part: int, whole: int) -> list[float]:
    """The rate and its 95 % interval."""
    low, high = rate_interval(part, whole)
    return [round(part / whole, 4), round(low, 4), round(high, 4)]


class Attacker:
    """Tries challenges of one site, one after the other.

    Args:
        server: Such as http://127.0.0.1:8000.
        solver: Answers.
        sitekey, hostname: Of the site; those of the demo page if empty.
        networks: From how many networks the attempts seem to come, in turn; more than one needs a
            server that trusts this machine as its proxy.
        sleep: Lets seconds pass where the server asks for patience.
    """

    def __init__(
        self,
        *,
        server: str,
        solver: Solver,
        sitekey: str = "",
        hostname: str = "",
        networks: int = 1,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.server = server.rstrip("/")
        if urlsplit(self.server).scheme not in ("http", "https"):
            raise ValueError(f"{server!r} is no server: write e.g. http://127.0.0.1:8000")
        self.solver, self._sleep = solver, sleep
        self.hostname = hostname or urlsplit(self.server).hostname or ""
        self.networks, self.attempt = networks, 0
        self.report = Report()
        self.sitekey = sitekey or self._demo_sitekey()

    def attack(self, attempts: int) -> Report:
        started = time.monotonic()
        for self.attempt in range(attempts):
            outcome = self._attempt()
            self.solver.learn(passed=outcome == "passed")
            self.report.outcomes[outcome] += 1
        self.report.total_s = time.monotonic() - started
        return self.report

    def _attempt(self) -> str:
        wishes = {"sitekey": self.sitekey, "hostname": self.hostname, "kind": self.solver.kind}
        try:
            described = self._play(self._post("/captcha/api/challenge", wishes))
        except Stopped as stopped:
            self._wait(stopped.wait_s)
            return stopped.code
        self.report.kinds[described["kind"]] += 1
        if described["state"] == "passed":
            self.report.passed_by[described["kind"]] += 1
        return str(described["state"])

    def _wait(self, seconds: float) -> None:
        self._sleep(seconds)
        self.report.waited_s += seconds

    def _play(self, described: dict[str, Any]) -> dict[str, Any]:
        """Answer until the challenge is over, and return the last reply."""
        address, salt, nonce = f"/captcha/api/challenge/{described['challenge']}/answer", "", ""
        while described["state"] == "open":
            work = described["work"]
            if work and work["salt"] != salt:
                salt, nonce = work["salt"], self._worked(work)
            body = {"work": nonce} if nonce else {}
            if item := described.get("item"):
                body |= {"item": item["number"], "answer": self._answer(item, described)}
            described = self._post(address, body)
        return described

    def _answer(self, item: dict[str, Any], described: dict[str, Any]) -> str:
        self.report.questions += 1
        sound = self._get(item["audio"]) if "audio" in item else b""
        self._wait(item.get("listen_s", 0.0))
        answers = [answer for answer in described["answers"] if answer != "skip"]
        return self.solver.answer(item, sound, answers)

    def _worked(self, work: dict[str, Any]) -> str:
        started = time.monotonic()
        nonce = solve(salt=work["salt"], bits=work["bits"])
        self.report.work_s += time.monotonic() - started
        self.report.hashes += int(nonce) + 1
        return nonce

    def _demo_sitekey(self) -> str:
        found = _SITEKEY.search(self._get("/captcha/demo/").decode())
        if not found:
            raise ValueError(f"{self.server} has no demo page: name a sitekey")
        return found[1]

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        return json.loads(self._open(path, json.dumps(body).encode(), headers))

    def _get(self, path: str) -> bytes:
        return self._open(path, None, {})

    def _open(self, path: str, data: bytes | None, headers: dict[str, str]) -> bytes:
        # The scheme was checked above, so no file: or other local address is opened here.
        self.report.requests += 1
        if self.networks > 1:
            number = self.attempt % self.networks
            headers = headers | {"X-Forwarded-For": f"10.{number // 256}.{number % 256}.1"}
        request = Request(self.server + path, data=data, headers=headers)  # noqa: S310
        try:
            with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                return response.read()
        except HTTPError as error:
            wait_s = int(error.headers.get("Retry-After") or 0)
            raise Stopped(_code_of(error), wait_s) from error


def _code_of(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return f"status_{error.code}"

"""Verification over HTTP, against the real server and against broken ones."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest

from captcha.contrib.sites import CaptchaUnavailable, RemoteSite


@pytest.mark.django_db(transaction=True)
def test_a_token_is_verified_over_http_once(live_server, site, secret, token):
    remote = RemoteSite(live_server.url, site.sitekey, secret)
    outcome = remote.verify(token)
    assert (outcome.success, outcome.hostname, outcome.action) == (True, "localhost", "login")
    again = remote.verify(token)
    assert (again.success, again.error_codes) == (
        False,
        ("timeout-or-duplicate", "already-seen-response"),
    )


@pytest.mark.django_db(transaction=True)
def test_a_wrong_secret_burns_nothing(live_server, site, secret, token):
    wrong = RemoteSite(live_server.url, site.sitekey, "0" * 64)
    assert wrong.verify(token).error_codes == ("invalid-input-secret",)
    assert RemoteSite(live_server.url, site.sitekey, secret).verify(token).success


@pytest.fixture
def server_answering() -> Iterator[Callable]:
    """Start servers that send what they are told, and note what they were asked."""
    servers = []

    def start(*answers: tuple[int, bytes]) -> tuple[str, list[dict]]:
        asked: list[dict] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked.append(parse_qs(body.decode()))
                status, answer = answers[min(len(asked), len(answers)) - 1]
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "answer", [(200, b"<html>"), (200, b"[]"), (200, b"{}"), (503, b"{}"), (204, b"")]
)
def test_an_answer_outside_the_contract_is_no_verification(server_answering, answer):
    address, asked = server_answering(answer)
    with pytest.raises(CaptchaUnavailable, match=address):
        RemoteSite(address, "k", "s").verify("t")
    assert len(asked) == 2


def test_a_second_try_has_the_same_idempotency_key(server_answering):
    address, asked = server_answering((503, b""), (200, b'{"success": true, "score": 0.7}'))
    outcome = RemoteSite(address, "k", "s").verify("t")
    assert (outcome.success, outcome.score) == (True, 0.7)
    assert asked[0] == asked[1]
    assert asked[0]["idempotency_key"]


def test_a_server_that_is_down_is_unavailable():
    with pytest.raises(CaptchaUnavailable):
        RemoteSite("http://127.0.0.1:9", "k", "s").verify("t")


def test_an_address_without_a_scheme_is_refused_at_once():
    with pytest.raises(ValueError, match=r"https://captcha\.example"):
        RemoteSite("captcha.example", "k", "s")

"""A web process stays small: it serves everything without the libraries of training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audio import encode_wav

PROJECT_DIR = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "TTS", "transformers", "librosa", "sklearn")
MAX_RESIDENT_MB = 250

SERVE = """
import asyncio, json, sys
from pathlib import Path
from asgiref.testing import ApplicationCommunicator
from config.asgi import application

async def request(method, path, body=b"", content_type=b"text/plain"):
    headers = [(b"host", b"localhost"), (b"content-type", content_type),
               (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path,
             "raw_path": path.encode(), "root_path": "", "scheme": "http", "query_string": b"",
             "headers": headers, "client": ["127.0.0.1", 5], "server": ["localhost", 80]}
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "http.request", "body": body, "more_body": False})
    status = (await client.receive_output(60))["status"]
    while (await client.receive_output(60)).get("more_body"):
        pass
    await client.wait(60)
    return status

async def live(pcm):
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    scope = {"type": "websocket", "path": "/ws/live", "headers": headers}
    client = ApplicationCommunicator(application, scope)
    await client.send_input({"type": "websocket.connect"})
    await client.send_input({"type": "websocket.receive", "bytes": pcm})
    await client.send_input({"type": "websocket.receive", "text": '{"type": "session.close"}'})
    assert (await client.receive_output(60))["type"] == "websocket.accept"
    kinds = []
    while "session.closed" not in kinds:
        kinds.append(json.loads((await client.receive_output(60))["text"])["type"])
    await client.send_input({"type": "websocket.disconnect", "code": 1000})
    await client.wait(60)
    return kinds

async def main(wav):
    form = b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="a.wav"\\r\\n\\r\\n'
    form += wav + b"\\r\\n--x--\\r\\n"
    pages = ["/", "/analyze/", "/live/", "/captcha/api.js", "/portal/login/", "/api/health"]
    statuses = {path: await request("GET", path) for path in pages}
    kind = b"multipart/form-data; boundary=x"
    statuses["predict"] = await request("POST", "/api/predict/audio", form, kind)
    kinds = await live(wav[44:44 + 64_000])
    memory = dict(line.split(":", 1) for line in Path("/proc/self/status").open())
    print(json.dumps({"statuses": statuses, "live": kinds, "modules": sorted(sys.modules),
                      "resident_mb": int(memory["VmRSS"].split()[0]) / 1024}))

asyncio.run(main(Path(sys.argv[1]).read_bytes()))
"""


@pytest.fixture
def served(tmp_path: Path, speech) -> dict:
    """What one process says of itself after it has served every kind of request."""
    recording = tmp_path / "speech.wav"
    recording.write_bytes(encode_wav(speech, 16_000))
    environment = {
        **os.environ,
        "INFLECT_VAR": str(tmp_path / "var"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # As the Procfile starts it.
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("manage.py", "migrate", "-v0")
    run("manage.py", "collectstatic", "-v0", "--noinput")
    return json.loads(run("-c", SERVE, str(recording)).splitlines()[-1])


def test_a_web_process_serves_all_parts_small_and_without_heavy_libraries(served):
    assert set(served["statuses"].values()) == {200}, served["statuses"]
    assert "measurement.result" in served["live"]
    loaded = {name.partition(".")[0] for name in served["modules"]}
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)
    assert served["resident_mb"] < MAX_RESIDENT_MB

"""The optional servers, each a real one on a free port of this machine."""

import os
import subprocess
import sys

import pytest

from tests.processes import PROJECT_DIR, free_port, run_python, wait_for


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    with subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


@pytest.mark.redis
def test_redis_carries_the_cache_that_several_processes_share(redis_url, tmp_path):
    write = "import django; django.setup(); from django.core.cache import cache\n"
    read = write + "print(cache.get('word'), type(cache._connections['default']).__name__)"
    for script in (write + "cache.set('word', 'heard', 60)", read):
        output = run_python(script, REDIS_URL=redis_url, INFLECT_VAR=str(tmp_path))
    assert output == "heard RedisCache"


BEAT_ONCE = """
import django
django.setup()
from web.tasks import beat_heart
beat_heart.delay()
"""
HEART_SEEN = """
import time, django
django.setup()
from web.models import WorkerHeartbeat
for _ in range(300):
    if WorkerHeartbeat.objects.exists():
        break
    time.sleep(0.1)
print(WorkerHeartbeat.objects.count())
"""


def assert_a_worker_works(env: dict[str, str]) -> None:
    """Send a task from one process to a worker in another, and see its effect in the database."""
    environment = {**os.environ, **env}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=PROJECT_DIR,
        env=environment,
        check=True,
    )
    run_python(BEAT_ONCE, **env)
    # The pools stay empty, so that only the heartbeat is worked on.
    targets = {"INFLECT_PLAY_POOL_TARGET": "0", "INFLECT_DUMMY_POOL_TARGET": "0"}
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "solo"]
    with subprocess.Popen(command, cwd=PROJECT_DIR, env={**environment, **targets}) as worker:
        try:
            assert run_python(HEART_SEEN, **env) == "1"
        finally:
            worker.kill()


@pytest.mark.redis
def test_redis_carries_background_work(redis_url, tmp_path):
    assert_a_worker_works({"CELERY_BROKER_URL": redis_url, "INFLECT_VAR": str(tmp_path)})


def test_files_carry_background_work_without_any_server(tmp_path):
    assert_a_worker_works({"INFLECT_VAR": str(tmp_path)})


def test_pools_live_in_a_bucket_through_the_s3_api(s3_endpoint, tmp_path):
    script = """
import boto3, django, os
django.setup()
from django.core.files.storage import storages
from labeling import pools
boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).create_bucket(Bucket="clips")
key = pools.put(storages["dummy"], b"sound")
assert pools.put(storages["dummy"], b"sound") == key
pools.copy(storages["dummy"], storages["learning"], key)
storages["dummy"].delete(key)
print(list(pools.all_keys(storages["dummy"])), list(pools.all_keys(storages["learning"])) == [key])
print(storages["learning"].open(key).read())
"""
    output = run_python(
        script,
        INFLECT_S3_BUCKET="clips",
        AWS_ENDPOINT_URL=s3_endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
        INFLECT_VAR=str(tmp_path),
    )
    assert output.splitlines() == ["[] True", "b'sound'"]


@pytest.mark.postgresql
def test_the_concurrency_tests_pass_on_postgresql_too(postgresql_url, tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "concurrency", "-q", "-p", "no:cacheprovider"],
        cwd=PROJECT_DIR,
        env={**os.environ, "DATABASE_URL": postgresql_url, "INFLECT_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-4000:]
    assert " passed" in result.stdout

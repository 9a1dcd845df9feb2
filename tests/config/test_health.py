from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from emotion import inference
from emotion.ml.speech import predictor
from web import services
from web.models import WorkerHeartbeat

URL = "/api/health"


@pytest.mark.django_db
def test_a_complete_installation_is_ok(client):
    services.record_heartbeat()

    response = client.get(URL)

    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "ok"
    assert answer["database"] == "ok"
    assert answer["model"].keys() == {"name", "version"}
    assert answer["worker"]["alive"] is True
    assert answer["version"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_without_a_worker_it_still_serves_but_says_so(client):
    response = client.get(URL)

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["worker"] == {"alive": False, "seen_at": None}


@pytest.mark.django_db
def test_a_worker_that_fell_silent_counts_as_down(client, settings):
    seen_at = timezone.now() - timedelta(seconds=settings.WORKER_STALE_AFTER_S + 1)
    WorkerHeartbeat.objects.create(worker="one", seen_at=seen_at)

    answer = client.get(URL).json()

    assert answer["status"] == "degraded"
    assert answer["worker"]["alive"] is False
    assert answer["worker"]["seen_at"] is not None


@pytest.mark.django_db
def test_a_database_that_does_not_answer_makes_it_unavailable(client):
    def refuse(*_):
        raise DatabaseError("no connection")

    with connection.execute_wrapper(refuse):
        response = client.get(URL)

    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["database"] == "unavailable"


@pytest.mark.django_db
def test_missing_weights_make_it_unavailable(client, monkeypatch, tmp_path):
    monkeypatch.setattr(predictor, "SHIPPED", tmp_path)
    inference._load_predictor.cache_clear()

    response = client.get(URL)

    assert response.status_code == 503
    assert response.json()["model"] is None
    assert str(tmp_path) not in response.content.decode()


def test_only_reading_is_possible(client):
    response = client.post(URL)

    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.django_db
def test_it_asks_the_database_once(client, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get(URL)

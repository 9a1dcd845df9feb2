"""What the answering path costs the database: numbers that may fall, and rise for a reason only."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from captcha import services
from captcha.models import ChallengeItem, DailySalt
from synthesis.models import PlayClip, Rendition

# Real transactions: those that wrap a test turn a service's own into savepoints.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full_pools(pools, voice) -> None:
    """Pools whose clips have a row that sums up their like, as the worker makes them."""
    DailySalt.objects.of(timezone.now().date())
    for emotion in set(PlayClip.objects.values_list("emotion", flat=True)):
        Rendition.objects.create(voice=voice, speaker="", emotion=emotion)


def statements(context: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in context.captured_queries]


def right_answer(described: dict) -> str:
    item = ChallengeItem.objects.get(
        challenge=described["challenge"], position=described["item"]["number"]
    )
    return item.play_clip.emotion if item.play_clip else "happy"


def test_a_start_takes_no_savepoint_and_few_statements(visitor, full_pools):
    with CaptureQueriesContext(connection) as context:
        assert visitor.start().json()["state"] == "open"

    # The salt; begin; site and its hosts; the challenge; what the network heard; two clips, each
    # found at the first or the second try, and one write of both; a dummy clip, read and written;
    # the items; commit.
    assert len(context) <= 15, statements(context)
    assert not [statement for statement in statements(context) if "SAVEPOINT" in statement]


def test_the_last_passing_answer_takes_no_savepoint_and_reads_each_row_once(visitor, full_pools):
    described = visitor.start().json()
    while described["item"]["number"] < described["item"]["of"]:
        answer = right_answer(described)
        number = described["item"]["number"]
        described = visitor.answer(described["challenge"], number, answer).json()

    answer = right_answer(described)
    with CaptureQueriesContext(connection) as context:
        described = visitor.answer(described["challenge"], 3, answer).json()

    assert described["state"] == "passed"
    # That the challenge exists; begin; challenge, items; the answer; the clips' renditions; the
    # verdict; each clip and all renditions written; the token; the dummy clip, its votes, the new
    # vote; commit.
    assert len(context) <= 15, statements(context)
    assert not [statement for statement in statements(context) if "SAVEPOINT" in statement]
    reads = [sql for sql in statements(context) if sql.startswith("SELECT")]
    assert sum('FROM "synthesis_rendition"' in sql for sql in reads) == 1


def test_an_answer_in_the_middle_takes_seven_statements(visitor, full_pools):
    described = visitor.start().json()
    answer = right_answer(described)
    with CaptureQueriesContext(connection) as context:
        described = visitor.answer(described["challenge"], 1, answer).json()

    assert described["item"]["number"] == 2
    assert len(context) <= 7, statements(context)


def test_a_verification_takes_five_statements(secret, token):
    with CaptureQueriesContext(connection) as context:
        assert services.verify(secret=secret, token=token).success

    assert len(context) <= 5, statements(context)

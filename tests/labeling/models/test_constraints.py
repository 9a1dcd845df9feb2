"""What the database refuses by itself, whoever writes to it."""

import uuid

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from labeling.models import Clip, ClipEvent, Promotion, Vote
from tests.labeling.conftest import bare_clip
from web.append_only import AppendOnlyError

pytestmark = [pytest.mark.django_db, pytest.mark.concurrency]


@pytest.fixture
def clip(db) -> Clip:
    return bare_clip()


def add_clip(clip, moderator, **changes) -> Clip:
    return bare_clip(**changes)


def add_vote(clip, moderator, **changes) -> Vote:
    values = {"voter": uuid.uuid4().hex, "emotion": "sad", "challenge_id": uuid.uuid4()}
    return Vote.objects.create(clip=clip, **{**values, **changes})


def add_promotion(clip, moderator, *, by_moderator: bool = False, **changes) -> Promotion:
    values = {
        "emotion": "sad",
        "decided_by": "votes",
        "moderator": moderator if by_moderator else None,
        "posterior": {},
        "vote_count": 4,
        "rule_version": "r",
    }
    return Promotion.objects.create(clip=clip, **{**values, **changes})


# By the constraint's name: what is written, and what must have been there before it.
REFUSED = {
    "labeling_promoted_has_emotion": [
        (add_clip, {"state": "promoted"}),
        (add_clip, {"state": "open", "emotion": "happy"}),
        (add_clip, {"state": "conflict", "emotion": "happy"}),
        (add_clip, {"state": "withdrawn", "emotion": "happy"}),
    ],
    "labeling_clip_emotion_known": [(add_clip, {"state": "promoted", "emotion": "calm"})],
    "labeling_clip_state_known": [(add_clip, {"state": "lost"}), (add_clip, {"state": ""})],
    "labeling_clip_has_length": [(add_clip, {"duration_ms": 0})],
    "labeling_vote_emotion_known": [
        (add_vote, {"emotion": "calm"}),
        (add_vote, {"emotion": ""}),
        (add_vote, {"emotion": "skip"}),
    ],
    "labeling_promotion_emotion_known": [
        (add_promotion, {"emotion": "calm"}),
        (add_promotion, {"emotion": ""}),
    ],
    "labeling_moderator_named_when_decisive": [
        (add_promotion, {"decided_by": "moderator"}),
        (add_promotion, {"by_moderator": True}),
    ],
}
TWICE = {
    "labeling_one_vote_a_voter": (add_vote, {"voter": "v"}),
    "labeling_one_active_promotion_a_clip": (add_promotion, {}),
}
UNIQUE_FIELDS = [
    (add_clip, "sha256", {"sha256": "a" * 64}),
    (add_vote, "challenge_id", {"challenge_id": uuid.UUID(int=1)}),
]
MODELS = [Clip, Vote, Promotion, ClipEvent]


def test_every_constraint_is_tried():
    named = {each.name for model in MODELS for each in model._meta.constraints}
    assert named == set(REFUSED) | set(TWICE)


def test_every_unique_field_is_tried():
    unique = {
        field.name
        for model in MODELS
        for field in model._meta.fields
        if field.unique and not field.primary_key
    }
    assert unique == {field for _, field, _ in UNIQUE_FIELDS}


@pytest.mark.parametrize(
    ("name", "add", "changes"),
    [(name, *case) for name, cases in REFUSED.items() for case in cases],
)
def test_a_row_that_contradicts_itself_is_refused(clip, moderator, name, add, changes):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        add(clip, moderator, **changes)


@pytest.mark.parametrize(
    ("name", "add", "changes"), [(name, *each) for name, each in TWICE.items()]
)
def test_a_second_row_of_what_there_is_one_of_is_refused(clip, moderator, name, add, changes):
    first = add(clip, moderator, **changes)
    columns = next(each for each in first._meta.constraints if each.name == name).fields
    # SQLite names the columns, PostgreSQL the constraint.
    table = first._meta.db_table
    said = ", ".join(f"{table}.{first._meta.get_field(field).column}" for field in columns)
    with pytest.raises(IntegrityError, match=f"{name}|{said}"), transaction.atomic():
        add(clip, moderator, **changes)


@pytest.mark.parametrize(("add", "field", "changes"), UNIQUE_FIELDS)
def test_a_value_that_names_one_row_is_refused_for_another(clip, moderator, add, field, changes):
    add(clip, moderator, **changes)
    with pytest.raises(IntegrityError, match=field), transaction.atomic():
        add(bare_clip(), moderator, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "promoted", "emotion": ""},
        {"state": "open", "emotion": "happy"},
        {"state": "promoted", "emotion": "calm"},
        {"state": "lost"},
        {"duration_ms": 0},
    ],
)
def test_the_database_refuses_a_clip_that_contradicts_itself(clip, changes):
    with pytest.raises(IntegrityError), transaction.atomic():
        Clip.objects.filter(pk=clip.pk).update(**changes)


def test_the_database_refuses_a_second_active_promotion(promoted):
    promoted()
    promotion = Promotion.objects.get()
    promotion.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        promotion.save(force_insert=True)


def test_a_promotion_may_follow_one_that_was_revoked(clip, moderator):
    for _ in range(3):
        add_promotion(clip, moderator, revoked_at=timezone.now())
    add_promotion(clip, moderator)
    assert clip.promotions.active().count() == 1


@pytest.mark.parametrize("table", ["labeling_vote", "labeling_clipevent"])
def test_what_is_append_only_is_so_for_plain_sql_too(clip, moderator, table):
    add_vote(clip, moderator)
    ClipEvent.objects.create(clip=clip, kind="added")
    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET created_at = created_at")


def test_an_event_cannot_be_changed_or_deleted(clip):
    event = ClipEvent.objects.create(clip=clip, kind="added")
    event.kind = "withdrawn"
    for change in (
        event.save,
        event.delete,
        ClipEvent.objects.all().delete,
        lambda: ClipEvent.objects.update(kind="withdrawn"),
    ):
        with pytest.raises(AppendOnlyError, match="append-only"):
            change()
    assert ClipEvent.objects.get().kind == "added"


@pytest.mark.parametrize("add", [add_vote, add_promotion])
def test_a_clip_with_a_history_cannot_be_deleted(clip, moderator, add):
    add(clip, moderator)
    with pytest.raises(ProtectedError):
        clip.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        delete_by_sql(clip)


def delete_by_sql(clip) -> None:
    """Past Django; the foreign keys are checked now and not when the test ends."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM labeling_clip WHERE sha256 = %s", [clip.sha256])
    connection.check_constraints()


def test_a_moderator_who_decided_cannot_be_deleted(clip, moderator):
    add_promotion(clip, moderator, decided_by="moderator", by_moderator=True)
    with pytest.raises(ProtectedError):
        moderator.delete()


@pytest.mark.parametrize("model", MODELS)
def test_a_row_tells_what_it_is_to_people(clip, moderator, model):
    rows: dict[type[models.Model], models.Model] = {
        Clip: clip,
        Vote: add_vote(clip, moderator),
        Promotion: add_promotion(clip, moderator),
        ClipEvent: ClipEvent.objects.create(clip=clip, kind="added"),
    }
    number = str(clip.pk)[:8]
    assert number in str(rows[model])

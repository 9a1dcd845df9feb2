"""A database of the release before, with rows in every table, becomes one of this release.

The same rows go through both databases: into SQLite as that release wrote them, into PostgreSQL by
the models that the migrations remember.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import run_python

RELEASE = Path(__file__).parent / "releases" / "0.1.0-5a58973.sql"
# What that release's rows were made with, as `fill_0_1_0.py` says.
PASSWORD, SITE_SECRET = "a-password-of-then", "a-secret-of-then"
VALID_KEY, REVOKED_KEY = "infl_a-valid-key-of-then", "infl_a-revoked-key-of-then"

SET_UP = """
import json, os, sys, django
from django.conf import settings
django.setup()
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

LEAVES = [tuple(leaf) for leaf in json.loads(os.environ["LEAVES"])]

def to_then():
    \"\"\"Back to the state of the release; what it did not have goes away altogether.\"\"\"
    apps = {app for app, _ in MigrationRecorder(connection).applied_migrations()}
    gone = [(app, None) for app in apps - {app for app, _ in LEAVES}]
    MigrationExecutor(connection).migrate(LEAVES + gone)

def rows():
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            lines = [dict(zip(columns, map(str, row))) for row in cursor.fetchall()]
            found[table] = sorted(lines, key=json.dumps)
    return found
"""
COPY_FROM_SQLITE = (
    SET_UP
    + """
then = {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["THEN"], "OPTIONS": {}}
connections.settings["then"] = {**connections.settings["default"], **then}
to_then()
apps = MigrationExecutor(connection).loader.project_state(LEAVES).apps
models = apps.get_models(include_auto_created=True)
with transaction.atomic():  # foreign keys are checked at its end
    for model in models:
        for field in model._meta.fields:
            field.auto_now = field.auto_now_add = False  # the times of then
        model._base_manager.bulk_create(model._base_manager.using("then").all())
with connection.cursor() as cursor:
    from django.core.management.color import no_style
    for statement in connection.ops.sequence_reset_sql(no_style(), models):
        cursor.execute(statement)
"""
)
THERE_AND_BACK = (
    SET_UP
    + """
answer = {"before": rows()}
call_command("migrate", verbosity=0)
answer["after"] = rows()
to_then()
answer["back"] = rows()
call_command("migrate", verbosity=0)
answer["again"] = rows()
print(json.dumps(answer))
"""
)
USE = (
    SET_UP
    + """
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError
from django.test import Client
from synthesis.models import SpeechRequest
from web import services
from web.models import ApiKey

def call(key):
    headers = {"authorization": f"Api-Key {key}"}
    response = Client(SERVER_NAME="localhost").post("/api/predict/audio", headers=headers)
    return response.json()["error"]["code"]

def portal(name, path):
    client = Client(SERVER_NAME="localhost")
    assert client.login(username=name, password=os.environ["PASSWORD"]), name
    return client.get(path).status_code

def refused(statement):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except IntegrityError as error:
        return str(error)

def verify(secret):
    body = {"secret": secret, "response": "x" * 43}
    client = Client(SERVER_NAME="localhost")
    return client.post("/captcha/api/siteverify", body).json()["error-codes"]

permissions = [f"web.{verb}_{model}" for verb in ("add", "change", "view")
               for model in ("apikey", "workerheartbeat")]
print(json.dumps({
    "calls": {key: call(key) for key in json.loads(os.environ["KEYS"])},
    "speech": {request.text: request.api_key and request.api_key.name
               for request in SpeechRequest.objects.all()},
    "log": [[str(entry), entry.get_edited_object().name, portal("admin", entry.get_admin_url())]
            for entry in LogEntry.objects.order_by("pk")],
    "may": {name: [each for each in permissions if User.objects.get(username=name).has_perm(each)]
            for name in ("keeper", "reader", "mod")},
    "keys page": {name: portal(name, "/portal/web/apikey/") for name in ("keeper", "mod")},
    "types": sorted([f"{each.app_label}.{each.model}" for each in ContentType.objects.all()
                     if each.app_label in ("emotion", "web")]),
    "stale types": [str(each) for each in ContentType.objects.all() if each.model_class() is None],
    "changed vote": refused("UPDATE labeling_vote SET emotion = 'sad'"),
    "changed event": refused("UPDATE labeling_clipevent SET kind = 'moved'"),
    "secrets": [verify(os.environ["SITE_SECRET"]), verify("no secret of then")],
    "new key": services.issue_api_key(name="New")[0].pk,
    "keys": ApiKey.objects.count(),
}))
"""
)


@pytest.fixture(scope="module")
def then(tmp_path_factory) -> Path:
    """The release's own database, as it lay in its `INFLECT_VAR`."""
    path = tmp_path_factory.mktemp("then") / "inflect.sqlite3"
    with sqlite3.connect(path) as database:
        database.executescript(RELEASE.read_text(encoding="utf-8"))
    return path


@pytest.fixture(scope="module")
def leaves(then) -> str:
    """The last migration of each app that the release had, for the scripts."""
    with sqlite3.connect(then) as database:
        query = "SELECT app, max(name) FROM django_migrations GROUP BY app"
        return json.dumps(database.execute(query).fetchall())


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def environment(request, then, leaves, tmp_path_factory) -> Iterator[dict[str, str]]:
    """Variables by which this release finds a database of then."""
    var = tmp_path_factory.mktemp("var")
    variables = {"INFLECT_VAR": str(var), "LEAVES": leaves, "THEN": str(then)}
    if request.param == "sqlite":
        (var / then.name).write_bytes(then.read_bytes())
        yield variables
        return
    url = request.getfixturevalue("new_postgresql_database")()
    run_python(COPY_FROM_SQLITE, **variables, DATABASE_URL=url)
    yield {**variables, "DATABASE_URL": url}


@pytest.fixture(scope="module")
def journey(environment) -> dict[str, dict[str, list[dict[str, str]]]]:
    """All rows of all tables: before, after, back at the release of then, and after once more."""
    return json.loads(run_python(THERE_AND_BACK, **environment))


@pytest.fixture(scope="module")
def used(journey, environment) -> dict[str, Any]:
    """What this release makes of the rows of then."""
    keys = json.dumps([VALID_KEY, REVOKED_KEY])
    variables = {"PASSWORD": PASSWORD, "SITE_SECRET": SITE_SECRET, "KEYS": keys}
    return json.loads(run_python(USE, **environment, **variables))


def test_the_old_database_has_rows_in_every_table(then):
    with sqlite3.connect(then) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        empty = [
            table
            for (table,) in tables
            if not database.execute(f'SELECT 1 FROM "{table}"').fetchone()
        ]
    assert len(tables) > 25
    assert not empty


# Grows with what this release added; a row of then keeps its number.
GROWING = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}


def test_every_row_of_every_table_is_there_afterwards(journey):
    before, after = journey["before"], journey["after"]
    assert set(before) <= set(after)
    for table in set(before) - GROWING:
        assert seen_by(before[table], after[table]) == before[table], table


def test_permissions_and_migrations_of_then_keep_their_numbers(journey):
    for table in ("django_migrations", "auth_permission"):
        kept = {row["id"]: row for row in journey["after"][table]}
        for row in journey["before"][table]:
            assert kept[row["id"]] == row, table


def test_the_content_types_of_keys_and_heartbeats_move_with_their_numbers(journey):
    before, after = (
        {
            row["id"]: (row["app_label"], row["model"])
            for row in journey[when]["django_content_type"]
        }
        for when in ("before", "after")
    )
    moved = {number: after[number] for number in before if before[number] != after[number]}
    assert sorted(moved.values()) == [("web", "apikey"), ("web", "workerheartbeat")]
    assert {before[number] for number in moved} == {
        ("emotion", "apikey"),
        ("emotion", "workerheartbeat"),
    }


def test_the_way_back_gives_the_database_of_then_and_the_way_forth_again_this_one(journey):
    for table in set(journey["before"]) - {"django_migrations", "sqlite_sequence"}:
        assert journey["back"][table] == journey["before"][table], table
        assert journey["again"][table] == journey["after"][table], table


def test_a_key_of_then_still_opens_and_a_revoked_one_does_not(used):
    assert used["calls"] == {VALID_KEY: "file_missing", REVOKED_KEY: "api_key_invalid"}


def test_sentences_still_name_the_key_that_asked_for_them(used):
    names = dict.fromkeys(["Done.", "Fail.", "Speaking.", "Queued."], "Analyst")
    assert used["speech"] == {**names, "By nobody.": None}


def test_the_portals_log_still_leads_to_the_keys(used):
    assert [(name, status) for _, name, status in used["log"]] == [
        ("Analyst", 200),
        ("Left employee", 200),
        ("Left employee", 200),
    ]
    assert "Revoked" in used["log"][2][0]


def test_who_might_keep_keys_still_may_and_nobody_else(used):
    every = [
        f"web.{verb}_{model}"
        for verb in ("add", "change", "view")
        for model in ("apikey", "workerheartbeat")
    ]
    assert used["may"] == {"keeper": every, "reader": ["web.view_apikey"], "mod": []}
    assert used["keys page"] == {"keeper": 200, "mod": 403}


def test_no_content_type_is_left_of_what_moved(used):
    assert used["types"] == ["emotion.modelversion", "web.apikey", "web.workerheartbeat"]
    assert used["stale types"] == []


def test_votes_and_the_audit_log_of_then_still_cannot_be_changed(used):
    assert "labeling_vote is append-only" in used["changed vote"]
    assert "labeling_clipevent is append-only" in used["changed event"]


def test_the_secret_of_a_site_is_still_known(used):
    assert used["secrets"] == [["invalid-input-response"], ["invalid-input-secret"]]


def test_new_rows_get_numbers_after_those_of_then(used):
    assert (used["new key"], used["keys"]) == (4, 4)


def test_the_models_are_what_the_migrations_say(journey, environment):
    script = SET_UP + "call_command('makemigrations', check=True, dry_run=True, verbosity=0)"
    run_python(script, **environment)


def test_one_app_may_go_back_and_forth_by_itself(journey, environment):
    script = (
        SET_UP
        + """
before = rows()
call_command("migrate", "emotion", "0002", verbosity=0)
call_command("migrate", verbosity=0)
call_command("migrate", "web", "zero", verbosity=0)
call_command("migrate", verbosity=0)
ours = lambda found: [row for row in found["django_content_type"]
                      if row["app_label"] in ("emotion", "web")]
print(json.dumps([ours(before), ours(rows())]))
"""
    )
    before, after = json.loads(run_python(script, **environment))
    assert after == before


def test_the_start_of_this_release_takes_the_old_database_as_it_is(then, tmp_path):
    (tmp_path / then.name).write_bytes(then.read_bytes())
    script = SET_UP + "call_command('prepare')"
    said = run_python(script, INFLECT_VAR=str(tmp_path), LEAVES="[]")
    assert "password" not in said  # the account of then stays
    with sqlite3.connect(tmp_path / then.name) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        live = database.execute("SELECT count(*) FROM synthesis_voice WHERE is_live").fetchone()
    assert live == (1,)


def seen_by(old: list[dict[str, str]], new: list[dict[str, str]]) -> list[dict[str, str]]:
    """The new rows with the columns that there were then."""
    columns = old[0].keys()
    return sorted(
        ({column: row[column] for column in columns} for row in new),
        key=json.dumps,
    )

"""Let the database itself refuse changes of votes and of the audit log."""

from django.db import migrations

TABLES = ["labeling_vote", "labeling_clipevent"]

SQLITE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""
POSTGRESQL = """
CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END
$$;
CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
"""


def create_triggers(apps, schema_editor):
    statement = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for table in TABLES:
        schema_editor.execute(statement.format(table=table))


def drop_triggers(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for table in TABLES:
        on_table = "" if is_sqlite else f" ON {table}"
        schema_editor.execute(f"DROP TRIGGER {table}_append_only{on_table}")
        if not is_sqlite:
            schema_editor.execute(f"DROP FUNCTION {table}_append_only()")


class Migration(migrations.Migration):
    dependencies = [("labeling", "0001_initial")]
    operations = [migrations.RunPython(create_triggers, drop_triggers)]

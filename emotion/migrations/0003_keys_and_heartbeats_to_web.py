"""API keys and heartbeats belong to the app `web`, with the tables that they have."""

from django.db import migrations


def remove_content_types(apps, schema_editor):
    """Those that Django made anew if this migration alone was undone; the others moved before."""
    content_types = apps.get_model("contenttypes", "ContentType").objects
    content_types.using(schema_editor.connection.alias).filter(
        app_label="emotion", model__in=["apikey", "workerheartbeat"]
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("emotion", "0002_api_keys_and_donations"), ("web", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name="ApiKey"),
                migrations.DeleteModel(name="WorkerHeartbeat"),
            ]
        ),
        migrations.RunPython(remove_content_types, migrations.RunPython.noop),
    ]

"""API keys and heartbeats belong to the app `web`, with the tables that they have."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("emotion", "0002_api_keys_and_donations"), ("web", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name="ApiKey"),
                migrations.DeleteModel(name="WorkerHeartbeat"),
            ]
        )
    ]

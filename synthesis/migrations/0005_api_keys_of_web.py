"""Requests name the same rows of the same table; only the app that owns it is another."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("synthesis", "0004_draw_by_emotion"), ("web", "0001_initial")]

    # `emotion` lies below and cannot wait for this app by itself.
    run_before = [("emotion", "0003_keys_and_heartbeats_to_web")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name='speechrequest',
                    name='api_key',
                    field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='web.apikey'),
                ),
            ]
        )
    ]

"""The keys and heartbeats that the app `emotion` had: tables, rows and permissions stay."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

MODELS = ["apikey", "workerheartbeat"]


def rename_content_types(apps, schema_editor, old, new):
    """Permissions, and the portal's log, name a model by its content type."""
    manager = apps.get_model("contenttypes", "ContentType").objects
    content_types = manager.using(schema_editor.connection.alias).filter(model__in=MODELS)
    moving = content_types.filter(app_label=old)
    # Where `emotion` alone had gone back, Django made new ones beside these; nothing names them.
    names = list(moving.values_list("model", flat=True))
    content_types.filter(app_label=new, model__in=names).delete()
    moving.update(app_label=new)


def to_web(apps, schema_editor):
    rename_content_types(apps, schema_editor, "emotion", "web")


def to_emotion(apps, schema_editor):
    rename_content_types(apps, schema_editor, "web", "emotion")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("emotion", "0002_api_keys_and_donations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    state_operations = [
        migrations.CreateModel(
            name='WorkerHeartbeat',
            fields=[
                ('worker', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'db_table': 'emotion_workerheartbeat',
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Who or what uses it.', max_length=100)),
                ('prefix', models.CharField(editable=False, help_text='The first letters, by which its owner knows it.', max_length=8)),
                ('sha256', models.CharField(editable=False, max_length=64, unique=True, verbose_name='SHA-256 of the key')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, help_text='To the hour.', null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('owner', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='api_keys', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API key',
                'db_table': 'emotion_apikey',
                'ordering': ['name', '-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='emotion_api_key_has_name'), models.CheckConstraint(condition=models.Q(('revoked_at', None), ('revoked_at__gte', models.F('created_at')), _connector='OR'), name='emotion_api_key_revoked_after_made')],
            },
        ),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=state_operations),
        migrations.RunPython(to_web, to_emotion),
    ]

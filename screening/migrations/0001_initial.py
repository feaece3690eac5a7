import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('participants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScreeningEpisode',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('started_at', models.DateTimeField()),
                ('started_on', models.DateField()),
                ('intended_arm', models.CharField(blank=True, choices=[('intravenous', 'intravenous'), ('intrapleural', 'intrapleural')], max_length=12)),
                ('state', models.CharField(choices=[('open', 'open'), ('eligible', 'eligible'), ('failed', 'failed')], default='open', max_length=10)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='screening_episodes', to='participants.participant')),
            ],
        ),
        migrations.CreateModel(
            name='EligibilityFinding',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('criterion_id', models.CharField(max_length=16)),
                ('status', models.CharField(choices=[('met', 'met'), ('not_met', 'not_met'), ('unknown', 'unknown')], max_length=8)),
                ('evidence_on', models.DateField(blank=True, null=True)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='findings', to='screening.screeningepisode')),
            ],
        ),
        migrations.CreateModel(
            name='EligibilityDecision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('outcome', models.CharField(choices=[('eligible', 'Eligible'), ('screen_failed', 'Screen failure')], max_length=15)),
                ('decided_at', models.DateTimeField()),
                ('decided_by', models.CharField(max_length=150)),
                ('protocol_version', models.CharField(max_length=20)),
                ('findings', models.JSONField()),
                ('failed_criteria', models.JSONField(default=list)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('reopened_at', models.DateTimeField(blank=True, null=True)),
                ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='screening.screeningepisode')),
            ],
        ),
        migrations.AddConstraint(
            model_name='screeningepisode',
            constraint=models.UniqueConstraint(fields=('participant', 'number'), name='episode_number_once'),
        ),
        migrations.AddConstraint(
            model_name='screeningepisode',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('participant',), name='one_open_episode'),
        ),
        migrations.AddConstraint(
            model_name='eligibilityfinding',
            constraint=models.UniqueConstraint(fields=('episode', 'criterion_id'), name='finding_once_per_criterion'),
        ),
        migrations.AddConstraint(
            model_name='eligibilitydecision',
            constraint=models.UniqueConstraint(condition=models.Q(('reopened_at__isnull', True)), fields=('episode',), name='one_decision_in_force'),
        ),
        AddTrail('screeningepisode'),
        AddTrail('eligibilityfinding'),
        AddTrail('eligibilitydecision'),
    ]

import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    dependencies = [
        ('participants', '0002_results_as_reported'),
        ('screening', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='eligibilitydecision',
            name='reopened_reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.CreateModel(
            name='EligibilityEvaluation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('act', models.CharField(blank=True, max_length=20)),
                ('purpose', models.CharField(choices=[('screening', 'screening'), ('recheck', 'recheck')], max_length=10)),
                ('judged_on', models.DateField()),
                ('protocol_version', models.CharField(max_length=20)),
                ('verdict', models.CharField(choices=[('eligible', 'eligible'), ('ineligible', 'ineligible'), ('incomplete', 'incomplete')], max_length=10)),
                ('failed', models.JSONField(default=list)),
                ('missing', models.JSONField(default=list)),
                ('lapses_on', models.DateField(blank=True, null=True)),
                ('cause', models.CharField(max_length=60)),
                ('evaluated_by', models.CharField(max_length=150)),
                ('inputs', models.JSONField()),
                ('outcome', models.JSONField()),
                ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='screening.screeningepisode')),
            ],
        ),
        migrations.AddField(
            model_name='eligibilitydecision',
            name='evaluation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='screening.eligibilityevaluation'),
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('item', models.CharField(max_length=40)),
                ('entry', models.JSONField()),
                ('source_document', models.CharField(blank=True, max_length=200)),
                ('entered_by', models.CharField(max_length=150)),
                ('voided_at', models.DateTimeField(blank=True, null=True)),
                ('void_reason', models.CharField(blank=True, max_length=500)),
                ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='screening.evidence')),
                ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='screening.screeningepisode')),
            ],
        ),
        migrations.CreateModel(
            name='SubjectAlias',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('number', models.CharField(max_length=60, unique=True)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subject_aliases', to='participants.participant')),
            ],
            options={
                'abstract': False,
            },
        ),
        # Met / not met typed by hand gives way to evidence; the trail keeps every answer of before.
        migrations.DeleteModel(
            name='EligibilityFinding',
        ),
        migrations.AddIndex(
            model_name='eligibilityevaluation',
            index=models.Index(fields=['episode', 'recorded_at'], name='screening_e_episode_e0c92a_idx'),
        ),
        migrations.AddIndex(
            model_name='evidence',
            index=models.Index(fields=['episode', 'item'], name='screening_e_episode_473d0c_idx'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='evidence_void_with_reason'),
        ),
        # The evaluation is its own frozen copy; the trail notes that it was made, not the whole of it again.
        AddTrail('eligibilityevaluation', redact=('inputs', 'outcome')),
        AddTrail('evidence'),
        AddTrail('subjectalias'),
    ]

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from trialsite.audit.creation import CreateTogether
from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    replaces = [('screening', '0001_initial'), ('screening', '0002_evidence'), ('screening', '0003_result_import')]

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('audit', '0001_initial'),
        ('participants', '0001_squashed_0012_transferred'),
    ]

    operations = [
        CreateTogether([
            migrations.CreateModel(
                name='ResultImport',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='result_imports', to='accounts.site')),
                    ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=150)),
                    ('digest', models.CharField(max_length=64)),
                    ('size_bytes', models.BigIntegerField()),
                    ('encoding', models.CharField(max_length=10)),
                    ('state', models.CharField(choices=[('waiting', 'waiting'), ('checking', 'checking'), ('checked', 'checked'), ('refused', 'refused'), ('queued', 'queued'), ('importing', 'importing'), ('imported', 'imported'), ('discarded', 'discarded')], default='waiting', max_length=10)),
                    ('rows_expected', models.PositiveIntegerField(default=0)),
                    ('rows_read', models.PositiveIntegerField(default=0)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('refusal', models.CharField(blank=True, max_length=500)),
                    ('counts', models.JSONField(default=dict)),
                    ('faults', models.JSONField(default=list)),
                    ('notes', models.JSONField(default=list)),
                    ('progressed_at', models.DateTimeField(blank=True, null=True)),
                    ('finished_at', models.DateTimeField(blank=True, null=True)),
                    ('imported_by', models.CharField(blank=True, max_length=150)),
                ],
                options={
                    'indexes': [models.Index(fields=['site', 'recorded_at'], name='screening_r_site_id_6981aa_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'checking', 'checked', 'refused', 'queued', 'importing', 'imported', 'discarded'])), name='result_import_state_known')],
                },
            ),
            migrations.CreateModel(
                name='ResultImportPiece',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('result_import', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='screening.resultimport')),
                    ('kind', models.CharField(choices=[('file', 'The file as received'), ('report', 'The report, row by row (gzip)')], max_length=6)),
                    ('number', models.PositiveIntegerField()),
                    ('content', models.BinaryField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('result_import', 'kind', 'number'), name='result_import_piece_once')],
                },
            ),
            migrations.CreateModel(
                name='ScreeningEpisode',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='screening_episodes', to='participants.participant')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('started_at', models.DateTimeField()),
                    ('started_on', models.DateField()),
                    ('intended_arm', models.CharField(blank=True, choices=[('intravenous', 'intravenous'), ('intrapleural', 'intrapleural')], max_length=12)),
                    ('state', models.CharField(choices=[('open', 'open'), ('eligible', 'eligible'), ('failed', 'failed')], default='open', max_length=10)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('participant', 'number'), name='episode_number_once'), models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('participant',), name='one_open_episode')],
                },
            ),
            migrations.CreateModel(
                name='EligibilityEvaluation',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='screening.screeningepisode')),
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
                ],
                options={
                    'indexes': [models.Index(fields=['episode', 'recorded_at'], name='screening_e_episode_e0c92a_idx')],
                },
            ),
            migrations.CreateModel(
                name='EligibilityDecision',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='screening.screeningepisode')),
                    ('outcome', models.CharField(choices=[('eligible', 'Eligible'), ('screen_failed', 'Screen failure')], max_length=15)),
                    ('decided_at', models.DateTimeField()),
                    ('decided_by', models.CharField(max_length=150)),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('findings', models.JSONField()),
                    ('failed_criteria', models.JSONField(default=list)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                    ('evaluation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='screening.eligibilityevaluation')),
                    ('reopened_reason', models.CharField(blank=True, max_length=500)),
                    ('reopened_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('reopened_at__isnull', True)), fields=('episode',), name='one_decision_in_force')],
                },
            ),
            migrations.CreateModel(
                name='Evidence',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('episode', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='screening.screeningepisode')),
                    ('item', models.CharField(max_length=40)),
                    ('entry', models.JSONField()),
                    ('source_document', models.CharField(blank=True, max_length=200)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='screening.evidence')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'indexes': [models.Index(fields=['episode', 'item'], name='screening_e_episode_473d0c_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='evidence_void_with_reason')],
                },
            ),
            migrations.CreateModel(
                name='SubjectAlias',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subject_aliases', to='participants.participant')),
                    ('number', models.CharField(max_length=60, unique=True)),
                ],
                options={
                    'abstract': False,
                },
            ),
            AddTrail('screeningepisode'),
            AddTrail('eligibilitydecision'),
            AddTrail('eligibilityevaluation', redact=('inputs', 'outcome')),
            AddTrail('evidence'),
            AddTrail('subjectalias'),
            AddTrail('resultimport', redact=('counts', 'faults', 'notes')),
            AddTrail('resultimportpiece', redact=('content',)),
        ]),
    ]

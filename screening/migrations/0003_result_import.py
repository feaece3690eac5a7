import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('screening', '0002_evidence'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ResultImport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
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
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='result_imports', to='accounts.site')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='ResultImportPiece',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('kind', models.CharField(choices=[('file', 'The file as received'), ('report', 'The report, row by row (gzip)')], max_length=6)),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('result_import', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pieces', to='screening.resultimport')),
            ],
        ),
        migrations.AddIndex(
            model_name='resultimport',
            index=models.Index(fields=['site', 'recorded_at'], name='screening_r_site_id_6981aa_idx'),
        ),
        migrations.AddConstraint(
            model_name='resultimport',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'checking', 'checked', 'refused', 'queued', 'importing', 'imported', 'discarded'])), name='result_import_state_known'),
        ),
        migrations.AddConstraint(
            model_name='resultimportpiece',
            constraint=models.UniqueConstraint(fields=('result_import', 'kind', 'number'), name='result_import_piece_once'),
        ),
        # The trail notes that a piece came or went, not megabytes of file; faults and notes are in the report.
        AddTrail('resultimport', redact=('counts', 'faults', 'notes')),
        AddTrail('resultimportpiece', redact=('content',)),
    ]

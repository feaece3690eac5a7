"""Signatures, statements and locks, what the database holds about them, and the guard on every domain table."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import uuid
from pathlib import Path
from django.conf import settings
from django.db import migrations, models

from trialsite.audit.creation import CreateTogether
from trialsite.audit.trail import AddTrail
from trialsite.signing.guard import GuardEveryTable

INSTALL = Path(__file__).with_name("0001_signatures.sql").read_text(encoding="utf-8")
REMOVE = """
    DROP TRIGGER lock_ends_once ON public.signing_lock;
    DROP TRIGGER statement_unchangeable ON public.signing_signingstatement;
    DROP TRIGGER signature_unchangeable ON public.signing_signature;
    DROP FUNCTION public.lock_guard();
    DROP FUNCTION public.lock_over(jsonb, text, text[]);
    DROP FUNCTION public.signing_lock_ends_once();
    DROP FUNCTION public.signing_unchangeable();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('accounts', '0003_signing_accounts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTogether([
            migrations.CreateModel(
                name='Signature',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('kind', models.CharField(max_length=40)),
                    ('record_id', models.UUIDField()),
                    ('participant_id', models.UUIDField(blank=True, null=True)),
                    ('printed_name', models.CharField(max_length=120)),
                    ('user_name', models.CharField(max_length=64)),
                    ('role', models.CharField(max_length=100)),
                    ('signed_at', models.DateTimeField()),
                    ('zone', models.CharField(max_length=64)),
                    ('meaning', models.CharField(choices=[('review', 'review'), ('approval', 'approval'), ('responsibility', 'responsibility'), ('authorship', 'authorship'), ('rejection', 'rejection'), ('withdrawal', 'withdrawal'), ('locking', 'locking'), ('unlocking', 'unlocking')], max_length=20)),
                    ('meaning_words', models.CharField(max_length=200)),
                    ('meanings_version', models.CharField(max_length=10)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                    ('shown', models.TextField()),
                    ('schema_version', models.PositiveSmallIntegerField()),
                    ('content', models.JSONField()),
                    ('content_digest', models.CharField(max_length=64)),
                    ('own_digest', models.CharField(max_length=64)),
                    ('factors', models.CharField(max_length=40)),
                    ('bound', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                    ('signer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to=settings.AUTH_USER_MODEL)),
                    ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
                    ('withdraws', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='withdrawn_by', to='signing.signature')),
                ],
                options={
                    'indexes': [models.Index(fields=['kind', 'record_id'], name='signature_of_record'), models.Index(fields=['site', 'signed_at'], name='signature_of_site'), django.contrib.postgres.indexes.GinIndex(fields=['bound'], name='signature_bound')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('meaning__in', ['review', 'approval', 'responsibility', 'authorship', 'rejection', 'withdrawal', 'locking', 'unlocking'])), name='signature_meaning_known'), models.CheckConstraint(condition=models.Q(models.Q(('meaning__in', ['rejection', 'unlocking', 'withdrawal']), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='signature_refusal_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('meaning', 'withdrawal'), ('withdraws__isnull', False)), models.Q(models.Q(('meaning', 'withdrawal'), _negated=True), ('withdraws__isnull', True)), _connector='OR'), name='signature_withdraws_one')],
                },
            ),
            migrations.CreateModel(
                name='SignatureBreak',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('paths', models.CharField(max_length=1000)),
                    ('entry_id', models.BigIntegerField(blank=True, null=True)),
                    ('signature', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='noticed', to='signing.signature')),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='SigningStatement',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('text', models.CharField(max_length=500)),
                    ('text_version', models.CharField(max_length=10)),
                    ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='signing_statement', to=settings.AUTH_USER_MODEL)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Lock',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('scope', models.CharField(choices=[('record', 'one record'), ('participant', 'one participant'), ('site', 'one site'), ('trial', 'the whole trial')], max_length=12)),
                    ('kind', models.CharField(blank=True, max_length=40)),
                    ('target_id', models.UUIDField(blank=True, null=True)),
                    ('participant_id', models.UUIDField(blank=True, null=True)),
                    ('name', models.CharField(max_length=120)),
                    ('locked_at', models.DateTimeField()),
                    ('locked_by', models.CharField(max_length=190)),
                    ('reason', models.CharField(max_length=500)),
                    ('unlocked_at', models.DateTimeField(blank=True, null=True)),
                    ('unlocked_by', models.CharField(blank=True, max_length=190)),
                    ('unlock_reason', models.CharField(blank=True, max_length=500)),
                    ('site', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
                    ('unlock_signature', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='unlocks', to='signing.signature')),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('unlocked_at__isnull', True)), fields=['target_id'], name='lock_in_force')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('scope__in', ['record', 'participant', 'site', 'trial'])), name='lock_scope_known'), models.CheckConstraint(condition=models.Q(models.Q(('scope', 'trial'), ('target_id__isnull', True)), models.Q(models.Q(('scope', 'trial'), _negated=True), ('target_id__isnull', False)), _connector='OR'), name='lock_has_target'), models.CheckConstraint(condition=models.Q(models.Q(('unlock_signature__isnull', True), ('unlocked_at__isnull', True)), models.Q(('unlock_signature__isnull', False), ('unlocked_at__isnull', False), models.Q(('unlock_reason', ''), _negated=True)), _connector='OR'), name='lock_unlocked_under_signature'), models.UniqueConstraint(condition=models.Q(('unlocked_at__isnull', True)), fields=('scope', 'target_id'), name='lock_once_in_force', nulls_distinct=False)],
                },
            ),
            AddTrail("signature"),
            AddTrail("signaturebreak"),
            AddTrail("signingstatement"),
            AddTrail("lock"),
            migrations.RunSQL(sql=INSTALL, reverse_sql=REMOVE),
        ]),
        GuardEveryTable(),
    ]

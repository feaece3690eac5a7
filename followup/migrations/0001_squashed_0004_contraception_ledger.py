import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.creation import CreateTogether
from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    replaces = [('followup', '0001_initial'), ('followup', '0002_visit_procedures'), ('followup', '0003_response_and_survival'), ('followup', '0004_contraception_ledger')]

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('participants', '0001_squashed_0012_transferred'),
    ]

    operations = [
        CreateTogether([
            migrations.CreateModel(
                name='AgreementConfirmation',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='participants.participant')),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                    ('confirmed_on', models.DateField()),
                    ('is_agreed', models.BooleanField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'confirmed_on'), name='agreement_once_a_day'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='agreement_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='ChildbearingStatus',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='participants.participant')),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                    ('is_possible', models.BooleanField()),
                    ('ground', models.CharField(blank=True, choices=[('postmenopausal', 'Postmenopausal'), ('hysterectomy', 'Uterus removed'), ('ovaries_removed', 'Both ovaries removed'), ('sterilised', 'Sterilised'), ('other', 'Other, see remark')], max_length=20)),
                    ('since_on', models.DateField()),
                ],
                options={
                    'indexes': [models.Index(fields=['participant', 'since_on'], name='followup_ch_partici_c39cf7_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ground', ''), ('is_possible', True)), models.Q(('ground', ''), _negated=True), _connector='XOR'), name='childbearing_ground'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='childbearing_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='MethodUse',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='participants.participant')),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                    ('method', models.CharField(max_length=30)),
                    ('started_on', models.DateField()),
                    ('stopped_on', models.DateField(blank=True, null=True)),
                    ('effective_last_on', models.DateField(blank=True, null=True)),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='followup.methoduse')),
                ],
                options={
                    'indexes': [models.Index(fields=['participant', 'started_on'], name='followup_me_partici_7aa4a1_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('stopped_on__isnull', True), ('stopped_on__gte', models.F('started_on')), _connector='OR'), models.Q(('effective_last_on__isnull', True), ('effective_last_on__gte', models.F('started_on')), _connector='OR')), name='method_ends_after_start'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='method_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='NewTherapy',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='new_therapies', to='participants.participant')),
                    ('started_on', models.DateField()),
                    ('name', models.CharField(max_length=200)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Progression',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='progressions', to='participants.participant')),
                    ('progressed_on', models.DateField()),
                    ('basis', models.CharField(choices=[('imaging', 'imaging'), ('clinical', 'clinical')], max_length=8)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='SurvivalContact',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='survival_contacts', to='participants.participant')),
                    ('alive_on', models.DateField()),
                    ('source', models.CharField(choices=[('visit', 'visit'), ('telephone', 'telephone'), ('relative', 'relative'), ('other_doctor', 'other_doctor'), ('registry', 'registry')], max_length=12)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='TumourAssessment',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tumour_assessments', to='participants.participant')),
                    ('review', models.CharField(choices=[('site', 'site'), ('independent', 'independent')], default='site', max_length=12)),
                    ('is_baseline', models.BooleanField(default=False)),
                    ('assessed_on', models.DateField()),
                    ('reader', models.CharField(max_length=150)),
                    ('marker', models.CharField(choices=[('not_done', 'not_done'), ('normal', 'normal'), ('raised', 'raised')], default='not_done', max_length=8)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='followup.tumourassessment')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'review', 'assessed_on'), name='tumour_assessment_once_a_day'), models.UniqueConstraint(condition=models.Q(('is_baseline', True), ('voided_at__isnull', True)), fields=('participant', 'review'), name='tumour_baseline_once')],
                },
            ),
            migrations.CreateModel(
                name='TumourLesion',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tumour_lesions', to='participants.participant')),
                    ('review', models.CharField(choices=[('site', 'site'), ('independent', 'independent')], max_length=12)),
                    ('label', models.CharField(max_length=20)),
                    ('role', models.CharField(choices=[('target', 'target'), ('non_target', 'non_target'), ('new', 'new')], max_length=10)),
                    ('organ', models.CharField(choices=[('lung', 'lung'), ('pleura', 'pleura'), ('mediastinum', 'mediastinum'), ('lymph_nodes', 'lymph_nodes'), ('liver', 'liver'), ('bone', 'bone'), ('brain', 'brain'), ('adrenal', 'adrenal'), ('peritoneum', 'peritoneum'), ('pancreas', 'pancreas'), ('stomach_or_bowel', 'stomach_or_bowel'), ('kidney', 'kidney'), ('ovary', 'ovary'), ('soft_tissue', 'soft_tissue'), ('skin', 'skin'), ('other', 'other')], max_length=20)),
                    ('place', models.CharField(blank=True, max_length=100)),
                    ('kind', models.CharField(choices=[('non_nodal', 'non_nodal'), ('nodal', 'nodal')], max_length=10)),
                    ('nature', models.CharField(choices=[('solid', 'solid'), ('effusion', 'effusion'), ('ascites', 'ascites'), ('leptomeningeal', 'leptomeningeal'), ('lymphangitic', 'lymphangitic'), ('sclerotic_bone', 'sclerotic_bone')], max_length=20)),
                    ('method', models.CharField(choices=[('ct', 'ct'), ('mri', 'mri'), ('chest_x_ray', 'chest_x_ray'), ('calliper', 'calliper')], max_length=12)),
                    ('slice_mm', models.DecimalField(blank=True, decimal_places=1, max_digits=4, null=True)),
                    ('size_mm', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'review', 'label'), name='tumour_lesion_label_once'), models.CheckConstraint(condition=models.Q(models.Q(('role', 'target'), _negated=True), ('size_mm__gt', 0), _connector='OR'), name='tumour_target_measured')],
                },
            ),
            migrations.CreateModel(
                name='LesionReading',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('assessment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='followup.tumourassessment')),
                    ('lesion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='readings', to='followup.tumourlesion')),
                    ('found', models.CharField(max_length=12)),
                    ('sizes_mm', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=1, max_digits=5), blank=True, default=list, size=None)),
                    ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='followup.tumourlesion')),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('assessment', 'lesion'), name='lesion_reading_once')],
                },
            ),
            migrations.CreateModel(
                name='Visit',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='participants.participant')),
                    ('obligation_key', models.CharField(blank=True, max_length=80)),
                    ('performed_at', models.DateTimeField()),
                    ('mode', models.CharField(choices=[('on_site', 'on_site'), ('remote', 'remote'), ('other_site', 'other_site')], default='on_site', max_length=10)),
                    ('not_done', models.CharField(blank=True, max_length=500)),
                    ('note', models.CharField(blank=True, max_length=1000)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('obligation_key', ''), _negated=True), fields=('participant', 'obligation_key'), name='visit_once_per_obligation')],
                },
            ),
            migrations.CreateModel(
                name='VisitProcedure',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('visit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='procedures', to='followup.visit')),
                    ('procedure_id', models.CharField(max_length=20)),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('outcome', models.CharField(choices=[('done', 'done'), ('not_done', 'not_done'), ('not_applicable', 'not_applicable')], max_length=14)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                    ('recorded_by', models.CharField(max_length=150)),
                    ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='followup.visitprocedure')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('visit', 'procedure_id'), name='visit_procedure_once'), models.CheckConstraint(condition=models.Q(('outcome__in', ['done', 'not_done', 'not_applicable'])), name='visit_procedure_outcome_known'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'not_done'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='visit_procedure_not_done_has_reason'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='OR'), name='visit_procedure_void_has_reason')],
                },
            ),
            AddTrail('visit'),
            AddTrail('visitprocedure'),
            AddTrail('tumourassessment'),
            AddTrail('tumourlesion'),
            AddTrail('lesionreading'),
            AddTrail('progression'),
            AddTrail('newtherapy'),
            AddTrail('survivalcontact'),
            AddTrail('agreementconfirmation'),
            AddTrail('childbearingstatus'),
            AddTrail('methoduse'),
        ]),
    ]

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.creation import CreateTogether
from trialsite.audit.trail import AddTrail


# A product belongs to one participant: its collection, the lot and every infusion of it name the same one.
# Composite keys say it to the database itself, which Django's models cannot express.
ONE_PARTICIPANT = """
    ALTER TABLE infusion_leukapheresis ADD CONSTRAINT leukapheresis_of_participant UNIQUE (id, participant_id);
    ALTER TABLE infusion_cellproduct ADD CONSTRAINT product_of_participant UNIQUE (id, participant_id);
    ALTER TABLE infusion_cellproduct ADD CONSTRAINT product_from_own_cells
        FOREIGN KEY (leukapheresis_id, participant_id) REFERENCES infusion_leukapheresis (id, participant_id);
    ALTER TABLE infusion_infusion ADD CONSTRAINT infusion_of_own_product
        FOREIGN KEY (product_id, participant_id) REFERENCES infusion_cellproduct (id, participant_id);
"""
NOT_SAID = """
    ALTER TABLE infusion_infusion DROP CONSTRAINT infusion_of_own_product;
    ALTER TABLE infusion_cellproduct DROP CONSTRAINT product_from_own_cells;
    ALTER TABLE infusion_cellproduct DROP CONSTRAINT product_of_participant;
    ALTER TABLE infusion_leukapheresis DROP CONSTRAINT leukapheresis_of_participant;
"""

# What these tables hold is never changed: an entry that was wrong is followed by one that corrects it.
APPEND_ONLY = ("custodyentry", "excursiondecision", "labelprint", "productdisposition")
KEEP = """
    CREATE FUNCTION public.append_only_refuse() RETURNS trigger
        LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp
    AS $function$
    BEGIN
        RAISE EXCEPTION USING
            ERRCODE = 'TS003',
            MESSAGE = format('%s on %s refused: its rows are never changed', TG_OP, TG_TABLE_NAME),
            HINT = 'Record a further entry that corrects the former one.';
    END
    $function$;
""" + "".join(
    f"""
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON infusion_{name}
        FOR EACH STATEMENT EXECUTE FUNCTION public.append_only_refuse();
    ALTER TABLE infusion_{name} ENABLE ALWAYS TRIGGER append_only;
    """
    for name in APPEND_ONLY
)
KEEP_NO_MORE = "".join(f"DROP TRIGGER append_only ON infusion_{name};" for name in APPEND_ONLY) + (
    "DROP FUNCTION public.append_only_refuse();"
)

# The bag of a custody entry is one of the participant it names.
OF_ONE_PARTICIPANT = """
    ALTER TABLE infusion_custodyentry ADD CONSTRAINT custody_of_own_product
        FOREIGN KEY (product_id, participant_id) REFERENCES infusion_cellproduct (id, participant_id);
    ALTER TABLE infusion_custodyentry ADD CONSTRAINT custody_of_own_cells
        FOREIGN KEY (leukapheresis_id, participant_id) REFERENCES infusion_leukapheresis (id, participant_id);
"""
NOT_OF_ONE = """
    ALTER TABLE infusion_custodyentry DROP CONSTRAINT custody_of_own_cells;
    ALTER TABLE infusion_custodyentry DROP CONSTRAINT custody_of_own_product;
"""


class Migration(migrations.Migration):

    replaces = [('infusion', '0001_initial'), ('infusion', '0002_bag_codes'), ('infusion', '0003_adverse_events'), ('infusion', '0004_product_file'), ('infusion', '0005_dose_cohorts'), ('infusion', '0006_product_label'), ('infusion', '0007_infusion_room'), ('infusion', '0008_medication'), ('infusion', '0009_bedside_rounds'), ('infusion', '0010_laboratory_grades'), ('infusion', '0011_confidential_cases'), ('infusion', '0012_label_prints'), ('infusion', '0013_confidential_follow_up')]

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('participants', '0001_squashed_0012_transferred'),
    ]

    operations = [
        CreateTogether([
            migrations.CreateModel(
                name='AdverseEvent',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adverse_events', to='participants.participant')),
                    ('term', models.CharField(max_length=200)),
                    ('category', models.CharField(blank=True, max_length=100)),
                    ('syndrome', models.CharField(blank=True, choices=[('crs', 'crs'), ('icans', 'icans'), ('iec_hs', 'iec_hs'), ('second_malignancy', 'second_malignancy')], max_length=20)),
                    ('is_from_bedside', models.BooleanField(default=False)),
                    ('onset_at', models.DateTimeField()),
                    ('aware_at', models.DateTimeField()),
                    ('toxicity_grade', models.PositiveSmallIntegerField()),
                    ('scale', models.CharField(choices=[('CTCAE', 'CTCAE'), ('ASTCT', 'ASTCT')], default='CTCAE', max_length=10)),
                    ('scale_version', models.CharField(default='5.0', max_length=10)),
                    ('proposed_grade', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('grade_reason', models.CharField(blank=True, max_length=300)),
                    ('severity', models.CharField(blank=True, choices=[('mild', 'mild'), ('moderate', 'moderate'), ('severe', 'severe')], max_length=10)),
                    ('is_serious', models.BooleanField(default=False)),
                    ('seriousness', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('death', 'death'), ('life_threatening', 'life_threatening'), ('hospitalisation', 'hospitalisation'), ('disability', 'disability'), ('birth_defect', 'birth_defect'), ('other', 'other')], max_length=20), blank=True, default=list, size=None)),
                    ('seriousness_judged_at', models.DateTimeField(blank=True, null=True)),
                    ('serious_aware_at', models.DateTimeField(blank=True, null=True)),
                    ('relation_product', models.CharField(blank=True, choices=[('unrelated', 'unrelated'), ('unlikely', 'unlikely'), ('possible', 'possible'), ('probable', 'probable'), ('definite', 'definite')], max_length=10)),
                    ('relation_lymphodepletion', models.CharField(blank=True, choices=[('unrelated', 'unrelated'), ('unlikely', 'unlikely'), ('possible', 'possible'), ('probable', 'probable'), ('definite', 'definite')], max_length=10)),
                    ('relation_procedure', models.CharField(blank=True, choices=[('unrelated', 'unrelated'), ('unlikely', 'unlikely'), ('possible', 'possible'), ('probable', 'probable'), ('definite', 'definite')], max_length=10)),
                    ('relation_disease', models.CharField(blank=True, choices=[('unrelated', 'unrelated'), ('unlikely', 'unlikely'), ('possible', 'possible'), ('probable', 'probable'), ('definite', 'definite')], max_length=10)),
                    ('is_expected', models.BooleanField(blank=True, null=True)),
                    ('sponsor_relation', models.CharField(blank=True, choices=[('unrelated', 'unrelated'), ('unlikely', 'unlikely'), ('possible', 'possible'), ('probable', 'probable'), ('definite', 'definite')], max_length=10)),
                    ('sponsor_aware_at', models.DateTimeField(blank=True, null=True)),
                    ('action_taken', models.CharField(blank=True, choices=[('none', 'none'), ('delayed', 'delayed'), ('interrupted', 'interrupted'), ('dose_reduced', 'dose_reduced'), ('withdrawn', 'withdrawn'), ('not_applicable', 'not_applicable')], max_length=20)),
                    ('treatment_given', models.CharField(blank=True, max_length=300)),
                    ('is_special_interest', models.BooleanField(default=False)),
                    ('collection_period', models.CharField(blank=True, max_length=20)),
                    ('special_interest_rule', models.CharField(blank=True, max_length=20)),
                    ('special_interest_reason', models.CharField(blank=True, max_length=300)),
                    ('is_dlt', models.BooleanField(blank=True, null=True)),
                    ('dlt_judged_at', models.DateTimeField(blank=True, null=True)),
                    ('dlt_judged_by', models.CharField(blank=True, max_length=150)),
                    ('dlt_reason', models.CharField(blank=True, max_length=300)),
                    ('dlt_dose_level', models.CharField(blank=True, max_length=20)),
                    ('resolved_on', models.DateField(blank=True, null=True)),
                    ('resolved_at', models.DateTimeField(blank=True, null=True)),
                    ('outcome', models.CharField(blank=True, max_length=100)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=300)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('toxicity_grade__gte', 1), ('toxicity_grade__lte', 5)), name='adverse_event_grade'), models.CheckConstraint(condition=models.Q(('is_serious', True), models.Q(('serious_aware_at__isnull', True), ('seriousness', [])), _connector='OR'), name='adverse_event_seriousness_known'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='OR'), name='adverse_event_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='BridgingTherapy',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bridging_therapies', to='participants.participant')),
                    ('drug', models.CharField(max_length=100)),
                    ('drug_class', models.CharField(max_length=60)),
                    ('dose', models.CharField(blank=True, max_length=60)),
                    ('started_on', models.DateField()),
                    ('ended_on', models.DateField(blank=True, null=True)),
                    ('note', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gte', models.F('started_on')), _connector='OR'), name='bridging_ends_after_start')],
                },
            ),
            migrations.CreateModel(
                name='Cohort',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('arm', models.CharField(choices=[('intravenous', 'intravenous'), ('intrapleural', 'intrapleural')], max_length=12)),
                    ('dose_level', models.CharField(max_length=20)),
                    ('kind', models.CharField(choices=[('escalation', 'escalation'), ('expansion', 'expansion')], max_length=10)),
                    ('number', models.PositiveSmallIntegerField()),
                    ('capacity', models.PositiveSmallIntegerField()),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('opened_at', models.DateTimeField()),
                    ('opened_by', models.CharField(max_length=150)),
                    ('closed_at', models.DateTimeField(blank=True, null=True)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                    ('departure', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('dose_level', 'number'), name='cohort_number_once'), models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True), ('kind', 'escalation')), fields=('arm',), name='cohort_one_escalation_per_arm'), models.CheckConstraint(condition=models.Q(('capacity__gt', 0)), name='cohort_has_places')],
                },
            ),
            migrations.CreateModel(
                name='CohortDecision',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='infusion.cohort')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('proposed', models.CharField(choices=[('stop', 'stop'), ('hold', 'hold'), ('continue', 'continue'), ('close', 'close'), ('expand', 'expand'), ('open_expansion', 'open_expansion'), ('escalate', 'escalate')], max_length=14)),
                    ('decided', models.CharField(choices=[('stop', 'stop'), ('hold', 'hold'), ('continue', 'continue'), ('close', 'close'), ('expand', 'expand'), ('open_expansion', 'open_expansion'), ('escalate', 'escalate')], max_length=14)),
                    ('decided_at', models.DateTimeField()),
                    ('decided_by', models.CharField(max_length=150)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                    ('known_dlts', models.PositiveSmallIntegerField()),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('inputs', models.JSONField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('cohort', 'number'), name='cohort_decision_number_once')],
                },
            ),
            migrations.CreateModel(
                name='CohortSlot',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('cohort', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='slots', to='infusion.cohort')),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cohort_slots', to='participants.participant')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('taken_at', models.DateTimeField()),
                    ('taken_by', models.CharField(max_length=150)),
                    ('freed_at', models.DateTimeField(blank=True, null=True)),
                    ('freed_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('cohort', 'number'), name='cohort_slot_number_once'), models.UniqueConstraint(condition=models.Q(('freed_at__isnull', True)), fields=('participant',), name='cohort_slot_one_per_participant'), models.CheckConstraint(condition=models.Q(('freed_at__isnull', True), models.Q(('freed_reason', ''), _negated=True), _connector='OR'), name='cohort_slot_freed_with_reason')],
                },
            ),
            migrations.CreateModel(
                name='ConcomitantMedication',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='medications', to='participants.participant')),
                    ('name', models.CharField(max_length=200)),
                    ('medication_class', models.CharField(choices=[('live_vaccine', 'live_vaccine'), ('anticancer', 'anticancer'), ('corticosteroid', 'corticosteroid'), ('immunosuppressant', 'immunosuppressant'), ('investigational', 'investigational'), ('other', 'other')], max_length=20)),
                    ('indication', models.CharField(blank=True, max_length=200)),
                    ('dose', models.CharField(blank=True, max_length=100)),
                    ('prednisone_mg_per_day', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True)),
                    ('adverse_event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='medications', to='infusion.adverseevent')),
                    ('started_on', models.DateField()),
                    ('ended_on', models.DateField(blank=True, null=True)),
                    ('entered_by', models.CharField(max_length=150)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('ended_on__isnull', True), ('ended_on__gte', models.F('started_on')), _connector='OR'), name='medication_ends_after_start'), models.CheckConstraint(condition=models.Q(('prednisone_mg_per_day__isnull', True), ('prednisone_mg_per_day__gte', 0), _connector='OR'), name='medication_dose_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='ConfidentialCase',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='confidential_cases', to='participants.participant')),
                    ('concerns', models.CharField(choices=[('participant', 'The participant'), ('partner', 'A partner of the participant')], max_length=12)),
                    ('aware_at', models.DateTimeField()),
                    ('expected_on', models.DateField(blank=True, null=True)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'concerns', 'aware_at'), name='confidential_case_once'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='confidential_case_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='ConfidentialFollowUp',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='follow_ups', to='infusion.confidentialcase')),
                    ('step', models.CharField(choices=[('outcome', 'Outcome'), ('child', 'Child at 12 months')], max_length=8)),
                    ('finding', models.CharField(choices=[('live_birth', 'Live birth, child healthy'), ('live_birth_abnormal', 'Live birth, child with an abnormality'), ('miscarriage', 'Miscarriage'), ('stillbirth', 'Stillbirth'), ('ectopic', 'Ectopic pregnancy'), ('termination', 'Termination'), ('unknown', 'Not to be learned'), ('child_healthy', 'Healthy'), ('child_abnormal', 'With an abnormality'), ('child_died', 'Died'), ('child_unknown', 'Not to be learned')], max_length=20)),
                    ('found_on', models.DateField()),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('case', 'step'), name='confidential_follow_up_once'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='confidential_follow_up_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='ConfidentialReport',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='report', to='infusion.confidentialcase')),
                    ('sent_at', models.DateTimeField()),
                    ('recipient', models.CharField(max_length=200)),
                    ('reference', models.CharField(blank=True, max_length=100)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('recipient', ''), _negated=True), name='confidential_report_recipient')],
                },
            ),
            migrations.CreateModel(
                name='ConfidentialTest',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='confidential_tests', to='participants.participant')),
                    ('obligation_key', models.CharField(blank=True, max_length=80)),
                    ('taken_on', models.DateField()),
                    ('specimen', models.CharField(choices=[('blood', 'Blood'), ('urine', 'Urine')], max_length=5)),
                    ('outcome', models.CharField(choices=[('negative', 'Negative'), ('positive', 'Positive'), ('unclear', 'Unclear')], max_length=8)),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='infusion.confidentialtest')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'indexes': [models.Index(fields=['participant', 'taken_on'], name='infusion_co_partici_236c79_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='XOR'), name='confidential_test_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='GradeEntry',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('adverse_event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='infusion.adverseevent')),
                    ('assessed_at', models.DateTimeField()),
                    ('grade', models.PositiveSmallIntegerField()),
                    ('scale', models.CharField(choices=[('CTCAE', 'CTCAE'), ('ASTCT', 'ASTCT')], max_length=10)),
                    ('scale_version', models.CharField(max_length=10)),
                    ('ref', models.CharField(blank=True, max_length=64)),
                    ('recorded_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['adverse_event', 'assessed_at'], name='infusion_gr_adverse_32e3d6_idx')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('grade__gte', 0), ('grade__lte', 5)), name='grade_entry_range'), models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('ref', ''), _negated=True)), fields=('adverse_event', 'ref'), name='grade_entry_once_per_record')],
                },
            ),
            migrations.CreateModel(
                name='LaboratoryGrade',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='laboratory_grades', to='participants.participant')),
                    ('observation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grades', to='participants.observation')),
                    ('term', models.CharField(max_length=60)),
                    ('scale', models.CharField(choices=[('ASTCT', 'ASTCT'), ('CTCAE', 'CTCAE')], max_length=10)),
                    ('scale_version', models.CharField(max_length=10)),
                    ('grade', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('at_least', models.PositiveSmallIntegerField()),
                    ('at_most', models.PositiveSmallIntegerField()),
                    ('rule', models.CharField(max_length=40)),
                    ('because', models.CharField(max_length=300)),
                    ('missing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=None)),
                    ('flags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('baseline_missing', 'baseline_missing'), ('baseline_unusable', 'baseline_unusable'), ('within_reference_range', 'within_reference_range'), ('grade_4_is_clinical', 'grade_4_is_clinical'), ('fever_waived', 'fever_waived')], max_length=30), blank=True, default=list, size=None)),
                    ('baseline', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='participants.observation')),
                    ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='infusion.laboratorygrade')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=300)),
                ],
                options={
                    'indexes': [models.Index(fields=['participant', 'term'], name='infusion_la_partici_4cd861_idx')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('observation', 'term'), name='laboratory_grade_once'), models.CheckConstraint(condition=models.Q(('at_least__lte', models.F('at_most')), ('at_most__lte', 4)), name='laboratory_grade_range'), models.CheckConstraint(condition=models.Q(models.Q(('at_least__lt', models.F('at_most')), ('grade__isnull', True)), models.Q(('at_most', models.F('at_least')), ('grade', models.F('at_least'))), _connector='OR'), name='laboratory_grade_or_reason'), models.CheckConstraint(condition=models.Q(('because', ''), _negated=True), name='laboratory_grade_because'), models.CheckConstraint(condition=models.Q(('voided_at__isnull', True), models.Q(('void_reason', ''), _negated=True), _connector='OR'), name='laboratory_grade_void_has_reason')],
                },
            ),
            migrations.CreateModel(
                name='Leukapheresis',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leukaphereses', to='participants.participant')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('performed_at', models.DateTimeField()),
                    ('planned_on', models.DateField(blank=True, null=True)),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('processed_blood_ml', models.PositiveIntegerField(blank=True, null=True)),
                    ('collected_cells_10e9', models.DecimalField(blank=True, decimal_places=3, max_digits=8, null=True)),
                    ('collected_cd3_10e9', models.DecimalField(blank=True, decimal_places=3, max_digits=8, null=True)),
                    ('anticoagulant', models.CharField(blank=True, max_length=60)),
                    ('anticoagulant_ml', models.PositiveIntegerField(blank=True, null=True)),
                    ('bag_code', models.CharField(blank=True, max_length=40)),
                    ('bag_identifier', models.CharField(blank=True, max_length=60)),
                    ('complications', models.CharField(blank=True, max_length=500)),
                    ('complication_grade', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('has_open_excursion', models.BooleanField(default=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('participant', 'number'), name='leukapheresis_number_once'), models.UniqueConstraint(condition=models.Q(('bag_code', ''), _negated=True), fields=('bag_code',), name='leukapheresis_bag_code_once'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('performed_at')), _connector='OR'), name='leukapheresis_ends_after_start'), models.CheckConstraint(condition=models.Q(('complication_grade__isnull', True), models.Q(('complication_grade__gte', 1), ('complication_grade__lte', 5), models.Q(('complications', ''), _negated=True)), _connector='OR'), name='leukapheresis_complication_graded'), models.CheckConstraint(condition=models.Q(('collected_cd3_10e9__isnull', True), ('collected_cells_10e9__isnull', True), ('collected_cd3_10e9__lte', models.F('collected_cells_10e9')), _connector='OR'), name='leukapheresis_cd3_of_collected')],
                },
            ),
            migrations.CreateModel(
                name='CellProduct',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='participants.participant')),
                    ('leukapheresis', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='infusion.leukapheresis')),
                    ('lot', models.CharField(max_length=40, unique=True)),
                    ('bag_code', models.CharField(blank=True, max_length=40)),
                    ('state', models.CharField(choices=[('manufacturing', 'manufacturing'), ('testing', 'testing'), ('released', 'released'), ('failed', 'failed'), ('infused', 'infused'), ('destroyed', 'destroyed')], default='manufacturing', max_length=14)),
                    ('manufacturing_started_at', models.DateTimeField()),
                    ('is_in_specification', models.BooleanField(blank=True, null=True)),
                    ('total_cells', models.BigIntegerField(blank=True, null=True)),
                    ('volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('expires_on', models.DateField(blank=True, null=True)),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('released_at', models.DateTimeField(blank=True, null=True)),
                    ('released_by', models.CharField(blank=True, max_length=150)),
                    ('disposition', models.CharField(blank=True, choices=[('treat_under_exception', 'treat_under_exception'), ('remanufacture', 'remanufacture'), ('reapheresis', 'reapheresis'), ('withdraw', 'withdraw')], max_length=24)),
                    ('has_open_excursion', models.BooleanField(default=False)),
                    ('failed_at', models.DateTimeField(blank=True, null=True)),
                    ('failure_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('failure_reason', ''), _negated=True), _connector='OR'), name='product_failed_with_reason'), models.UniqueConstraint(condition=models.Q(('bag_code', ''), _negated=True), fields=('bag_code',), name='product_bag_code_once')],
                },
            ),
            migrations.CreateModel(
                name='CustodyEntry',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='participants.participant')),
                    ('leukapheresis', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='infusion.leukapheresis')),
                    ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='infusion.cellproduct')),
                    ('step', models.CharField(choices=[('stored', 'stored'), ('handed_over', 'handed_over'), ('shipped', 'shipped'), ('received', 'received'), ('thawed', 'thawed'), ('destroyed', 'destroyed')], max_length=12)),
                    ('occurred_at', models.DateTimeField()),
                    ('place', models.CharField(max_length=100)),
                    ('handed_by', models.CharField(blank=True, max_length=100)),
                    ('taken_by', models.CharField(max_length=100)),
                    ('storage_id', models.CharField(max_length=20)),
                    ('temperature_c', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                    ('is_excursion', models.BooleanField()),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='infusion.custodyentry')),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('product__isnull', True), ('leukapheresis__isnull', True), _connector='XOR'), name='custody_of_one_bag')],
                },
            ),
            migrations.CreateModel(
                name='ExcursionDecision',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='excursion_decision', to='infusion.custodyentry')),
                    ('verdict', models.CharField(choices=[('usable', 'usable'), ('not_usable', 'not_usable')], max_length=10)),
                    ('decided_at', models.DateTimeField()),
                    ('decided_by', models.CharField(max_length=150)),
                    ('rationale', models.CharField(max_length=1000)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='IdentityCheck',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identity_checks', to='participants.participant')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='identity_checks', to='infusion.cellproduct')),
                    ('wristband_scanned', models.CharField(max_length=100)),
                    ('bag_scanned', models.CharField(max_length=100)),
                    ('matches', models.BooleanField()),
                    ('confirmed_at', models.DateTimeField()),
                    ('person_id', models.CharField(max_length=100)),
                    ('confirmed_by', models.CharField(max_length=150)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Infusion',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='infusions', to='participants.participant')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='infusions', to='infusion.cellproduct')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('route', models.CharField(choices=[('intravenous', 'intravenous'), ('intrapleural', 'intrapleural')], max_length=12)),
                    ('started_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(blank=True, null=True)),
                    ('thawed_at', models.DateTimeField(blank=True, null=True)),
                    ('is_running', models.BooleanField(default=False)),
                    ('started_by', models.CharField(blank=True, max_length=150)),
                    ('prepared_cells', models.BigIntegerField(blank=True, null=True)),
                    ('prepared_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('residual_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('infused_cells', models.BigIntegerField()),
                    ('weight_kg', models.DecimalField(decimal_places=1, max_digits=5)),
                    ('weight_on', models.DateField(blank=True, null=True)),
                    ('reaction', models.CharField(blank=True, max_length=500)),
                    ('was_interrupted', models.BooleanField(default=False)),
                    ('access_line', models.CharField(blank=True, max_length=100)),
                    ('rate_ml_per_h', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('infused_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('catheter_position', models.CharField(blank=True, max_length=200)),
                    ('catheter_proof', models.CharField(blank=True, choices=[('ct', 'ct'), ('ultrasound', 'ultrasound'), ('x_ray', 'x_ray')], max_length=12)),
                    ('drained_at', models.DateTimeField(blank=True, null=True)),
                    ('drained_colour', models.CharField(blank=True, max_length=60)),
                    ('drained_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('instilled_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('flush_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('clamped_at', models.DateTimeField(blank=True, null=True)),
                    ('unclamped_at', models.DateTimeField(blank=True, null=True)),
                    ('catheter_removed_at', models.DateTimeField(blank=True, null=True)),
                    ('note', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('participant', 'number'), name='infusion_number_once'), models.CheckConstraint(condition=models.Q(models.Q(('catheter_position', ''), ('catheter_proof', ''), ('catheter_removed_at__isnull', True), ('clamped_at__isnull', True), ('drained_at__isnull', True), ('drained_colour', ''), ('drained_volume_ml__isnull', True), ('flush_volume_ml__isnull', True), ('instilled_volume_ml__isnull', True), ('route', 'intravenous'), ('unclamped_at__isnull', True)), models.Q(('access_line', ''), ('infused_volume_ml__isnull', True), ('rate_ml_per_h__isnull', True), ('route', 'intrapleural')), _connector='OR'), name='infusion_fields_of_route'), models.CheckConstraint(condition=models.Q(('infused_cells__gt', 0), ('weight_kg__gt', 0)), name='infusion_amounts_positive'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='infusion_ends_after_start'), models.CheckConstraint(condition=models.Q(('is_running', False), ('ended_at__isnull', True), _connector='OR'), name='infusion_running_has_no_end'), models.UniqueConstraint(condition=models.Q(('is_running', True)), fields=('participant',), name='infusion_running_once'), models.UniqueConstraint(condition=models.Q(('is_running', True)), fields=('product',), name='infusion_of_lot_running_once')],
                },
            ),
            migrations.CreateModel(
                name='BedsideRound',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='participants.participant')),
                    ('infusion', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='infusion.infusion')),
                    ('taken_at', models.DateTimeField()),
                    ('covers', models.JSONField(default=list)),
                    ('hypotension', models.CharField(blank=True, max_length=30)),
                    ('vasopressors', models.JSONField(default=dict)),
                    ('oxygen_device', models.CharField(blank=True, max_length=30)),
                    ('oxygen_flow_l_per_min', models.DecimalField(blank=True, decimal_places=1, max_digits=4, null=True)),
                    ('antipyretic_at', models.DateTimeField(blank=True, null=True)),
                    ('anticytokine_at', models.DateTimeField(blank=True, null=True)),
                    ('steroid_at', models.DateTimeField(blank=True, null=True)),
                    ('not_crs', models.JSONField(default=list)),
                    ('ice', models.JSONField(blank=True, null=True)),
                    ('consciousness', models.CharField(blank=True, max_length=20)),
                    ('seizure', models.CharField(blank=True, max_length=20)),
                    ('seizure_min', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                    ('has_seizure_resolved', models.BooleanField(blank=True, null=True)),
                    ('has_deep_focal_weakness', models.BooleanField(blank=True, null=True)),
                    ('pressure_signs', models.JSONField(blank=True, null=True)),
                    ('not_icans', models.JSONField(default=list)),
                    ('pain_score', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('has_dyspnoea', models.BooleanField(blank=True, null=True)),
                    ('drained_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('chest_image', models.CharField(blank=True, max_length=20)),
                    ('crs_computed', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('crs_grade', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('crs_rule', models.CharField(blank=True, max_length=40)),
                    ('crs_because', models.CharField(blank=True, max_length=300)),
                    ('icans_computed', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('icans_grade', models.PositiveSmallIntegerField(blank=True, null=True)),
                    ('icans_rule', models.CharField(blank=True, max_length=40)),
                    ('icans_because', models.CharField(blank=True, max_length=300)),
                    ('scale', models.CharField(blank=True, max_length=10)),
                    ('scale_version', models.CharField(blank=True, max_length=10)),
                    ('graded_inputs', models.JSONField(default=dict)),
                    ('override_reason', models.CharField(blank=True, max_length=300)),
                    ('confirmed_by', models.CharField(blank=True, max_length=200)),
                    ('note', models.CharField(blank=True, max_length=500)),
                    ('corrects', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='infusion.bedsideround')),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'taken_at'), name='round_once_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('crs_grade__isnull', True), ('crs_grade__lte', 5), _connector='OR'), models.Q(('icans_grade__isnull', True), ('icans_grade__lte', 5), _connector='OR')), name='round_grades'), models.CheckConstraint(condition=models.Q(('pain_score__isnull', True), ('pain_score__lte', 10), _connector='OR'), name='round_pain_score')],
                },
            ),
            migrations.CreateModel(
                name='ChestImage',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('infusion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chest_images', to='infusion.infusion')),
                    ('imaged_at', models.DateTimeField()),
                    ('modality', models.CharField(choices=[('x_ray', 'x_ray'), ('ct', 'ct'), ('ultrasound', 'ultrasound')], max_length=12)),
                    ('finding', models.CharField(choices=[('none', 'none'), ('pneumothorax', 'pneumothorax'), ('effusion', 'effusion'), ('loculation', 'loculation'), ('other', 'other')], max_length=12)),
                    ('size_mm', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                    ('note', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='DrainedVolume',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('infusion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drained_volumes', to='infusion.infusion')),
                    ('drained_at', models.DateTimeField()),
                    ('volume_ml', models.DecimalField(decimal_places=1, max_digits=6)),
                    ('colour', models.CharField(blank=True, max_length=60)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('volume_ml__gte', 0)), name='drained_not_negative')],
                },
            ),
            migrations.CreateModel(
                name='FluidSample',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('infusion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='fluid_samples', to='infusion.infusion')),
                    ('taken_at', models.DateTimeField()),
                    ('purpose', models.CharField(choices=[('cytology', 'cytology'), ('car_copies', 'car_copies'), ('cytokines', 'cytokines'), ('culture', 'culture'), ('other', 'other')], max_length=12)),
                    ('note', models.CharField(blank=True, max_length=200)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='InfusionInterruption',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('infusion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='interruptions', to='infusion.infusion')),
                    ('paused_at', models.DateTimeField()),
                    ('resumed_at', models.DateTimeField(blank=True, null=True)),
                    ('cause', models.CharField(max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('resumed_at__isnull', True)), fields=('infusion',), name='interruption_open_once'), models.CheckConstraint(condition=models.Q(('resumed_at__isnull', True), ('resumed_at__gte', models.F('paused_at')), _connector='OR'), name='interruption_resumed_after')],
                },
            ),
            migrations.CreateModel(
                name='LabelPrint',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='label_prints', to='participants.participant')),
                    ('leukapheresis', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='label_prints', to='infusion.leukapheresis')),
                    ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='label_prints', to='infusion.cellproduct')),
                    ('bag_code', models.CharField(max_length=40)),
                    ('copy', models.PositiveSmallIntegerField()),
                    ('warning', models.CharField(blank=True, max_length=100)),
                    ('printed_at', models.DateTimeField()),
                    ('printed_by', models.CharField(max_length=150)),
                    ('reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('leukapheresis__isnull', True), ('product__isnull', True), _connector='XOR'), name='label_print_of_one_bag'), models.CheckConstraint(condition=models.Q(('copy', 1), models.Q(('copy__gt', 1), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='label_print_again_has_reason'), models.UniqueConstraint(fields=('leukapheresis', 'copy'), name='label_print_copy_of_cells'), models.UniqueConstraint(fields=('product', 'copy'), name='label_print_copy_of_product')],
                },
            ),
            migrations.CreateModel(
                name='LeukapheresisPlan',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leukapheresis_plans', to='participants.participant')),
                    ('planned_on', models.DateField()),
                    ('place', models.CharField(blank=True, max_length=100)),
                    ('entered_by', models.CharField(max_length=150)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='LymphodepletionDose',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lymphodepletion_doses', to='participants.participant')),
                    ('obligation_key', models.CharField(max_length=80)),
                    ('given_at', models.DateTimeField()),
                    ('fludarabine_mg_per_m2', models.DecimalField(decimal_places=2, max_digits=6)),
                    ('cyclophosphamide_mg_per_m2', models.DecimalField(decimal_places=2, max_digits=7)),
                    ('height_cm', models.DecimalField(blank=True, decimal_places=1, max_digits=4, null=True)),
                    ('height_on', models.DateField(blank=True, null=True)),
                    ('weight_kg', models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                    ('weight_on', models.DateField(blank=True, null=True)),
                    ('body_surface_m2', models.DecimalField(blank=True, decimal_places=4, max_digits=6, null=True)),
                    ('surface_formula', models.CharField(blank=True, max_length=20)),
                    ('fludarabine_mg', models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True)),
                    ('cyclophosphamide_mg', models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('participant', 'obligation_key'), name='lymphodepletion_day_once'), models.CheckConstraint(condition=models.Q(models.Q(('body_surface_m2__isnull', True), ('height_cm__isnull', True), ('height_on__isnull', True), ('surface_formula', ''), ('weight_kg__isnull', True), ('weight_on__isnull', True)), models.Q(('body_surface_m2__gt', 0), ('height_cm__gt', 0), ('weight_kg__gt', 0), ('height_on__isnull', False), ('weight_on__isnull', False), models.Q(('surface_formula', ''), _negated=True)), _connector='OR'), name='lymphodepletion_surface_whole')],
                },
            ),
            migrations.CreateModel(
                name='PositionChange',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('infusion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='position_changes', to='infusion.infusion')),
                    ('changed_at', models.DateTimeField()),
                    ('position', models.CharField(choices=[('supine', 'supine'), ('prone', 'prone'), ('left_side', 'left_side'), ('right_side', 'right_side'), ('sitting', 'sitting')], max_length=12)),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='Premedication',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='premedications', to='participants.participant')),
                    ('drug', models.CharField(max_length=100)),
                    ('drug_class', models.CharField(choices=[('antihistamine', 'antihistamine'), ('antipyretic', 'antipyretic'), ('antiemetic', 'antiemetic'), ('steroid', 'steroid'), ('other', 'other')], max_length=14)),
                    ('dose', models.CharField(blank=True, max_length=60)),
                    ('given_at', models.DateTimeField()),
                ],
                options={
                    'abstract': False,
                },
            ),
            migrations.CreateModel(
                name='PreparedDose',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prepared_doses', to='participants.participant')),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prepared_doses', to='infusion.cellproduct')),
                    ('prepared_cells', models.BigIntegerField()),
                    ('prepared_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                    ('weight_kg', models.DecimalField(decimal_places=1, max_digits=5)),
                    ('weight_on', models.DateField()),
                    ('thawed_at', models.DateTimeField(blank=True, null=True)),
                    ('prepared_by', models.CharField(max_length=150)),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(('prepared_cells__gt', 0), ('weight_kg__gt', 0), models.Q(('prepared_volume_ml__isnull', True), ('prepared_volume_ml__gt', 0), _connector='OR')), name='prepared_amounts_positive')],
                },
            ),
            migrations.CreateModel(
                name='ProductDisposition',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dispositions', to='infusion.cellproduct')),
                    ('number', models.PositiveSmallIntegerField()),
                    ('decision', models.CharField(choices=[('treat_under_exception', 'treat_under_exception'), ('remanufacture', 'remanufacture'), ('reapheresis', 'reapheresis'), ('withdraw', 'withdraw')], max_length=24)),
                    ('decided_at', models.DateTimeField()),
                    ('decided_by', models.CharField(max_length=150)),
                    ('rationale', models.CharField(max_length=1000)),
                    ('sponsor_decision', models.CharField(blank=True, choices=[('agreed', 'agreed'), ('refused', 'refused')], max_length=8)),
                    ('sponsor_decided_by', models.CharField(blank=True, max_length=150)),
                    ('sponsor_decided_at', models.DateTimeField(blank=True, null=True)),
                    ('ethics_informed_at', models.DateTimeField(blank=True, null=True)),
                    ('participant_informed_at', models.DateTimeField(blank=True, null=True)),
                    ('participant_informed_by', models.CharField(blank=True, max_length=150)),
                    ('recalculated_cells', models.BigIntegerField(blank=True, null=True)),
                    ('is_slot_freed', models.BooleanField(default=False)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('product', 'number'), name='disposition_number_once'), models.CheckConstraint(condition=models.Q(models.Q(('sponsor_decided_at__isnull', True), ('sponsor_decided_by', ''), ('sponsor_decision', '')), models.Q(models.Q(('sponsor_decision', ''), _negated=True), models.Q(('sponsor_decided_by', ''), _negated=True), ('sponsor_decided_at__isnull', False)), _connector='OR'), name='disposition_sponsor_named'), models.CheckConstraint(condition=models.Q(models.Q(('participant_informed_at__isnull', True), ('participant_informed_by', '')), models.Q(('participant_informed_at__isnull', False), models.Q(('participant_informed_by', ''), _negated=True)), _connector='OR'), name='disposition_participant_informed_by')],
                },
            ),
            migrations.CreateModel(
                name='ReleaseTestResult',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='test_results', to='infusion.cellproduct')),
                    ('test_id', models.CharField(max_length=20)),
                    ('operator', models.CharField(choices=[('=', '='), ('<', '<'), ('≤', '≤'), ('≥', '≥'), ('>', '>')], default='=', max_length=1)),
                    ('value', models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                    ('unit', models.CharField(blank=True, max_length=20)),
                    ('finding', models.CharField(blank=True, max_length=40)),
                    ('tested_at', models.DateTimeField()),
                    ('laboratory', models.CharField(blank=True, max_length=100)),
                    ('protocol_version', models.CharField(max_length=20)),
                    ('verdict', models.CharField(choices=[('met', 'met'), ('not_met', 'not_met'), ('unknown', 'unknown')], max_length=10)),
                    ('entered_by', models.CharField(max_length=150)),
                    ('voided_at', models.DateTimeField(blank=True, null=True)),
                    ('void_reason', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('product', 'test_id'), name='release_test_once_in_force'), models.CheckConstraint(condition=models.Q(('value__isnull', True), ('finding', ''), _connector='XOR'), name='release_test_value_or_finding')],
                },
            ),
            migrations.CreateModel(
                name='SafetyReport',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('adverse_event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='infusion.adverseevent')),
                    ('clock_id', models.CharField(max_length=20)),
                    ('sent_at', models.DateTimeField()),
                    ('recipient', models.CharField(max_length=200)),
                    ('reference', models.CharField(blank=True, max_length=100)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(condition=models.Q(('clock_id__startswith', 'C-')), fields=('adverse_event', 'clock_id'), name='safety_report_once_per_clock')],
                },
            ),
            migrations.CreateModel(
                name='StopCheckAnswer',
                fields=[
                    ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                    ('recorded_at', models.DateTimeField(editable=False)),
                    ('version', models.PositiveIntegerField(default=1, editable=False)),
                    ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stop_check_answers', to='participants.participant')),
                    ('check_id', models.CharField(max_length=20)),
                    ('answer', models.CharField(choices=[('yes', 'yes'), ('no', 'no'), ('not_assessed', 'not_assessed')], max_length=12)),
                    ('answered_at', models.DateTimeField()),
                    ('answered_by', models.CharField(max_length=150)),
                    ('note', models.CharField(blank=True, max_length=500)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('participant', 'check_id', 'answered_at'), name='stop_check_answered_once')],
                },
            ),
            migrations.RunSQL(ONE_PARTICIPANT, NOT_SAID),
            migrations.RunSQL(OF_ONE_PARTICIPANT, NOT_OF_ONE),
            migrations.RunSQL(KEEP, KEEP_NO_MORE),
            AddTrail('adverseevent'),
            AddTrail('cellproduct'),
            AddTrail('infusion'),
            AddTrail('leukapheresis'),
            AddTrail('lymphodepletiondose'),
            AddTrail('safetyreport'),
            AddTrail('gradeentry'),
            AddTrail('custodyentry'),
            AddTrail('excursiondecision'),
            AddTrail('leukapheresisplan'),
            AddTrail('productdisposition'),
            AddTrail('releasetestresult'),
            AddTrail('cohort'),
            AddTrail('cohortslot'),
            AddTrail('cohortdecision'),
            AddTrail('bridgingtherapy'),
            AddTrail('chestimage'),
            AddTrail('drainedvolume'),
            AddTrail('fluidsample'),
            AddTrail('identitycheck'),
            AddTrail('infusioninterruption'),
            AddTrail('positionchange'),
            AddTrail('premedication'),
            AddTrail('prepareddose'),
            AddTrail('stopcheckanswer'),
            AddTrail('concomitantmedication'),
            AddTrail('bedsideround'),
            AddTrail('laboratorygrade'),
            AddTrail('confidentialcase', redact=('concerns', 'expected_on')),
            AddTrail('confidentialreport'),
            AddTrail('labelprint'),
            AddTrail('confidentialfollowup', redact=('step', 'finding', 'found_on', 'note')),
            AddTrail('confidentialtest', redact=('outcome', 'note')),
        ]),
    ]

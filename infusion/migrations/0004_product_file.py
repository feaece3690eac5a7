import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.trail import AddTrail


# What these tables hold is never changed: an entry that was wrong is followed by one that corrects it.
APPEND_ONLY = ("custodyentry", "excursiondecision", "productdisposition")
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

    dependencies = [
        ('audit', '0001_initial'),
        ('infusion', '0003_adverse_events'),
        ('participants', '0003_bedside_rounds'),
    ]

    operations = [
        migrations.CreateModel(
            name='CustodyEntry',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
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
            ],
        ),
        migrations.CreateModel(
            name='ExcursionDecision',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
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
            name='LeukapheresisPlan',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('planned_on', models.DateField()),
                ('place', models.CharField(blank=True, max_length=100)),
                ('entered_by', models.CharField(max_length=150)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ProductDisposition',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
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
            ],
        ),
        migrations.CreateModel(
            name='ReleaseTestResult',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
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
        ),
        migrations.AddField(
            model_name='cellproduct',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='cellproduct',
            name='has_open_excursion',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='anticoagulant',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='anticoagulant_ml',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='collected_cd3_10e9',
            field=models.DecimalField(blank=True, decimal_places=3, max_digits=8, null=True),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='complication_grade',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='has_open_excursion',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='leukapheresis',
            name='planned_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='cellproduct',
            name='disposition',
            field=models.CharField(blank=True, choices=[('treat_under_exception', 'treat_under_exception'), ('remanufacture', 'remanufacture'), ('reapheresis', 'reapheresis'), ('withdraw', 'withdraw')], max_length=24),
        ),
        migrations.AlterField(
            model_name='cellproduct',
            name='state',
            field=models.CharField(choices=[('manufacturing', 'manufacturing'), ('testing', 'testing'), ('released', 'released'), ('failed', 'failed'), ('infused', 'infused'), ('destroyed', 'destroyed')], default='manufacturing', max_length=14),
        ),
        migrations.AddConstraint(
            model_name='leukapheresis',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('performed_at')), _connector='OR'), name='leukapheresis_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='leukapheresis',
            constraint=models.CheckConstraint(condition=models.Q(('complication_grade__isnull', True), models.Q(('complication_grade__gte', 1), ('complication_grade__lte', 5), models.Q(('complications', ''), _negated=True)), _connector='OR'), name='leukapheresis_complication_graded'),
        ),
        migrations.AddConstraint(
            model_name='leukapheresis',
            constraint=models.CheckConstraint(condition=models.Q(('collected_cd3_10e9__isnull', True), ('collected_cells_10e9__isnull', True), ('collected_cd3_10e9__lte', models.F('collected_cells_10e9')), _connector='OR'), name='leukapheresis_cd3_of_collected'),
        ),
        migrations.AddField(
            model_name='custodyentry',
            name='corrects',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='infusion.custodyentry'),
        ),
        migrations.AddField(
            model_name='custodyentry',
            name='leukapheresis',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='infusion.leukapheresis'),
        ),
        migrations.AddField(
            model_name='custodyentry',
            name='participant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='participants.participant'),
        ),
        migrations.AddField(
            model_name='custodyentry',
            name='product',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='custody', to='infusion.cellproduct'),
        ),
        migrations.AddField(
            model_name='excursiondecision',
            name='entry',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='excursion_decision', to='infusion.custodyentry'),
        ),
        migrations.AddField(
            model_name='leukapheresisplan',
            name='participant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leukapheresis_plans', to='participants.participant'),
        ),
        migrations.AddField(
            model_name='productdisposition',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dispositions', to='infusion.cellproduct'),
        ),
        migrations.AddField(
            model_name='releasetestresult',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='test_results', to='infusion.cellproduct'),
        ),
        migrations.AddConstraint(
            model_name='custodyentry',
            constraint=models.CheckConstraint(condition=models.Q(('product__isnull', True), ('leukapheresis__isnull', True), _connector='XOR'), name='custody_of_one_bag'),
        ),
        migrations.AddConstraint(
            model_name='productdisposition',
            constraint=models.UniqueConstraint(fields=('product', 'number'), name='disposition_number_once'),
        ),
        migrations.AddConstraint(
            model_name='productdisposition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sponsor_decided_at__isnull', True), ('sponsor_decided_by', ''), ('sponsor_decision', '')), models.Q(models.Q(('sponsor_decision', ''), _negated=True), models.Q(('sponsor_decided_by', ''), _negated=True), ('sponsor_decided_at__isnull', False)), _connector='OR'), name='disposition_sponsor_named'),
        ),
        migrations.AddConstraint(
            model_name='productdisposition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('participant_informed_at__isnull', True), ('participant_informed_by', '')), models.Q(('participant_informed_at__isnull', False), models.Q(('participant_informed_by', ''), _negated=True)), _connector='OR'), name='disposition_participant_informed_by'),
        ),
        migrations.AddConstraint(
            model_name='releasetestresult',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('product', 'test_id'), name='release_test_once_in_force'),
        ),
        migrations.AddConstraint(
            model_name='releasetestresult',
            constraint=models.CheckConstraint(condition=models.Q(('value__isnull', True), ('finding', ''), _connector='XOR'), name='release_test_value_or_finding'),
        ),
        migrations.RunSQL(OF_ONE_PARTICIPANT, NOT_OF_ONE),
        migrations.RunSQL(KEEP, KEEP_NO_MORE),
        AddTrail('custodyentry'),
        AddTrail('excursiondecision'),
        AddTrail('leukapheresisplan'),
        AddTrail('productdisposition'),
        AddTrail('releasetestresult'),
    ]

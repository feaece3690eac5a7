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
            name='AdverseEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('term', models.CharField(max_length=200)),
                ('onset_at', models.DateTimeField()),
                ('aware_at', models.DateTimeField()),
                ('toxicity_grade', models.PositiveSmallIntegerField()),
                ('is_serious', models.BooleanField(default=False)),
                ('is_special_interest', models.BooleanField(default=False)),
                ('is_dlt', models.BooleanField(blank=True, null=True)),
                ('resolved_on', models.DateField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, max_length=100)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='adverse_events', to='participants.participant')),
            ],
        ),
        migrations.CreateModel(
            name='CellProduct',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('lot', models.CharField(max_length=40, unique=True)),
                ('state', models.CharField(choices=[('manufacturing', 'manufacturing'), ('released', 'released'), ('failed', 'failed'), ('infused', 'infused')], default='manufacturing', max_length=14)),
                ('manufacturing_started_at', models.DateTimeField()),
                ('is_in_specification', models.BooleanField(blank=True, null=True)),
                ('total_cells', models.BigIntegerField(blank=True, null=True)),
                ('expires_on', models.DateField(blank=True, null=True)),
                ('released_at', models.DateTimeField(blank=True, null=True)),
                ('released_by', models.CharField(blank=True, max_length=150)),
                ('disposition', models.CharField(blank=True, max_length=500)),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('failure_reason', models.CharField(blank=True, max_length=500)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='participants.participant')),
            ],
        ),
        migrations.CreateModel(
            name='Infusion',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('route', models.CharField(choices=[('intravenous', 'intravenous'), ('intrapleural', 'intrapleural')], max_length=12)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('thawed_at', models.DateTimeField(blank=True, null=True)),
                ('infused_cells', models.BigIntegerField()),
                ('weight_kg', models.DecimalField(decimal_places=1, max_digits=5)),
                ('was_interrupted', models.BooleanField(default=False)),
                ('access_line', models.CharField(blank=True, max_length=100)),
                ('rate_ml_per_h', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('infused_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('catheter_position', models.CharField(blank=True, max_length=200)),
                ('drained_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('instilled_volume_ml', models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                ('clamped_at', models.DateTimeField(blank=True, null=True)),
                ('unclamped_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='infusions', to='participants.participant')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='infusions', to='infusion.cellproduct')),
            ],
        ),
        migrations.CreateModel(
            name='Leukapheresis',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('performed_at', models.DateTimeField()),
                ('processed_blood_ml', models.PositiveIntegerField(blank=True, null=True)),
                ('collected_cells_10e9', models.DecimalField(blank=True, decimal_places=3, max_digits=8, null=True)),
                ('bag_identifier', models.CharField(blank=True, max_length=60)),
                ('complications', models.CharField(blank=True, max_length=500)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='leukaphereses', to='participants.participant')),
            ],
        ),
        migrations.AddField(
            model_name='cellproduct',
            name='leukapheresis',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='infusion.leukapheresis'),
        ),
        migrations.CreateModel(
            name='LymphodepletionDose',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('obligation_key', models.CharField(max_length=80)),
                ('given_at', models.DateTimeField()),
                ('fludarabine_mg_per_m2', models.DecimalField(decimal_places=2, max_digits=6)),
                ('cyclophosphamide_mg_per_m2', models.DecimalField(decimal_places=2, max_digits=7)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lymphodepletion_doses', to='participants.participant')),
            ],
        ),
        migrations.CreateModel(
            name='SafetyReport',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('clock_id', models.CharField(max_length=20)),
                ('sent_at', models.DateTimeField()),
                ('recipient', models.CharField(max_length=200)),
                ('reference', models.CharField(blank=True, max_length=100)),
                ('adverse_event', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='infusion.adverseevent')),
            ],
        ),
        migrations.AddConstraint(
            model_name='adverseevent',
            constraint=models.CheckConstraint(condition=models.Q(('toxicity_grade__gte', 1), ('toxicity_grade__lte', 5)), name='adverse_event_grade'),
        ),
        migrations.AddConstraint(
            model_name='infusion',
            constraint=models.UniqueConstraint(fields=('participant', 'number'), name='infusion_number_once'),
        ),
        migrations.AddConstraint(
            model_name='infusion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('catheter_position', ''), ('drained_volume_ml__isnull', True), ('instilled_volume_ml__isnull', True), ('route', 'intravenous')), models.Q(('access_line', ''), ('infused_volume_ml__isnull', True), ('rate_ml_per_h__isnull', True), ('route', 'intrapleural')), _connector='OR'), name='infusion_fields_of_route'),
        ),
        migrations.AddConstraint(
            model_name='infusion',
            constraint=models.CheckConstraint(condition=models.Q(('infused_cells__gt', 0), ('weight_kg__gt', 0)), name='infusion_amounts_positive'),
        ),
        migrations.AddConstraint(
            model_name='infusion',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='infusion_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='leukapheresis',
            constraint=models.UniqueConstraint(fields=('participant', 'number'), name='leukapheresis_number_once'),
        ),
        migrations.AddConstraint(
            model_name='cellproduct',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), _negated=True), models.Q(('failure_reason', ''), _negated=True), _connector='OR'), name='product_failed_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='lymphodepletiondose',
            constraint=models.UniqueConstraint(fields=('participant', 'obligation_key'), name='lymphodepletion_day_once'),
        ),
        migrations.AddConstraint(
            model_name='safetyreport',
            constraint=models.UniqueConstraint(fields=('adverse_event', 'clock_id'), name='safety_report_once_per_clock'),
        ),
        AddTrail('adverseevent'),
        AddTrail('cellproduct'),
        AddTrail('infusion'),
        AddTrail('leukapheresis'),
        AddTrail('lymphodepletiondose'),
        AddTrail('safetyreport'),
    ]

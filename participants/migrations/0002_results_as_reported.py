import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('participants', '0001_initial'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='observation',
            name='observation_once_per_time',
        ),
        migrations.AddField(
            model_name='observation',
            name='corrects',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='participants.observation'),
        ),
        migrations.AddField(
            model_name='observation',
            name='entered_by',
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AddField(
            model_name='observation',
            name='is_time_known',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='laboratory',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='observation',
            name='method',
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name='observation',
            name='operator',
            field=models.CharField(choices=[('=', '='), ('<', '<'), ('≤', '≤'), ('≥', '≥'), ('>', '>')], default='=', max_length=1),
        ),
        migrations.AddField(
            model_name='observation',
            name='reference_lower',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='reference_unit',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name='observation',
            name='reference_upper',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='reported',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='observation',
            name='source_document',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='observation',
            name='void_reason',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='observation',
            name='voided_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='evidence_lapses_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='journeyevent',
            name='kind',
            field=models.CharField(choices=[('referred', 'referred'), ('referral_closed', 'referral_closed'), ('consented', 'consented'), ('screening_started', 'screening_started'), ('eligibility_confirmed', 'eligibility_confirmed'), ('screen_failed', 'screen_failed'), ('enrolled', 'enrolled'), ('leukapheresis_performed', 'leukapheresis_performed'), ('manufacturing_started', 'manufacturing_started'), ('product_released', 'product_released'), ('product_failed', 'product_failed'), ('infusion_planned', 'infusion_planned'), ('eligibility_rechecked', 'eligibility_rechecked'), ('lymphodepletion_dose_given', 'lymphodepletion_dose_given'), ('infused', 'infused'), ('visit_performed', 'visit_performed'), ('follow_up_started', 'follow_up_started'), ('progressed', 'progressed'), ('safety_event_aware', 'safety_event_aware'), ('safety_report_sent', 'safety_report_sent'), ('dlt_reported', 'dlt_reported'), ('withdrawn_from_treatment', 'withdrawn_from_treatment'), ('withdrawn_from_visits', 'withdrawn_from_visits'), ('withdrawn_from_data_use', 'withdrawn_from_data_use'), ('lost_to_follow_up', 'lost_to_follow_up'), ('completed', 'completed'), ('died', 'died')], max_length=40),
        ),
        migrations.AlterField(
            model_name='observation',
            name='unit',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AlterField(
            model_name='observation',
            name='value',
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('participant', 'test_code', 'taken_at'), name='observation_once_per_time'),
        ),
    ]

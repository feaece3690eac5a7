import django.db.models.deletion
import uuid
from django.db import migrations, models

from trialsite.audit.trail import AddTrail


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('participants', '0001_squashed_0007_rounds_begin_at'),
    ]

    operations = [
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('recorded_at', models.DateTimeField(editable=False)),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('obligation_key', models.CharField(blank=True, max_length=80)),
                ('performed_at', models.DateTimeField()),
                ('mode', models.CharField(choices=[('on_site', 'on_site'), ('remote', 'remote'), ('other_site', 'other_site')], default='on_site', max_length=10)),
                ('not_done', models.CharField(blank=True, max_length=500)),
                ('note', models.CharField(blank=True, max_length=1000)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='participants.participant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('obligation_key', ''), _negated=True), fields=('participant', 'obligation_key'), name='visit_once_per_obligation')],
            },
        ),
        AddTrail('visit'),
    ]

"""Steps of one instant keep their order; that the system closed a deviation is told by its steps alone."""

from datetime import UTC, datetime

from django.db import migrations, models

from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting

# What was settled before there were steps, recognised by the notes of that time.
_ADD_STEPS = """
INSERT INTO participants_deviationstep (id, recorded_at, version, deviation_id, participant_id, step, before, after,
    note, recorded_by, number)
SELECT gen_random_uuid(), d.closed_at, 1, d.id, d.participant_id, 'settle', 'draft', 'closed', d.closing_note, 'system',
    d.version
FROM participants_deviation AS d
WHERE d.status = 'closed' AND NOT EXISTS (SELECT FROM participants_deviationstep AS s WHERE s.deviation_id = d.id)
    AND (d.closing_note = 'The cause was removed by a correction of the record.'
        OR starts_with(d.closing_note, 'It was recorded afterwards: done on '))
"""


def add_steps(apps, schema_editor):
    with acting(by=SystemActor("upgrade"), at=datetime.now(UTC), action="participants.settling_steps_added"):
        schema_editor.execute(_ADD_STEPS, None)


class Migration(migrations.Migration):

    dependencies = [
        ("participants", "0014_data_queries"),
    ]

    operations = [
        migrations.AddField(
            model_name="deviationstep",
            name="number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RunPython(add_steps, migrations.RunPython.noop),
    ]

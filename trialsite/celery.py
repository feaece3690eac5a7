"""The Celery application. The broker carries only nudges; PostgreSQL is the record."""

import os

from celery import Celery
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

from trialsite.health.rules import PULSE_SECONDS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.dev")

TRANSPORT_ALIASES["pgmq"] = "trialsite.broker:Transport"

app = Celery("trialsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# In code, reviewed and versioned: nobody can switch a safety task off at run time. Times are UTC.
app.conf.beat_schedule = {
    # Opens, closes and reminds what is due. One missed run is made good by the next.
    "sweep": {"task": "participants.tasks.sweep", "schedule": 60.0},
    # Signs of life: the health page shows within a minute what has stopped.
    "pulse": {"task": "trialsite.health.tasks.pulse", "schedule": PULSE_SECONDS, "options": {"expires": 60}},
    # Heals what a crash or a mistake left behind; at half past two in the night in Wuhan.
    "reconcile-everybody": {
        "task": "participants.tasks.reconcile_everybody",
        "schedule": crontab(hour="18", minute="30"),
    },
    # Asks about what has become doubtful by time alone, such as an adverse event still without an outcome.
    "check-data-of-everybody": {
        "task": "participants.tasks.check_data_of_everybody",
        "schedule": crontab(hour="18", minute="50"),
    },
    # Checks files of laboratory results whose worker died; as a rule there are none.
    "resume-result-files": {"task": "screening.tasks.resume_result_files", "schedule": 60.0},
    "purge-idempotency-records": {
        "task": "trialsite.api.tasks.purge_idempotency_records",
        "schedule": crontab(hour="19", minute="15"),
    },
}

"""The Celery application. The broker carries only nudges; PostgreSQL is the record."""

import os
from typing import Any

from celery import Celery, Task
from celery.schedules import crontab
from kombu.transport import TRANSPORT_ALIASES

from trialsite.audit.acting import request_id, through
from trialsite.health.rules import PULSE_SECONDS

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.dev")

TRANSPORT_ALIASES["pgmq"] = "trialsite.broker:Transport"


class NamedTask(Task[Any, Any]):
    """A task whose name and id stand in the trail beside whoever it acts for."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run; what it writes says through which task, and under the task's own id where no request has one."""
        named = through.set(f"task {self.name}")
        numbered = request_id.set(request_id.get() or str(self.request.id or ""))
        try:
            return super().__call__(*args, **kwargs)
        finally:
            request_id.reset(numbered)
            through.reset(named)


app = Celery("trialsite", task_cls=NamedTask)
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
    # Checks files of laboratory results whose worker died; as a rule there are none.
    "resume-result-files": {"task": "screening.tasks.resume_result_files", "schedule": 60.0},
    # Months ahead, so that a night or many without it cost nothing; without any, entries go to the last partition.
    "make-trail-partitions": {
        "task": "trialsite.audit.tasks.make_trail_partitions",
        "schedule": crontab(hour="19", minute="30"),
    },
    "purge-idempotency-records": {
        "task": "trialsite.api.tasks.purge_idempotency_records",
        "schedule": crontab(hour="19", minute="15"),
    },
}

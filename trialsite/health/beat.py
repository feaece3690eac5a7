"""Beat with a heartbeat: it notes that it gives the time, and tells of a worker or a sealer that does not answer."""

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler
from django.db import Error, close_old_connections

from trialsite import clock
from trialsite.health.rules import PULSE_SECONDS, Part
from trialsite.health.services import note_alive, raise_alarms

log = logging.getLogger(__name__)

SECONDS = PULSE_SECONDS // 3


class BeatingScheduler(PersistentScheduler):
    """Wakes at least every SECONDS. Without a database it goes on giving the time."""

    _noted_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_interval": SECONDS})

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, then give a sign of life; return the seconds until the next time."""
        pause = float(super().tick(*args, **kwargs))
        if time.monotonic() - self._noted_at >= SECONDS:
            self._noted_at = time.monotonic()
            self._give_sign()
        return min(pause, SECONDS)

    def _give_sign(self) -> None:
        try:
            close_old_connections()
            note_alive(Part.BEAT, at=clock.now())
            raise_alarms(clock.now(), about=[Part.WORKER, Part.SEALER])
        except Error:
            log.exception("no sign of life could be noted: the database does not answer")

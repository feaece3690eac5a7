"""Beat with a heartbeat: it notes that it gives the time, and tells of a worker or a sealer that does not answer."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler
from django.db import Error, close_old_connections

from trialsite import clock
from trialsite.health.rules import PULSE_SECONDS, Part
from trialsite.health.services import note_alive, raise_alarms

log = logging.getLogger(__name__)

SECONDS = PULSE_SECONDS // 3
AHEAD = timedelta(seconds=1)  # more than the steps by which a clock is usually kept right


class BeatingScheduler(PersistentScheduler):
    """Wakes at least every SECONDS. Without a database it goes on giving the time."""

    _noted_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_interval": SECONDS})

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due, then give a sign of life; return the seconds until the next time."""
        self._forget_the_future()
        pause = float(super().tick(*args, **kwargs))
        if time.monotonic() - self._noted_at >= SECONDS:
            self._noted_at = time.monotonic()
            self._give_sign()
        return min(pause, SECONDS)

    def _forget_the_future(self) -> None:
        """A clock that was ahead and is set right must not keep beat silent until the old time has come again."""
        entries = self.schedule.values()
        ahead = [one for one in entries if one.last_run_at and one.last_run_at > one.default_now() + AHEAD]
        for entry in ahead:
            entry.last_run_at = entry.default_now()
        if ahead:
            self._heap = None  # its order is that of the wrong clock; made anew from the entries

    def _give_sign(self) -> None:
        try:
            close_old_connections()
            note_alive(Part.BEAT, at=clock.now())
            raise_alarms(clock.now(), about=[Part.WORKER, Part.SEALER])
        except Error:
            log.exception("no sign of life could be noted: the database does not answer")

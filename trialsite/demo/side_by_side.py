"""The demonstration cohort told by one process for each arm: half the wait on a machine with two processors."""

import os
import sys
import traceback
from collections.abc import Callable
from datetime import datetime

from django.db import connection, connections

from trialsite.demo.cohort import Stage, close_stage, set_stage, tell_arm
from trialsite.protocol.types import Arm


class ArmNotTold(Exception):
    """One of the processes failed. What was told up to then is in the database."""


def load_side_by_side(now: datetime, *, report: Callable[[str], object] = print) -> int:
    """Do what `load` does, act by act committed: only for a database that can be thrown away.

    One transaction for all would hold the places of the trial from the first enrolment on, and the other arm wait.

    Raises ArmNotTold where a process failed; its own error is on stderr.
    """
    stage = set_stage(now)
    connections.close_all()  # a connection cannot be shared between processes
    first, second = Arm
    child = os.fork()
    if child == 0:
        _tell_and_exit(lambda: _tell(stage, second, report))
    try:
        _tell(stage, first, report)
    finally:
        _, status = os.waitpid(child, 0)
    if status != 0:
        raise ArmNotTold(f"The {second.value} arm could not be told.")
    return close_stage(stage)


def _tell(stage: Stage, arm: Arm, report: Callable[[str], object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")  # the disk is waited for once, at the end
    tell_arm(stage, arm, report=report)
    connection.close()


def _tell_and_exit(tell: Callable[[], None]) -> None:
    """Run `tell` and end this process, whatever happens, without what its parent had planned for its own end."""
    status = 1
    try:
        tell()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        connections.close_all()
        sys.stdout.flush()
        os._exit(status)

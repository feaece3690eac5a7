"""Whatever a superuser does to what is sealed is found, and where; nothing else raises an alarm."""

import random

import pytest

from tests.seal.rig import Rig
from tests.seal.tampering import KINDS, run_clean, tamper

TRIALS = 30


def test_the_kinds_are_the_fourteen() -> None:
    assert len(KINDS) == 14


@pytest.mark.parametrize("number", range(TRIALS))
def test_tampering_is_found_and_located(rig: Rig, number: int) -> None:
    trial = tamper(rig, number, random.Random(number))

    assert trial.is_found, (trial.kind, [str(one) for one in trial.report.findings])


@pytest.mark.parametrize("number", range(100, 106))
def test_nothing_is_found_where_nothing_was_done(rig: Rig, number: int) -> None:
    assert run_clean(rig, number, random.Random(number)).findings == []

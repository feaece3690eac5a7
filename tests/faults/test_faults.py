"""Each fault once, with the real programs. Nothing is lost, nothing is doubled but where it is said, what is held is seen."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.faults.faults import FAULTS, Fault
from tests.faults.rig import Rig

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with Rig() as built:
        yield built


@pytest.mark.parametrize("fault", [one for one in FAULTS if not one.more], ids=lambda one: one.name)
def test_nothing_is_lost_or_doubled(rig: Rig, fault: Fault) -> None:
    at_stake, violations = fault.run(rig, Random(1))  # noqa: S311  (a fixed seed; nothing is secret)

    assert violations == []
    assert at_stake > 0

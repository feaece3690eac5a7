"""The demonstration cohort, loaded once for a fixed day: it obeys every rule and shows every trouble."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction

from infusion.models import AdverseEvent, CellProduct, Infusion, Leukapheresis
from participants.models import (
    Deviation,
    Disposition,
    Identity,
    Obligation,
    Observation,
    Participant,
    Reminder,
)
from participants.queries.course import load_course
from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from participants.states import State
from screening.models import ScreeningEpisode
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.models import Entry
from trialsite.demo.cohort import PARTICIPANTS, cast, load
from trialsite.demo.people import _FAMILY
from trialsite.demo.troubles import Trouble
from trialsite.protocol.codes import is_valid_code
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Arm, DueState

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SWEEP = SystemActor("sweep")
# Changes only with the seed or the cast: the same day gives the same people everywhere.
CODES_SHA256 = "?"

pytestmark = pytest.mark.usefixtures("cohort")


@pytest.fixture(scope="module")
def cohort(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Load once, in a transaction that is rolled back at the end. It takes half a minute."""
    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        load(NOW, report=lambda text: None)
        yield
        transaction.set_rollback(True)


def states() -> Counter[str]:
    return Counter(Participant.objects.values_list("state", flat=True))


def test_there_are_sixty_at_two_sites_in_both_arms() -> None:
    assert Participant.objects.count() == PARTICIPANTS == 60
    assert set(Participant.objects.values_list("site__code", flat=True)) == {"WH01", "CQ01"}
    for arm in Arm:
        assert Participant.objects.filter(arm=arm.value).count() >= 10
    assert all(is_valid_code(code) for code in Participant.objects.values_list("code", flat=True))


def test_every_state_of_the_way_is_peopled() -> None:
    assert set(states()) == {state.value for state in State}


def test_the_same_day_gives_the_same_people() -> None:
    codes = "\n".join(sorted(Participant.objects.values_list("code", flat=True)))

    assert hashlib.sha256(codes.encode()).hexdigest() == CODES_SHA256



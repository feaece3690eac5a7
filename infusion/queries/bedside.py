"""What the bedside needs: the rounds of a participant, what earlier ones mean for the next, what is owed now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from infusion.models import BedsideRound, Infusion
from infusion.rules.bedside import EarlierRound, RoundFindings, grade_crs, grade_icans
from infusion.rules.grading.grading import Grading
from participants.models import Obligation, Observation, ObservationDomain, Participant
from participants.queries.measured_tests import BY_CODE, written
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, ObligationKind

TEMPERATURE = "TEMP"
ESSENTIAL = frozenset({"TEMP", "PULSE", "RESP", "SYSBP", "DIABP", "OXYSAT"})  # clinical rules 6.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsOwed:
    """open_now: due, by closing instant. next_due: open now or next to open, None where none is left.

    overdue: closed, still to be written up. missed: closed for good, the last first. Each with its state at `at`.
    """

    open_now: tuple[types.Obligation, ...]
    next_due: types.Obligation | None
    overdue: tuple[types.Obligation, ...]
    missed: tuple[types.Obligation, ...]
    done: int
    to_come: int

    @property
    def is_any(self) -> bool:
        return bool(self.next_due or self.overdue or self.missed or self.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLine:
    """values: test code → value as it is written, in the unit of the test."""

    row: BedsideRound
    values: Mapping[str, str]

    @property
    def drugs(self) -> tuple[str, ...]:
        """What was given in the round."""
        given = {
            "antipyretic": self.row.antipyretic_at,
            "anticytokine": self.row.anticytokine_at,
            "steroid": self.row.steroid_at,
        }
        return tuple(name for name, at in given.items() if at)

    @property
    def given(self) -> tuple[str, ...]:
        """What was given in the round, and what runs."""
        return (*self.drugs, *self.row.vasopressors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedside:
    """infusion: the last one, None before. lines: the latest rounds, the newest first. has_more: there are older ones."""

    infusion: Infusion | None
    owed: RoundsOwed
    lines: tuple[RoundLine, ...]
    has_more: bool

    @property
    def last_crs(self) -> BedsideRound | None:
        return next((one.row for one in self.lines if one.row.crs_grade is not None), None)

    @property
    def last_icans(self) -> BedsideRound | None:
        return next((one.row for one in self.lines if one.row.icans_grade is not None), None)


def rounds_of(participant: Participant) -> Sequence[BedsideRound]:
    """Return the rounds in force, the newest first, with their infusion."""
    rows = BedsideRound.objects.filter(participant=participant, voided_at__isnull=True)
    return list(rows.select_related("infusion").order_by("-taken_at"))


def infusions_of(participant: Participant) -> Sequence[Infusion]:
    """Return the infusions, the last begun first."""
    return list(Infusion.objects.filter(participant=participant).order_by("-started_at"))


def infusion_at(infusions: Sequence[Infusion], at: datetime) -> Infusion | None:
    """Return the infusion that a round at `at` belongs to: the last one begun by then."""
    return next((one for one in infusions if one.started_at <= at), None)


def earlier_rounds(participant: Participant, *, but: BedsideRound | None = None) -> tuple[EarlierRound, ...]:
    """Return rounds and temperatures on record as grading reads them. Two queries.

    A temperature outside a round stands alone, ungraded. but: a round that is being corrected.
    """
    rows = BedsideRound.objects.filter(participant=participant, voided_at__isnull=True)
    rounds = {row.taken_at: row for row in rows if but is None or row.pk != but.pk}
    measured = Observation.objects.filter(
        participant=participant, test_code=TEMPERATURE, voided_at__isnull=True, value__isnull=False
    )
    temperatures = {at: value.normalize() for at, value in measured.values_list("taken_at", "value") if value}
    if but is not None:
        temperatures.pop(but.taken_at, None)
    return tuple(
        as_earlier(at, temperatures.get(at), rounds.get(at)) for at in sorted({*rounds, *temperatures})
    )


def as_earlier(at: datetime, temperature_c: Decimal | None, row: BedsideRound | None) -> EarlierRound:
    """Return what a round or a lone temperature means for a later round."""
    return EarlierRound(
        taken_at=at,
        temperature_c=temperature_c,
        crs_grade=row.crs_grade if row else None,
        antipyretic_at=row.antipyretic_at if row else None,
        anticytokine_at=row.anticytokine_at if row else None,
        steroid_at=row.steroid_at if row else None,
    )


def with_measured(found: RoundFindings, vital_signs: Mapping[str, Decimal]) -> RoundFindings:
    """Return the findings with what grading and coverage take from the vital signs."""
    return replace(
        found,
        temperature_c=vital_signs.get(TEMPERATURE),
        has_vital_signs=vital_signs.keys() >= ESSENTIAL,
    )


def gradings_for(
    found: RoundFindings, earlier: Iterable[EarlierRound], *, crs_stated: bool, icans_stated: bool
) -> tuple[Grading | None, Grading | None]:
    """Return the CRS and the ICANS grade of a round, None where it did not look for the syndrome.

    CRS is graded where a temperature was taken, ICANS where the ICE pad or the consciousness was filled in, both
    also where somebody states a grade.
    """
    asks_crs = found.temperature_c is not None or crs_stated
    asks_icans = found.ice is not None or found.consciousness is not None or icans_stated
    return (
        grade_crs(found, earlier) if asks_crs else None,
        grade_icans(found) if asks_icans else None,
    )


def vital_signs_of(row: BedsideRound) -> dict[str, Decimal]:
    """Return test code → value of a round in force."""
    measured = Observation.objects.filter(
        participant=row.participant_id,
        domain=ObservationDomain.VITAL_SIGNS,
        taken_at=row.taken_at,
        voided_at__isnull=True,
        value__isnull=False,
    )
    return {
        code: Decimal(written(value, BY_CODE[code].places))
        for code, value in measured.values_list("test_code", "value")
        if value is not None and code in BY_CODE
    }


def bedside_of(participant: Participant, at: datetime, *, most: int) -> Bedside:
    """Return the bedside of one participant: what is owed and the latest rounds, at most `most`. Four queries."""
    rows = BedsideRound.objects.filter(participant=participant, voided_at__isnull=True)
    latest = list(rows.select_related("infusion").order_by("-taken_at")[: most + 1])
    values = _values_at(participant, [row.taken_at for row in latest[:most]])
    infusions = infusions_of(participant)
    return Bedside(
        infusion=infusions[0] if infusions else None,
        owed=rounds_owed(participant, at),
        lines=tuple(RoundLine(row=row, values=values.get(row.taken_at, {})) for row in latest[:most]),
        has_more=len(latest) > most,
    )


def _values_at(participant: Participant, instants: Sequence[datetime]) -> dict[datetime, dict[str, str]]:
    measured = Observation.objects.filter(
        participant=participant,
        domain=ObservationDomain.VITAL_SIGNS,
        taken_at__in=instants,
        voided_at__isnull=True,
        value__isnull=False,
    )
    found: dict[datetime, dict[str, str]] = {}
    for taken_at, code, value in measured.values_list("taken_at", "test_code", "value"):
        if value is not None:
            found.setdefault(taken_at, {})[code] = written(value, BY_CODE[code].places)
    return found


def rounds_owed(participant: Participant, at: datetime) -> RoundsOwed:
    """Return what the monitoring plan owes at `at`. One query."""
    rows = Obligation.objects.in_force().filter(participant=participant, kind=ObligationKind.ROUND.value)
    return owed_among([row.to_value() for row in rows.order_by("closes_at", "key")], at)


def owed_among(obligations: Iterable[types.Obligation], at: datetime) -> RoundsOwed:
    """Return what of these rounds, by closing instant, is owed at `at`."""
    by_state: dict[DueState, list[types.Obligation]] = {state: [] for state in DueState}
    for one in obligations:
        by_state[due_state(one, at)].append(one)
    waiting = [*by_state[DueState.DUE], *sorted(by_state[DueState.UPCOMING], key=lambda one: one.opens_at)]
    done = (DueState.DONE, DueState.DONE_EARLY, DueState.DONE_LATE)
    return RoundsOwed(
        open_now=tuple(by_state[DueState.DUE]),
        next_due=waiting[0] if waiting else None,
        overdue=tuple(by_state[DueState.OVERDUE]),
        missed=tuple(reversed(by_state[DueState.MISSED])),
        done=sum(len(by_state[state]) for state in done),
        to_come=len(by_state[DueState.UPCOMING]),
    )

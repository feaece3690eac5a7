"""Is everything ready for the infusion? The rungs of its ladder that people answer at the bedside. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, check
from trialsite.protocol.types import Event, EventKind, ProtocolVersion

PERSONS = 2  # two different people compare wristband and bag. Source: clinical rules 6.2


class StopAnswer(StrEnum):
    """What a person found: present stops the infusion."""

    PRESENT = "yes"
    ABSENT = "no"
    NOT_ASSESSED = "not_assessed"


class DrugClass(StrEnum):
    """What a medication given before the infusion is."""

    ANTIHISTAMINE = "antihistamine"
    ANTIPYRETIC = "antipyretic"
    ANTIEMETIC = "antiemetic"
    STEROID = "steroid"
    OTHER = "other"


_STEROIDS = (
    "betamethasone", "cortisone", "deflazacort", "dexamethason", "methylprednisolon", "prednisolon",
    "prednison", "triamcinolon", "地塞米松", "泼尼松", "泼尼松龙", "甲泼尼龙", "氢化可的松",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One person compared wristband and bag. person: id of the account. matches: both belong together."""

    person: str
    confirmed_at: datetime
    matches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StopFinding:
    """An answer to one stop check. check_id: SC-FEVER and the like."""

    check_id: str
    answer: StopAnswer
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Premed:
    """A medication given before. name: as written."""

    name: str
    drug_class: DrugClass
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """What people found and did at the bedside, of one participant and one product, in any order."""

    confirmations: Sequence[Confirmation] = ()
    stop_findings: Sequence[StopFinding] = ()
    premedication: Sequence[Premed] = ()


def is_same_code(scanned: str, expected: str) -> bool:
    """True if a scan or typed entry is the code on record. Blanks around it and lower case do not matter."""
    return bool(expected) and scanned.strip().upper() == expected.strip().upper()


def readiness_checks(
    version: ProtocolVersion,
    readiness: Readiness,
    *,
    events: Iterable[Event],
    weighed_on: date | None,
    started_at: datetime,
    started_on: date,
) -> tuple[Check, ...]:
    """Return the rungs that people answer before an infusion that starts, or started, at `started_at`.

    started_on, weighed_on: civil dates at the site. Source: clinical rules 5.5, 6.2.
    """
    limits = {limit.id: limit.value for limit in version.limits}
    return (
        consent_check(events, started_at),
        identity_check(readiness.confirmations, started_at, limits["L-ID-CHECK-MIN"]),
        *stop_checks(version, readiness.stop_findings, started_at),
        weight_check(weighed_on, started_on, limits["L-WEIGHT-VALID"], Category.PRODUCT),
        premedication_check(readiness.premedication, started_at, limits["L-PREMED-H"]),
    )


def consent_check(events: Iterable[Event], at: datetime) -> Check:
    """Consent is in force: signed, and treatment not withdrawn since."""
    before = [event for event in events if event.at <= at]
    signed = [event.at for event in before if event.kind is EventKind.CONSENTED]
    withdrawn = [event.at for event in before if event.kind is EventKind.WITHDRAWN_FROM_TREATMENT]
    if not signed:
        return check("consent", False, "Informed consent is not on record", Category.CONSENT)
    in_force = not withdrawn or max(signed) > max(withdrawn)
    return check("consent", in_force, "The participant has withdrawn from treatment", Category.CONSENT)


def identity_check(confirmations: Iterable[Confirmation], started_at: datetime, minutes: int) -> Check:
    """Two different people found that wristband and bag match, at most `minutes` before the start.

    Both ends included. A mismatch stops until two people have confirmed after it.
    """
    before = sorted(
        (one for one in confirmations if one.confirmed_at <= started_at), key=lambda one: one.confirmed_at
    )
    mismatch = next((index for index in reversed(range(len(before))) if not before[index].matches), None)
    since = before if mismatch is None else before[mismatch + 1 :]
    earliest = started_at - timedelta(minutes=minutes)
    persons = {one.person for one in since if one.confirmed_at >= earliest}
    if len(persons) >= PERSONS:
        return _identity(True, "")
    if mismatch is not None:
        return _identity(False, "Wristband and bag did not match when they were compared last")
    if persons:
        return _identity(None, "Only one person has compared wristband and bag")
    return _identity(None, f"Two persons have not compared wristband and bag in the {minutes} min before")


def _identity(passed: bool | None, reason: str) -> Check:
    return check("identity", passed, reason, Category.PRODUCT)


def stop_checks(
    version: ProtocolVersion, findings: Iterable[StopFinding], started_at: datetime
) -> tuple[Check, ...]:
    """Return one rung per stop check of the protocol: the last answer within the limit before the start."""
    hours = next(limit.value for limit in version.limits if limit.id == "L-STOP-CHECK-H")
    earliest = started_at - timedelta(hours=hours)
    last: dict[str, StopFinding] = {}
    for one in sorted(findings, key=lambda one: one.answered_at):
        if earliest <= one.answered_at <= started_at:
            last[one.check_id] = one
    return tuple(_stop(stop.id, stop.title, last.get(stop.id), hours) for stop in version.stop_checks)


def _stop(check_id: str, title: str, found: StopFinding | None, hours: int) -> Check:
    code = stop_code(check_id)
    if found is None:
        return check(code, None, f"{title}: not answered in the {hours} h before", Category.PROCEDURE)
    if found.answer is StopAnswer.NOT_ASSESSED:
        return check(code, None, f"{title}: not assessed", Category.PROCEDURE)
    return check(code, found.answer is StopAnswer.ABSENT, f"{title}: present", Category.PROCEDURE)


def stop_code(check_id: str) -> str:
    """Return the code of the rung of a stop check: SC-FEVER → stop-fever."""
    return f"stop-{check_id.removeprefix('SC-').lower()}"


def weight_check(weighed_on: date | None, on: date, days: int, category: Category) -> Check:
    """The weight a dose is counted on is dated and at most `days` old on the day of the dose."""
    if weighed_on is None:
        return check("weight", None, "The day of weighing is not recorded", category)
    recent = timedelta() <= on - weighed_on <= timedelta(days=days)
    return check("weight", recent, f"The weight was not taken in the {days} days before", category)


def premedication_check(given: Iterable[Premed], started_at: datetime, hours: int) -> Check:
    """No steroid in the hours before; none given at all is in order."""
    earliest = started_at - timedelta(hours=hours)
    steroids = [one.name for one in given if is_steroid(one) and earliest <= one.given_at <= started_at]
    return check(
        "premedication",
        not steroids,
        f"A steroid was given in the {hours} h before: {', '.join(steroids)}",
        Category.MEDICATION,
    )


def is_steroid(one: Premed) -> bool:
    """By its class, or by a name that says so although another class was chosen."""
    name = one.name.lower()
    return one.drug_class is DrugClass.STEROID or any(known in name for known in _STEROIDS)


def cells_given(
    prepared_cells: int, prepared_volume_ml: Decimal | None, residual_volume_ml: Decimal | None
) -> int:
    """Return the cells that were given: those prepared, less what stayed in the bag by volume, rounded down.

    Without both volumes nothing is known to have stayed. Residue is at most what was prepared.
    """
    if not prepared_volume_ml or residual_volume_ml is None:
        return prepared_cells
    given_ml = max(prepared_volume_ml - residual_volume_ml, Decimal(0))
    return int(prepared_cells * given_ml / prepared_volume_ml)


def given_percent(infused_cells: int, prepared_cells: int | None) -> Decimal | None:
    """Return what was infused in % of what was prepared, to 0.1, half up; None if that is not known."""
    if not prepared_cells:
        return None
    return (Decimal(infused_cells) * 100 / prepared_cells).quantize(Decimal("0.1"), ROUND_HALF_UP)

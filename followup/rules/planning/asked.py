"""Records of events as they are sent to be planned: each member with its reader and its words for the schema."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from followup.rules.planning.outlook import Outlook, PlanRequest, outlook_of
from infusion.rules.grading.wire.members import Form, Member, code, codes, flag, form_schema, read_form
from screening.rules.wire.cases import ID_LIMIT
from screening.rules.wire.faults import EvidenceInvalid, Fault, refusal, shown
from screening.rules.wire.members import read_sequence
from screening.rules.wire.scalars import FIRST_YEAR, LAST_YEAR, read_day, read_note, read_text
from screening.rules.wire.schema import day, described, text
from trialsite.protocol.registry import latest, numbers, resolve
from trialsite.protocol.types import Arm, Event, EventKind, Facts, IcfActivation, ObligationKind
from trialsite.protocol.windows import civil_date
from trialsite.protocol.zones import FROM_ZONE, TO_ZONE

EVENT_LIMIT = 500
ANCHOR_LIMIT = 20  # infusions, planned dates, collections …: each begins rows of its own
ICF_LIMIT = 50
FACT_LIMIT = 20
ITEM_LIMIT, REF_LIMIT, FACT_NAME_LIMIT, FACT_TEXT_LIMIT = 60, 64, 60, 200
_LAST_BEGINNING = LAST_YEAR - 20  # the schedule reaches 15 years on

INSTANT_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?"
_INSTANT = re.compile(INSTANT_PATTERN)
_CLOCKS = frozenset({EventKind.SAFETY_EVENT_AWARE, EventKind.SAFETY_REPORT_SENT})
_TASKS = frozenset({EventKind.SAFETY_TASK_OWED, EventKind.SAFETY_TASK_DONE})
_OF_A_CASE = _CLOCKS | _TASKS | {EventKind.SAFETY_CASE_CLOSED}
_OFTEN = _OF_A_CASE | {EventKind.ROUND_RECORDED, EventKind.VISIT_PERFORMED}
# Facts that the plan reads as a date, and the event they belong to.
_DATED = {EventKind.INFUSION_PLANNED: "planned_on", EventKind.SAFETY_TASK_OWED: "due_on"}


# ---- Single values


def read_instant(given: object) -> datetime:
    """Return the instant in UTC. A time without an offset is refused, not guessed."""
    if not isinstance(given, str) or not _INSTANT.fullmatch(given):
        raise _no_instant()
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise _no_instant() from None
    if found.tzinfo is None:
        raise refusal("naive-instant", "Give the offset as well, such as 2026-05-17T09:30:00+08:00.")
    if not FIRST_YEAR < found.year < _LAST_BEGINNING:
        raise refusal("not-an-instant", f"Give a year from {FIRST_YEAR + 1} to {_LAST_BEGINNING - 1}.")
    return found.astimezone(UTC)


def _no_instant() -> EvidenceInvalid:
    return refusal("not-an-instant", "Give an instant that exists, such as 2026-05-17T09:30:00+08:00.")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_zone(given: object) -> str:
    """Return the name of a time zone as it stands in the IANA database."""
    if isinstance(given, str) and given in _zones():
        ZoneInfo(given)
        return given
    raise refusal("unknown-zone", f"{shown(given)} is no IANA time zone. Give one such as Asia/Shanghai.")


def _read_plan_day(given: object) -> date:
    found = read_day(given)
    if not FIRST_YEAR < found.year < _LAST_BEGINNING:
        raise refusal("not-a-date", f"Give a year from {FIRST_YEAR + 1} to {_LAST_BEGINNING - 1}.")
    return found


def read_facts(given: object) -> dict[str, str]:
    """Return the particulars of an event: names to texts."""
    if not isinstance(given, dict):
        raise refusal("wrong-type", 'Give an object of texts, such as {"planned_on": "2026-03-15"}.')
    if len(given) > FACT_LIMIT:
        raise refusal("too-many", f"Give at most {FACT_LIMIT} facts.")
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for name, one in given.items():
        try:
            found[read_text(name, FACT_NAME_LIMIT)] = read_note(one, FACT_TEXT_LIMIT)
        except EvidenceInvalid as exc:
            faults += exc.under(shown(name))
    if faults:
        raise EvidenceInvalid(faults)
    return found


# ---- The form


def instant(title: str, about: str, *, is_required: bool = False) -> Member:
    schema = {
        **described(title, f"{about} ISO 8601 with `Z` or an offset."),
        "type": "string",
        "format": "date-time",
        "pattern": f"^{INSTANT_PATTERN}$",
    }
    return Member(read_instant, schema, is_required)


def _words(names: Sequence[Any], about: str = "") -> dict[Any, str]:
    return {one: about or str(one).replace("_", " ") for one in names}


def _note(title: str, about: str, limit: int) -> Member:
    return Member(lambda given: read_note(given, limit), text(title, about, limit, 0))


EVENT_FORM: Form = {
    "kind": code("Kind", "What happened.", _words(tuple(EventKind)), is_required=True),
    "at": instant("Time", "When it happened; not after `now`.", is_required=True),
    "on": Member(
        _read_plan_day,
        day(
            "Date",
            "Civil date where it happened, for an event at a site in another zone. Left out: in site_zone.",
        ),
    ),
    "item": _note(
        "Item",
        "What it is about: key of the visit or dose it fulfils (V-D28#1), ICF version of a consent, "
        "id of a safety clock or task.",
        ITEM_LIMIT,
    ),
    "ref": _note(
        "Record",
        "Your own id of the record, once for each kind and item. Of a safety case: its id, required there.",
        REF_LIMIT,
    ),
    "facts": Member(
        read_facts,
        {
            **described(
                "Facts",
                "Particulars: planned_on and lot of infusion_planned; route of infused; covers, crs and icans of "
                "round_recorded; verdict of eligibility_rechecked; case of safety_task_done; due_on of safety_task_owed; "
                "from_zone and to_zone of transferred; "
                "is_needed (yes or no) of test_need_stated, which confidential tests follow from.",
            ),
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": FACT_TEXT_LIMIT},
            "maxProperties": FACT_LIMIT,
        },
    ),
}

ICF_FORM: Form = {
    "version": Member(
        lambda given: read_text(given, ITEM_LIMIT),
        text("Version", "Of the consent form.", ITEM_LIMIT),
        is_required=True,
    ),
    "is_substantive": Member(
        flag("is_substantive", "", "").read,
        flag("is_substantive", "Substantive", "A substantive version has to be signed anew.").schema,
        is_required=True,
    ),
    "activated_at": instant("In force since", "At this site.", is_required=True),
}


def _several(form: Form, title: str, about: str, limit: int) -> Member:
    schema = {
        **described(title, about),
        "type": "array",
        "items": form_schema(form, title, about),
        "maxItems": limit,
    }
    return Member(lambda given: read_sequence(given, lambda one: read_form(form, one), limit), schema)


RECORD_FORM: Form = {
    "id": _note("Id", "Your own name for the record; it comes back with the answer.", ID_LIMIT),
    "protocol_version": code(
        "Protocol version",
        f"Left out: the latest known here, {latest().number}.",
        _words(numbers(), "a version"),
    ),
    "arm": code(
        "Arm",
        "The arm that is assigned; null where there is none yet. Rows of one arm need it.",
        _words(tuple(Arm)),
    ),
    "site_zone": Member(
        read_zone,
        text("Time zone", "Of the treating site, by its IANA name, such as Asia/Shanghai.", 64),
        is_required=True,
    ),
    "now": instant("Now", "The instant at which states are judged; no clock is read here.", is_required=True),
    "events": _several(EVENT_FORM, "Events", "What happened to the participant, in any order.", EVENT_LIMIT),
    "icf_activations": _several(
        ICF_FORM, "Consent forms", "Versions of the consent form that the site put in force.", ICF_LIMIT
    ),
    "evidence_lapses_on": Member(
        _read_plan_day,
        day(
            "Evidence lapses", "First day on which evidence of eligibility no longer holds; null: none does."
        ),
    ),
    "rounds_begin_at": instant(
        "Rounds since", "Since when bedside rounds are planned at the site; left out: from the beginning."
    ),
    "kinds": codes(
        "Kinds",
        "Only obligations of these kinds are given back; left out: all.",
        _words(tuple(ObligationKind)),
        frozenset,
    ),
}


# ---- Whole records


def plan_record(given: object) -> Outlook:
    """Return what the record leads to. Raises EvidenceInvalid with every fault at its field."""
    return outlook_of(read_request(given))


def plan_records(given: object, limit: int) -> tuple[Outlook, ...]:
    """Return the outlooks of a list. Raises EvidenceInvalid with the faults of all records."""
    requests: tuple[PlanRequest, ...] = read_sequence(given, read_request, limit)
    return tuple(outlook_of(one) for one in requests)


def read_request(given: object) -> PlanRequest:
    """Return the request in `given`, JSON decoded. Raises EvidenceInvalid with every fault at its field."""
    found = read_form(RECORD_FORM, given)
    version = resolve(found.get("protocol_version") or latest().number)
    zone, now = found["site_zone"], found["now"]
    events = tuple(_event(one, number, zone) for number, one in enumerate(found.get("events", ())))
    known = {one.id for one in version.clocks}, {one.id for one in version.safety_tasks}
    faults = [*_too_often(events), *_given_twice(events)]
    for position, event in enumerate(events):
        faults += _faults_of(event, f"events.{position}", zone, now, known)
    if faults:
        raise EvidenceInvalid(faults)
    return PlanRequest(
        id=found.get("id", ""),
        version=version,
        facts=Facts(
            site_zone=zone,
            arm=found.get("arm"),
            icf_activations=tuple(IcfActivation(**one) for one in found.get("icf_activations", ())),
            evidence_lapses_on=found.get("evidence_lapses_on"),
            rounds_begin_at=found.get("rounds_begin_at"),
        ),
        events=events,
        now=now,
        kinds=found.get("kinds"),
    )


def _event(found: Mapping[str, Any], number: int, zone: str) -> Event:
    """The event as the plan takes it. A round without a record of its own is told apart by its place."""
    own = f"event-{number}" if found["kind"] is EventKind.ROUND_RECORDED else ""
    return Event(
        kind=found["kind"],
        at=found["at"],
        on=found.get("on") or civil_date(found["at"], zone),
        item=found.get("item", ""),
        ref=found.get("ref") or own,
        facts=found.get("facts", {}),
    )


def _faults_of(
    event: Event, path: str, zone: str, now: datetime, known: tuple[set[str], set[str]]
) -> list[Fault]:
    """What is wrong with an event beside the others: later than now, a date far from its time, an unknown id."""
    faults = []
    if event.at > now:
        faults.append(
            Fault(f"{path}.at", "This lies after `now`; plans are facts, not events.", "in-the-future")
        )
    if abs(event.on - civil_date(event.at, zone)) > timedelta(days=1):
        faults.append(
            Fault(f"{path}.on", "This is not the date of `at` anywhere on earth.", "dates-disagree")
        )
    if event.kind in _OF_A_CASE and not event.ref:
        faults.append(Fault(f"{path}.ref", "Give the id of the safety case.", "required"))
    return faults + _item_faults(event, path, *known) + _fact_faults(event, path)


def _item_faults(event: Event, path: str, clocks: set[str], tasks: set[str]) -> list[Fault]:
    known = clocks if event.kind in _CLOCKS else tasks if event.kind in _TASKS else None
    if known is None or event.item in known:
        return []
    return [Fault(f"{path}.item", f"Choose one of: {', '.join(sorted(known))}.", "unknown-code")]


def _fact_faults(event: Event, path: str) -> list[Fault]:
    if event.kind is EventKind.TRANSFERRED:
        return [fault for name in (FROM_ZONE, TO_ZONE) for fault in _zone_faults(event, name, path)]
    name = _DATED.get(event.kind)
    if name is None or (name not in event.facts and event.kind is not EventKind.INFUSION_PLANNED):
        return []
    try:
        _read_plan_day(event.facts.get(name))
    except EvidenceInvalid as exc:
        return [*EvidenceInvalid(exc.under(name)).under(f"{path}.facts")]
    return []


def _zone_faults(event: Event, name: str, path: str) -> list[Fault]:
    try:
        read_zone(event.facts.get(name))
    except EvidenceInvalid as exc:
        return [*EvidenceInvalid(exc.under(name)).under(f"{path}.facts")]
    return []


def _too_often(events: Sequence[Event]) -> list[Fault]:
    counted = Counter(one.kind for one in events if one.kind not in _OFTEN)
    return [
        Fault("events", f"Give at most {ANCHOR_LIMIT} events of the kind {kind}.", "too-many")
        for kind, number in counted.items()
        if number > ANCHOR_LIMIT
    ]


def _given_twice(events: Sequence[Event]) -> list[Fault]:
    """A record has one event of a kind and item; two would be two answers to the same question."""
    seen: dict[tuple[EventKind, str, str], int] = {}
    faults = []
    for position, one in enumerate(events):
        first = seen.setdefault((one.kind, one.item, one.ref), position) if one.ref else position
        if first != position:
            words = f"events.{first} has this kind, item and ref already; give each record its own ref."
            faults.append(Fault(f"events.{position}.ref", words, "given-twice"))
    return faults

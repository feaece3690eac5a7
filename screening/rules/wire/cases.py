"""A whole record as it is sent for evaluation: the dates of the episode and all evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from screening.rules.evidence import Anchors, Entry, EvidenceRecord, Purpose
from screening.rules.wire.entries import READERS
from screening.rules.wire.faults import EvidenceInvalid, Fault, refusal, shown
from screening.rules.wire.members import ROW_LIMIT, read_members, read_sequence
from screening.rules.wire.scalars import Reader, code_reader, read_day, read_note
from trialsite.protocol.registry import latest, numbers
from trialsite.protocol.types import Arm

ID_LIMIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What `evaluate` needs, read from JSON. id: the sender's own, any text."""

    id: str
    version: str
    arm: Arm | None
    anchors: Anchors
    record: EvidenceRecord


def read_case(given: object) -> Case:
    """Return the case in `given`, JSON decoded with numbers kept as int, Decimal or text.

    Left out: the latest protocol version, no arm, no consent yet, screening on the consent date, not enrolled.
    `as_of` is required, because nothing here reads a clock. Raises EvidenceInvalid with every fault.
    """
    found = read_members(given, _READERS, _REQUIRED)
    _refuse_disorder(found)
    anchors = Anchors(
        consent_on=found.get("consent_on"),
        screening_on=found.get("screening_on"),
        as_of=found["as_of"],
        enrolment_on=found.get("enrolment_on"),
        purpose=found.get("purpose", Purpose.SCREENING),
    )
    return Case(
        id=found.get("id", ""),
        version=found.get("protocol_version") or latest().number,
        arm=found.get("arm"),
        anchors=anchors,
        record=EvidenceRecord(found.get("evidence", {})),
    )


def read_cases(given: object, limit: int) -> tuple[Case, ...]:
    """Return the cases of a list. Raises EvidenceInvalid with the faults of all of them."""
    cases: tuple[Case, ...] = read_sequence(given, read_case, limit)
    return cases


def _refuse_disorder(found: Mapping[str, Any]) -> None:
    """The dates of an episode follow each other. Source: clinical rules 1.1, anchors."""
    given = [name for name in ("consent_on", "screening_on", "enrolment_on") if name in found]
    faults = [
        Fault(later, f"{later} lies before {earlier}; correct one of the two.", "dates-out-of-order")
        for earlier, later in pairwise(given)
        if found[later] < found[earlier]
    ]
    if faults:
        raise EvidenceInvalid(faults)


def _read_evidence(given: object) -> dict[str, tuple[Entry, ...]]:
    if not isinstance(given, dict):
        raise refusal("wrong-type", "Give an object: item id to its entry, or to a list of entries.")
    found: dict[str, tuple[Entry, ...]] = {}
    faults: list[Fault] = []
    for name, one in given.items():
        read = READERS.get(name)
        if read is None:
            faults.append(Fault(shown(name), "No item has this id; see the schema.", "unknown-field"))
            continue
        try:
            found[name] = _read_entries(one, read) if isinstance(one, list) else (read(one),)
        except EvidenceInvalid as exc:
            faults += exc.under(name)
    if faults:
        raise EvidenceInvalid(faults)
    return found


def _read_entries(given: list[object], read: Reader) -> tuple[Entry, ...]:
    """Return the entries of one item in the order they were recorded; their dates say which is the newest."""
    if not given:
        words = 'This says nothing. Leave the item out; or for "there are none" send {"value": []}.'
        raise refusal("empty", words)
    entries: tuple[Entry, ...] = read_sequence(given, read, ROW_LIMIT)
    return entries


def _read_id(given: object) -> str:
    return read_note(given, ID_LIMIT)


def _member(kind: type[Arm] | type[Purpose]) -> Reader:
    read = code_reader({one.value: one.value for one in kind})
    return lambda given: kind(read(given))


_READERS: Mapping[str, Reader] = {
    "id": _read_id,
    "protocol_version": code_reader(dict.fromkeys(numbers(), "")),
    "arm": _member(Arm),
    "consent_on": read_day,
    "screening_on": read_day,
    "enrolment_on": read_day,
    "as_of": read_day,
    "purpose": _member(Purpose),
    "evidence": _read_evidence,
}
_REQUIRED = frozenset({"as_of"})

"""Questions the system asks by itself: of what was just entered, and each night of everything.

One question per rule, record and field, however often it is looked at. It closes when the data conform and opens again
when they do not; what a person closed stays closed for the values it was closed on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F

from participants.models import DataQuery, DataQueryMessage, Observation, Participant
from participants.queries.course import Course, load_courses
from participants.queries.data_findings import findings_in, may_be_asked
from participants.queries.data_kinds import new_value_facts
from participants.queries.data_records import facts_of_courses
from participants.states import QueryAct, act_of_data, query_after
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.data_rules import DataFinding, RecordFacts

SYSTEM = "system"
BATCH = 50
CONFORMS = "The data conform now."

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Changes:
    """What becomes of the questions: new ones, and stored ones by what the data did to them."""

    asked: list[DataQuery] = field(default_factory=list)
    again: list[DataQuery] = field(default_factory=list)
    settled: list[DataQuery] = field(default_factory=list)
    said: list[DataQueryMessage] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.said)


def check_records(
    course: Course,
    records: Sequence[RecordFacts],
    *,
    at: datetime,
    are_new: bool = False,
    gone: Iterable[str] = (),
) -> None:
    """Bring the system's questions about these records in line with them; called inside `acting`.

    are_new: nothing can have been asked of them yet, so that without a finding nothing is read. gone: ids of records
    that were taken back.
    """
    found = findings_in(course, records, at)
    refs = {*gone, *(one.ref for one in records)}
    if refs and (found or not are_new):
        _settle([course.participant], {course.participant.pk: found}, refs, at)


def follow_values(values: Sequence[Observation], by: Actor, at: datetime) -> None:
    """As `check_records`, for values just recorded, corrected or taken back; called inside `acting`.

    Reads nothing where no version of the protocol would ask anything and no value was replaced.
    """
    records = new_value_facts(values)
    gone: dict[UUID, list[str]] = {one: [] for one in records}
    for row in values:
        gone[row.participant_id] += [str(row.pk)] if row.voided_at else []
        gone[row.participant_id] += [str(row.corrects_id)] if row.corrects_id else []
    concerned = [one for one in records if gone[one] or may_be_asked(records[one], at)]
    if not concerned:
        return
    participants = _locked(concerned)
    courses = load_courses(participants)
    found = {one.participant.pk: findings_in(one, records[one.participant.pk], at) for one in courses}
    refs = [ref for one in concerned for ref in (*gone[one], *(each.ref for each in records[one]))]
    _settle(participants, found, refs, at)


def _locked(participant_ids: Iterable[UUID]) -> list[Participant]:
    """Lock them in one order: whoever looks at the same records waits, and sees what was entered."""
    rows = Participant.objects.filter(pk__in=list(participant_ids)).order_by("id").select_related("site")
    return list(rows.select_for_update(of=("self",), no_key=True))


def check_participant(course: Course, *, at: datetime, kinds: Iterable[str] | None = None) -> None:
    """As `check_records`, for all records of one participant, or of some kinds; called inside `acting`."""
    records = facts_of_courses([course], kinds)[course.participant.pk]
    check_records(course, records, at=at)


def check_participants(*, participant_ids: Sequence[UUID], by: Actor, at: datetime) -> int:
    """Check everything of these participants: the nightly look. Returns how many questions changed.

    A fixed number of statements, whatever the number of participants and records. Needs RUN_SWEEP.
    """
    with acting(by=by, at=at, action="participants.data_checked"):
        participants = _locked(participant_ids)
        for site_id in {one.site_id for one in participants}:
            require(by, Permission.RUN_SWEEP, site_id)
        courses = load_courses(participants)
        records = facts_of_courses(courses)
        found = {one.participant.pk: findings_in(one, records[one.participant.pk], at) for one in courses}
        return _settle(participants, found, None, at)


def _settle(
    participants: Sequence[Participant],
    found: Mapping[UUID, Sequence[DataFinding]],
    refs: Iterable[str] | None,
    at: datetime,
) -> int:
    """Write the difference between what is found and what is stored. refs: of the records looked at, None = all."""
    stored: dict[UUID, dict[Key, DataQuery]] = {one.pk: {} for one in participants}
    rows = DataQuery.objects.filter(participant__in=list(stored)).exclude(rule_id="")
    if refs is not None:
        rows = rows.filter(ref__in=list(refs))
    for row in rows.select_for_update():
        stored[row.participant_id][row.rule_id, row.ref, row.field] = row
    changes = _Changes()
    for participant in participants:
        _compare(participant, found[participant.pk], stored[participant.pk], changes, at)
    _write(changes, at)
    return len(changes.said)


def _compare(
    participant: Participant,
    found: Sequence[DataFinding],
    stored: Mapping[Key, DataQuery],
    changes: _Changes,
    at: datetime,
) -> None:
    asked = {one.key: one for one in found}
    for key, one in asked.items():
        if key not in stored:
            changes.asked.append(row := _new(participant, one, at))
            changes.said.append(_message(row, DataQueryMessage.OPENED, one.question, at))
    for key, row in stored.items():
        now = asked.get(key)
        act = act_of_data(
            row.query_state,
            is_found=now is not None,
            is_same=now is not None and now.about[:300] == row.about,
            is_settled=row.is_settled,
        )
        if act is not None:
            _move(row, act, now, changes, at)


def _move(row: DataQuery, act: QueryAct, now: DataFinding | None, changes: _Changes, at: datetime) -> None:
    after = query_after(row.query_state, act)
    if after is None:
        raise ValueError(f"A question that is {row.state} cannot {act.value}.")
    row.state = after.value
    row.version += 1
    if now is None:
        row.is_settled, row.closed_at = True, at
        changes.settled.append(row)
        changes.said.append(_message(row, act.value, CONFORMS, at))
        return
    row.is_settled, row.closed_at = False, None
    row.question, row.about = now.question[:1000], now.about[:300]
    changes.again.append(row)
    changes.said.append(_message(row, act.value, now.question, at))


def _write(changes: _Changes, at: datetime) -> None:
    DataQuery.objects.bulk_create(changes.asked)
    if changes.settled:
        DataQuery.objects.filter(pk__in=[one.pk for one in changes.settled]).update(
            state=changes.settled[0].state, is_settled=True, closed_at=at, version=F("version") + 1
        )
    if changes.again:
        DataQuery.objects.bulk_update(
            changes.again, ["state", "is_settled", "closed_at", "question", "about", "version"]
        )
    DataQueryMessage.objects.bulk_create(changes.said)


def _new(participant: Participant, one: DataFinding, at: datetime) -> DataQuery:
    return DataQuery(
        participant=participant,
        site_id=participant.site_id,
        kind=one.kind,
        ref=one.ref,
        field=one.field,
        rule_id=one.rule_id,
        question=one.question[:1000],
        about=one.about[:300],
        opened_by=SYSTEM,
        opened_at=at,
        recorded_at=at,
    )


def _message(row: DataQuery, act: str, text: str, at: datetime) -> DataQueryMessage:
    return DataQueryMessage(
        data_query=row, number=row.version, act=act, text=text[:1000], written_by=SYSTEM, recorded_at=at
    )

"""All criteria of a protocol version on one record: statuses with their reasons, and when they will change.

Pure and total: whatever is missing or unusable leaves a criterion unknown and says what is owed.
Source: clinical rules 1.1 to 1.5.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta

from screening.rules.assessments import Assessment, Compared, Evaluation
from screening.rules.evidence import Anchors, Entry, EvidenceRecord, Purpose
from screening.rules.look import Look
from screening.rules.plan import Part, Plan, Selection, plan_for, selection_of
from trialsite.protocol.criteria import (
    WANTED,
    CriterionStatus,
    applied,
    combine,
    status_of,
    verdict_over,
)
from trialsite.protocol.types import Act, Arm, Criterion, ProtocolVersion

_UNKNOWN = CriterionStatus.UNKNOWN
_ONE_DAY = timedelta(days=1)
_PROVISIONAL = "E7.2"  # the only criterion anchored at enrolment


def evaluate(
    version: ProtocolVersion,
    record: EvidenceRecord,
    anchors: Anchors,
    arm: Arm | None,
    only: Collection[str] | None = None,
) -> Evaluation:
    """Return every criterion assessed on this record, or only some of them, and the verdict over these.

    only: ids; a parent brings its parts with it. Raises ValueError for an id that the version does not have.
    """
    plan = plan_for(version)
    return _Evaluating(plan, selection_of(plan, only), record, anchors, arm).evaluation()


def recheck(
    version: ProtocolVersion,
    record: EvidenceRecord,
    as_of: date,
    act: Act,
    arm: Arm | None,
    consent_on: date | None,
) -> Evaluation:
    """Return what must still hold on the day of a later act, on evidence valid and look-backs counted on that day.

    Raises ValueError if the version has no re-check before this act.
    """
    for one in version.rechecks:
        if one.act is act:
            anchors = Anchors(consent_on=consent_on, screening_on=None, as_of=as_of, purpose=Purpose.RECHECK)
            return evaluate(version, record, anchors, arm, one.criteria)
    raise ValueError(f"version {version.number} has no re-check before {act}")


class _Evaluating:
    """One evaluation under way."""

    __slots__ = (
        "anchors",
        "arm",
        "assessments",
        "is_fixed",
        "is_recheck",
        "looks",
        "plan",
        "record",
        "selection",
    )

    def __init__(
        self, plan: Plan, selection: Selection, record: EvidenceRecord, anchors: Anchors, arm: Arm | None
    ) -> None:
        self.plan = plan
        self.selection = selection
        self.record = record
        self.anchors = anchors
        self.arm = arm
        self.is_recheck = anchors.purpose is Purpose.RECHECK
        # From enrolment on the day looked at decides nothing any more.
        self.is_fixed = not self.is_recheck and anchors.enrolment_on is not None
        self.looks: dict[tuple[date, bool], Look] = {}
        self.assessments: dict[str, Assessment] = {}

    def evaluation(self) -> Evaluation:
        finest, parents = self.selection.finest, self.selection.parents
        look = self._look_on(self.anchors.decision_on, self.is_recheck)
        assessed = {part.criterion.id: self._assess(part, look) for part in finest}
        for criterion in self.selection.order:
            parts = parents.get(criterion.id)
            self.assessments[criterion.id] = (
                assessed[criterion.id] if parts is None else self._combine(criterion, parts, assessed)
            )
        return self._concluded()

    def _concluded(self) -> Evaluation:
        assessments = self.assessments
        verdict = verdict_over(
            self.selection.criteria, {name: one.status for name, one in assessments.items()}
        )
        last_days = {
            criterion.id: day
            for criterion in self.selection.criteria
            if (day := assessments[criterion.id].valid_until) is not None
        }
        last_day = min(last_days.values(), default=None)
        return Evaluation(
            version=self.plan.version.number,
            anchors=self.anchors,
            arm=self.arm,
            assessments=assessments,
            verdict=verdict,
            lapses_on=None if last_day is None else last_day + _ONE_DAY,
            lapsing=tuple([name for name, day in last_days.items() if day == last_day]),
            waiting_helps_on=_last_of([assessments[failed].clears_on for failed in verdict.failed]),
        )

    def _assess(self, part: Part, look: Look) -> Assessment:
        status = _decide(part, look)
        criterion, parts = part.criterion, (part,)
        # Noted before the same look is taken at it again.
        used, compared, missing, readings = look.used, look.compared, look.missing, look.readings
        queries, changes_on = look.queries, look.changes_on
        return Assessment(
            criterion.id,
            status,
            used,
            compared,
            self._in_order(missing) if missing and status is _UNKNOWN else (),
            readings if len(readings) < 2 else tuple(sorted(set(readings))),
            queries if len(queries) < 2 else tuple(dict.fromkeys(queries)),
            None if changes_on is None or self.is_fixed else self._valid_until(part, status, changes_on),
            None if status is part.wanted else self._clears_on(criterion, parts, status),
            criterion.id == _PROVISIONAL and self.anchors.is_provisional,
            not criterion.arms or self.arm is None or self.arm in criterion.arms,
        )

    def _combine(
        self, criterion: Criterion, parts: tuple[Part, ...], assessed: Mapping[str, Assessment]
    ) -> Assessment:
        """Derive a parent: it carries what its parts carry, but changes on a day of its own."""
        carried = [assessed[part.criterion.id] for part in parts]
        status = combine(criterion.kind, [one.status for one in carried])
        used, compared, missing = list[Entry](), list[Compared](), list[str]()
        readings, queries = list[int](), list[str]()
        last_day, is_provisional = None, False
        for one in carried:
            used += one.used
            compared += one.compared
            missing += one.missing
            readings += one.readings
            queries += one.queries
            is_provisional = is_provisional or one.is_provisional
            if one.valid_until is not None and (last_day is None or one.valid_until < last_day):
                last_day = one.valid_until
        is_wanted = status is WANTED[criterion.kind]
        # Each of these alone keeps the parent from being in order.
        against = [] if is_wanted or status is _UNKNOWN else [one for one in carried if one.status is status]
        if against:
            last_day = _last_of([one.valid_until for one in against])
        return Assessment(
            criterion.id,
            status,
            tuple(used),
            tuple(compared),
            self._in_order(missing) if missing and status is _UNKNOWN else (),
            tuple(sorted(set(readings))),
            tuple(dict.fromkeys(queries)),
            # The first part to change takes along a parent that is in order; another may outlive it.
            last_day if last_day is None or is_wanted else self._outlived(criterion, parts, status, last_day),
            # In order only with all its parts, so never before each of these has cleared.
            self._clears_on(criterion, parts, status)
            if against and all(one.clears_on for one in against)
            else None,
            is_provisional,
        )

    def _valid_until(self, part: Part, status: CriterionStatus, changes_on: date) -> date | None:
        """Look again on every day on which something may change, until the status does."""
        if status is not _UNKNOWN and part.only_item and len(self.record.entries[part.only_item]) == 1:
            return changes_on - _ONE_DAY  # the only entry there is lapses, and leaves nothing
        day: date | None = changes_on
        while day is not None:
            look = self._look_on(day, self.is_recheck)
            if _decide(part, look) is not status:
                return day - _ONE_DAY
            day = look.changes_on
        return None

    def _outlived(
        self, criterion: Criterion, parts: tuple[Part, ...], status: CriterionStatus, last_day: date
    ) -> date | None:
        """Return the last day of the parent's status; last_day: of the first part's."""
        turn = last_day + _ONE_DAY
        day = self._first_day(criterion, parts, lambda other: other is not status, turn, self.is_recheck)
        return None if day is None else day - _ONE_DAY

    def _clears_on(
        self, criterion: Criterion, parts: tuple[Part, ...], status: CriterionStatus
    ) -> date | None:
        """The first day from the one looked at on which the criterion would be in order, counted from that day."""
        if status is _UNKNOWN:
            return None
        wanted = WANTED[criterion.kind]
        return self._first_day(criterion, parts, lambda other: other is wanted, self.anchors.as_of, True)

    def _first_day(
        self,
        criterion: Criterion,
        parts: tuple[Part, ...],
        is_reached: Callable[[CriterionStatus], bool],
        start: date,
        is_moving: bool,
    ) -> date | None:
        day: date | None = start
        while day is not None:
            look = self._look_on(day, is_moving)
            statuses, turns = [], []
            for part in parts:
                statuses.append(_decide(part, look))
                if look.changes_on is not None:
                    turns.append(look.changes_on)
            if is_reached(combine(criterion.kind, statuses)):
                return day
            day = min(turns, default=None)
        return None

    def _look_on(self, day: date, is_moving: bool) -> Look:
        """Return the look of a day; many criteria change on the same one."""
        look = self.looks.get((day, is_moving))
        if look is None:
            look = self.looks[day, is_moving] = Look(
                self.plan.tables,
                self.record,
                self.arm,
                self.anchors.consent_on,
                day=day,
                look_back_on=day if is_moving else self.anchors.look_back_on,
                enrolment_look_back_on=day if is_moving else self.anchors.enrolment_look_back_on,
                is_moving=is_moving,
            )
        return look

    def _in_order(self, items: Collection[str]) -> tuple[str, ...]:
        if len(items) == 1:
            return tuple(items)
        asked = self.plan.tables.asked
        return tuple(sorted(set(items), key=lambda item: asked[item].order))


def _decide(part: Part, look: Look) -> CriterionStatus:
    """Return the status on the day of the look, which afterwards holds what was looked at for it."""
    look.begin()
    criterion = part.criterion
    if criterion.arms and look.arm is not None and look.arm not in criterion.arms:
        return part.wanted
    if part.rule is None:
        look.ask("This program has no rule for it.")
        return _UNKNOWN
    status = status_of(part.rule(look))
    return _for_arm(criterion, status, look) if criterion.arms else status


def _for_arm(criterion: Criterion, status: CriterionStatus, look: Look) -> CriterionStatus:
    outcome = applied(criterion, status, look.arm)
    if outcome is not status:
        look.ask("It is not fulfilled for the arm that needs it; assign the arm.")
    return outcome


def _last_of(days: Sequence[date | None]) -> date | None:
    """Return the last day, None if one of them never comes or there is none."""
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None

"""What putting another protocol version in force at a site would change for everybody there. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from participants.models import Participant
from participants.queries.course import Course, load_courses
from participants.queries.preview import Known, Replan, deviations_of, replan
from trialsite.accounts.models import Site
from trialsite.protocol.registry import Activation, ConsentedVersion, version_for
from trialsite.protocol.windows import civil_date


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedPlan:
    """One participant. effective_on: civil date at the site; None: only once they have signed for the version.

    replan: what then is different; for somebody who has to sign, as if it were signed at the instant looked at.
    """

    participant: Participant
    in_force: str
    effective_on: date | None
    replan: Replan


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentPreview:
    """rows: those for whom something changes or who have to sign. unchanged: how many stay as they are."""

    number: str
    examined: int
    unchanged: int
    without_version: tuple[str, ...]
    rows: tuple[AmendedPlan, ...]

    @property
    def at_once(self) -> tuple[AmendedPlan, ...]:
        return tuple(row for row in self.rows if row.effective_on is not None)

    @property
    def after_signature(self) -> tuple[AmendedPlan, ...]:
        return tuple(row for row in self.rows if row.effective_on is None)


def preview_activation(site: Site, number: str, *, activated_at: datetime, at: datetime) -> AmendmentPreview:
    """Return what `activate_protocol` would do to every plan at the site: four queries, however many there are.

    Visits done, missed or called off by then stay as they are.
    """
    participants = list(Participant.objects.filter(site=site).select_related("site").order_by("code"))
    known = deviations_of(participants)
    courses = load_courses(participants)
    missing = tuple(one.participant.code for one in courses if not _is_bound(one, at))
    rows = []
    for course in courses:
        if _is_bound(course, at):
            row = _row(course, number, activated_at, known, at)
            if row.replan or row.effective_on is None:
                rows.append(row)
    return AmendmentPreview(
        number=number,
        examined=len(courses),
        unchanged=len(courses) - len(rows) - len(missing),
        without_version=missing,
        rows=tuple(rows),
    )


def _is_bound(course: Course, at: datetime) -> bool:
    return any(one.activated_at <= at for one in course.versions.protocol_activations)


def _row(
    course: Course, number: str, activated_at: datetime, known: Mapping[object, Known], at: datetime
) -> AmendedPlan:
    activations = (
        *course.versions.protocol_activations,
        Activation(number=number, activated_at=activated_at),
    )
    in_force = version_for(course.versions.protocol_activations, course.consented, at)
    is_bound = version_for(activations, course.consented, at) == number
    signed = () if is_bound else (ConsentedVersion(number=number, signed_at=at),)
    return AmendedPlan(
        participant=course.participant,
        in_force=in_force,
        effective_on=civil_date(activated_at, course.participant.site.time_zone) if is_bound else None,
        replan=replan(
            course,
            course.events,
            known,
            at=at,
            activations=activations,
            signed=signed,
        ),
    )


def counted(rows: Sequence[AmendedPlan]) -> dict[str, int]:
    """Return how many dates appear, move and go, and how many deviations and reminders change."""
    return {
        "added": sum(len(row.replan.added) for row in rows),
        "moved": sum(change.is_move for row in rows for change in row.replan.changed),
        "removed": sum(len(row.replan.removed) for row in rows),
        "deviations": sum(len(row.replan.deviations) for row in rows),
        "reminders": sum(len(row.replan.reminders) for row in rows),
    }

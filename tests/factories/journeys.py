"""Participants taken to a state of the journey by the services, on a clock of the story's own."""

from datetime import UTC, datetime, timedelta
from itertools import count

from infusion.models import Cohort
from participants.models import IcfVersion
from participants.services.referral import refer_participant
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from participants.states import State
from tests.factories.accounts import make_site, make_user
from tests.factories.kept import told_once
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role
from trialsite.audit.acting import acting
from trialsite.demo.story import Story, Ward, expansion_for, there
from trialsite.protocol.types import Arm

__all__ = ["START_AT", "Story", "Ward", "make_ward", "new_icf", "participant_at", "refer", "there"]

START_AT = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Wuhan
_numbers = count(1)
_cohort_numbers = count(1001)


OPEN_SINCE = START_AT - timedelta(days=30)


def make_ward(*, zone: str = "Asia/Shanghai", since: datetime = OPEN_SINCE) -> Ward:
    return told_once(("ward", zone, since), lambda: _new_ward(zone, since), record_of=lambda ward: ward.site)


def _new_ward(zone: str = "Asia/Shanghai", since: datetime = OPEN_SINCE) -> Ward:
    site = make_site(zone=zone, at=since)
    staff = {role.value: make_user(role, site, at=since) for role in Role if role is not Role.AUDITOR}
    admin = staff["admin"]
    approved_on = (since - timedelta(days=1)).date()
    activate_protocol(
        site=site, number="1.0", approved_on=approved_on, activated_at=since, by=admin, at=since
    )
    icf = new_icf(site, admin, at=since)
    activate_icf(site=site, icf=icf, approved_on=approved_on, activated_at=since, by=admin, at=since)
    return Ward(site=site, icf=icf, **staff)


def new_icf(site: Site, admin: User, *, at: datetime, is_substantive: bool = True) -> IcfVersion:
    return create_icf_version(
        number=f"ICF-{next(_numbers)}",
        title="Consent to take part",
        is_substantive=is_substantive,
        protocol_version="1.0",
        by=admin,
        at=at,
        site=site,
    )


def refer(ward: Ward, *, arm: Arm = Arm.INTRAVENOUS, at: datetime = START_AT) -> Story:
    participant = refer_participant(
        site=ward.site,
        referred_at=at,
        intended_arm=arm,
        by=ward.coordinator,
        at=at,
        sex="female",
        birth_year=1961,
    )
    return Story(ward=ward, participant=participant, now=at, arm=arm)


FIRST_SERIES = [
    *(f"V-D{day}#1" for day in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)),
    *(f"V-M{m}#1" for m in (2, 3, 6, 9, 12)),
]

_PATH = (
    State.REFERRED,
    State.SCREENING,
    State.ELIGIBLE,
    State.ENROLLED,
    State.LEUKAPHERESIS,
    State.MANUFACTURING,
    State.LYMPHODEPLETION,
    State.INFUSED,
    State.FOLLOW_UP,
    State.COMPLETED,
)


def participant_at(
    state: State,
    *,
    ward: Ward | None = None,
    arm: Arm = Arm.INTRAVENOUS,
    at: datetime = START_AT,
    cohort: Cohort | None = None,
) -> Story:
    """Return a story whose participant has come, on schedule, to a state of the regular path.

    cohort: whose slot is taken at enrolment; by default that of an expansion with room for everybody.
    """
    if ward is None and at == START_AT and cohort is None:
        return told_once(
            (state, arm),
            lambda: _tell(_alone(refer(_new_ward(), arm=arm, at=at)), state),
            record_of=lambda story: story.participant,
        )
    story = refer(ward or make_ward(), arm=arm, at=at)
    if cohort is not None:
        story.cohort_for = lambda _: cohort
    return _tell(story, state)


def _alone(story: Story) -> Story:
    """A cohort of their own with a number of its own: stories told apart are laid down side by side."""
    story.cohort_for = _cohort_of_their_own
    return story


def _cohort_of_their_own(story: Story) -> Cohort:
    by, at = story.ward.investigator, story.now
    with acting(by=by, at=at, action="infusion.cohort_opened"):
        cohort = expansion_for(story, is_new=True)
        cohort.number = next(_cohort_numbers)
        cohort.save_changes(["number"])
    return cohort


def _tell(story: Story, state: State) -> Story:
    for step in _PATH[1 : _PATH.index(state) + 1]:
        _STEPS[step](story)
    return story


def _to_screening(story: Story) -> None:
    story.wait(1).signs()
    story.wait(1).starts_screening()


def _to_eligible(story: Story) -> None:
    story.wait(5).finds_everything_in_order()
    story.is_confirmed()


def _to_enrolled(story: Story) -> None:
    story.wait(1).enrols()


def _to_leukapheresis(story: Story) -> None:
    story.wait(3).gives_cells()


def _to_manufacturing(story: Story) -> None:
    story.wait(1).has_lot_started()


def _to_lymphodepletion(story: Story) -> None:
    story.wait(13).has_lot_released()
    story.wait(1).has_infusion_planned((story.now + timedelta(days=13)).date())
    story.wait(7).comes_to("V-BL#1")
    for day in (1, 2, 3):
        story.wait(1).gets_lymphodepletion(day)
    story.is_rechecked("T-RECHECK-INF#1")  # on what was renewed two days before


def _to_infused(story: Story) -> None:
    story.wait(3).gets_infusion()


def _to_follow_up(story: Story) -> None:
    for key in FIRST_SERIES[:10]:
        story.comes_on_target(key)


def _to_completed(story: Story) -> None:
    for key in FIRST_SERIES[10:]:
        story.comes_on_target(key)
    story.wait(1).completes()


_STEPS = {
    State.SCREENING: _to_screening,
    State.ELIGIBLE: _to_eligible,
    State.ENROLLED: _to_enrolled,
    State.LEUKAPHERESIS: _to_leukapheresis,
    State.MANUFACTURING: _to_manufacturing,
    State.LYMPHODEPLETION: _to_lymphodepletion,
    State.INFUSED: _to_infused,
    State.FOLLOW_UP: _to_follow_up,
    State.COMPLETED: _to_completed,
}

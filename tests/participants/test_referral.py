"""First contact, and the coded particulars of a participant."""

from datetime import timedelta

import pytest

from participants.models import JourneyEvent, Obligation, Participant
from participants.services import journey, referral
from participants.services.referral import edit_participant, refer_participant
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import START_AT, Story, Ward, make_ward, participant_at, refer
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.errors import Conflict
from trialsite.protocol.codes import is_valid_code
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db


def refers(ward: Ward, by: object = None, **given: object) -> Participant:
    values = {
        "referred_at": START_AT,
        "at": START_AT,
        "site": ward.site,
        "by": by or ward.coordinator,
    } | given
    return refer_participant(**values)  # type: ignore[arg-type]


def test_a_referral_gives_a_code_an_event_and_the_first_task() -> None:
    ward = make_ward()

    participant = refers(
        ward, intended_arm=Arm.INTRAPLEURAL, sex="male", birth_year=1958, reason="by telephone"
    )

    assert is_valid_code(participant.code)
    assert participant.code.startswith(ward.site.subject_prefix)
    assert (participant.state, participant.arm, participant.intended_arm) == ("referred", "", "intrapleural")
    event = JourneyEvent.objects.get(participant=participant)
    assert (event.kind, event.occurred_at, event.recorded_by) == (
        "referred",
        START_AT,
        ward.coordinator.actor_label,
    )
    assert list(Obligation.objects.values_list("key", flat=True)) == ["T-CONSENT#1"]
    assert traces("participants.referred") == {
        (ward.coordinator.actor_id, "by telephone", table)
        for table in ("participants_participant", "participants_journeyevent", "participants_obligation")
    }


def test_codes_are_never_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    drawn = iter("222222222233333")
    monkeypatch.setattr(referral.secrets, "choice", lambda alphabet: next(drawn))

    first, second = refers(ward), refers(ward)

    assert first.code.split("-")[1] == "22222"
    assert second.code.split("-")[1] == "33333"


def test_a_site_without_a_free_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    monkeypatch.setattr(referral.secrets, "choice", lambda alphabet: "2")
    refers(ward)

    with refused("no-free-code"):
        refers(ward)


@pytest.mark.parametrize(
    ("year", "is_plausible"), [(1905, False), (1906, True), (2026, True), (2027, False), (26, False)]
)
def test_the_year_of_birth_is_that_of_somebody_alive(year: int, is_plausible: bool) -> None:
    ward = make_ward()

    if is_plausible:
        assert refers(ward, birth_year=year).birth_year == year
        return
    with refused("birth-year-implausible", field="birth_year"):
        refers(ward, birth_year=year)


def test_a_referral_of_tomorrow_is_refused() -> None:
    ward = make_ward()

    with refused("in-the-future", field="occurred_at"):
        refers(ward, referred_at=START_AT + timedelta(days=1))


def test_only_the_office_refers_and_only_at_its_own_site() -> None:
    ward = make_ward()
    elsewhere = make_user(Role.COORDINATOR, make_ward().site)
    auditor = make_user(Role.AUDITOR)
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, auditor]

    assert permitted(lambda user: refers(ward, user), people) == {"coordinator", "investigator"}
    with refused("not-permitted"):
        refers(ward, elsewhere)


def test_a_failure_while_planning_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    before = everything()

    def breaks(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the plan cannot be stored")

    monkeypatch.setattr(journey, "reconcile", breaks)
    with pytest.raises(RuntimeError, match="cannot be stored"):
        refers(ward)

    assert everything() == before
    assert traces("participants.referred") == set()


class TestParticulars:
    def edits(self, story: Story, **given: object) -> Participant:
        values = {
            "participant": story.participant,
            "version": story.participant.version,
            "by": story.ward.coordinator,
            "at": story.now,
            "reason": "misheard",
        } | given
        return edit_participant(**values)  # type: ignore[arg-type]

    def test_only_what_is_given_changes(self) -> None:
        story = refer(make_ward())

        changed = self.edits(story, birth_year=1966)

        assert (changed.birth_year, changed.sex, changed.version) == (1966, "female", 2)
        assert traces("participants.particulars_corrected") == {
            (story.ward.coordinator.actor_id, "misheard", "participants_participant")
        }

    def test_a_reason_is_mandatory(self) -> None:
        story = refer(make_ward())

        with refused("reason-required", field="reason"):
            self.edits(story, sex="male", reason=" ")

    def test_the_second_of_two_editors_is_told(self) -> None:
        story = refer(make_ward())
        self.edits(story, birth_year=1966)

        with pytest.raises(Conflict) as late:
            self.edits(story, birth_year=1967, version=1)

        assert late.value.code == "stale-version"
        assert Participant.objects.get().birth_year == 1966

    def test_an_implausible_year_is_refused(self) -> None:
        story = refer(make_ward())

        with refused("birth-year-implausible", field="birth_year"):
            self.edits(story, birth_year=1800)

    def test_a_nurse_may_not(self) -> None:
        story = refer(make_ward())

        with refused("not-permitted"):
            self.edits(story, by=story.ward.nurse, sex="male")


def test_a_site_without_a_protocol_in_force_refers_nobody() -> None:
    ward = make_ward()
    early = START_AT - timedelta(days=31)

    with refused("no-protocol-in-force"):
        refers(ward, referred_at=early, at=early)


def test_an_unscheduled_visit_during_screening_is_no_deviation() -> None:
    story = participant_at(State.SCREENING)

    story.wait(1).comes_to("")

    assert story.state is State.SCREENING
    assert not story.participant.deviations.exists()

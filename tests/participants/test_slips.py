"""Slips of the pen that could not be taken back: the form asks once more."""

from datetime import timedelta

import pytest

from infusion.web.forms import LeukapheresisForm
from participants.models import DispositionKind
from participants.services.dispositions import record_disposition
from participants.states import State
from tests.factories.journeys import participant_at
from tests.factories.traces import refused
from trialsite.errors import RuleViolated
from trialsite.web.forms import SiteMomentField, StepForm
from trialsite.web.submit import _refused


@pytest.mark.django_db
def test_a_death_dated_before_what_is_on_record_needs_a_reason() -> None:
    story = participant_at(State.INFUSED)
    told = {
        "participant": story.participant,
        "kind": DispositionKind.DIED,
        "cause_of_death": "unknown",
        "by": story.ward.coordinator,
        "at": story.now,
    }
    early = story.now - timedelta(days=30)
    with refused("reason-required", field="reason"):
        record_disposition(**told, occurred_at=early)  # type: ignore[arg-type]
    record_disposition(**told, occurred_at=early, reason="the visits were of another")  # type: ignore[arg-type]
    assert story.state is State.DIED


def test_a_form_without_a_reason_points_at_its_time_instead() -> None:
    class Decision(StepForm):
        decided_at = SiteMomentField()

    form = Decision({"decided_at": "2026-01-10 09:00"}, zone="Asia/Shanghai")
    assert form.is_valid()
    _refused(
        form,
        RuleViolated(
            "reason-required", "Give the reason. It is needed because: before consent.", field="reason"
        ),
    )
    assert form.errors == {
        "decided_at": ["Check this time. It does not fit what is on record: before consent."]
    }


def test_a_form_with_no_time_either_says_so_on_top() -> None:
    form = StepForm({})
    assert form.is_valid()
    _refused(
        form, RuleViolated("reason-required", "Give the reason. It is needed because: x.", field="reason")
    )
    assert form.non_field_errors() == ["Check this time. It does not fit what is on record: x."]


@pytest.mark.parametrize(
    ("entered", "words"),
    [("99999999", "At most 5 digits before the point."), ("1.2345678", "At most 3 digits after the point.")],
)
def test_a_number_with_too_many_digits_is_refused_in_plain_words(entered: str, words: str) -> None:
    form = LeukapheresisForm({"collected_cells_10e9": entered}, zone="Asia/Shanghai")
    assert words in form.errors["collected_cells_10e9"]

"""What is owed about a safety case: once, or again until the case is closed."""

from dataclasses import replace
from datetime import date

import pytest

from tests.protocol.engine import K, event, facts
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.safety_tasks import safety_obligations
from trialsite.protocol.types import DltExemption, DueState, Event, Obligation, Offset
from trialsite.protocol.validate import ProtocolInvalid, validate

V = resolve("1.0")
OWED = event(K.SAFETY_TASK_OWED, "2026-03-20", item="T-SAE-FU", ref="ae")


def done(when: str, ref: str, case: str = "ae") -> Event:
    return replace(event(K.SAFETY_TASK_DONE, when, item="T-SAE-FU", ref=ref), facts={"case": case})


def closed(when: str) -> Event:
    return event(K.SAFETY_CASE_CLOSED, when, ref="ae")


def found(*events: Event) -> list[Obligation]:
    return safety_obligations(V, sorted(events, key=lambda one: one.at), facts())


def test_a_follow_up_is_due_seven_days_on_and_anew_after_each_report() -> None:
    first, second = found(OWED, done("2026-03-26", "r1"), done("2026-03-26", "r2", case="other"))
    assert (first.key, first.closes_on, first.fulfilled_ref) == ("T-SAE-FU:ae#1", date(2026, 3, 27), "r1")
    assert (second.key, second.closes_on, second.fulfilled_at) == ("T-SAE-FU:ae#2", date(2026, 4, 2), None)


def test_a_closed_case_is_not_asked_about_again() -> None:
    (only,) = found(OWED, closed("2026-03-24"))
    assert due_state(only, only.opens_at) is DueState.NOT_REQUIRED
    assert [one.key for one in found(OWED, done("2026-03-26", "r1"), closed("2026-03-27"))] == [
        "T-SAE-FU:ae#1"
    ]


def test_a_question_is_put_once_and_its_day_may_be_given() -> None:
    question = replace(OWED, item="T-CONF-OUT", facts={"due_on": "2026-05-01"})
    assert [(one.key, one.closes_on) for one in found(question)] == [("T-CONF-OUT:ae#1", date(2026, 5, 1))]
    answer = replace(done("2026-03-26", "r1"), item="T-CONF-OUT")
    assert [one.fulfilled_ref for one in found(question, answer)] == ["r1"]


def test_a_task_the_version_does_not_know_is_not_owed() -> None:
    assert found(replace(OWED, item="T-GONE")) == []


@pytest.mark.parametrize(
    ("section", "change", "code"),
    [
        ("safety_tasks", {"days": 0}, "task-unsound"),
        ("safety_tasks", {"title_zh": ""}, "text-missing"),
        ("safety_tasks", {"ladder": "gone"}, "ladder-unknown"),
        ("special_interests", {"lowest_grade": 0}, "interest-unsound"),
        ("special_interests", {"syndrome": ""}, "interest-unsound"),
        ("collection_periods", {"until": Offset(months=1, days=1)}, "period-unsound"),
        ("collection_periods", {"until": Offset(days=-1)}, "period-unsound"),
        ("prohibited_medications", {"medication_class": ""}, "medication-unsound"),
        ("dlt_exemptions", {"terms": ()}, "exemption-unsound"),
        ("dlt_exemptions", {"terms": ("Lymphopenia",)}, "exemption-unsound"),
    ],
)
def test_unsound_safety_items_are_found(section: str, change: dict[str, object], code: str) -> None:
    first, *others = getattr(V, section)
    broken = replace(V, **{section: (replace(first, **change), *others)})
    with pytest.raises(ProtocolInvalid) as refused:
        validate(broken)
    assert code in {fault.code for fault in refused.value.faults}


def test_an_exemption_has_a_source() -> None:
    assert all(isinstance(one, DltExemption) and one.source for one in V.dlt_exemptions)

"""Stored evaluations come out again from their inputs, and a planted difference is found."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from participants.states import State
from screening.models import EligibilityEvaluation
from tests.factories.accounts import BOOTSTRAP
from tests.factories.journeys import Story, participant_at
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db


def recompute(*arguments: str) -> str:
    out = StringIO()
    call_command("recompute_eligibility", *arguments, stdout=out)
    return out.getvalue()


def differences(*arguments: str) -> tuple[str, str]:
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("recompute_eligibility", *arguments, stdout=out)
    assert refused.value.returncode == 1
    return out.getvalue(), str(refused.value)


def plant(row: EligibilityEvaluation, **changes: object) -> None:
    """Change a stored evaluation behind the services' back."""
    with acting(by=BOOTSTRAP, at=datetime(2026, 3, 1, tzinfo=UTC), action="tests.planted", reason=""):
        EligibilityEvaluation.objects.filter(pk=row.pk).update(**changes)


@pytest.fixture
def story() -> Story:
    return participant_at(State.ENROLLED)


def test_what_was_stored_comes_out_again(story: Story) -> None:
    stored = EligibilityEvaluation.objects.count()

    assert stored >= 3  # the start, the answers, the decision
    assert recompute() == f"{stored} evaluations computed again, all as stored.\n"


def test_a_recheck_comes_out_again_too() -> None:
    story = participant_at(State.INFUSED)

    assert EligibilityEvaluation.objects.filter(purpose="recheck").count() == 2
    assert "all as stored" in recompute()
    assert story.participant.code not in recompute()


def test_a_changed_status_is_found_and_named(story: Story) -> None:
    row = EligibilityEvaluation.objects.filter(verdict="eligible").first()
    assert row is not None
    criteria = [
        {**one, "status": "not_met"} if one["id"] == "I10.1" else one for one in row.outcome["criteria"]
    ]
    plant(row, outcome={**row.outcome, "criteria": criteria})

    printed, said = differences()

    assert f"{story.participant.code}, screening 1, as of {row.judged_on}" in printed
    assert "I10.1.status was stored as not_met, comes out as met" in printed
    assert said == f"1 of {EligibilityEvaluation.objects.count()} evaluations come out otherwise than stored."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "ineligible"}, "verdict was stored as ineligible, comes out as eligible"),
        ({"failed": ["I1"]}, "failed was stored as ['I1'], comes out as []"),
        ({"lapses_on": None}, "lapses_on was stored as None"),
    ],
)
def test_a_column_that_says_otherwise_is_found(story: Story, changes: dict[str, object], words: str) -> None:
    row = EligibilityEvaluation.objects.filter(verdict="eligible").first()
    assert row is not None
    plant(row, **changes)

    printed, _ = differences()

    assert words in printed


def test_changed_inputs_are_found(story: Story) -> None:
    row = EligibilityEvaluation.objects.filter(verdict="eligible").first()
    assert row is not None
    evidence = {**row.inputs["evidence"], "plat": [dict(row.inputs["evidence"]["plat"][0])]}
    evidence["plat"][0]["value"] = {**evidence["plat"][0]["value"], "value": "48"}
    plant(row, inputs={**row.inputs, "evidence": evidence})

    printed, _ = differences()

    assert "verdict was stored as eligible, comes out as ineligible" in printed


def test_inputs_that_cannot_be_read_are_a_difference_not_a_crash(story: Story) -> None:
    row = EligibilityEvaluation.objects.first()
    assert row is not None
    plant(row, inputs={**row.inputs, "evidence": {"blood_group": {"value": "A"}}})

    printed, _ = differences()

    assert "cannot be computed again: evidence.blood_group" in printed


def test_only_evaluations_since_a_day_are_looked_at(story: Story) -> None:
    first = EligibilityEvaluation.objects.order_by("judged_on").first()
    assert first is not None
    plant(first, verdict="ineligible")
    next_day = (first.judged_on + timedelta(days=1)).isoformat()

    assert "all as stored" in recompute("--since", next_day)
    differences("--since", first.judged_on.isoformat())


def test_a_day_that_is_none_is_refused(story: Story) -> None:
    with pytest.raises(CommandError, match="2026-11-22"):
        recompute("--since", "yesterday")


def test_memory_does_not_grow_with_the_rows(story: Story) -> None:
    row = EligibilityEvaluation.objects.filter(verdict="eligible").first()
    assert row is not None

    def add(count: int) -> None:
        values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        del values["id"]
        with acting(by=BOOTSTRAP, at=row.recorded_at, action="tests.planted", reason=""):
            EligibilityEvaluation.objects.bulk_create([EligibilityEvaluation(**values) for _ in range(count)])

    def peak() -> int:
        tracemalloc.start()
        recompute()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    add(100)
    two_chunks = peak()
    add(200)

    # 200 more rows held at once would take some 20 MB.
    assert peak() - two_chunks < 2_000_000

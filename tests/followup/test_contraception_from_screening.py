"""What screening and the ledger know of each other: methods taken over, tests that count at the re-check."""

from datetime import timedelta

import pytest
from django.urls import reverse

from followup.models import MethodUse
from infusion.models.confidential import Specimen, TestOutcome
from infusion.services.confidential_tests import DoneTest, record_test
from participants.states import State
from screening.models import EligibilityEvaluation
from screening.queries.recompute import evaluations_since, recomputed
from screening.rules.items import BY_ID
from tests.factories.api import Program
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of, filled
from trialsite import clock
from trialsite.demo.evidence import RENEWED
from trialsite.protocol.registry import numbers, resolve
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db
METHODS = "contraception_methods"


@pytest.mark.parametrize("number", numbers())
def test_every_answer_of_screening_means_a_method_of_the_protocol(number: str) -> None:
    methods = resolve(number).contraceptive_methods
    assert {one.screened_as for one in methods if one.screened_as} == set(BY_ID[METHODS].choices or {})
    assert [one.screened_as for one in methods if not one.is_effective and one.screened_as] == ["rhythm"]


def test_a_method_named_at_screening_is_offered_until_the_ledger_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.SCREENING)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    code, on = story.participant.code, civil_date(story.now, "Asia/Shanghai")
    story.finds(METHODS, {"value": ["iud", "hormonal"], "on": on.isoformat()})
    client, program = browser_of(story.ward.nurse), Program(story.ward.nurse, now=story.now)
    panel = reverse("panel-contraception", args=[code])
    assert "named at screening" in client.get(panel).text

    def offered() -> list[str]:
        found = program.get(f"participants/{code}/contraception/ledger/").json()["named_at_screening"]
        return [one["answer"] for one in found]

    assert offered() == ["iud", "hormonal"]
    url = reverse("contraceptive-method-named", args=[code, 1])
    form = client.get(url).context["form"]
    assert (form.initial["method"], form.initial["started_on"]) == ("CM-IUD", on)
    saved = client.post(url, filled(method="CM-IUD", started_on=on.isoformat()))
    assert (saved.status_code, MethodUse.objects.get().method) == (303, "CM-IUD")

    assert offered() == ["hormonal"]
    form = client.get(url).context["form"]
    assert form.initial["method"] == ""  # it may mean several
    assert [value for value, _ in form.fields["method"].choices] == [
        "CM-PILL",
        "CM-PATCH",
        "CM-INJECTION",
        "CM-IMPLANT",
    ]
    assert client.get(reverse("contraceptive-method-named", args=[code, 2])).status_code == 404
    story.finds(METHODS, {"value": None, "not_done": "refused", "on": on.isoformat()}, reason="misheard")
    assert offered() == []
    assert "named at screening" not in client.get(panel).text


def has_test(story: Story, outcome: TestOutcome) -> None:
    done = DoneTest(
        taken_on=civil_date(story.now, "Asia/Shanghai"), specimen=Specimen.BLOOD.value, outcome=outcome.value
    )
    record_test(participant=story.participant, tested=done, by=story.ward.nurse, at=story.now)


@pytest.mark.parametrize(
    ("outcome", "verdict", "missing"),
    [
        (None, "incomplete", True),
        (TestOutcome.NEGATIVE, "eligible", False),
        (TestOutcome.POSITIVE, "incomplete", True),
        (TestOutcome.UNCLEAR, "incomplete", True),
    ],
)
def test_a_test_of_the_ledger_alone_counts_at_the_recheck_and_only_a_negative_result_is_told(
    outcome: TestOutcome | None, verdict: str, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(70).has_lot_released()
    story.has_infusion_planned((story.now + timedelta(days=5)).date())
    story.renews_evidence([one for one in RENEWED if one != "pregnancy_test"])
    monkeypatch.setattr(clock, "now", lambda: story.now)
    if outcome is not None:
        has_test(story, outcome)

    url = reverse("eligibility-recheck", args=[story.participant.code, "T-RECHECK-LD#1"])
    foretold = browser_of(story.ward.investigator).get(url)
    assert foretold.context["verdict"].status == verdict
    assert "Positive" not in foretold.text
    story.is_rechecked("T-RECHECK-LD#1")
    kept = EligibilityEvaluation.objects.get(act="lymphodepletion")
    assert (kept.verdict, "E11" in kept.missing) == (verdict, missing)
    assert "positive" not in str(kept.inputs["evidence"]).lower().replace("her2_positive", "")
    assert list(recomputed(evaluations_since(None).filter(pk=kept.pk))) == [None]


def test_a_result_that_is_not_negative_outweighs_documented_absence_and_an_older_answer() -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(70).has_lot_released()
    story.has_infusion_planned((story.now + timedelta(days=5)).date())
    story.renews_evidence()
    story.finds("childbearing_potential", {"value": "no"}, reason="documented since")
    has_test(story, TestOutcome.POSITIVE)
    story.is_rechecked("T-RECHECK-LD#1")
    kept = EligibilityEvaluation.objects.get(act="lymphodepletion")
    assert (kept.verdict, kept.missing) == ("incomplete", ["E11"])
    story.wait(1).renews_evidence(["pregnancy_test"])
    story.is_rechecked("T-RECHECK-LD#1")
    assert EligibilityEvaluation.objects.filter(act="lymphodepletion", verdict="eligible").exists()

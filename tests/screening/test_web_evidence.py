"""Entering evidence in the browser: every group of items, refusals, corrections, judgements, taking back."""

from typing import Any

import pytest
from django.http import HttpResponse

from participants.models import Observation
from participants.states import State
from screening.models import EligibilityDecision, Evidence
from screening.rules.items import BY_ID, ITEMS
from screening.rules.vocabulary import Group, Item
from screening.rules.wire import read_entry, write_entry
from screening.services.decisions import record_screen_failure
from screening.web.fields import has_common_date
from screening.web.readings import initial_of
from tests.factories.journeys import START_AT, Story, make_ward, participant_at
from tests.participants.web import browser_of, filled
from tests.screening import desk
from tests.screening.desk import path
from trialsite import clock
from trialsite.demo.evidence import eligible_answers
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db

KNOWN_ELSEWHERE = {"birth_on", "adult_confirmed", "sex", "icf_signed", "icf_signer"}


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = participant_at(State.SCREENING, arm=Arm.INTRAPLEURAL)
    found.wait(hours=2)
    monkeypatch.setattr(clock, "now", lambda: found.now)
    return found


def today(story: Story) -> str:
    return story.now.date().isoformat()


def typed(story: Story, *items: str, **changed: Any) -> dict[str, Any]:
    """Return what somebody types who enters these items in the participant's favour."""
    answers = eligible_answers(story.now.date(), Arm.INTRAPLEURAL)
    found: dict[str, Any] = {"on": today(story)}
    for name in items:
        entry = {key: one for key, one in answers[name].items() if key != "not_done"}
        values = initial_of(BY_ID[name], read_entry(BY_ID[name], entry))
        found |= {key: "on" if one is True else one for key, one in values.items()}
    return filled(**{**found, **{key.replace("__", "-"): one for key, one in changed.items()}})


def send(story: Story, tail: str, entered: dict[str, Any], role: str = "coordinator") -> Any:
    response: HttpResponse = desk.desk(story, role).post(path(story, f"screening/{tail}"), entered)
    return response


def of_group(group: Group, *, judged: bool) -> list[Item]:
    answered = set(eligible_answers(START_AT.date(), Arm.INTRAPLEURAL)) - KNOWN_ELSEWHERE
    return [
        item for item in ITEMS if item.group is group and item.is_judgement is judged and item.id in answered
    ]


SITTINGS = [(group, judged) for group in Group for judged in (False, True) if of_group(group, judged=judged)]


@pytest.mark.parametrize(("group", "judged"), SITTINGS, ids=[f"{g}{' judged' * j}" for g, j in SITTINGS])
def test_a_group_is_entered_on_one_page(story: Story, group: Group, judged: bool) -> None:
    items = of_group(group, judged=judged)
    role = "investigator" if judged else "coordinator"

    response = send(story, f"evidence/{group}/", typed(story, *(item.id for item in items)), role)

    assert response.status_code == 303, response.context["form"].errors
    assert response.headers["Location"] == path(story, "screening/")
    answers = eligible_answers(story.now.date(), Arm.INTRAPLEURAL)
    for row in Evidence.objects.all():
        item = BY_ID[row.item]
        assert row.entry["value"] == wanted(item, answers[item.id]), item.id
        is_dated = item.needs_date or item.is_judgement
        expected = answers[item.id].get("on") if is_dated else None
        assert row.entry["on"] == (today(story) if has_common_date(item) else expected), item.id
    stored = {*Evidence.objects.values_list("item", flat=True)}
    codes = {*Observation.objects.values_list("test_code", flat=True)}
    assert {item.id for item in items if not item.test_code} == stored
    assert {item.test_code for item in items if item.test_code} == codes


def wanted(item: Item, entry: Any) -> Any:
    return write_entry(read_entry(item, entry))["value"]


# ---- Refusals


def test_a_refusal_stands_at_its_field_and_nothing_typed_is_lost(story: Story) -> None:
    entered = typed(story, "plat", "hgb", "creat", hgb__value="11,8", plat__value="212", creat__upper="high")

    response = send(story, "evidence/laboratory/", entered)

    form = response.context["form"]
    assert response.status_code == 422
    assert set(form.errors) == {"hgb-value", "creat-upper"}
    assert (form["hgb-value"].value(), form["plat-value"].value()) == ("11,8", "212")
    assert not Observation.objects.exists()


def test_a_specimen_without_its_date_is_asked_for_it(story: Story) -> None:
    response = send(story, "evidence/laboratory/", typed(story, "plat", on=""))

    assert "Give the date." in str(response.context["form"].errors["on"])


def test_a_value_that_no_laboratory_can_have_found_is_refused(story: Story) -> None:
    response = send(story, "evidence/laboratory/", typed(story, "plat", plat__value="4000"))

    assert "Must be from 0 to 3000" in str(response.context["form"].errors["plat-value"])


def test_an_unusual_value_is_asked_about_once_more_and_the_tick_counts_for_it_alone(story: Story) -> None:
    entered = typed(story, "plat", plat__value="4")
    asked = send(story, "evidence/laboratory/", entered)
    warning = asked.context["form"].warned["plat"]

    shown = asked.content.decode()
    another = send(story, "evidence/laboratory/", {**entered, "plat-value": "5", "plat-checked": warning})
    saved = send(story, "evidence/laboratory/", {**entered, "plat-checked": warning})

    assert "I have checked it: it is right" in shown
    assert "unusual" in warning
    assert (asked.status_code, another.status_code, saved.status_code) == (422, 422, 303)
    assert Observation.objects.get().value == 4


def test_an_operator_may_be_typed_as_the_report_has_it(story: Story) -> None:
    send(story, "evidence/laboratory/", typed(story, "cea", cea__value="<10"))

    result = Observation.objects.get()
    assert (result.operator, result.value) == ("<", 10)


def test_time_and_laboratory_are_given_once_for_all_results(story: Story) -> None:
    entered = typed(story, "plat", "wbc", time="06:45", laboratory="Ward laboratory")

    send(story, "evidence/laboratory/", entered)

    results = list(Observation.objects.all())
    assert {(one.laboratory, one.is_time_known, one.taken_at.hour) for one in results} == {
        ("Ward laboratory", True, 22)
    }


def test_a_specimen_of_later_today_is_refused_at_its_time(story: Story) -> None:
    response = send(story, "evidence/laboratory/", typed(story, "plat", time="23:59"))

    assert "time" in response.context["form"].errors
    assert not Observation.objects.exists()


def test_unit_and_limits_of_the_last_result_are_there_already(story: Story) -> None:
    send(story, "evidence/laboratory/", typed(story, "creat", laboratory="Central"))

    form = desk.desk(story, "coordinator").get(path(story, "screening/evidence/laboratory/")).context["form"]

    found = [form[f"creat-{name}"].value() for name in ("value", "unit", "lower", "upper")]
    assert found == [None, "umol/L", "41", "81"]
    assert form["laboratory"].value() == "Central"


def test_a_date_may_be_partial_and_an_impossible_one_is_refused(story: Story) -> None:
    refused = send(story, "evidence/disease/", typed(story, "ihc", **{"ihc__on": "2025-02-30"}))
    send(story, "evidence/disease/", typed(story, "ihc", **{"ihc__on": "2025-12"}))

    assert "ihc-on" in refused.context["form"].errors
    assert Evidence.objects.get().entry["on"] == "2025-12"


def test_the_full_date_of_birth_is_refused_at_its_field(story: Story) -> None:
    entered = filled(**{"birth_on-value": "1961-04-17"})

    response = send(story, "evidence/person/", entered)

    assert "Give the month only" in str(response.context["form"].errors["birth_on-value"])


def test_what_is_not_known_is_recorded_with_the_reason(story: Story) -> None:
    send(story, "evidence/heart_and_lung/", filled(**{"cardiomyopathy-not_done": "Old file is lost"}))

    entry = Evidence.objects.get().entry
    assert (entry["value"], entry["not_done"]) == (None, "Old file is lost")


def test_a_value_and_a_reason_why_there_is_none_contradict_each_other(story: Story) -> None:
    entered = filled(**{"cardiomyopathy-value": "no", "cardiomyopathy-not_done": "Lost"})

    response = send(story, "evidence/heart_and_lung/", entered)

    assert response.status_code == 422
    assert "not both" in str(response.context["form"].errors)


def test_an_empty_page_is_not_recorded(story: Story) -> None:
    response = send(story, "evidence/history/", filled())

    assert "Nothing was filled in yet." in str(response.context["form"].errors)


def test_a_form_that_is_sent_twice_is_recorded_once(story: Story) -> None:
    client = desk.desk(story, "coordinator")
    entered = typed(story, "lesions")
    answers = [client.post(path(story, "screening/evidence/disease/"), entered) for _ in range(2)]

    assert [one.status_code for one in answers] == [303, 303]
    assert Evidence.objects.count() == 1


# ---- Lists


def test_there_is_none_is_an_answer(story: Story) -> None:
    send(story, "evidence/history/", filled(**{"malignancies-none": "on"}))

    assert Evidence.objects.get().entry["value"] == []


def test_a_row_is_added_without_script_and_what_was_typed_stays(story: Story) -> None:
    entered = filled(add="vaccines", **{"vaccines-rows": "1", "vaccines-0-name": "influenza"})

    response = send(story, "evidence/history/", entered)

    form = response.context["form"]
    assert response.status_code == 200
    assert form["vaccines-0-name"].value() == "influenza"
    assert "vaccines-1-name" in form.fields
    assert not Evidence.objects.exists()


def test_a_fault_in_a_later_row_stands_in_that_row(story: Story) -> None:
    entered = filled(
        **{
            "vaccines-rows": "3",
            "vaccines-0-name": "influenza",
            "vaccines-0-is_live": "no",
            "vaccines-2-name": "yellow fever",
        }
    )

    response = send(story, "evidence/history/", entered)

    assert set(response.context["form"].errors) == {"vaccines-2-is_live"}


def test_two_rows_are_one_answer(story: Story) -> None:
    rows = {
        f"vaccines-{n}-{field}": value
        for n, name in enumerate(("influenza", "tetanus"))
        for field, value in (("name", name), ("is_live", "no"), ("given_on", "2025-11"))
    }
    send(story, "evidence/history/", filled(**{"vaccines-rows": "2", **rows}))

    assert [row["name"] for row in Evidence.objects.get().entry["value"]] == ["influenza", "tetanus"]


# ---- Judgements


def test_a_judgement_is_closed_to_the_coordinator(story: Story) -> None:
    client = desk.desk(story, "coordinator")

    shown = client.get(path(story, "screening/evidence/judgement/")).content.decode()
    single = send(story, "items/ecog/enter/", typed(story, "ecog"))
    group = send(story, "evidence/judgement/", typed(story, "ecog"))

    assert "Only investigator: an investigator's opinion." in shown.replace("&#x27;", "'")
    assert 'name="ecog-value"' not in shown
    assert single.status_code == 403
    assert group.status_code == 422
    assert not Evidence.objects.exists()


def test_a_judgement_needs_its_reason(story: Story) -> None:
    response = send(
        story, "evidence/judgement/", typed(story, "ecog", **{"ecog__reason": " "}), "investigator"
    )

    assert "Give the reason" in str(response.context["form"].errors["ecog-reason"])


def test_a_judgement_is_one_of_today_unless_said_otherwise(story: Story) -> None:
    form = desk.desk(story, "investigator").get(path(story, "screening/evidence/history/")).context["form"]

    assert form["cns-on"].value() == today(story)


# ---- Corrections


def test_a_correction_keeps_the_date_asks_for_the_reason_and_strikes_the_former_value(story: Story) -> None:
    story.finds("ihc", {"value": {"is_membranous": True, "positivity": "6"}, "on": "2025-12-03"})
    former = Evidence.objects.get()
    tail = f"items/ihc/enter/?of={former.pk}"
    entered = typed(story, "ihc", **{"ihc__f__positivity": "60", "ihc__on": "2024-01-01"})
    entered = {name.replace("ihc-f__", "ihc-f-"): one for name, one in entered.items()}

    first = desk.desk(story, "coordinator").get(path(story, f"screening/{tail}")).context["form"]
    refused = send(story, tail, entered)
    saved = send(story, tail, {**entered, "reason": "Misread the report"})

    history = desk.desk(story, "coordinator").get(path(story, "screening/items/ihc/")).content.decode()
    assert first["ihc-f-positivity"].value() == "6"
    assert "reason" in refused.context["form"].errors
    assert saved.headers["Location"] == path(story, "screening/items/ihc/")
    new = Evidence.objects.get(voided_at=None)
    assert (new.entry["on"], new.entry["value"]["positivity"], new.corrects) == ("2025-12-03", "60", former)
    assert "<del" in history
    assert "Misread the report" in history


def test_a_laboratory_result_is_corrected_at_its_own_time(story: Story) -> None:
    story.finds("plat", {"value": {"value": "21", "unit": "10^9/L"}}, taken_at=story.now)
    former = Observation.objects.get()
    entered = filled(**{"plat-value": "212", "plat-unit": "10^9/L", "reason": "Digit lost"})

    response = send(story, f"items/plat/enter/?of={former.pk}", entered)

    assert response.status_code == 303, response.context["form"].errors
    new = Observation.objects.get(voided_at=None)
    assert (new.value, new.taken_at, new.corrects) == (212, former.taken_at, former)


def test_a_changed_answer_asks_for_the_reason_on_the_page_of_its_group(story: Story) -> None:
    entered = filled(**{"histology-value": "nsclc"})
    send(story, "evidence/disease/", entered)
    changed = filled(**{"histology-value": "sclc"})

    refused = send(story, "evidence/disease/", changed)
    saved = send(story, "evidence/disease/", {**changed, "reason": "Second opinion"})

    assert 'name="reason"' in refused.content.decode()
    assert (refused.status_code, saved.status_code) == (422, 303)
    assert Evidence.objects.get(voided_at=None).entry["value"] == "sclc"


def test_a_correction_that_overturns_a_signed_status_reopens_the_decision(story: Story) -> None:
    story.finds_everything_in_order()
    story.is_confirmed()
    former = Observation.objects.get(test_code="PLAT")
    entered = filled(**{"plat-value": "21", "plat-unit": "10^9/L", "reason": "Digit too many"})

    send(story, f"items/plat/enter/?of={former.pk}", entered)

    assert EligibilityDecision.objects.get().reopened_reason == "I10.1 was met, is not met"


@pytest.mark.parametrize("ref", ["5f1c0c2e-0000-4000-8000-000000000000", "x"])
def test_an_answer_that_is_not_there_cannot_be_corrected(story: Story, ref: str) -> None:
    client = desk.desk(story, "coordinator")

    assert client.get(path(story, f"screening/items/ihc/enter/?of={ref}")).status_code == 404


# ---- Taking back


@pytest.fixture
def wrong(story: Story) -> Evidence:
    story.finds("lesions", {"value": []})
    return Evidence.objects.get()


def test_an_answer_is_taken_back_with_a_reason_and_stays_readable(story: Story, wrong: Evidence) -> None:
    tail = f"answers/{wrong.pk}/take-back/"

    refused = send(story, tail, filled(reason=""))
    saved = send(story, tail, filled(reason="Entered for the wrong participant"))

    shown = desk.desk(story, "nurse").get(path(story, "screening/items/lesions/")).content.decode()
    assert "reason" in refused.context["form"].errors
    assert saved.headers["Location"] == path(story, "screening/items/lesions/")
    assert "<del" in shown
    assert "Entered for the wrong participant" in shown
    assert send(story, tail, filled(reason="Again")).status_code == 404


def test_a_judgement_is_not_taken_back_by_the_coordinator(story: Story) -> None:
    story.finds("ecog", {"value": 1, "reason": "Seen today"})
    tail = f"answers/{Evidence.objects.get().pk}/take-back/"

    response = send(story, tail, filled(reason="Wrong"))

    assert response.status_code == 403
    assert Evidence.objects.get().voided_at is None


# ---- Who, where, when


TAILS = (
    "evidence/laboratory/",
    "items/lesions/",
    "items/lesions/enter/",
)


@pytest.mark.parametrize("tail", TAILS)
def test_another_site_finds_nothing(story: Story, wrong: Evidence, tail: str) -> None:
    client = browser_of(make_ward().coordinator)

    assert client.get(path(story, f"screening/{tail}")).status_code == 404
    assert client.get(path(story, f"screening/answers/{wrong.pk}/take-back/")).status_code == 404


@pytest.mark.parametrize("tail", ["evidence/nothing/", "items/nothing/", "items/nothing/enter/"])
def test_what_the_catalogue_does_not_have_is_not_found(story: Story, tail: str) -> None:
    assert desk.desk(story, "coordinator").get(path(story, f"screening/{tail}")).status_code == 404


def test_a_nurse_reads_the_answers_and_enters_none(story: Story) -> None:
    client = desk.desk(story, "nurse")

    assert client.get(path(story, "screening/items/plat/")).status_code == 200
    assert client.get(path(story, "screening/evidence/laboratory/")).status_code == 403
    assert send(story, "evidence/laboratory/", typed(story, "plat"), "nurse").status_code == 403


def test_a_closed_episode_takes_no_evidence(story: Story) -> None:
    record_screen_failure(
        episode=story.episode, decided_at=story.now, by=story.ward.investigator, at=story.now, reason="ECOG 3"
    )

    shown = (
        desk.desk(story, "coordinator").get(path(story, "screening/evidence/laboratory/")).content.decode()
    )
    response = send(story, "evidence/laboratory/", typed(story, "plat"))

    assert "This episode is a screen failure and is closed" in shown
    assert response.status_code == 422
    assert not Observation.objects.exists()


def test_before_screening_nothing_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.REFERRED)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    assert "Screening has not been started" in (
        desk.desk(story, "coordinator").get(path(story, "screening/evidence/person/")).content.decode()
    )
    assert send(story, "evidence/person/", filled(**{"breastfeeding-value": "no"})).status_code in {409, 422}

"""Laboratory values are graded as they are recorded, with the baseline of their participant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from infusion.models import AdverseEvent, LaboratoryGrade
from infusion.rules.laboratory import first_intervention_at, is_compared, may_be_baseline
from infusion.services.laboratory_grades import BASELINE_CHANGED, VALUE_CORRECTED
from infusion.services.leukaphereses import correct_leukapheresis
from participants.models import Observation, ObservationDomain
from participants.services.observations import Reading, record_observations, save_readings
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of, filled, queries_of
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry as AuditEntry
from trialsite.protocol.types import Event, EventKind

PANEL_QUERIES = 11
LIMITS = {"AST": ("U/L", "10", "40"), "PLAT": ("10⁹/L", "125", "350"), "CREAT": ("µmol/L", "40", "100")}


def reading(code: str, value: str, at: datetime, unit: str = "") -> Reading:
    usual, lower, upper = LIMITS[code]
    return Reading(
        domain=ObservationDomain.LABORATORY,
        test_code=code,
        unit=unit or usual,
        taken_at=at,
        value=Decimal(value) if value else None,
        not_done="" if value else "haemolysed",
        lower=Decimal(lower),
        upper=Decimal(upper),
    )


def measured(story: Story, *readings: Reading) -> Sequence[Observation]:
    return record_observations(
        participant=story.participant, readings=readings, by=story.ward.nurse, at=story.now
    )


def corrected(story: Story, one: Reading) -> None:
    by, at = story.ward.coordinator, story.now
    with acting(by=by, at=at, action="participants.observations_recorded", reason="Misread."):
        save_readings(story.participant, [one], by=by, at=at, reason="Misread.", corrects=True)


def course(story: Story, code: str, since: datetime) -> list[tuple[int | None, str]]:
    """The grades in force by the time of their value, with the rule that decided."""
    rows = LaboratoryGrade.objects.filter(
        participant=story.participant, observation__test_code=code, observation__taken_at__gte=since
    )
    standing = rows.filter(voided_at=None).order_by("observation__taken_at")
    return list(standing.values_list("grade", "rule"))


@pytest.mark.django_db
def test_a_course_is_graded_by_its_baseline_and_follows_its_correction() -> None:
    story = participant_at(State.ENROLLED).wait(1)
    before = story.now
    measured(story, reading("AST", "100", before), reading("PLAT", "74.9", before))
    story.wait(1).gives_cells()
    for value in ("149", "150", "301"):
        story.wait(1)
        measured(story, reading("AST", value, story.now))

    abnormal = "CTCAE-AST-ABNORMAL-BASELINE"
    assert course(story, "AST", before) == [(1, "CTCAE-AST"), (0, abnormal), (1, abnormal), (2, abnormal)]
    assert course(story, "PLAT", before) == [(2, "CTCAE-PLAT")]
    last = LaboratoryGrade.objects.get(grade=2, observation__test_code="AST")
    assert (last.term, last.scale, last.scale_version) == (
        "Aspartate aminotransferase increased",
        "CTCAE",
        "5.0",
    )
    assert last.baseline is not None
    assert last.baseline.value == 100
    assert (
        last.because
        == "Aspartate aminotransferase 301 U/L is > 3 × baseline, ≤ 5 × baseline (baseline 100 U/L)."
    )

    corrected(story, reading("AST", "40", before))  # equal to the limit: normal
    assert course(story, "AST", before) == [
        (0, "CTCAE-AST"),
        (2, "CTCAE-AST"),
        (2, "CTCAE-AST"),
        (3, "CTCAE-AST"),
    ]
    former = LaboratoryGrade.objects.get(pk=last.pk)
    assert (former.grade, former.void_reason, former.voided_at) == (2, BASELINE_CHANGED, story.now)
    assert LaboratoryGrade.objects.get(corrects=former).grade == 3
    assert LaboratoryGrade.objects.filter(void_reason=VALUE_CORRECTED).count() == 1
    trail = AuditEntry.objects.filter(table_name="infusion_laboratorygrade", row_id=str(former.pk))
    assert trail.count() == 2  # made, and voided


@pytest.mark.django_db
def test_a_moved_leukapheresis_makes_another_value_the_baseline() -> None:
    story = participant_at(State.ENROLLED).wait(1)
    first = story.now
    measured(story, reading("CREAT", "50", first))
    collection = story.wait(1).gives_cells()
    story.wait(1)
    measured(story, reading("CREAT", "90", story.now))
    assert course(story, "CREAT", story.now) == [(2, "CTCAE-CREAT-BASELINE")]

    second = story.now
    story.wait(1)
    measured(story, reading("CREAT", "99", story.now))
    correct_leukapheresis(
        leukapheresis=collection,
        performed_at=second + timedelta(hours=1),
        by=story.ward.coordinator,
        at=story.now,
        reason="Another day.",
    )
    assert course(story, "CREAT", first) == [(0, "CTCAE-CREAT"), (0, "CTCAE-CREAT"), (0, "CTCAE-CREAT")]


@pytest.mark.django_db
def test_where_no_grade_is_possible_the_reason_is_kept() -> None:
    story = participant_at(State.SCREENING).wait(1)
    at = story.now
    measured(story, reading("AST", "60", at, unit="fathoms"), reading("PLAT", "", at))
    found = LaboratoryGrade.objects.filter(participant=story.participant).order_by("term")
    assert [(one.grade, one.missing, one.because.split(":")[0]) for one in found] == [
        (None, ["result.unit"], "Aspartate aminotransferase"),
        (None, ["result"], "Platelets"),
    ]


@pytest.mark.django_db
def test_grading_costs_as_many_statements_for_many_values_as_for_one() -> None:
    story = participant_at(State.LEUKAPHERESIS).wait(30)

    def cost(hours: range) -> int:
        with CaptureQueriesContext(connection) as captured:
            measured(
                story,
                *(reading(code, "80", story.now - timedelta(hours=h)) for h in hours for code in LIMITS),
            )
        return sum("infusion_laboratorygrade" in one["sql"] for one in captured), len(captured)

    assert cost(range(1, 2)) == cost(range(2, 40))


@pytest.mark.django_db
def test_a_grade_is_shown_given_out_and_opens_the_form_of_the_adverse_event() -> None:
    story = participant_at(State.LEUKAPHERESIS).wait(30)
    measured(story, reading("PLAT", "60", story.now - timedelta(days=2)), reading("PLAT", "24", story.now))
    code, last = story.participant.code, LaboratoryGrade.objects.get(grade=4)
    client, url = browser_of(story.ward.investigator), reverse("adverse-event-record", args=[code, last.pk])

    panel = client.get(reverse("panel-laboratory", args=[code])).text
    assert url in panel
    assert "severe" in panel
    assert "higher now" in panel
    assert queries_of(client, reverse("panel-laboratory", args=[code])) <= PANEL_QUERIES

    first = client.get(url).context["form"].initial
    entered = {name: first[name] for name in ("term", "is_serious", "is_special_interest")}
    at = story.now.astimezone(ZoneInfo(story.ward.site.time_zone)).strftime("%Y-%m-%dT%H:%M")
    entered |= {"onset_at": at, "aware_at": at, "is_dlt": "open"}
    refused = client.post(url, filled(**entered, toxicity_grade="3"))
    assert "Say why the grade is another" in refused.text
    assert client.post(url, filled(**entered, toxicity_grade=first["toxicity_grade"])).status_code == 303
    event = AdverseEvent.objects.get()
    assert (event.term, event.toxicity_grade, event.proposed_grade) == ("Platelet count decreased", 4, 4)
    assert "adverse event on record" in client.get(reverse("panel-laboratory", args=[code])).text

    api = f"/api/v1/participants/{code}/laboratory-grades/"
    found = client.get(api, {"test_code": "PLAT", "grade_from": "3"}).json()["results"]
    assert [(one["grade"], one["scale"], one["scale_version"], one["rule"]) for one in found] == [
        (4, "CTCAE", "5.0", "CTCAE-PLAT")
    ]
    assert client.get(api, {"standing": "false"}).json()["results"] == []


FIRST = datetime.fromisoformat("2026-01-10T10:00+08:00")


@pytest.mark.parametrize(
    ("code", "taken_at", "first_at", "compared", "baseline"),
    [
        ("AST", FIRST, None, False, False),
        ("AST", FIRST - timedelta(minutes=1), FIRST, False, True),
        ("AST", FIRST, FIRST, True, False),
        ("PLAT", FIRST, FIRST, False, False),
        ("PLAT", FIRST - timedelta(minutes=1), FIRST, False, False),
    ],
)
def test_which_values_are_compared_with_a_baseline(
    code: str, taken_at: datetime, first_at: datetime | None, compared: bool, baseline: bool
) -> None:
    assert is_compared(code, taken_at, first_at) is compared
    assert may_be_baseline(code, taken_at, first_at) is baseline


def test_the_first_of_collection_conditioning_and_infusion_ends_the_time_of_the_baseline() -> None:
    def event(kind: EventKind, days: int) -> Event:
        at = FIRST + timedelta(days=days)
        return Event(kind=kind, at=at, on=at.date())

    assert first_intervention_at([event(EventKind.ENROLLED, 0)]) is None
    later = [event(EventKind.INFUSED, 9), event(EventKind.LYMPHODEPLETION_DOSE_GIVEN, 4)]
    assert first_intervention_at(later) == FIRST + timedelta(days=4)
    assert first_intervention_at(
        [*later, event(EventKind.LEUKAPHERESIS_PERFORMED, -20)]
    ) == FIRST - timedelta(20)

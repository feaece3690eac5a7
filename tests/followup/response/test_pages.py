"""Response and survival in the browser: lesions, scans, what became of the participant, the panel."""

from datetime import timedelta
from typing import Any

import pytest

from followup.models import NewTherapy, Progression, SurvivalContact, TumourAssessment, TumourLesion
from followup.services.survival import record_new_therapy, record_progression, record_survival_contact
from followup.states import ContactSource, ProgressionBasis
from participants.models import ObservationDomain
from participants.services.observations import Reading as Value
from participants.services.observations import record_observations
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.followup.response import told
from tests.participants.web import HTMX, queries_of
from tests.screening import desk
from tests.screening.desk import Form, path
from trialsite import clock

pytestmark = pytest.mark.django_db
ROW = {"role": "target", "organ": "lung", "place": "", "kind": "non_nodal", "method": "ct", "nature": "solid"}


def on(story: Story, number: int) -> str:
    return (told.infused_on(story) + timedelta(days=number)).isoformat()


def rows(*lesions: dict[str, str]) -> dict[str, str]:
    found = {"lesion-rows": str(len(lesions))}
    for number, one in enumerate(lesions):
        found |= {f"lesion-{number}-{name}": value for name, value in (ROW | one).items()}
    return found


def is_measured(story: Story) -> None:
    told.has_baseline(story)
    told.waits_until(story, 100)


def has_scans(story: Story) -> None:
    is_measured(story)
    told.has_scan(story, 42, {"T1": "30", "L1": "12"}, others={"N1": "present"}, new={"X1": False})
    told.has_scan(story, 84, {"T1": "70", "L1": "12"}, others={"N1": "present"})


def what_became(story: Story) -> None:
    has_scans(story)
    by, day = {"by": story.ward.investigator, "at": story.now}, told.infused_on(story)
    of: Any = {"participant": story.participant, **by}
    record_progression(progressed_on=day + timedelta(84), basis=ProgressionBasis.IMAGING, **of)
    record_new_therapy(started_on=day + timedelta(90), name="Docetaxel", **of)
    record_survival_contact(alive_on=day + timedelta(95), source=ContactSource.TELEPHONE, **of)


def read(story: Story, **change: str) -> dict[str, str]:
    return {
        "assessed_on": on(story, 60),
        "reader": "Dr Lin",
        "seen-T1": "measured",
        "size-T1": "20 + 9.5",
        "seen-L1": "too_small",
        "found-N1": "present",
        "new-X9": "",
    } | change


def scan_of(story: Story, number: int) -> TumourAssessment:
    return TumourAssessment.objects.get(participant=story.participant, assessed_on=on(story, number))


FORMS = {
    "baseline": Form(
        tail=lambda story: "response/site/baseline/",
        state=State.INFUSED,
        role="coordinator",
        barred="nurse",
        given=lambda story: {
            "assessed_on": on(story, -10),
            "reader": "Dr Lin",
            "marker": "yes",
            **rows(
                {"size_mm": "50", "slice_mm": "5"},
                {"organ": "pleura", "role": "non_target", "nature": "effusion"},
                {"organ": ""},
            ),
        },
        wrong=({"lesion-0-size_mm": ""}, "lesion-0-size_mm"),
        proof=lambda story: set(TumourLesion.objects.values_list("label", flat=True)) == {"T1", "N1"},
    ),
    "baseline corrected": Form(
        tail=lambda story: (
            f"response/baseline/{TumourAssessment.objects.get(is_baseline=True, voided_at=None).pk}/correct/"
        ),
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=is_measured,
        given=lambda story: {
            "assessed_on": on(story, -12),
            "reader": "Dr Wu",
            "marker": "no",
            "reason": "Another series",
            **rows({"label": "T1", "size_mm": "55", "slice_mm": "5"}, {"size_mm": "30", "slice_mm": "5"}),
        },
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: TumourAssessment.objects.filter(corrects__isnull=False, reader="Dr Wu").exists(),
    ),
    "scan": Form(
        tail=lambda story: "response/site/scan/",
        state=State.INFUSED,
        role="coordinator",
        barred="nurse",
        prepare=is_measured,
        given=lambda story: read(story, **{"new-X1": "no", "place-X1": "Liver"}),
        wrong=({"size-T1": "x"}, "size-T1"),
        proof=lambda story: TumourLesion.objects.filter(label="X1", place="Liver").exists(),
    ),
    "scan corrected": Form(
        tail=lambda story: f"response/scan/{scan_of(story, 84).pk}/correct/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=has_scans,
        given=lambda story: read(story, assessed_on=on(story, 84), reason="Misread"),
        wrong=({"seen-T1": "absent"}, "size-T1"),
        proof=lambda story: TumourAssessment.objects.filter(void_reason="Misread").exists(),
    ),
    "progression": Form(
        tail=lambda story: "progression/",
        state=State.INFUSED,
        role="investigator",
        barred="coordinator",
        prepare=has_scans,
        given=lambda story: {"progressed_on": on(story, 84), "basis": "imaging"},
        wrong=({"progressed_on": "2031-01-01"}, "progressed_on"),
        proof=lambda story: Progression.objects.exists(),
    ),
    "progression corrected": Form(
        tail=lambda story: f"progression/{Progression.objects.get().pk}/correct/",
        state=State.INFUSED,
        role="investigator",
        barred="coordinator",
        prepare=what_became,
        given=lambda story: {"progressed_on": on(story, 83), "basis": "clinical", "reason": "Misread"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Progression.objects.filter(basis="clinical").exists(),
    ),
    "progression taken back": Form(
        tail=lambda story: f"progression/{Progression.objects.get().pk}/take-back/",
        state=State.INFUSED,
        role="investigator",
        barred="coordinator",
        prepare=what_became,
        given=lambda story: {"reason": "Another patient"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Progression.objects.filter(voided_at__isnull=False).exists(),
    ),
    "new therapy": Form(
        tail=lambda story: "new-therapy/",
        state=State.INFUSED,
        role="coordinator",
        barred="nurse",
        prepare=is_measured,
        given=lambda story: {"started_on": on(story, 90), "name": "Docetaxel"},
        wrong=({"name": ""}, "name"),
        proof=lambda story: NewTherapy.objects.exists(),
    ),
    "new therapy corrected": Form(
        tail=lambda story: f"new-therapy/{NewTherapy.objects.get().pk}/correct/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=what_became,
        given=lambda story: {"started_on": on(story, 91), "name": "Pemetrexed", "reason": "Misread"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: NewTherapy.objects.filter(name="Pemetrexed").exists(),
    ),
    "new therapy taken back": Form(
        tail=lambda story: f"new-therapy/{NewTherapy.objects.get().pk}/take-back/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=what_became,
        given=lambda story: {"reason": "Not given"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: NewTherapy.objects.filter(voided_at__isnull=False).exists(),
    ),
    "survival contact": Form(
        tail=lambda story: "survival/",
        state=State.INFUSED,
        role="coordinator",
        barred="nurse",
        prepare=is_measured,
        given=lambda story: {"alive_on": on(story, 99), "source": "telephone"},
        wrong=({"source": "dream"}, "source"),
        proof=lambda story: SurvivalContact.objects.exists(),
    ),
    "survival contact corrected": Form(
        tail=lambda story: f"survival/{SurvivalContact.objects.get().pk}/correct/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=what_became,
        given=lambda story: {"alive_on": on(story, 94), "source": "registry", "reason": "Misread"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: SurvivalContact.objects.filter(source="registry").exists(),
    ),
    "survival contact taken back": Form(
        tail=lambda story: f"survival/{SurvivalContact.objects.get().pk}/take-back/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        prepare=what_became,
        given=lambda story: {"reason": "Somebody else answered"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: SurvivalContact.objects.filter(voided_at__isnull=False).exists(),
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_saves_and_leads_on(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_saved_and_leads_on(form, monkeypatch)


@pytest.mark.parametrize("name", ["baseline", "baseline corrected", "scan", "scan corrected", "progression"])
def test_a_refusal_stands_at_its_field(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_refused_at_its_field_and_loses_nothing(FORMS[name], monkeypatch)


def test_a_choice_that_breaks_the_limits_is_refused_on_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["baseline"]
    story = desk.story_for(form, monkeypatch)
    client = desk.desk(story, "coordinator")
    response: Any = desk.send(story, form, client, **{"lesion-0-size_mm": "9"})
    assert response.status_code == 422
    assert "T1: Not proven measurable" in str(response.context["form"].errors)
    added: Any = desk.send(story, form, client, add="lesion")
    assert (added.status_code, added.context["form"].count) == (422, 4)
    empty: Any = desk.send(
        story, form, client, **{f"lesion-{n}-organ": "" for n in range(3)}, **{"lesion-0-size_mm": ""}
    )
    assert "lesion-0-organ" in empty.context["form"].errors


def test_beside_the_forms_stands_what_the_entry_means(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["scan corrected"]
    story = desk.story_for(form, monkeypatch)
    client = desk.desk(story, "nurse")
    tail = form.tail(story)
    opened = client.get(path(story, tail)).content.decode()
    assert "40 mm above the nadir of 42 mm" in opened
    beside = client.post(path(story, f"{tail}beside/"), form.given(story), headers=HTMX).content.decode()
    assert "34.5 mm" in beside
    assert "at most 70 % of 80 mm" in beside
    baseline = path(story, "response/independent/baseline/")
    given = FORMS["baseline"].given(story)
    found = desk.desk(story, "coordinator").post(f"{baseline}beside/", given, headers=HTMX).content.decode()
    assert "Longest diameter 50 mm, measurable from 10 mm." in found


def has_cea(story: Story) -> None:
    value = Value(
        domain=ObservationDomain.LABORATORY, test_code="CEA", unit="µg/L", taken_at=story.now, value=12
    )
    record_observations(participant=story.participant, readings=[value], by=story.ward.nurse, at=story.now)


def test_the_panel_shows_scans_best_response_times_and_what_became(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    url = path(story, "panels/response/")
    assert "No baseline scan is on record." in desk.desk(story, "nurse").get(url).content.decode()
    has_scans(story)
    has_cea(story)
    nurse, doctor = desk.desk(story, "nurse"), desk.desk(story, "investigator")
    page = doctor.get(url).content.decode()
    assert "shows progression." in page
    few = queries_of(nurse, url)
    by = {"by": story.ward.investigator, "at": story.now}
    day = told.infused_on(story) + timedelta(84)
    record_progression(participant=story.participant, progressed_on=day, basis=ProgressionBasis.IMAGING, **by)
    told.has_scan(story, 98, {"T1": "80"})
    page = doctor.get(url).content.decode()
    assert "shows progression." not in page
    for words in (
        "after progression",
        "−47.5 %",
        "+95.2 %",
        "progression on",
        "12",
        "ng/mL",
        "A scan shows it",
    ):
        assert words in page
    assert queries_of(nurse, url) == few

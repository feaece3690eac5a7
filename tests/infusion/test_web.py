"""From vein to vein in the browser: collection, lot, plan with its preview, conditioning, infusion, safety."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from infusion.models import (
    AdverseEvent,
    CellProduct,
    CustodyEntry,
    ExcursionDecision,
    Infusion,
    LabelPrint,
    Leukapheresis,
    LymphodepletionDose,
    SafetyReport,
)
from infusion.services.adverse_events import record_adverse_event
from infusion.services.products import fail_product
from participants.models import Deviation, JourneyEvent, Obligation, Participant
from participants.queries.preview import preview
from participants.services.versions import activate_icf
from participants.states import State
from tests.factories.journeys import Story, make_ward, new_icf, participant_at, there
from tests.participants.web import HTMX, browser_of, filled, queries_of
from tests.screening import desk
from tests.screening.desk import Form, path, wall
from trialsite import clock
from trialsite.protocol.types import Arm, Event, EventKind
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db


def lot_of(story: Story) -> CellProduct:
    return CellProduct.objects.get(participant=story.participant)


def planned(story: Story, days: int = 20) -> str:
    return (civil_date(story.now, "Asia/Shanghai") + timedelta(days=days)).isoformat()


def is_released(story: Story) -> None:
    story.wait(13).has_lot_released()


def has_infusion_date(story: Story) -> None:
    is_released(story)
    story.has_infusion_planned(story.now.date() + timedelta(days=6))
    story.wait(1)
    story.is_cleared_for_lymphodepletion()


def measured(story: Story) -> Mapping[str, object]:
    today = civil_date(story.now, "Asia/Shanghai").isoformat()
    return {"height_cm": "167", "height_on": today, "weight_kg": "60", "weight_on": today}


def is_conditioned(story: Story) -> None:
    story.wait(3, hours=1)
    story.is_made_ready()
    story.wait(hours=-1)


def of_infusion(story: Story) -> Mapping[str, object]:
    """What an infusion in good order enters; 60 kg at the first level of the arm."""
    millions = {"DL-IV-1": "60", "DL-IP-1": "18"}[story.dose_level]
    return {
        "product": lot_of(story).pk,
        "weight_kg": "60.0",
        "weight_on": civil_date(story.now, "Asia/Shanghai").isoformat(),
        "infused_cells": millions,
        "thawed_at": wall(story.now - timedelta(minutes=20)),
        "started_at": wall(story.now - timedelta(minutes=5)),
        "note": "No reaction",
    }


def has_serious_event(story: Story) -> None:
    story.events.append(
        record_adverse_event(
            participant=story.participant,
            term="CRS",
            onset_at=story.now,
            aware_at=story.now,
            toxicity_grade=3,
            is_serious=True,
            by=story.ward.nurse,
            at=story.now,
        )
    )


FORMS = {
    "leukapheresis": Form(
        tail=lambda story: "leukapheresis/",
        state=State.ENROLLED,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "performed_at": wall(story.now),
            "processed_blood_ml": "9800",
            "collected_cells_10e9": "7.250",
            "bag_identifier": "B-17",
        },
        wrong=({"processed_blood_ml": "-3"}, "processed_blood_ml"),
        proof=lambda story: Leukapheresis.objects.filter(participant=story.participant).exists(),
    ),
    "correct leukapheresis": Form(
        tail=lambda story: f"leukapheresis/{Leukapheresis.objects.get().pk}/correct/",
        state=State.LEUKAPHERESIS,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "performed_at": wall(story.now - timedelta(hours=5)),
            "previewed": wall(story.now - timedelta(hours=5)),
            "reason": "Read from the wrong line",
        },
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Leukapheresis.objects.get().version > 1,
    ),
    "start of a lot": Form(
        tail=lambda story: "products/start/",
        state=State.LEUKAPHERESIS,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "leukapheresis": Leukapheresis.objects.get().pk,
            "lot": "L-2026-77",
            "started_at": wall(story.now),
        },
        wrong=({"started_at": "2031-01-01T10:00"}, "started_at"),
        proof=lambda story: CellProduct.objects.filter(lot="L-2026-77").exists(),
    ),
    "release": Form(
        tail=lambda story: f"products/{lot_of(story).pk}/release/",
        state=State.MANUFACTURING,
        role="investigator",
        barred="coordinator",
        prepare=lambda story: story.has_lot_tested(),
        given=lambda story: {
            "total_cells": "1250.5",
            "expires_on": "2027-01-01",
            "released_at": wall(story.now),
        },
        wrong=({"total_cells": "many"}, "total_cells"),
        proof=lambda story: lot_of(story).state == "released" and lot_of(story).total_cells == 1_250_500_000,
    ),
    "release tests": Form(
        tail=lambda story: f"products/{lot_of(story).pk}/tests/",
        state=State.MANUFACTURING,
        role="coordinator",
        barred="admin",
        given=lambda story: {
            "RT-VIABILITY": "81.5",
            "RT-ENDOTOXIN": "<0.5",
            "RT-STERILITY": "negative",
            "tested_at": wall(story.now),
        },
        wrong=({"RT-VIABILITY": "about 80"}, "RT-VIABILITY"),
        proof=lambda story: lot_of(story).test_results.filter(verdict="met").count() == 3,
    ),
    "decision on a lot": Form(
        tail=lambda story: f"products/{lot_of(story).pk}/decision/",
        state=State.MANUFACTURING,
        role="investigator",
        barred="coordinator",
        prepare=lambda story: story.has_lot_tested(VIABILITY="68.5"),
        given=lambda story: {
            "decision": "treat_under_exception",
            "decided_at": wall(story.now),
            "reason": "No other treatment is left, and a new lot takes a month",
            "sponsor_decision": "agreed",
            "sponsor_decided_by": "Medical monitor",
            "sponsor_decided_at": wall(story.now),
            "ethics_informed_at": wall(story.now),
            "participant_informed_at": wall(story.now),
            "participant_informed_by": "The investigator",
            "recalculated_cells": "60",
        },
        wrong=({"participant_informed_by": ""}, "participant_informed_by"),
        proof=lambda story: lot_of(story).dispositions.filter(recalculated_cells=60_000_000).exists(),
    ),
    "step of the chain of custody": Form(
        tail=lambda story: f"products/{lot_of(story).pk}/custody/",
        state=State.MANUFACTURING,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "step": "received",
            "occurred_at": wall(story.now),
            "place": "Cell laboratory, tank 3",
            "handed_by": "Courier",
            "taken_by": "Cell laboratory",
            "storage_id": "ST-VAPOUR",
            "temperature_c": "-152.5",
        },
        wrong=({"handed_by": ""}, "handed_by"),
        proof=lambda story: CustodyEntry.objects.filter(product=lot_of(story), is_excursion=False).exists(),
    ),
    "decision on an excursion": Form(
        tail=lambda story: f"custody/{CustodyEntry.objects.get().pk}/decision/",
        state=State.MANUFACTURING,
        role="investigator",
        barred="nurse",
        prepare=lambda story: story.moves_bag("shipped", temperature_c="-118"),
        given=lambda story: {
            "verdict": "usable",
            "decided_at": wall(story.now),
            "reason": "Twenty minutes above the limit; stability is proven for two hours",
        },
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: ExcursionDecision.objects.exists() and not lot_of(story).has_open_excursion,
    ),
    "failure of a lot": Form(
        tail=lambda story: f"products/{lot_of(story).pk}/fail/",
        state=State.MANUFACTURING,
        role="nurse",
        barred="admin",
        given=lambda story: {"failed_at": wall(story.now), "reason": "Viability 61 %, limit 70 %"},
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: lot_of(story).state == "failed",
    ),
    "plan": Form(
        tail=lambda story: "infusion/plan/",
        state=State.MANUFACTURING,
        role="coordinator",
        barred="nurse",
        prepare=is_released,
        given=lambda story: {"planned_on": planned(story), "previewed": planned(story)},
        wrong=({"planned_on": "2025-01-01", "previewed": "2025-01-01"}, "planned_on"),
        proof=lambda story: JourneyEvent.objects.filter(kind="infusion_planned").exists(),
    ),
    "lymphodepletion": Form(
        tail=lambda story: "lymphodepletion/V-LD1%231/",
        state=State.MANUFACTURING,
        role="nurse",
        barred="admin",
        prepare=has_infusion_date,
        given=lambda story: {
            "given_at": wall(story.now),
            "fludarabine_mg_per_m2": "30",
            "fludarabine_mg": "50",
            "cyclophosphamide_mg_per_m2": "300",
            "cyclophosphamide_mg": "500",
            **measured(story),
        },
        wrong=({"fludarabine_mg_per_m2": ""}, "fludarabine_mg_per_m2"),
        proof=lambda story: LymphodepletionDose.objects.filter(participant=story.participant).exists(),
    ),
    "intravenous infusion": Form(
        tail=lambda story: "infusion/record/",
        state=State.LYMPHODEPLETION,
        role="nurse",
        barred="admin",
        prepare=is_conditioned,
        given=lambda story: {**of_infusion(story), "access_line": "Port, right", "rate_ml_per_h": "120.5"},
        wrong=({"infused_cells": "600"}, "reason"),
        proof=lambda story: Infusion.objects.filter(rate_ml_per_h=Decimal("120.5")).exists(),
    ),
    "intrapleural infusion": Form(
        tail=lambda story: "infusion/record/",
        state=State.LYMPHODEPLETION,
        arm=Arm.INTRAPLEURAL,
        role="nurse",
        barred="admin",
        prepare=is_conditioned,
        given=lambda story: {
            **of_infusion(story),
            "catheter_position": "Right, checked by ultrasound",
            "drained_volume_ml": "350",
            "instilled_volume_ml": "50",
            "clamped_at": wall(story.now),
        },
        wrong=({"weight_kg": "0"}, "weight_kg"),
        proof=lambda story: Infusion.objects.filter(instilled_volume_ml=50, clamped_at=story.now).exists(),
    ),
    "correct infusion": Form(
        tail=lambda story: f"infusion/{Infusion.objects.get().pk}/correct/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "started_at": wall(story.now - timedelta(hours=9)),
            "previewed": wall(story.now - timedelta(hours=9)),
            "reason": "Clock of the pump was wrong",
        },
        wrong=({"reason": ""}, "reason"),
        proof=lambda story: Infusion.objects.get().version > 1,
    ),
    "adverse event": Form(
        tail=lambda story: "adverse-events/record/",
        state=State.INFUSED,
        role="nurse",
        barred="admin",
        given=lambda story: {
            "term": "Cytokine release syndrome",
            "toxicity_grade": "3",
            "onset_at": wall(story.now - timedelta(hours=1)),
            "aware_at": wall(story.now),
            "is_serious": "yes",
            "is_special_interest": "yes",
            "is_dlt": "open",
        },
        wrong=({"onset_at": "2031-01-01T10:00"}, "onset_at"),
        proof=lambda story: Obligation.objects.filter(item_id__in=["C-SAE", "C-AESI"]).count() == 2,
    ),
    "safety report": Form(
        tail=lambda story: f"safety-reports/C-SAE/{AdverseEvent.objects.get().pk}/",
        state=State.INFUSED,
        role="coordinator",
        barred="nurse",
        prepare=has_serious_event,
        given=lambda story: {"sent_at": wall(story.now), "recipient": "Sponsor", "reference": "R-9"},
        wrong=({"recipient": ""}, "recipient"),
        proof=lambda story: SafetyReport.objects.filter(reference="R-9").exists(),
    ),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_saves_and_leads_on(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_saved_and_leads_on(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_refusal_stands_at_its_field(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_refused_at_its_field_and_loses_nothing(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_another_site_finds_nothing(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_not_found_from_another_site(form, monkeypatch)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_wrong_role_is_refused(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.is_refused_to_the_wrong_role(form, monkeypatch)


# ---- The date of the infusion


def test_the_preview_of_a_moved_plan_is_what_then_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["plan"], monkeypatch)
    story.has_infusion_planned(date.fromisoformat(planned(story)))
    story.wait(hours=2)
    later = planned(story, 27)
    event = Event(
        kind=EventKind.INFUSION_PLANNED,
        at=story.now,
        on=civil_date(story.now, "Asia/Shanghai"),
        facts={"planned_on": later},
    )
    foretold = preview(story.participant, event, at=story.now)
    client = desk.desk(story, "coordinator")

    shown = client.get(path(story, "infusion/plan/preview/"), {"planned_on": later})
    client.post(path(story, "infusion/plan/"), filled(planned_on=later, previewed=later))

    stored = {
        row.key: row.to_value() for row in Obligation.objects.in_force().filter(participant=story.participant)
    }
    assert foretold.changed
    for change in foretold.changed:
        assert stored[change.after.key] == change.after
    for added in foretold.added:
        assert stored[added.key] == added
    for removed in foretold.removed:
        assert removed.key not in stored
    lines = shown.context["preview"].moved
    assert {line.title for line in lines} >= {"Baseline visit", "Lymphodepletion dose 1", "CAR-T infusion"}
    for line in lines:
        assert line.after.first_on.isoformat() in shown.content.decode()


def test_a_date_is_not_saved_before_its_preview_was_on_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["plan"], monkeypatch)
    client = desk.desk(story, "coordinator")

    unseen = client.post(path(story, "infusion/plan/"), filled(planned_on=planned(story)))

    assert unseen.status_code == 422
    assert "Look at what moves" in unseen.content.decode()
    assert f'name="previewed" value="{planned(story)}"' in unseen.content.decode()
    assert not JourneyEvent.objects.filter(kind="infusion_planned").exists()


@pytest.mark.parametrize("text", ["", "soon", "2026-13-40"])
def test_an_unreadable_date_has_no_preview(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["plan"], monkeypatch)

    response = desk.desk(story, "coordinator").get(
        path(story, "infusion/plan/preview/"), {"planned_on": text}
    )

    assert response.status_code == 200
    assert "previewed" not in response.content.decode()


def test_without_a_released_product_the_plan_is_disabled_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.MANUFACTURING)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    shown = desk.desk(story, "coordinator").get(path(story, "infusion/plan/")).content.decode()

    assert "No released product is at hand" in shown
    assert "disabled aria-describedby" in shown


def test_a_corrected_infusion_shows_the_visits_that_move_and_moves_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    story.wait(1)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "investigator")
    earlier = wall(story.infusion.started_at - timedelta(days=1))
    url = path(story, f"infusion/{story.infusion.pk}/correct/")

    shown = client.get(f"{url}preview/", {"started_at": earlier})
    saved = client.post(url, filled(started_at=earlier, previewed=earlier, reason="Wrong day"))
    stale = client.post(url, filled(started_at=earlier, previewed=earlier, reason="Once more"))

    assert "Day 28 visit" in shown.content.decode()
    assert saved.status_code == 303
    assert Participant.objects.get(pk=story.participant.pk).infused_on == date.fromisoformat(earlier[:10])
    assert stale.status_code == 422
    assert stale.context["is_stale"]


def test_a_collection_is_checked_at_the_time_that_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.ENROLLED)
    since = story.wait(1).now
    icf = new_icf(story.ward.site, story.ward.admin, at=since)
    activate_icf(
        site=story.ward.site,
        icf=icf,
        approved_on=since.date(),
        activated_at=since,
        by=story.ward.admin,
        at=since,
    )
    monkeypatch.setattr(clock, "now", lambda: since)
    url = path(story, "leukapheresis/beside/")

    def beside(at: datetime) -> str:
        response = desk.desk(story, "nurse").post(url, filled(performed_at=wall(at)))
        return str(response.content.decode())

    assert "does not pass" in beside(since)
    assert "does not pass" not in beside(since - timedelta(hours=1))


def test_the_correction_says_what_is_on_record_and_moves_what_is_left_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    infusion = there(story.infusion)
    story.wait(2)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk.desk(story, "investigator")
    later = infusion.started_at + timedelta(days=1)
    url = path(story, f"infusion/{infusion.pk}/correct/")

    shown = client.get(url).content.decode()
    entered = filled(started_at=wall(later), previewed=wall(later), reason="Wrong day")
    saved = client.post(url, {**entered, "ended_at": wall(later + timedelta(minutes=20))})

    assert f"On record: {wall(there(infusion.thawed_at)).replace('T', ' ')}. Empty: it moves" in shown
    assert "Catheter clamped" not in shown
    assert saved.status_code == 303
    moved = Infusion.objects.get(pk=infusion.pk)
    assert moved.thawed_at == there(infusion.thawed_at) + timedelta(days=1)
    assert moved.ended_at == later + timedelta(minutes=20)


# ---- The gate ladder


def ladder(story: Story, **changed: object) -> dict[str, str]:
    given = {**of_infusion(story), **changed}
    url = path(story, "infusion/record/beside/")
    response = desk.desk(story, "nurse").post(
        url, {k: v for k, v in given.items() if v is not None}, headers=HTMX
    )
    assert response.status_code == 200
    return {rung.title.split(" ", 2)[1]: rung.outcome for rung in response.context["ladder"].rungs}


@pytest.fixture
def conditioned(monkeypatch: pytest.MonkeyPatch) -> Story:
    return desk.story_for(FORMS["intravenous infusion"], monkeypatch)


def test_the_ladder_passes_for_an_infusion_in_good_order(conditioned: Story) -> None:
    assert set(ladder(conditioned).values()) == {"pass"}


def test_the_ladder_waits_for_what_is_not_entered_yet(conditioned: Story) -> None:
    response = desk.desk(conditioned, "nurse").get(path(conditioned, "infusion/record/"))

    found = response.context["ladder"]
    assert (found.waiting, found.failing) == (3, 0)
    assert "ladder-asks-nothing" in response.content.decode()


@pytest.mark.parametrize(
    ("changed", "title"),
    [({"infused_cells": "600"}, "dose"), ({"thawed_at": "2026-01-01T10:00"}, "at")],
    ids=["dose", "thaw"],
)
def test_the_ladder_says_what_does_not_pass(
    conditioned: Story, changed: dict[str, object], title: str
) -> None:
    assert ladder(conditioned, **changed)[title] == "fail"


def test_an_infusion_against_the_ladder_is_saved_with_a_reason_and_becomes_a_deviation(
    conditioned: Story,
) -> None:
    form = FORMS["intravenous infusion"]
    client = desk.desk(conditioned, "nurse")

    refused = desk.send(conditioned, form, client, infused_cells="600")
    saved = desk.send(conditioned, form, client, infused_cells="600", reason="Whole bag given by mistake")

    assert "reason" in refused.context["form"].errors
    assert saved.status_code == 303
    deviation = Deviation.objects.get(rule_id="GATE-infuse-dose")
    assert deviation.reason == "Whole bag given by mistake"


def test_the_form_has_the_fields_of_its_route_alone(conditioned: Story) -> None:
    client = desk.desk(conditioned, "nurse")

    by_vein = client.get(path(conditioned, "infusion/record/")).context["form"].fields
    by_pleura = client.get(path(conditioned, "infusion/record/intrapleural/"))

    assert "rate_ml_per_h" in by_vein
    assert "clamped_at" not in by_vein
    assert "clamped_at" in by_pleura.context["form"].fields
    assert "rate_ml_per_h" not in by_pleura.context["form"].fields
    assert "which is not that of the arm" in by_pleura.content.decode()
    assert client.get(path(conditioned, "infusion/record/oral/")).status_code == 404


# ---- The product


def test_out_of_specification_is_released_only_with_a_disposition(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["release"]
    story = desk.story_for(replace(form, prepare=lambda story: None), monkeypatch)
    story.has_lot_tested(VIABILITY="68.5")
    client = desk.desk(story, "investigator")

    refused = desk.send(story, form, client, reason="")
    decided = desk.send(story, FORMS["decision on a lot"], client)
    released = desk.send(story, form, client)

    assert refused.status_code == 422
    assert "no disposition is recorded" in str(refused.context["form"].errors)
    assert (decided.status_code, released.status_code) == (303, 303)
    assert (lot_of(story).state, lot_of(story).disposition) == ("released", "treat_under_exception")


def test_the_page_of_a_lot_shows_its_tests_its_way_from_the_vein_on_and_its_label(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.MANUFACTURING)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    nurse, url = desk.desk(story, "nurse"), path(story, f"products/{there(story.product).pk}/")
    alone = queries_of(nurse, url)
    story.wait(9).has_lot_tested(VIABILITY="58")
    first = story.moves_bag("stored")
    story.wait(hours=1).moves_bag("shipped", temperature_c="-118.5")
    story.wait(hours=1).moves_bag("thawed", storage_id="ST-THAW", temperature_c="21")
    nurse = desk.desk(story, "nurse")

    shown = desk.desk(story, "investigator").get(url).content.decode()

    assert "Nothing is decided yet" in shown
    assert "Temperature excursion, not decided" in shown
    assert "Decide on the excursion" in shown
    assert "start by" in shown
    assert f'aria-label="Label of the bag {there(story.product).bag_code}"' in shown
    assert "Decide on the excursion" not in nurse.get(url).content.decode()
    assert queries_of(nurse, url) == alone
    given = {name: str(getattr(first, name)) for name in ("place", "handed_by", "taken_by", "storage_id")}
    correction = filled(
        **given,
        step="received",
        occurred_at=wall(first.occurred_at),
        temperature_c="-150",
        reason="Wrong line",
    )
    saved = nurse.post(path(story, f"custody/{first.pk}/correct/"), correction)
    assert saved.headers["Location"] == url
    assert "<s>Stored</s>" in nurse.get(url).content.decode()
    assert nurse.post(f"{url}label/print/", filled()).headers["Location"] == url
    opened = reverse("label-pdf", args=[story.participant.code, LabelPrint.objects.get().pk])
    assert opened in nurse.get(url).content.decode()
    pdf = nurse.get(opened)
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert desk.desk(story, "investigator").get(opened).headers["Location"] == url  # not their copy
    assert nurse.post(f"{url}label/print/", filled()).status_code == 422
    nurse.post(f"{url}label/print/", filled(reason="Torn at the door"))
    assert "Torn at the door" in nurse.get(url).content.decode()


def test_the_page_of_a_collection_shows_where_the_cells_are(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.LEUKAPHERESIS)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client, here = desk.desk(story, "nurse"), f"leukapheresis/{there(story.leukapheresis).pk}/"
    step = filled(
        step="handed_over",
        occurred_at=wall(story.now),
        place="Cell laboratory",
        handed_by="Apheresis unit",
        taken_by="Courier",
        storage_id="ST-COLD",
        temperature_c="4",
    )

    saved = client.post(path(story, f"{here}custody/"), step)

    assert saved.headers["Location"] == path(story, here)
    shown = client.get(path(story, here)).content.decode()
    assert "Apheresis unit → Courier" in shown
    assert client.post(path(story, f"{here}label/print/"), filled()).status_code == 303


def test_what_the_product_needs_next_is_one_click_away(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.LEUKAPHERESIS)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    url = path(story, "products/next/")

    assert desk.desk(story, "coordinator").get(url).headers["Location"] == path(story, "products/start/")
    lot = story.has_lot_started()
    here, panel = f"products/{lot.pk}/", path(story, "#panel-product")
    assert desk.desk(story, "coordinator").get(url).headers["Location"] == path(story, f"{here}tests/")
    story.has_lot_tested(VIABILITY="58")
    assert desk.desk(story, "investigator").get(url).headers["Location"] == path(story, f"{here}decision/")
    story.has_lot_tested(reason="The first sample was mixed up")
    assert desk.desk(story, "investigator").get(url).headers["Location"] == path(story, f"{here}release/")
    assert desk.desk(story, "coordinator").get(url).headers["Location"] == panel


def test_a_lot_that_failed_cannot_be_released(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["release"]
    story = desk.story_for(form, monkeypatch)
    fail_product(
        product=lot_of(story), failed_at=story.now, by=story.ward.nurse, at=story.now, reason="Broken bag"
    )
    client = desk.desk(story, "investigator")

    assert "The lot is failed already" in client.get(path(story, form.tail(story))).content.decode()
    assert desk.send(story, form, client).status_code == 422


def test_records_of_another_participant_are_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    story = desk.story_for(FORMS["release"], monkeypatch)
    other = participant_at(State.MANUFACTURING, ward=story.ward)
    client = desk.desk(story, "investigator")

    assert client.get(path(story, f"products/{other.product.pk}/release/")).status_code == 404
    assert client.get(path(story, "lymphodepletion/V-LD9%231/")).status_code == 404
    assert client.get(path(story, f"safety-reports/C-SAE/{other.product.pk}/")).status_code == 404


# ---- Safety


def test_the_clocks_an_event_starts_are_shown_before_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["adverse event"]
    story = desk.story_for(form, monkeypatch)

    url = path(story, "adverse-events/record/beside/")
    shown = desk.desk(story, "nurse").post(url, form.given(story), headers=HTMX).content.decode()

    assert "Serious adverse event: report to the sponsor" in shown
    assert wall(story.now + timedelta(hours=24)).replace("T", " ") in shown
    assert not AdverseEvent.objects.exists()


def test_a_report_sent_late_is_foretold_as_a_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    form = FORMS["safety report"]
    story = desk.story_for(form, monkeypatch)
    story.wait(2)
    url = path(story, f"{form.tail(story)}beside/")
    client = desk.desk(story, "coordinator")

    late = client.post(url, {"sent_at": wall(story.now)}, headers=HTMX).content.decode()
    in_time = client.post(url, {"sent_at": wall(story.now - timedelta(days=1, hours=2))}, headers=HTMX)

    assert "becomes an important deviation" in late
    assert "becomes an important deviation" not in in_time.content.decode()


# ---- The panels


@pytest.mark.parametrize("panel", ["product", "infusion", "safety"])
def test_a_panel_costs_the_same_at_every_stage(panel: str) -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)
    stories = [
        participant_at(state, ward=ward) for state in (State.REFERRED, State.MANUFACTURING, State.FOLLOW_UP)
    ]
    for _ in range(3):
        has_serious_event(stories[-1])
    counts = {queries_of(client, path(story, f"panels/{panel}/")) for story in stories}

    assert max(counts) <= (15 if panel == "infusion" else 13)
    # Reports are read where there are events, the cohorts of the arm once there is one; more of them cost no more. An
    # infusion is asked for its signatures and its lock.
    assert max(counts) - min(counts) <= {"safety": 1, "product": 2, "infusion": 4}[panel]


@pytest.mark.parametrize(
    ("is_dlt", "words"),
    [(True, "dose-limiting"), (False, "not dose-limiting"), (None, "dose-limiting: not judged yet")],
)
def test_the_safety_panel_tells_not_judged_from_no_and_sets_a_comma_before_the_outcome(
    is_dlt: bool | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = participant_at(State.INFUSED)
    record_adverse_event(
        participant=story.participant,
        term="CRS",
        toxicity_grade=2,
        onset_at=story.now,
        aware_at=story.now,
        is_serious=False,
        is_dlt=is_dlt,
        resolved_on=story.now.date(),
        outcome="recovered",
        by=story.ward.nurse,
        at=story.now,
    )
    monkeypatch.setattr(clock, "now", lambda: story.now)

    shown = desk.desk(story, "nurse").get(path(story, "panels/safety/")).content.decode()

    assert f"</svg>{words}</span>" in shown
    assert "resolved, recovered" in shown


def test_panels_show_what_is_on_record_and_who_may_not_act(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    has_serious_event(story)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    nurse = desk.desk(story, "nurse")

    product = nurse.get(path(story, "panels/product/")).content.decode()
    infusion = nurse.get(path(story, "panels/infusion/")).content.decode()
    safety = nurse.get(path(story, "panels/safety/")).content.decode()

    assert story.product.lot in product
    assert "6 × 10⁷" in infusion
    assert "Only coordinator or investigator" in infusion
    assert "CRS" in safety
    assert "Only coordinator or investigator" in safety
    stranger = browser_of(make_ward().coordinator)
    assert stranger.get(path(story, "panels/safety/")).status_code == 404

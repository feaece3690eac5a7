"""The infusion room: from the prepared dose to the removal of the catheter, through its pages and the API."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client

from infusion.models import Infusion, InfusionInterruption, PositionChange
from infusion.queries.readiness import bag_label
from infusion.rules.bedside import RoundFindings
from infusion.rules.intrapleural import BodyPosition, ImageFinding, ImageModality, SamplePurpose
from infusion.services.bedside import record_round
from infusion.services.intrapleural import (
    record_catheter,
    record_chest_image,
    record_drained_volume,
    record_fluid_sample,
    record_position_change,
)
from participants.models import Deviation, Obligation
from participants.states import State
from tests.factories.api import Program, answers, shown
from tests.factories.api import refused as answered
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import refused, traces
from tests.participants.web import filled
from tests.screening import desk
from tests.screening.desk import wall
from trialsite import clock
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db
STOPS = {one.id: "no" for one in resolve("1.0").stop_checks}


def at_bedside(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> Story:
    story = participant_at(State.LYMPHODEPLETION, arm=arm).wait(3)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    return story


def sends(story: Story, client: Client, tail: str, **entered: object) -> str:
    """Send one form of the room; return where it leads."""
    answer = client.post(desk.path(story, f"infusion/{tail}"), filled(**entered))
    assert answer.status_code == 303, answer.content.decode()
    return str(answer.headers["Location"])


def room(story: Story, client: Client) -> str:
    return " ".join(client.get(desk.path(story, "infusion/room/")).content.decode().split())


def dose_of(story: Story) -> Mapping[str, object]:
    return {
        "prepared_cells": str(story.dose_cells / 10**6),
        "prepared_volume_ml": "50",
        "weight_kg": "60",
        "weight_on": civil_date(story.now, story.ward.site.time_zone).isoformat(),
    }


def is_prepared_by_pages(story: Story, nurse: Client) -> None:
    """Dose, thaw, stop checks, premedication, and wristband and bag compared by two persons."""
    sends(story, nurse, "dose/", **dose_of(story))
    sends(story, nurse, "thaw/", thawed_at=wall(story.now))
    sends(story, nurse, "stop-checks/", **STOPS)
    sends(
        story,
        nurse,
        "premedication/",
        drug="Diphenhydramine",
        drug_class="antihistamine",
        given_at=wall(story.now),
    )
    scan = {"wristband": story.participant.code, "bag": bag_label(there(story.product))}
    for by in (nurse, desk.desk(story, "coordinator")):
        assert sends(story, by, "identity/", **scan).endswith("/infusion/room/")


def test_an_intravenous_infusion_is_prepared_started_interrupted_and_ended_from_the_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = at_bedside(Arm.INTRAVENOUS, monkeypatch)
    nurse = desk.desk(story, "nurse")

    before = room(story, nurse)
    assert "Not ready yet" in before
    assert "checks do not pass" in before
    assert nurse.post(desk.path(story, "infusion/start/"), filled()).status_code == 422

    is_prepared_by_pages(story, nurse)
    story.wait(hours=0.1)
    ready = room(story, nurse)
    assert "Ready to start" in ready
    assert 'data-counts="until"' in ready
    assert "Diphenhydramine" in ready

    sends(story, nurse, "start/", access_line="port", rate_ml_per_h="120")
    infusion = Infusion.objects.get()
    running = room(story, nurse)
    assert "The infusion runs" in running
    assert "120.0 mL/h" in running
    sends(story.wait(hours=0.1), nurse, f"{infusion.pk}/pause/", cause="line kinked")
    assert "The infusion stands still" in room(story, nurse)
    sends(story.wait(hours=0.1), nurse, f"{infusion.pk}/resume/")
    sends(story.wait(hours=0.1), nurse, f"{infusion.pk}/stop/", residual_volume_ml="5", reaction="rigors")

    ended = room(story, nurse)
    assert "90.0 % given" in ended
    assert "5.0 mL left" in ended
    assert "line kinked" in ended
    assert "rigors" in ended
    assert not Deviation.objects.exists()
    sends(
        story,
        nurse,
        f"{infusion.pk}/interruption/",
        paused_at=wall(story.now - timedelta(minutes=1)),
        resumed_at=wall(story.now),
        cause="cough",
        reason="forgotten",
    )
    assert InfusionInterruption.objects.count() == 2
    assert "not running" in nurse.get(desk.path(story, f"infusion/{infusion.pk}/stop/")).content.decode()
    assert (
        "not intrapleural"
        in nurse.get(desk.path(story, f"infusion/{infusion.pk}/position/")).content.decode()
    )


def test_the_pleural_space_is_followed_from_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    story = at_bedside(Arm.INTRAPLEURAL, monkeypatch)
    nurse = desk.desk(story, "nurse")
    story.has_dose_prepared()
    story.is_made_ready()

    sends(
        story,
        nurse,
        "start/",
        catheter_position="right, 5th intercostal space",
        catheter_proof="ultrasound",
        drained_at=wall(story.now - timedelta(minutes=40)),
        drained_volume_ml="400",
        drained_colour="straw-coloured",
    )
    one = Infusion.objects.get().pk
    sends(story.wait(hours=0.2), nurse, f"{one}/stop/", residual_volume_ml="0")
    clamped_at = wall(story.now)
    sends(story, nurse, f"{one}/catheter/", flush_volume_ml="10", clamped_at=clamped_at)
    assert "Turn in" in room(story, nurse)
    sends(story.wait(hours=0.2), nurse, f"{one}/position/", position="left_side", changed_at=wall(story.now))
    sends(story, nurse, f"{one}/sample/", purpose="car_copies", taken_at=wall(story.now))
    image = {"modality": "x_ray", "finding": "pneumothorax", "size_mm": "12"}
    nurse = desk.desk(story.wait(hours=3), "nurse")
    sends(story, nurse, f"{one}/chest-image/", imaged_at=wall(story.now), **image)
    nurse = desk.desk(story.wait(1), "nurse")
    opened = {"flush_volume_ml": "10", "clamped_at": clamped_at, "unclamped_at": wall(story.now)}
    sends(story, nurse, f"{one}/catheter/", **opened)
    for volume in ("150", "50.5"):
        sends(story, nurse, f"{one}/drained/", drained_at=wall(story.now), volume_ml=volume)

    shown_page = room(story, nurse)
    assert "400.0 mL, straw-coloured" in shown_page
    assert "X-ray: Pneumothorax, 12.0 mm" in shown_page
    assert "Record the adverse event" in shown_page
    assert "200.5 mL" in shown_page
    assert "1632 min" in shown_page
    assert "Turned: Left side" in shown_page
    assert "Turn in" not in shown_page
    reader = desk.desk(story, "admin")
    assert "Only coordinator or investigator or nurse" in room(story, reader)


def given_into_the_pleura() -> Story:
    story = participant_at(State.INFUSED, arm=Arm.INTRAPLEURAL)
    return story.wait(1)


class TestAfterInstillation:
    def test_what_cannot_be_is_refused(self) -> None:
        story = given_into_the_pleura()
        infusion, now = there(story.infusion), story.now
        same = {"infusion": infusion, "by": story.ward.nurse, "at": now}
        catheter = partial(record_catheter, **same)  # type: ignore[arg-type]
        before, tomorrow = infusion.started_at - timedelta(seconds=1), now + timedelta(days=1)
        image = partial(record_chest_image, modality=ImageModality.CT, **same)  # type: ignore[arg-type]

        with refused("nothing-given"):
            catheter()
        with refused("in-the-future", field="clamped_at"):
            catheter(clamped_at=tomorrow)
        with refused("before-the-infusion", field="clamped_at"):
            catheter(clamped_at=before)
        with refused("catheter-order", field="unclamped_at"):
            catheter(clamped_at=now, unclamped_at=infusion.started_at)
        with refused("before-the-infusion", field="changed_at"):
            record_position_change(position=BodyPosition.PRONE, changed_at=before, **same)  # type: ignore[arg-type]
        with refused("before-the-infusion", field="imaged_at"):
            image(imaged_at=before, finding=ImageFinding.NONE)
        with refused("nothing-to-measure", field="size_mm"):
            image(imaged_at=now, finding=ImageFinding.NONE, size_mm=Decimal(3))
        with refused("not-positive", field="size_mm"):
            image(imaged_at=now, finding=ImageFinding.PNEUMOTHORAX, size_mm=Decimal(0))
        with refused("negative", field="volume_ml"):
            record_drained_volume(drained_at=now, volume_ml=Decimal(-1), **same)  # type: ignore[arg-type]
        with refused("in-the-future", field="taken_at"):
            record_fluid_sample(taken_at=tomorrow, purpose=SamplePurpose.CULTURE, **same)  # type: ignore[arg-type]

    def test_what_is_on_record_is_changed_with_a_reason_only_and_the_rest_stays(self) -> None:
        story = given_into_the_pleura()
        infusion = there(story.infusion)
        catheter = partial(record_catheter, infusion=infusion, by=story.ward.nurse, at=story.now)
        clamped_at = infusion.started_at + timedelta(minutes=20)

        catheter(clamped_at=clamped_at)
        catheter(clamped_at=clamped_at, unclamped_at=clamped_at + timedelta(hours=20))
        with refused("reason-required", field="reason"):
            catheter(clamped_at=clamped_at + timedelta(minutes=1))
        catheter(clamped_at=clamped_at + timedelta(minutes=1), reason="misread")

        assert Infusion.objects.get().dwell == timedelta(hours=20, minutes=-1)
        assert {reason for _, reason, _ in traces("infusion.catheter_recorded")} == {"", "misread"}

    def test_what_is_owed_is_fulfilled_here_as_by_a_round_and_both_are_shown_together(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story = participant_at(State.INFUSED, arm=Arm.INTRAPLEURAL)
        monkeypatch.setattr(clock, "now", lambda: story.now)
        infusion, nurse = there(story.infusion), story.ward.nurse
        owed = Obligation.objects.in_force().filter(participant=story.participant, fulfilled_at=None)
        images, readings = owed.filter(item_id__startswith="M-CXR"), owed.filter(item_id="M-DRAIN")
        before = (images.count(), readings.count())

        record_chest_image(
            infusion=infusion,
            imaged_at=story.wait(hours=3).now,
            modality=ImageModality.X_RAY,
            finding=ImageFinding.NONE,
            by=nurse,
            at=story.now,
        )
        story.wait(1)
        record_drained_volume(
            infusion=infusion, drained_at=story.now, volume_ml=Decimal(120), by=nurse, at=story.now
        )
        assert (images.count(), readings.count()) == (before[0] - 1, before[1] - 1)

        found = RoundFindings(
            taken_at=story.now, chest_image="pneumothorax", drained_volume_ml=Decimal("30.5")
        )
        record_round(participant=story.participant, findings=found, vital_signs={}, by=nurse, at=story.now)
        shown_page = room(story, desk.desk(story, "nurse"))

        assert "150.5 mL" in shown_page
        assert "Chest image: Pneumothorax" in shown_page

    def test_an_intravenous_infusion_has_no_pleural_space(self) -> None:
        story = participant_at(State.INFUSED)

        with refused("not-intrapleural"):
            record_position_change(
                infusion=there(story.infusion),
                position=BodyPosition.PRONE,
                changed_at=story.now,
                by=story.ward.nurse,
                at=story.now,
            )
        assert not PositionChange.objects.exists()


def test_a_program_does_the_same_and_another_site_sees_nothing() -> None:
    story = participant_at(State.LYMPHODEPLETION, arm=Arm.INTRAPLEURAL).wait(3)
    story.has_dose_prepared()
    story.is_made_ready()
    nurse, one = Program(story.ward.nurse, story.now), f"participants/{story.participant.code}/"
    lot = {"lot": there(story.product).lot}
    thaw = lot | {"thawed_at": shown(story.now - timedelta(minutes=5))}

    assert answered(nurse.post(f"{one}thaw/", thaw)) == (422, "reason-required")
    assert nurse.post(f"{one}thaw/", thaw | {"reason": "water bath log"}).status_code == 200
    ready = nurse.get(f"{one}infusion-room/").json()
    assert (ready["outcome"], ready["start_until"]) == ("pass", shown(story.now + timedelta(minutes=25)))
    start = {"route": "intrapleural", "catheter_position": "right", "catheter_proof": "ct"}
    started = nurse.post(f"{one}infusions/start/", lot | start)
    assert (started.status_code, started.json()["catheter_proof"]) == (201, "ct")
    here = f"infusions/{started.json()['id']}/"
    ward = nurse.get(f"{one}infusion-room/").json()
    assert (ward["running"], ward["is_paused"]) == (started.json()["id"], False)
    nurse = Program(story.ward.nurse, story.wait(hours=1).now)
    assert nurse.post(f"{here}stop/", {"residual_volume_ml": "0.0"}).status_code == 200
    now = shown(story.now)
    catheter = nurse.post(f"{here}catheter/", {"clamped_at": now, "flush_volume_ml": "10.0"})
    assert (catheter.status_code, catheter.json()["flush_volume_ml"]) == (200, "10.0")
    rows = {
        "position-changes/": {"position": "prone", "changed_at": now},
        "chest-images/": {"imaged_at": now, "modality": "x_ray", "finding": "none"},
        "drained-volumes/": {"drained_at": now, "volume_ml": "0.0"},
        "fluid-samples/": {"taken_at": now, "purpose": "cytology"},
        "interruptions/": {"paused_at": now, "cause": "cough", "reason": "written up late"},
    }
    for tail, body in rows.items():
        made = nurse.post(here + tail, body)
        assert (made.status_code, tail) == (201, tail), made.json()
        assert nurse.get(here + tail).json()["results"] == [made.json()]
    routes = [("post", here + tail) for tail in (*rows, "catheter/")] + [("post", f"{one}thaw/")]
    stranger = Program(make_ward().nurse, story.now)
    assert answers(stranger, routes) == dict.fromkeys(routes, (404, "not-found"))

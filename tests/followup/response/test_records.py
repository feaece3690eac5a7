"""Lesions, scans and what became of a participant, on record: services, trail, corrections, the answer."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from followup.models import LesionReading, Progression, TumourAssessment, TumourLesion
from followup.rules.response import Baseline, Censoring, EndEvent, NewLesion
from followup.services.response import (
    Reader,
    correct_baseline,
    correct_time_point,
    record_baseline,
    record_time_point,
)
from followup.services.survival import (
    correct_new_therapy,
    correct_progression,
    correct_survival_contact,
    record_new_therapy,
    record_progression,
    record_survival_contact,
    withdraw_new_therapy,
    withdraw_progression,
    withdraw_survival_contact,
)
from followup.states import ContactSource, ProgressionBasis, Review
from participants.models import DispositionKind, JourneyEvent
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused, traces
from tests.followup.response import told
from tests.followup.response.courses import node, other, target
from trialsite.audit.models import Entry
from trialsite.protocol.types import EventKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    """Infused, with a baseline scan."""
    found = participant_at(State.INFUSED)
    told.has_baseline(found)
    return found


def events(story: Story, kind: EventKind) -> set[tuple[object, bool]]:
    """Days of the events, and whether they are in force."""
    rows = JourneyEvent.objects.filter(participant=story.participant, kind=kind.value)
    return {(row.occurred_on, row.voided_at is None) for row in rows}


def test_lesions_and_scans_are_kept_and_assessed(story: Story) -> None:
    told.waits_until(story, 100)
    told.has_scan(story, 42, {"T1": "30", "L1": "12"}, others={"N1": "present"})
    told.has_scan(story, 84, {"T1": ("12", "9.5"), "L1": "8"}, others={"N1": "present"}, new={"X1": False})
    rows = told.record_of(story).site_review.rows
    assert told.overall(story) == ["PR", "PR"]
    assert [one.assessed.assessment.target.sum_mm for one in rows] == [Decimal(42), Decimal("29.5")]
    answer = told.record_of(story).site_review.answer
    assert str(answer.best_confirmed.response) == "PR"
    assert answer.remarks == ()
    planned = told.record_of(story).fate.planned
    assert told.moved(story, told.day(28)) in {one.first_on + timedelta(days=2) for one in planned}
    assert len(planned) == 6  # D28, M2, M3, M6, M9, M12
    assert {row.label: row.role for row in TumourLesion.objects.all()} == {
        "T1": "target",
        "L1": "target",
        "N1": "non_target",
        "X1": "new",
    }
    by = story.ward.coordinator.actor_id
    assert (by, "", "followup_tumourassessment") in traces("followup.scan_recorded")
    assert (by, "", "followup_tumourlesion") in traces("followup.baseline_scan_recorded")


@pytest.mark.parametrize(
    ("lesions", "code", "field"),
    [
        ([target(f"T{number}") for number in range(3)], "too-many-in-organ", "lesions"),
        ([target(size="9")], "target-not-measurable", "lesions"),
        ([target(size=None)], "required", "lesions"),
        ([target(), target()], "repeated", "lesions"),
        ([other()], "reason-required", "reason"),
    ],
)
def test_a_choice_of_targets_that_breaks_the_limits_is_refused(
    lesions: list[object], code: str, field: str
) -> None:
    story = participant_at(State.INFUSED)
    with refused(code, field=field):
        told.has_baseline(story, *lesions)


def test_without_a_target_a_baseline_needs_a_reason() -> None:
    story = participant_at(State.INFUSED)
    told.has_baseline(story, other(), reason="Only the effusion is left")
    assert not TumourLesion.objects.filter(role="target").exists()


def test_what_cannot_be_of_a_scan_is_refused_and_nothing_is_saved(story: Story) -> None:
    told.waits_until(story, 50)
    told.has_scan(story, 42, {"T1": "30"})
    before = (TumourAssessment.objects.count(), TumourLesion.objects.count(), JourneyEvent.objects.count())
    for number, said, code, field in (
        (42, {}, "recorded-already", None),
        (60, {}, "in-the-future", "assessed_on"),
        (-20, {}, "not-after-baseline", "assessed_on"),
        (49, {"X": "3"}, "unknown-lesion", "readings"),
        (49, {"T1": "0"}, "required", "readings"),
    ):
        with refused(code, field=field):
            told.has_scan(story, number, said)
    with refused("label-taken", field="new_lesions"):
        told.has_scan(story, 49, {}, new={"N1": True})
    with refused("recorded-already"):
        told.has_baseline(story)
    with refused("reader-required", field="reader"):
        record_time_point(
            participant=story.participant,
            point=told.on_day(story, 49),
            reader=Reader(name=" "),
            by=story.ward.coordinator,
            at=story.now,
        )
    after = (TumourAssessment.objects.count(), TumourLesion.objects.count(), JourneyEvent.objects.count())
    assert after == before


def test_a_scan_without_a_baseline_names_the_remedy() -> None:
    story = participant_at(State.INFUSED)
    with refused("no-baseline", field="assessed_on"):
        told.has_scan(story, 0, {})


def test_a_corrected_scan_stays_readable_and_changes_what_follows(story: Story) -> None:
    told.waits_until(story, 100)
    first = told.has_scan(story, 42, {"T1": "absent", "L1": "absent"}, others={"N1": "absent"})
    told.has_scan(story, 84, {"T1": "small", "L1": "absent"}, others={"N1": "absent"})
    assert told.overall(story) == ["CR", "PD"]
    given = {
        "point": told.on_day(story, 41, {"T1": "small", "L1": "absent"}, others={"N1": "absent"}),
        "reader": told.READER,
        "by": story.ward.nurse,
        "at": story.now,
        "reason": "A rest was overlooked",
    }
    new = correct_time_point(assessment=first, **given)
    assert told.overall(story) == ["PR", "PR"]
    first.refresh_from_db()
    assert (new.corrects_id, first.void_reason) == (first.pk, "A rest was overlooked")
    assert LesionReading.objects.filter(assessment=first).count() == 3
    with refused("stale-version"):
        correct_time_point(assessment=first, **given)
    with refused("reason-required", field="reason"):
        correct_time_point(assessment=new, **given | {"reason": ""})
    with refused("stale-version"):
        correct_time_point(assessment=new, version=new.version + 1, **given)
    with refused("recorded-already"):
        correct_time_point(assessment=new, **given | {"point": told.on_day(story, 84)})


def test_a_corrected_baseline_is_the_measure_of_every_scan(story: Story) -> None:
    told.waits_until(story, 60)
    told.has_scan(story, 42, {"T1": "60", "L1": "20"})
    stored = TumourAssessment.objects.get(is_baseline=True)
    given = {"assessment": stored, "reader": told.READER, "by": story.ward.nurse, "at": story.now}
    lesions = (target("T1", "100"), node("L1", "20"), target("T2", "40"))
    moved = Baseline(on=stored.assessed_on + timedelta(days=1), lesions=lesions, is_marker_raised=True)
    new = correct_baseline(**given, baseline=moved, reason="Another series was read")
    assert (new.marker, new.corrects_id) == ("raised", stored.pk)
    assert {row.label for row in TumourLesion.objects.filter(voided_at=None)} == {"T1", "L1", "T2"}
    assert TumourLesion.objects.get(label="T1").size_mm == Decimal(100)
    assert told.record_of(story).site_review.baseline.sum_mm == Decimal(160)
    given["assessment"] = new
    with refused("lesion-in-use", field="lesions"):
        correct_baseline(**given, baseline=replace(moved, lesions=lesions[1:]), reason="T1 was none")
    late = replace(moved, on=stored.assessed_on + timedelta(days=57))
    with refused("not-before-scans", field="assessed_on"):
        correct_baseline(**given, baseline=late, reason="Later")


def test_an_independent_review_has_lesions_of_its_own(story: Story) -> None:
    told.waits_until(story, 60)
    told.has_scan(story, 42, {"T1": "30", "L1": "12"}, others={"N1": "present"})
    independent = Reader(name="Central reader", review=Review.INDEPENDENT)
    by = {"reader": independent, "by": story.ward.coordinator, "at": story.now}
    given = Baseline(on=told.moved(story, told.day(-14)), lesions=(target("T1", "90"),))
    record_baseline(participant=story.participant, baseline=given, **by)
    record_time_point(participant=story.participant, point=told.on_day(story, 42, "85"), **by)
    record = told.record_of(story)
    assert [one.review for one in record.reviews] == [Review.SITE, Review.INDEPENDENT]
    found = record.of(Review.INDEPENDENT)
    assert [str(one.assessment.overall.response) for one in found.answer.points] == ["SD"]
    assert found.baseline.sum_mm == Decimal(90)


def test_an_equivocal_new_lesion_is_the_same_one_when_it_is_seen_again(story: Story) -> None:
    told.waits_until(story, 100)
    unsure = replace(
        told.on_day(story, 42, {"T1": "60", "L1": "20"}),
        new_lesions=(NewLesion(id="X1", is_unequivocal=False, place="liver"),),
    )
    record_time_point(
        participant=story.participant,
        point=unsure,
        reader=told.READER,
        by=story.ward.coordinator,
        at=story.now,
    )
    assert told.record_of(story).is_progression_proposed is False
    told.has_scan(story, 84, {"T1": "60", "L1": "20"}, new={"X1": True})
    record = told.record_of(story)
    assert told.overall(story) == ["PD", "PD"]
    assert record.site_review.proposed_on == told.moved(story, told.day(42))
    assert record.is_progression_proposed
    assert TumourLesion.objects.get(label="X1").place == "liver"


def test_progression_is_recorded_corrected_and_taken_back_by_the_investigator(story: Story) -> None:
    told.waits_until(story, 100)
    told.has_scan(story, 84, {"T1": "90", "L1": "20"})
    on = told.moved(story, told.day(84))
    by = {"by": story.ward.investigator, "at": story.now}
    given = {"participant": story.participant, "progressed_on": on, "basis": ProgressionBasis.IMAGING}
    with refused("not-permitted"):
        record_progression(**given, by=story.ward.coordinator, at=story.now)
    found = record_progression(**given, **by)
    assert events(story, EventKind.PROGRESSED) == {(on, True)}
    assert not told.record_of(story).is_progression_proposed
    with refused("recorded-already"):
        record_progression(**given, **by)
    earlier = on - timedelta(days=2)
    correct_progression(
        progression=found,
        progressed_on=earlier,
        basis=ProgressionBasis.CLINICAL,
        reason="Seen at the visit before",
        **by,
    )
    assert events(story, EventKind.PROGRESSED) == {(on, False), (earlier, True)}
    assert told.record_of(story).site_review.answer.progressed_on == earlier
    withdraw_progression(progression=found, reason="Another patient", **by)
    assert events(story, EventKind.PROGRESSED) == {(on, False), (earlier, False)}
    assert Progression.objects.get().void_reason == "Another patient"
    with refused("voided"):
        withdraw_progression(progression=found, reason="Twice", **by)


def test_a_new_therapy_ends_what_counts_and_follows_its_correction(story: Story) -> None:
    told.waits_until(story, 100)
    told.has_scan(story, 42, {"T1": "60", "L1": "20"}, others={"N1": "present"})
    told.has_scan(story, 84, {"T1": "30", "L1": "12"}, others={"N1": "present"})
    by = {"by": story.ward.coordinator, "at": story.now}
    on = told.moved(story, told.day(80))
    found = record_new_therapy(participant=story.participant, started_on=on, name="Docetaxel", **by)
    answer = told.record_of(story).site_review.answer
    assert (str(answer.best.response), answer.pfs.censoring) == ("SD", Censoring.NEW_THERAPY)
    correct_new_therapy(
        therapy=found, started_on=on + timedelta(days=10), name="Docetaxel", reason="Typing error", **by
    )
    assert str(told.record_of(story).site_review.answer.best.response) == "PR"
    assert (on + timedelta(days=10), True) in events(story, EventKind.NEW_THERAPY_STARTED)
    withdraw_new_therapy(therapy=found, reason="Not given", **by)
    assert told.record_of(story).fate.new_therapy_on is None
    given = {"participant": story.participant, "started_on": on, "name": "X"} | by
    with refused("name-required", field="name"):
        record_new_therapy(**given | {"name": " "})
    with refused("in-the-future", field="started_on"):
        record_new_therapy(**given | {"started_on": on + timedelta(days=99)})


def test_survival_is_followed_by_contacts_until_death(story: Story) -> None:
    told.waits_until(story, 100)
    by = {"by": story.ward.coordinator, "at": story.now}
    on = told.moved(story, told.day(90))
    found = record_survival_contact(
        participant=story.participant, alive_on=on, source=ContactSource.TELEPHONE, **by
    )
    assert told.record_of(story).site_review.answer.os.until_on == on
    correct_survival_contact(
        contact=found, alive_on=on - timedelta(days=3), source=ContactSource.RELATIVE, reason="Misread", **by
    )
    assert told.record_of(story).site_review.answer.os.until_on == on - timedelta(days=3)
    later = record_survival_contact(
        participant=story.participant, alive_on=on, source=ContactSource.REGISTRY, **by
    )
    assert told.record_of(story).site_review.answer.os.until_on == on
    with refused("reason-required", field="reason"):
        withdraw_survival_contact(contact=later, reason=" ", **by)
    taken = withdraw_survival_contact(contact=later, reason="Somebody of the same name", **by)
    assert (taken.alive_on, taken.void_reason) == (on, "Somebody of the same name")
    assert told.record_of(story).site_review.answer.os.until_on == on - timedelta(days=3)
    with refused("voided"):
        correct_survival_contact(
            contact=later, alive_on=on, source=ContactSource.REGISTRY, reason="Misread", **by
        )
    values = Entry.objects.filter(row_id=str(found.pk)).order_by("id").values_list("new__alive_on", "reason")
    assert list(values) == [(str(on), ""), (str(on - timedelta(days=3)), "Misread")]
    story.leaves(DispositionKind.DIED, cause_of_death="progression")
    assert told.record_of(story).site_review.answer.os.event is EndEvent.DEATH
    story.wait(2)
    late = {"participant": story.participant, "alive_on": told.moved(story, told.day(101))}
    with refused("after-death", field="alive_on"):
        record_survival_contact(**late, source=ContactSource.VISIT, by=by["by"], at=story.now)
    with refused("after-death", field="assessed_on"):
        told.has_scan(story, 101, {})


def test_before_the_infusion_there_is_no_response_yet() -> None:
    story = participant_at(State.ENROLLED)
    record = told.record_of(story)
    assert (record.site_review.answer, record.site_review.rows, record.is_progression_proposed) == (
        None,
        (),
        False,
    )

"""What is done at a visit: by arm, and what remains after progression or a new therapy."""

import pytest

from tests.protocol.engine import INSTANT, K, event, local
from trialsite.protocol.procedures import known_procedures, planned_procedures
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, Event, ObligationKind, Source

VERSION = resolve("1.0")
IV, IP = Arm.INTRAVENOUS, Arm.INTRAPLEURAL


def planned(item: str, *events: Event, arm: Arm | None = IV, at: str = "2026-09-15T10:00") -> dict[str, str]:
    found = planned_procedures(VERSION, item, arm=arm, events=events, at=local(at))
    return {one.procedure.id: one.ended_by for one in found}


def owed(item: str, *events: Event, arm: Arm | None = IV, at: str = "2026-09-15T10:00") -> list[str]:
    return [name for name, ended_by in planned(item, *events, arm=arm, at=at).items() if not ended_by]


def test_a_visit_has_the_procedures_of_its_row_in_their_order() -> None:
    month = ["PR-SURVIVAL", "PR-CT", "PR-LAB", "PR-CEA", "PR-CAR", "PR-AE", "PR-CONTRA", "PR-CONF"]
    assert owed("V-M6") == month
    assert owed("V-M12") == [*month, "PR-CONTRA-END"]
    assert owed("V-Y15") == ["PR-SURVIVAL", "PR-MALIGNANCY", "PR-LATE-AE", "PR-VECTOR"]
    assert owed("V-XYZ") == []


def test_what_belongs_to_one_arm_is_not_asked_in_the_other() -> None:
    assert set(owed("V-M6", arm=IP)) - set(owed("V-M6", arm=IV)) == {"PR-EFFUSION-VOL"}
    assert set(owed("V-M6", arm=None)) == set(owed("V-M6", arm=IP))
    assert "PR-IV" not in owed("V-D0", arm=IP)
    assert "PR-CATHETER" not in owed("V-D0", arm=IV)


@pytest.mark.parametrize("kind", [K.PROGRESSED, K.NEW_THERAPY_STARTED])
def test_after_progression_or_a_new_therapy_only_survival_and_safety_remain(kind: K) -> None:
    after = event(kind, "2026-07-01T10:00")
    found = planned("V-M6", after, arm=IP)
    assert {name for name, ended_by in found.items() if ended_by} == {"PR-CT", "PR-CEA", "PR-EFFUSION-VOL"}
    assert {"PR-SURVIVAL", "PR-AE", "PR-LAB", "PR-CONTRA", "PR-CONF"} <= set(owed("V-M6", after, arm=IP))
    assert found["PR-CT"] == kind.value
    assert owed("V-Y6", after) == owed("V-Y6")


def test_the_scan_that_shows_the_progression_was_still_owed() -> None:
    at = local("2026-07-01T10:00")
    shown = event(K.PROGRESSED, "2026-07-01T10:00")
    for when, is_owed in ((at, True), (at + INSTANT, False)):
        found = planned_procedures(VERSION, "V-M3", arm=IV, events=[shown], at=when)
        assert next(one for one in found if one.procedure.id == "PR-CT").is_owed == is_owed


def test_the_first_of_several_reasons_is_named_with_its_day() -> None:
    events = [event(K.NEW_THERAPY_STARTED, "2026-08-01"), event(K.PROGRESSED, "2026-07-01")]
    found = planned_procedures(VERSION, "V-M6", arm=IV, events=events, at=local("2026-09-15"))
    scan = next(one for one in found if one.procedure.id == "PR-CT")
    assert (str(scan.ended_on), scan.ended_by) == ("2026-07-01", "progressed")


def test_an_unscheduled_visit_may_be_for_anything_that_some_visit_has() -> None:
    known = {one.id for one in known_procedures(VERSION, IV)}
    assert {"PR-CT", "PR-SURVIVAL", "PR-VECTOR"} <= known
    assert "PR-ID-PRODUCT" not in known
    assert "PR-DWELL" not in known
    assert "PR-DWELL" in {one.id for one in known_procedures(VERSION, None)}


def test_every_procedure_is_assumed_has_a_stable_id_and_names_no_condition() -> None:
    for one in VERSION.procedures:
        assert one.id.startswith("PR-")
        assert one.source is Source.ASSUMED
        assert not any(word in f"{one.id} {one.title}".lower() for word in ("pregnan", "childbear", "hcg"))


def test_every_visit_of_the_schedule_has_procedures() -> None:
    assert all(row.procedures for row in VERSION.schedule if row.kind is ObligationKind.VISIT)

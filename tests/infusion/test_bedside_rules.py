"""What the bedside decides without a database: episodes, coverage, confirmation, a second look, the handover."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infusion.rules.bedside import (
    EarlierRound,
    RoundFindings,
    confirmed,
    coverage,
    grade_crs,
    grade_icans,
    require_sound,
)
from infusion.rules.grading.crs import CrsComponent, Hypotension, OxygenDevice
from infusion.rules.grading.grading import Flag
from infusion.rules.grading.icans import Consciousness, IcansDomain, PressureSign, Seizure
from infusion.rules.grading.ice import IceAnswers
from infusion.rules.handover import RoundTold, changes_since
from infusion.rules.plausibility import USUAL, unusual_in
from infusion.rules.round_columns import columns_of, inputs_of
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Assessed

NOON = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
LOW = Hypotension.WITHOUT_VASOPRESSOR


def found(temperature: str | None = "36.8", **more: object) -> RoundFindings:
    plain = RoundFindings(
        taken_at=NOON,
        temperature_c=None if temperature is None else Decimal(temperature),
        hypotension=Hypotension.NONE,
        oxygen_device=OxygenDevice.ROOM_AIR,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def earlier(
    hours: float, grade: int | None, temperature: str | None = None, **given: datetime
) -> EarlierRound:
    return EarlierRound(
        taken_at=NOON - timedelta(hours=hours),
        temperature_c=None if temperature is None else Decimal(temperature),
        crs_grade=grade,
        antipyretic_at=given.get("antipyretic_at"),
        anticytokine_at=given.get("anticytokine_at"),
        steroid_at=given.get("steroid_at"),
    )


# The episode and what is given in it. Clinical rules 2.1, fever waiver.

EPISODES = [
    ("fever alone", found("38.0"), (), 1),
    ("just below", found("37.9"), (), 0),
    ("no episode, low pressure", found(hypotension=LOW), (), 0),
    ("episode, drug now", found(hypotension=LOW, anticytokine_at=NOON), (earlier(4, 1),), 2),
    ("episode, drug before", found(hypotension=LOW), (earlier(4, 2, antipyretic_at=NOON),), 2),
    ("episode, steroid two rounds ago", found(hypotension=LOW), (earlier(8, 1, steroid_at=NOON), earlier(4, 1)), 2),
    ("episode, no drug", found(hypotension=LOW), (earlier(4, 2),), 0),
    ("episode over", found(hypotension=LOW), (earlier(8, 2, anticytokine_at=NOON), earlier(4, 0)), 0),
    ("an ungraded round does not end it", found(hypotension=LOW), (earlier(8, 2, steroid_at=NOON), earlier(4, None)), 2),
    ("later rounds do not count", found(hypotension=LOW), (earlier(-1, 2, steroid_at=NOON),), 0),
    ("waived, nothing left", found(), (earlier(4, 2, anticytokine_at=NOON),), 0),
    ("fever between two rounds belongs to the later", found(), (earlier(8, 0), earlier(1, None, "38.4")), 1),
    ("fever of the round before is not of this one", found(), (earlier(4, 0, "39.0"),), 0),
    ("fever a day and more ago", found(), (earlier(25, None, "39.0"),), 0),
    ("fever with another cause", found("39.0", not_crs=frozenset({CrsComponent.FEVER})), (), 0),
    ("no temperature now", found(None), (earlier(1, None, "38.4"),), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("round_", "before", "grade"), [row[1:] for row in EPISODES], ids=[r[0] for r in EPISODES]
)
def test_crs_is_graded_with_what_earlier_rounds_established(
    round_: RoundFindings, before: tuple[EarlierRound, ...], grade: int | None
) -> None:
    assert grade_crs(round_, before).grade == grade
    assert grade_crs(round_, tuple(reversed(before))).grade == grade  # in whatever order they were entered


def test_a_waived_fever_is_flagged() -> None:
    grading = grade_crs(found(hypotension=LOW), (earlier(4, 2, anticytokine_at=NOON),))
    assert Flag.FEVER_WAIVED in grading.flags


def test_icans_takes_what_the_round_found() -> None:
    awake = found(consciousness=Consciousness.TO_VOICE, seizure=Seizure.NONE, has_deep_focal_weakness=False)
    assert grade_icans(awake).grade is None
    whole = replace(awake, pressure_signs=(), not_icans=frozenset({IcansDomain.ICE}))
    assert grade_icans(whole).grade == 2


COVERED: list[tuple[Mapping[str, object], int | None, int | None, set[Assessed]]] = [
    ({}, None, None, set()),
    ({"has_vital_signs": True}, 0, None, {Assessed.VITAL_SIGNS, Assessed.CRS}),
    ({"ice": IceAnswers()}, None, None, {Assessed.ICE}),
    ({}, None, 0, {Assessed.ICE}),
    ({"pain_score": 0}, None, None, set()),
    ({"pain_score": 0, "has_dyspnoea": False}, None, None, {Assessed.SYMPTOMS}),
    ({"drained_volume_ml": Decimal(0)}, None, None, {Assessed.DRAINED_VOLUME}),
    ({"chest_image": "no_pneumothorax"}, None, None, {Assessed.CHEST_IMAGE}),
]


@pytest.mark.parametrize(("more", "crs", "icans", "covered"), COVERED)
def test_a_round_covers_what_it_documents(
    more: Mapping[str, object], crs: int | None, icans: int | None, covered: set[Assessed]
) -> None:
    assert coverage(found(**more), crs_grade=crs, icans_grade=icans) == covered


CONFIRMED = [
    (None, "", 1),
    (1, "", 1),
    (2, "pressors were kept back", 2),
    (0, " ", "override-reason"),
    (6, "typed", "grade-range"),
    (-1, "typed", "grade-range"),
]


@pytest.mark.parametrize(("stated", "reason", "answer"), CONFIRMED)
def test_the_computed_grade_stands_unless_another_is_stated_with_a_reason(
    stated: int | None, reason: str, answer: int | str
) -> None:
    computed = grade_crs(found("38.5"), ())
    if isinstance(answer, int):
        assert confirmed(computed, stated, reason) == answer
        return
    with pytest.raises(RuleViolated) as refused:
        confirmed(computed, stated, reason)
    assert refused.value.code == answer


def test_an_undeterminable_grade_is_named_so_when_another_is_stated() -> None:
    with pytest.raises(RuleViolated, match="undeterminable"):
        confirmed(grade_crs(found(None), ()), 1, "")


SOUND = [
    ({"pain_score": 0}, ""),
    ({"pain_score": 10}, ""),
    ({"pain_score": 11}, "pain-range"),
    ({"pain_score": -1}, "pain-range"),
    ({"chest_image": "pneumothorax"}, ""),
    ({"chest_image": "blurred"}, "chest-image-unknown"),
    ({"oxygen_flow_l_per_min": Decimal(0)}, ""),
    ({"oxygen_flow_l_per_min": Decimal(100)}, ""),
    ({"oxygen_flow_l_per_min": Decimal("100.1")}, "flow-range"),
    ({"oxygen_flow_l_per_min": Decimal("-0.1")}, "flow-range"),
]


@pytest.mark.parametrize(("more", "code"), SOUND)
def test_what_no_round_can_find_is_refused(more: Mapping[str, object], code: str) -> None:
    if not code:
        require_sound(found(**more))
        return
    with pytest.raises(RuleViolated) as refused:
        require_sound(found(**more))
    assert refused.value.code == code


# A second look


@pytest.mark.parametrize("code", USUAL)
def test_both_limits_are_usual_and_one_step_beyond_is_not(code: str) -> None:
    least, most = USUAL[code]
    step = Decimal("0.1")
    assert unusual_in({code: least}) == unusual_in({code: most}) == {}
    assert "below" in unusual_in({code: least - step})[code]
    assert "above" in unusual_in({code: most + step})[code]


def test_a_test_without_limits_wants_no_second_look() -> None:
    assert unusual_in({"CEA": Decimal(9999)}) == {}


# What is stored


def test_findings_are_stored_as_plain_values() -> None:
    columns = columns_of(
        found(
            ice=IceAnswers(year=True),
            not_icans=frozenset({IcansDomain.MOTOR, IcansDomain.ICE}),
            pressure_signs=(PressureSign.POSTURING,),
            vasopressors={"vasopressin": "0.03 U/min"},
        )
    )
    assert columns["hypotension"] == "none"
    assert columns["consciousness"] == ""
    assert columns["seizure_min"] is None
    assert columns["not_icans"] == ["ice", "motor"]
    assert columns["pressure_signs"] == ["posturing"]
    assert columns["vasopressors"] == {"vasopressin": "0.03 U/min"}
    assert columns["ice"] == {
        "year": True, "month": None, "city": None, "hospital": None, "objects_named": None,
        "follows_command": None, "writes_sentence": None, "counts_backwards": None,
    }  # fmt: skip
    assert "temperature_c" not in columns


def test_graded_inputs_keep_numbers_letter_for_letter() -> None:
    inputs = inputs_of(grade_crs(found("38.40"), ()))
    assert isinstance(inputs, dict)
    assert (inputs["highest_temperature_c"], inputs["oxygen_device"]) == ("38.40", "room_air")
    assert inputs["due_to_another_cause"] == []


# The handover


def told(hours: float, **more: object) -> RoundTold:
    return replace(RoundTold(taken_at=NOON + timedelta(hours=hours)), **more)  # type: ignore[arg-type]


HANDED_OVER = [
    ("nothing", (), ()),
    ("before only", (told(-1, crs_grade=2),), ()),
    ("at the very instant is before", (told(0, crs_grade=2),), ()),
    ("the same grade", (told(-1, crs_grade=1), told(1, crs_grade=1)), ()),
    ("up and down", (told(-1, crs_grade=0), told(1, crs_grade=2), told(2, crs_grade=2), told(3, crs_grade=1)),
     ("CRS 0 → 2 → 1",)),
    ("first grade of all, raised", (told(1, icans_grade=1),), ("ICANS 1",)),
    ("first grade of all, none", (told(1, icans_grade=0, oxygen_device="room_air"),), ()),
    ("fever", (told(1, temperature_c=Decimal("38.0")), told(2, temperature_c=Decimal("37.9"))), ("Fever up to 38 °C",)),
    ("no fever", (told(1, temperature_c=Decimal("37.9")),), ()),
    ("oxygen", (told(-1, oxygen_device="room_air"), told(1, oxygen_device="nasal_cannula")),
     ("Oxygen room air → nasal cannula",)),
    ("a vasopressor begins", (told(-1), told(1, vasopressors=("norepinephrine",))), ("Norepinephrine started",)),
    ("and ends", (told(-1, vasopressors=("norepinephrine",)), told(1)), ("Norepinephrine stopped",)),
    ("and goes on", (told(-1, vasopressors=("dopamine",)), told(1, vasopressors=("dopamine",))), ()),
    ("what runs is not stopped where nobody looked", (told(-1, vasopressors=("dopamine",)),), ()),
    ("given", (told(1, given=("anticytokine",)), told(2, given=("anticytokine", "antipyretic"))),
     ("Anticytokine given", "Antipyretic given")),
    ("pneumothorax", (told(1, chest_image="pneumothorax"),), ("Pneumothorax on the chest image",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rounds", "words"), [row[1:] for row in HANDED_OVER], ids=[r[0] for r in HANDED_OVER]
)
def test_the_next_shift_is_told_what_changed(rounds: tuple[RoundTold, ...], words: tuple[str, ...]) -> None:
    assert changes_since(tuple(reversed(rounds)), NOON) == words

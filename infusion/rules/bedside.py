"""From a bedside round to its grades: what earlier rounds establish, what is covered, what is confirmed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from infusion.rules.grading.crs import CrsComponent, CrsFindings, Hypotension, OxygenDevice, assess_crs
from infusion.rules.grading.grading import Grading
from infusion.rules.grading.icans import (
    Consciousness,
    IcansDomain,
    IcansFindings,
    PressureSign,
    Seizure,
    assess_icans,
)
from infusion.rules.grading.ice import IceAnswers
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Assessed

# The fever of the period counts, not only that of the moment: since the round before, at most so long.
PERIOD = timedelta(hours=24)
PAIN_MOST = 10
FLOW_MOST_L_PER_MIN = 100  # beyond what any device gives
CHEST_IMAGES = ("", "no_pneumothorax", "pneumothorax")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFindings:
    """What one round found and gave. None = not documented; False and () are answers. Units in the names.

    temperature_c: at taken_at. vasopressors: agent → dose in words. *_at: when it was given, in this period.
    """

    taken_at: datetime
    temperature_c: Decimal | None = None
    has_vital_signs: bool = False
    hypotension: Hypotension | None = None
    vasopressors: Mapping[str, str] = field(default_factory=dict)
    oxygen_device: OxygenDevice | None = None
    oxygen_flow_l_per_min: Decimal | None = None
    antipyretic_at: datetime | None = None
    anticytokine_at: datetime | None = None
    steroid_at: datetime | None = None
    not_crs: frozenset[CrsComponent] = frozenset()
    ice: IceAnswers | None = None
    consciousness: Consciousness | None = None
    seizure: Seizure | None = None
    seizure_min: Decimal | None = None
    has_seizure_resolved: bool | None = None
    has_deep_focal_weakness: bool | None = None
    pressure_signs: tuple[PressureSign, ...] | None = None
    not_icans: frozenset[IcansDomain] = frozenset()
    pain_score: int | None = None
    has_dyspnoea: bool | None = None
    drained_volume_ml: Decimal | None = None
    chest_image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRound:
    """What an earlier round means for this one. crs_grade: as confirmed; None = not graded."""

    taken_at: datetime
    temperature_c: Decimal | None
    crs_grade: int | None
    antipyretic_at: datetime | None
    anticytokine_at: datetime | None
    steroid_at: datetime | None


def require_sound(found: RoundFindings) -> None:
    """Raise RuleViolated("pain-range", "chest-image-unknown", "flow-range") for what no round can find."""
    if found.pain_score is not None and not 0 <= found.pain_score <= PAIN_MOST:
        raise RuleViolated("pain-range", "The pain score is 0 to 10.", field="pain_score")
    if found.chest_image not in CHEST_IMAGES:
        raise RuleViolated("chest-image-unknown", "Say whether there is a pneumothorax.", field="chest_image")
    flow = found.oxygen_flow_l_per_min
    if flow is not None and not 0 <= flow <= FLOW_MOST_L_PER_MIN:
        raise RuleViolated(
            "flow-range",
            f"The flow of oxygen is 0 to {FLOW_MOST_L_PER_MIN} L/min.",
            field="oxygen_flow_l_per_min",
        )


def grade_crs(found: RoundFindings, earlier: Iterable[EarlierRound]) -> Grading:
    """Return the CRS grade of the round, with the episode and the drugs that earlier rounds show.

    The episode is established while the last graded round before found a grade of 1 or more; drugs count from
    its first round on. Only rounds before this one count, in whatever order they were entered.
    """
    episode = _episode(found.taken_at, earlier)
    is_established = bool(episode)
    temperatures = [found.temperature_c, *_temperatures(found.taken_at, earlier)]
    measured = [one for one in temperatures if one is not None]
    return assess_crs(
        CrsFindings(
            highest_temperature_c=max(measured) if found.temperature_c is not None else None,
            hypotension=found.hypotension,
            vasopressors=tuple(sorted(found.vasopressors)),
            oxygen_device=found.oxygen_device,
            oxygen_flow_l_per_min=found.oxygen_flow_l_per_min,
            due_to_another_cause=found.not_crs,
            is_established=is_established,
            antipyretic_given=_was_given("antipyretic_at", found, episode),
            anticytokine_given=_was_given("anticytokine_at", found, episode),
            steroid_given=_was_given("steroid_at", found, episode),
        )
    )


def grade_icans(found: RoundFindings) -> Grading:
    return assess_icans(
        IcansFindings(
            ice=found.ice,
            consciousness=found.consciousness,
            seizure=found.seizure,
            seizure_min=found.seizure_min,
            has_seizure_resolved=found.has_seizure_resolved,
            has_deep_focal_weakness=found.has_deep_focal_weakness,
            pressure_signs=found.pressure_signs,
            due_to_another_cause=found.not_icans,
        )
    )


def coverage(found: RoundFindings, *, crs_grade: int | None, icans_grade: int | None) -> frozenset[Assessed]:
    """Return what the round covered; a grade counts as assessed where one was confirmed."""
    is_covered = {
        Assessed.VITAL_SIGNS: found.has_vital_signs,
        Assessed.CRS: crs_grade is not None,
        Assessed.ICE: found.ice is not None or icans_grade is not None,
        Assessed.CHEST_IMAGE: bool(found.chest_image),
        Assessed.SYMPTOMS: found.pain_score is not None and found.has_dyspnoea is not None,
        Assessed.DRAINED_VOLUME: found.drained_volume_ml is not None,
    }
    return frozenset(one for one, covered in is_covered.items() if covered)


def confirmed(computed: Grading, stated: int | None, override_reason: str) -> int | None:
    """Return the grade that stands: the one stated, by default the computed one.

    Raises RuleViolated("override-reason") where another grade is stated without a reason, "grade-range".
    """
    if stated is None or stated == computed.grade:
        return computed.grade
    if not 0 <= stated <= 5:
        raise RuleViolated("grade-range", "The grade is 0 to 5.", field=f"{computed.term.lower()}_grade")
    if not override_reason.strip():
        given = "undeterminable" if computed.grade is None else f"grade {computed.grade}"
        raise RuleViolated(
            "override-reason",
            f"{computed.term}: the findings give {given}, {stated} is confirmed. Say why.",
            field="override_reason",
        )
    return stated


def _episode(taken_at: datetime, earlier: Iterable[EarlierRound]) -> list[EarlierRound]:
    """The graded rounds of the running episode, the newest first; empty where none runs."""
    before = [one for one in earlier if one.taken_at < taken_at and one.crs_grade is not None]
    found = []
    for one in sorted(before, key=lambda one: one.taken_at, reverse=True):
        if not one.crs_grade:
            break
        found.append(one)
    return found


def _temperatures(taken_at: datetime, earlier: Iterable[EarlierRound]) -> list[Decimal | None]:
    """Temperatures since the last graded round: readings between two assessments belong to the later one."""
    graded = [one.taken_at for one in earlier if one.taken_at < taken_at and one.crs_grade is not None]
    since = max([*graded, taken_at - PERIOD])
    return [one.temperature_c for one in earlier if since < one.taken_at < taken_at]


def _was_given(name: str, found: RoundFindings, episode: list[EarlierRound]) -> bool:
    """Given at this round or since the episode began. A round says what was given; silence is none given."""
    return any(getattr(one, name) is not None for one in (found, *episode))

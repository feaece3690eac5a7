"""Lesions at baseline: which can be measured, and which may be targets. Source: clinical rules 4.

The readings taken where the rules are silent stand in docs/algorithms/response.md.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from followup.rules.response.scale import (
    LEAST_MM,
    LEAST_NODE_MM,
    LEAST_ON_CHEST_X_RAY_MM,
    NORMAL_NODE_MM,
    THIN_SLICE_MM,
    ResponseLimits,
    mm,
)


class Organ(StrEnum):
    """A pair is one organ, and so are all lymph nodes together."""

    LUNG = "lung"
    PLEURA = "pleura"
    MEDIASTINUM = "mediastinum"
    LYMPH_NODES = "lymph_nodes"
    LIVER = "liver"
    BONE = "bone"
    BRAIN = "brain"
    ADRENAL = "adrenal"
    PERITONEUM = "peritoneum"
    PANCREAS = "pancreas"
    STOMACH_OR_BOWEL = "stomach_or_bowel"
    KIDNEY = "kidney"
    OVARY = "ovary"
    SOFT_TISSUE = "soft_tissue"
    SKIN = "skin"
    OTHER = "other"  # its place says which


class LesionKind(StrEnum):
    """By which diameter a lesion is measured: its longest one, or the short axis of a node."""

    NON_NODAL = "non_nodal"
    NODAL = "nodal"


class Nature(StrEnum):
    """All but SOLID cannot be measured, however large."""

    SOLID = "solid"
    EFFUSION = "effusion"
    ASCITES = "ascites"
    LEPTOMENINGEAL = "leptomeningeal"
    LYMPHANGITIC = "lymphangitic"
    SCLEROTIC_BONE = "sclerotic_bone"


class Method(StrEnum):
    CT = "ct"
    MRI = "mri"
    CHEST_X_RAY = "chest_x_ray"
    CALLIPER = "calliper"


class Measurability(StrEnum):
    MEASURABLE = "measurable"
    NOT_MEASURABLE = "not_measurable"
    PATHOLOGICAL_NODE = "pathological_node"  # 10 to below 15 mm: disease, but no target
    NORMAL_NODE = "normal_node"  # no disease
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A lesion as it was at baseline.

    size_mm: longest diameter, of a node its short axis; None: not measured. slice_mm: thickness of the slices.
    """

    id: str
    organ: Organ
    kind: LesionKind
    is_target: bool
    method: Method
    size_mm: Decimal | None = None
    slice_mm: Decimal | None = None
    nature: Nature = Nature.SOLID
    place: str = ""

    @property
    def is_nodal(self) -> bool:
        return self.kind is LesionKind.NODAL

    @property
    def counted_organ(self) -> str:
        """What the number of targets per organ is counted by."""
        if self.is_nodal:
            return Organ.LYMPH_NODES.value
        if self.organ is Organ.OTHER:
            return f"other: {' '.join(self.place.split()).casefold()}"
        return self.organ.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """is_marker_raised: a tumour marker lay above its limit, so that a complete response asks for a normal one."""

    on: date
    lesions: tuple[Lesion, ...]
    is_marker_raised: bool = False

    @property
    def targets(self) -> tuple[Lesion, ...]:
        return tuple(one for one in self.lesions if one.is_target)

    @property
    def non_targets(self) -> tuple[Lesion, ...]:
        return tuple(one for one in self.lesions if not one.is_target)

    @property
    def sum_mm(self) -> Decimal:
        """Longest diameters and nodal short axes of all targets."""
        return sum((one.size_mm or Decimal() for one in self.targets), Decimal())


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Whether a lesion can be measured, and by which rule."""

    measurability: Measurability
    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A departure of a baseline from RECIST. lesion: its id, "" where it is about the whole."""

    code: str
    message: str
    lesion: str = ""


def assess_measurability(lesion: Lesion) -> Measured:
    """Return whether the lesion can be measured. Bounds are included: 10 mm is measurable, a node from 15 mm."""
    if lesion.nature is not Nature.SOLID:
        words = f"{lesion.nature.value.replace('_', ' ').capitalize()} disease cannot be measured."
        return _measured(Measurability.NOT_MEASURABLE, "NATURE", words)
    if lesion.size_mm is None:
        return _measured(Measurability.UNKNOWN, "SIZE", "Its size is not documented.")
    return _node(lesion.size_mm) if lesion.is_nodal else _non_nodal(lesion, lesion.size_mm)


def _node(size: Decimal) -> Measured:
    if size >= LEAST_NODE_MM:
        return _measured(Measurability.MEASURABLE, "NODE", f"Short axis {mm(size)}, from 15 mm measurable.")
    if size >= NORMAL_NODE_MM:
        words = f"Short axis {mm(size)}, from 10 to below 15 mm: pathological, no target."
        return _measured(Measurability.PATHOLOGICAL_NODE, "NODE", words)
    return _measured(Measurability.NORMAL_NODE, "NODE", f"Short axis {mm(size)}, below 10 mm: a normal node.")


def _non_nodal(lesion: Lesion, size: Decimal) -> Measured:
    rule, least = _least(lesion)
    if least is None:
        return _measured(Measurability.UNKNOWN, rule, "The thickness of the slices is not documented.")
    found = Measurability.MEASURABLE if size >= least else Measurability.NOT_MEASURABLE
    return _measured(found, rule, f"Longest diameter {mm(size)}, measurable from {mm(least)}.")


def _least(lesion: Lesion) -> tuple[str, Decimal | None]:
    """The rule, and the smallest longest diameter that counts as measurable; None: it depends on the slices."""
    if lesion.method is Method.CHEST_X_RAY:
        return "CHEST-X-RAY", LEAST_ON_CHEST_X_RAY_MM
    if lesion.method is Method.CALLIPER:
        return "CALLIPER", LEAST_MM
    if lesion.slice_mm is None:
        return "SLICE", None
    return "SLICE", LEAST_MM if lesion.slice_mm <= THIN_SLICE_MM else 2 * lesion.slice_mm


def _measured(found: Measurability, rule: str, because: str) -> Measured:
    return Measured(measurability=found, rule=f"RECIST-MEASURABLE-{rule}", because=because)


def selection_remarks(lesions: Sequence[Lesion], limits: ResponseLimits) -> tuple[Remark, ...]:
    """Return where the choice of targets departs: too many, too many of one organ, or not measurable."""
    return (*_counts(lesions, limits), *(remark for one in lesions for remark in _suitability(one)))


def _counts(lesions: Sequence[Lesion], limits: ResponseLimits) -> Iterator[Remark]:
    targets = [one for one in lesions if one.is_target]
    if not targets:
        yield Remark(code="no-target", message="No target was chosen: there is no sum to follow.")
    if len(targets) > limits.most_targets:
        words = f"{len(targets)} targets; at most {limits.most_targets} are allowed."
        yield Remark(code="too-many-targets", message=words)
    for organ, count in sorted(Counter(one.counted_organ for one in targets).items()):
        if count > limits.most_per_organ:
            name = organ.replace("_", " ")
            words = f"{count} targets in one organ ({name}); at most {limits.most_per_organ} are allowed."
            yield Remark(code="too-many-in-organ", message=words)


def _suitability(lesion: Lesion) -> Iterator[Remark]:
    found = assess_measurability(lesion)
    if lesion.is_target and found.measurability is not Measurability.MEASURABLE:
        words = f"Not proven measurable, so no target. {found.because}"
        yield Remark(code="target-not-measurable", message=words, lesion=lesion.id)
    elif found.measurability is Measurability.NORMAL_NODE:
        yield Remark(code="normal-node", message=f"Not a lesion. {found.because}", lesion=lesion.id)


def timing_remarks(baseline_on: date, reference_on: date, limits: ResponseLimits) -> tuple[Remark, ...]:
    """Return what is wrong with the day of the baseline scan; exactly `baseline_days` before is in time.

    reference_on: civil date of the infusion.
    """
    days = (reference_on - baseline_on).days
    if days < 0:
        words = "The baseline scan is later than the infusion: what came before it is not known."
        return (Remark(code="baseline-after-treatment", message=words),)
    if days > limits.baseline_days:
        words = f"The baseline scan is {days} days before the infusion; at most {limits.baseline_days} are allowed."
        return (Remark(code="baseline-too-old", message=words),)
    return ()

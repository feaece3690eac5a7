"""The response of the disease that is no target, the tumour marker with it. Source: clinical rules 4."""

from dataclasses import dataclass

from followup.rules.response.lesions import Baseline, Lesion
from followup.rules.response.readings import Found, NonTargetReading, TimePoint
from followup.rules.response.scale import NORMAL_NODE_MM, NonTargetResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class NonTargetAssessment:
    """is_by_marker: the lesions alone would be a complete response."""

    response: NonTargetResponse
    rule: str
    because: str
    is_by_marker: bool = False


def assess_non_targets(baseline: Baseline, point: TimePoint) -> NonTargetAssessment:
    """Return the response of all lesions that are no targets, and of a marker that was raised at baseline.

    A marker is needed normal for a complete response; it never makes progression.
    """
    readings = {one.lesion: one for one in point.non_targets}
    found = {one.id: _found(one, readings.get(one.id)) for one in baseline.non_targets}
    if not found and not baseline.is_marker_raised:
        return _assessed(NonTargetResponse.NONE, "NONE", "There were only targets at baseline.")
    for sign, response, rule, words in _BY_RANK:
        named = [lesion for lesion, one in found.items() if one is sign]
        if named:
            return _assessed(response, rule, f"{words}: {', '.join(named)}.")
    return _with_marker(baseline, point)


_BY_RANK = (
    (Found.PROGRESSED, NonTargetResponse.PD, "PD", "Unequivocal progression"),
    (Found.NOT_ASSESSED, NonTargetResponse.NE, "MISSING", "Not assessed"),
    (Found.PRESENT, NonTargetResponse.NON_CR_NON_PD, "PRESENT", "Still there"),
)


def _found(lesion: Lesion, reading: NonTargetReading | None) -> Found:
    if reading is None:
        return Found.NOT_ASSESSED
    axis = reading.short_axis_mm
    is_normal_node = lesion.is_nodal and axis is not None and axis < NORMAL_NODE_MM
    return Found.ABSENT if reading.found is Found.PRESENT and is_normal_node else reading.found


def _with_marker(baseline: Baseline, point: TimePoint) -> NonTargetAssessment:
    if not baseline.is_marker_raised or point.is_marker_normal:
        return _assessed(NonTargetResponse.CR, "CR", "Nothing is left, and no tumour marker is raised.")
    if point.is_marker_normal is None:
        words = "The tumour marker, raised at baseline, is not documented."
        return _assessed(NonTargetResponse.NE, "MARKER-MISSING", words, is_by_marker=True)
    words = "The tumour marker is still raised."
    return _assessed(NonTargetResponse.NON_CR_NON_PD, "MARKER", words, is_by_marker=True)


def _assessed(
    response: NonTargetResponse, rule: str, because: str, *, is_by_marker: bool = False
) -> NonTargetAssessment:
    return NonTargetAssessment(
        response=response, rule=f"RECIST-NON-TARGET-{rule}", because=because, is_by_marker=is_by_marker
    )

"""Tumour response by RECIST 1.1, and the times to events that follow from it.

Pure and stateless: frozen values in, frozen values out, each answer with the rule that gave it. The protocol version
chooses the limits. Source: clinical rules 4; the readings taken stand in docs/algorithms/response.md.
"""

from followup.rules.response.assess import (
    CoursePoint,
    ResponseAnswer,
    ResponseCourse,
    Unused,
    assess_response,
)
from followup.rules.response.best import BestResponse, Dated, best_confirmed, best_unconfirmed
from followup.rules.response.endpoints import (
    Censoring,
    EndEvent,
    Endpoint,
    Fate,
    PlannedScan,
    TimeToEvent,
)
from followup.rules.response.lesions import (
    Baseline,
    Lesion,
    LesionKind,
    Measurability,
    Method,
    Nature,
    Organ,
    Remark,
    assess_measurability,
    selection_remarks,
    timing_remarks,
)
from followup.rules.response.overall import PointAssessment, assess_points
from followup.rules.response.readings import (
    Found,
    NewLesion,
    NonTargetReading,
    Reading,
    Seen,
    TimePoint,
)
from followup.rules.response.scale import (
    RECIST_VERSION,
    NonTargetResponse,
    Response,
    ResponseLimits,
    limits_of,
)
from followup.rules.response.soundness import Unsound, baseline_faults, days_repeated, point_faults

__all__ = [
    "RECIST_VERSION",
    "Baseline",
    "BestResponse",
    "Censoring",
    "CoursePoint",
    "Dated",
    "EndEvent",
    "Endpoint",
    "Fate",
    "Found",
    "Lesion",
    "LesionKind",
    "Measurability",
    "Method",
    "Nature",
    "NewLesion",
    "NonTargetReading",
    "NonTargetResponse",
    "Organ",
    "PlannedScan",
    "PointAssessment",
    "Reading",
    "Remark",
    "Response",
    "ResponseAnswer",
    "ResponseCourse",
    "ResponseLimits",
    "Seen",
    "TimePoint",
    "TimeToEvent",
    "Unsound",
    "Unused",
    "assess_measurability",
    "assess_points",
    "assess_response",
    "baseline_faults",
    "best_confirmed",
    "best_unconfirmed",
    "days_repeated",
    "limits_of",
    "point_faults",
    "selection_remarks",
    "timing_remarks",
]

"""Views of the follow-up API: lesions and scans on record, and the response that follows from them."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from followup.api.response_serializers import (
    BaselineCorrectionIn,
    BaselineIn,
    ParticipantResponseOut,
    ScanCorrectionIn,
    ScanIn,
    TumourAssessmentOut,
    TumourLesionOut,
)
from followup.models import TumourAssessment, TumourLesion
from followup.queries.response import Reviewed, response_of
from followup.rules.response import Baseline, TimePoint
from followup.rules.response.wire import Assessed, write_response
from followup.rules.response.wire.forms import BASELINE_FORM, POINT_FORM
from followup.services.response import (
    Reader,
    correct_baseline,
    correct_time_point,
    record_baseline,
    record_time_point,
)
from followup.states import Review
from infusion.rules.grading.wire.members import Form, read_form
from participants.models import Participant
from screening.rules.wire import EvidenceInvalid
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.problems import FieldProblem, RequestRefused
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList, ScopedView

OF_PARTICIPANT = Parent(Participant, "participant", {"code": "code"})


def _with_readings(rows: QuerySet[TumourAssessment]) -> QuerySet[TumourAssessment]:
    return rows.select_related("participant").prefetch_related("readings__lesion", "readings__merged_into")


def _read(field: str, form: Form, given: object) -> dict[str, Any]:
    """Return what the object in `field` says. Raises RequestRefused 400 with every fault at its place."""
    try:
        return read_form(form, given)
    except EvidenceInvalid as exc:
        errors = tuple(FieldProblem(one.path, one.code, one.message) for one in exc.under(field))
        raise RequestRefused(
            400, "invalid-input", "The input has errors; see `errors`.", errors=errors
        ) from None


def _parts(given: dict[str, Any]) -> dict[str, Any]:
    """What the services take from a body: the reader, and either the baseline or the scan."""
    found: dict[str, Any] = {"note": given.get("note", ""), "reason": given.get("reason", "")}
    found["reader"] = Reader(name=given["reader"], review=given.get("review", Review.SITE))
    if "baseline" in given:
        found["baseline"] = Baseline(**_read("baseline", BASELINE_FORM, given["baseline"]))
    else:
        found["point"] = TimePoint(**_read("scan", POINT_FORM, given["scan"]))
    return found


class TumourAssessmentList(ScopedList):
    """List the scans of one participant by day, corrected ones with them."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = TumourAssessment
    parent = OF_PARTICIPANT
    order = ("assessed_on", "id")
    gives = TumourAssessmentOut

    def narrow(self, rows: QuerySet[TumourAssessment]) -> QuerySet[TumourAssessment]:
        return _with_readings(rows)


class RecordScan(UnderCommand):
    """Record a scan after baseline. A lesion without a reading was not assessed."""

    required_permission = Permission.RECORD_RESPONSE
    model = Participant
    takes, gives, creates = ScanIn, TumourAssessmentOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> TumourAssessment:
        return record_time_point(participant=target, by=by, at=at, **_parts(given))


class RecordBaseline(UnderCommand):
    """Record the scan before treatment; refused where the choice of targets breaks the limits."""

    required_permission = Permission.RECORD_RESPONSE
    model = Participant
    takes, gives, creates = BaselineIn, TumourAssessmentOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> TumourAssessment:
        return record_baseline(participant=target, by=by, at=at, **_parts(given))


class TumourAssessmentDetail(ScopedDetail):
    """Read one scan, at baseline or after it."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = TumourAssessment
    lookup = {"scan_id": "id"}
    gives = TumourAssessmentOut

    def narrow(self, rows: QuerySet[TumourAssessment]) -> QuerySet[TumourAssessment]:
        return _with_readings(rows)


class CorrectScan(EditView):
    """Correct a scan after baseline; the answer is its successor, the former one stays."""

    required_permission = Permission.CORRECT_RECORD
    model = TumourAssessment
    lookup = {"scan_id": "id"}
    takes, gives = ScanCorrectionIn, TumourAssessmentOut

    def narrow(self, rows: QuerySet[TumourAssessment]) -> QuerySet[TumourAssessment]:
        return _with_readings(rows.filter(is_baseline=False))

    def run(
        self, target: TumourAssessment, given: dict[str, Any], *, by: User, at: datetime
    ) -> TumourAssessment:
        return correct_time_point(assessment=target, version=target.version, by=by, at=at, **_parts(given))


class CorrectBaseline(EditView):
    """Correct the baseline scan with all its lesions; the answer is its successor, the former one stays."""

    required_permission = Permission.CORRECT_RECORD
    model = TumourAssessment
    lookup = {"baseline_id": "id"}
    takes, gives = BaselineCorrectionIn, TumourAssessmentOut

    def narrow(self, rows: QuerySet[TumourAssessment]) -> QuerySet[TumourAssessment]:
        return _with_readings(rows.filter(is_baseline=True))

    def run(
        self, target: TumourAssessment, given: dict[str, Any], *, by: User, at: datetime
    ) -> TumourAssessment:
        return correct_baseline(assessment=target, version=target.version, by=by, at=at, **_parts(given))


class TumourLesionList(ScopedList):
    """List the lesions of one participant in force, as they were at baseline, and new ones."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = TumourLesion
    parent = OF_PARTICIPANT
    order = ("recorded_at", "id")
    gives = TumourLesionOut
    from_columns = True

    def narrow(self, rows: QuerySet[TumourLesion]) -> QuerySet[TumourLesion]:
        return rows.filter(voided_at__isnull=True)


class ParticipantResponse(ScopedView):
    """Read the response by RECIST 1.1, best response, PFS, OS and DoR, as of now and with every rule."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    gives = ParticipantResponseOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    @extend_schema(responses=ParticipantResponseOut)
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer what is on record now."""
        record = response_of(self.target(), clock.now())
        found = {
            "participant": record.participant.code,
            "reviews": [_answer(record.version.number, one) for one in record.reviews],
            "is_progression_proposed": record.is_progression_proposed,
        }
        return Response(self.represent(found))


def _answer(version: str, one: Reviewed) -> dict[str, Any]:
    if one.course is None or one.answer is None:
        return {"review": one.review, "answer": None}
    assessed = Assessed(id="", version=version, course=one.course, answer=one.answer)
    return {"review": one.review, "answer": write_response(assessed)}

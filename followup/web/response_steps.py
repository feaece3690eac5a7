"""The acts of response and survival, each a `Step`: lesions, scans, progression, new therapy, contacts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from followup.models import NewTherapy, Progression, SurvivalContact, TumourAssessment
from followup.rules.response import CoursePoint, TimePoint, assess_measurability, assess_response, limits_of
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
from followup.states import LesionRole, Marker, ProgressionBasis, Review
from followup.web import response_forms as forms
from followup.web.response_targets import (
    InResponse,
    find_baseline,
    find_contact,
    find_progression,
    find_response,
    find_scan,
    find_therapy,
)
from screening.web.acts import BANNER, BESIDE_PAGE, entered, with_banner, without
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.web.steps import Step

_REVIEWS = {
    Review.SITE: "The reading of the site.",
    Review.INDEPENDENT: "An independent review of the scans.",
}


# ---- Why an act is not possible now


def why_no_baseline(target: InResponse[Any]) -> str:
    found = target.reviewed
    return "There is a baseline scan already. Correct it instead" if found and found.baseline_scan else ""


def why_no_scan(target: InResponse[Any]) -> str:
    found = target.reviewed
    return "" if found and found.baseline_scan else "The baseline scan with its lesions comes first"


# ---- Running the services


def _reader(target: InResponse[Any], given: Mapping[str, Any]) -> Reader:
    return Reader(name=given["reader"], review=target.review)


def _baseline(target: InResponse[None], given: dict[str, Any], *, by: User, at: datetime) -> TumourAssessment:
    return record_baseline(
        participant=target.participant,
        baseline=given["baseline"],
        reader=_reader(target, given),
        note=given["note"],
        reason=given["reason"],
        by=by,
        at=at,
    )


def _correct_baseline(
    target: InResponse[TumourAssessment], given: dict[str, Any], *, by: User, at: datetime
) -> TumourAssessment:
    return correct_baseline(
        assessment=target.subject,
        baseline=given["baseline"],
        reader=_reader(target, given),
        note=given["note"],
        reason=given["reason"],
        version=given["version"],
        by=by,
        at=at,
    )


def _scan(target: InResponse[None], given: dict[str, Any], *, by: User, at: datetime) -> TumourAssessment:
    return record_time_point(
        participant=target.participant,
        point=given["point"],
        reader=_reader(target, given),
        note=given["note"],
        by=by,
        at=at,
    )


def _correct_scan(
    target: InResponse[TumourAssessment], given: dict[str, Any], *, by: User, at: datetime
) -> TumourAssessment:
    return correct_time_point(
        assessment=target.subject,
        point=given["point"],
        reader=_reader(target, given),
        note=given["note"],
        reason=given["reason"],
        version=given["version"],
        by=by,
        at=at,
    )


def _progression(target: InResponse[None], given: dict[str, Any], *, by: User, at: datetime) -> Progression:
    return record_progression(participant=target.participant, by=by, at=at, **without(given))


def _correct_progression(
    target: InResponse[Progression], given: dict[str, Any], *, by: User, at: datetime
) -> Progression:
    return correct_progression(progression=target.subject, by=by, at=at, **given)


def _withdraw_progression(
    target: InResponse[Progression], given: dict[str, Any], *, by: User, at: datetime
) -> Progression:
    return withdraw_progression(progression=target.subject, by=by, at=at, **given)


def _therapy(target: InResponse[None], given: dict[str, Any], *, by: User, at: datetime) -> NewTherapy:
    return record_new_therapy(participant=target.participant, by=by, at=at, **without(given))


def _correct_therapy(
    target: InResponse[NewTherapy], given: dict[str, Any], *, by: User, at: datetime
) -> NewTherapy:
    return correct_new_therapy(therapy=target.subject, by=by, at=at, **given)


def _withdraw_therapy(
    target: InResponse[NewTherapy], given: dict[str, Any], *, by: User, at: datetime
) -> NewTherapy:
    return withdraw_new_therapy(therapy=target.subject, by=by, at=at, **given)


def _contact(target: InResponse[None], given: dict[str, Any], *, by: User, at: datetime) -> SurvivalContact:
    return record_survival_contact(participant=target.participant, by=by, at=at, **without(given))


def _correct_contact(
    target: InResponse[SurvivalContact], given: dict[str, Any], *, by: User, at: datetime
) -> SurvivalContact:
    return correct_survival_contact(contact=target.subject, by=by, at=at, **given)


def _withdraw_contact(
    target: InResponse[SurvivalContact], given: dict[str, Any], *, by: User, at: datetime
) -> SurvivalContact:
    return withdraw_survival_contact(contact=target.subject, by=by, at=at, **given)


# ---- What the forms begin with


def _scan_options(target: InResponse[Any]) -> Mapping[str, object]:
    """The lesions to read, and how they were found where a scan is corrected."""
    reviewed = target.reviewed
    baseline = reviewed.baseline if reviewed else None
    lesions = reviewed.lesions if reviewed else ()
    is_correction = isinstance(target.subject, TumourAssessment)
    return {
        "lesions": baseline.lesions if baseline else (),
        "new_lesions": [(one.label, one.place) for one in lesions if one.role == LesionRole.NEW.value],
        "is_marker_raised": bool(baseline and baseline.is_marker_raised),
        "point": reviewed.point_of(target.subject) if reviewed and is_correction else None,
    }


def _baseline_options(target: InResponse[TumourAssessment]) -> Mapping[str, object]:
    reviewed = target.reviewed
    return {"lesions": reviewed.baseline.lesions if reviewed and reviewed.baseline else ()}


def _first_of_scan(target: InResponse[TumourAssessment]) -> Mapping[str, object]:
    scan = target.subject
    words = {Marker.NORMAL.value: "yes", Marker.RAISED.value: "no"}
    return {
        "assessed_on": scan.assessed_on,
        "reader": scan.reader,
        "note": scan.note,
        "marker": words.get(scan.marker, ""),
    }


def _first_of_baseline(target: InResponse[TumourAssessment]) -> Mapping[str, object]:
    raised = target.subject.marker == Marker.RAISED.value
    return {**_first_of_scan(target), "marker": "yes" if raised else "no"}


def _proposed(target: InResponse[None]) -> Mapping[str, object]:
    """The scan that shows progression, where there is one."""
    on = target.record.site_review.proposed_on
    return {"progressed_on": on, "basis": ProgressionBasis.IMAGING.value} if on else {}


def _values(*names: str) -> Any:
    return lambda target: {name: getattr(target.subject, name) for name in names}


# ---- Beside the forms


def _measured_beside(step: Step) -> Any:
    """What the lesions entered so far add up to, and whether the targets can be measured."""

    def context(request: HttpRequest, target: InResponse[Any]) -> Mapping[str, object]:
        given = entered(step, request, target)
        baseline = given.get("baseline")
        if baseline is None and isinstance(target.subject, TumourAssessment):
            baseline = target.reviewed.baseline if target.reviewed and request.method == "GET" else None
        lines = [(one, assess_measurability(one)) for one in baseline.lesions] if baseline else []
        return {
            "baseline": baseline,
            "measured": lines,
            "limits": limits_of(target.record.version),
            "review_words": _REVIEWS[target.review],
        }

    return context


def _assessed_beside(step: Step) -> Any:
    """What RECIST makes of the scan as it is entered, among the scans on record."""

    def context(request: HttpRequest, target: InResponse[Any]) -> Mapping[str, object]:
        point = entered(step, request, target).get("point")
        reviewed = target.reviewed
        if point is None and isinstance(target.subject, TumourAssessment) and request.method == "GET":
            point = reviewed.point_of(target.subject) if reviewed else None
        return {
            "assessed": _assessed(target, point) if point else None,
            "baseline": reviewed.baseline if reviewed else None,
            "review_words": _REVIEWS[target.review],
        }

    return context


def _assessed(target: InResponse[Any], point: TimePoint) -> CoursePoint | None:
    """The point among the others; None before an infusion, when nothing is assessed yet."""
    reviewed = target.reviewed
    if reviewed is None or reviewed.course is None:
        return None
    replaced = target.subject.assessed_on if isinstance(target.subject, TumourAssessment) else point.on
    others = tuple(one for one in reviewed.course.points if one.on not in {replaced, point.on})
    course = replace(reviewed.course, points=(*others, point))
    answer = assess_response(course, limits_of(target.record.version))
    return next(one for one in answer.points if one.point.on == point.on)


_READ_ONCE = "A lesion that is not named was not assessed, which is never 0."


def _with_beside(step: Step, beside: Any) -> Step:
    return replace(step, context=with_banner(beside(step)))


BASELINE = _with_beside(
    Step(
        name="response-baseline",
        title="Record the baseline scan",
        permission=Permission.RECORD_RESPONSE,
        form_class=forms.BaselineForm,
        find=find_response,
        run=_baseline,
        submit="Record baseline scan",
        done="Baseline scan recorded.",
        explanation="All lesions before treatment. At most five targets, two of an organ, all measurable; "
        "the others are followed without their size.",
        banner=BANNER,
        blocked=lambda user, target: why_no_baseline(target),
        template="followup/response/step.html",
        extra={"beside": "followup/response/baseline_beside.html"},
    ),
    _measured_beside,
)

CORRECT_BASELINE = _with_beside(
    Step(
        name="response-baseline-correct",
        title="Correct the baseline scan",
        permission=Permission.CORRECT_RECORD,
        form_class=forms.CorrectBaselineForm,
        find=find_baseline,
        run=_correct_baseline,
        submit="Save correction",
        done="Baseline scan corrected.",
        explanation="The former scan stays on record, with your name and the reason.",
        consequences=("Every scan is assessed anew.",),
        banner=BANNER,
        initial=_first_of_baseline,
        form_options=_baseline_options,
        template="followup/response/step.html",
        extra={"beside": "followup/response/baseline_beside.html"},
    ),
    _measured_beside,
)

SCAN = _with_beside(
    Step(
        name="response-scan",
        title="Record a scan",
        permission=Permission.RECORD_RESPONSE,
        form_class=forms.ScanForm,
        find=find_response,
        run=_scan,
        submit="Record scan",
        done="Scan recorded.",
        explanation=f"How each lesion was found. {_READ_ONCE}",
        consequences=(
            "The response of every scan is computed; nothing is entered by hand.",
            "Progression is recorded by the investigator.",
        ),
        banner=BANNER,
        blocked=lambda user, target: why_no_scan(target),
        form_options=_scan_options,
        template="followup/response/step.html",
        extra={"beside": "followup/response/scan_beside.html"},
    ),
    _assessed_beside,
)

CORRECT_SCAN = _with_beside(
    Step(
        name="response-scan-correct",
        title="Correct a scan",
        permission=Permission.CORRECT_RECORD,
        form_class=forms.CorrectScanForm,
        find=find_scan,
        run=_correct_scan,
        submit="Save correction",
        done="Scan corrected.",
        explanation=f"The former readings stay on record, with your name and the reason. {_READ_ONCE}",
        banner=BANNER,
        initial=_first_of_scan,
        form_options=_scan_options,
        template="followup/response/step.html",
        extra={"beside": "followup/response/scan_beside.html"},
    ),
    _assessed_beside,
)

PROGRESSION = Step(
    name="progression-record",
    title="Record progression",
    permission=Permission.JUDGE_PROGRESSION,
    form_class=forms.ProgressionForm,
    find=find_response,
    run=_progression,
    submit="Record progression",
    done="Progression recorded.",
    explanation="The investigator's judgement. Where a scan shows it, its day is proposed.",
    consequences=("Scans after it say nothing about the best response.", "What is due follows from it."),
    banner=BANNER,
    initial=_proposed,
    context=with_banner(),
    template=BESIDE_PAGE,
    extra={"beside": "followup/response/progression_beside.html"},
)

CORRECT_PROGRESSION = Step(
    name="progression-correct",
    title="Correct a progression",
    permission=Permission.JUDGE_PROGRESSION,
    form_class=forms.CorrectProgressionForm,
    find=find_progression,
    run=_correct_progression,
    submit="Save correction",
    done="Progression corrected.",
    explanation="The former day stays on record, with your name and the reason. What is due moves with it.",
    banner=BANNER,
    initial=_values("progressed_on", "basis", "note"),
    context=with_banner(),
)

WITHDRAW_PROGRESSION = Step(
    name="progression-withdraw",
    title="Take back a progression",
    permission=Permission.JUDGE_PROGRESSION,
    form_class=forms.TakeBackForm,
    find=find_progression,
    run=_withdraw_progression,
    submit="Take back",
    done="Progression taken back.",
    explanation="For a progression that was none. What followed from it goes.",
    banner=BANNER,
    is_destructive=True,
    context=with_banner(),
)

NEW_THERAPY = Step(
    name="new-therapy-record",
    title="Record a new anticancer therapy",
    permission=Permission.RECORD_RESPONSE,
    form_class=forms.NewTherapyForm,
    find=find_response,
    run=_therapy,
    submit="Record therapy",
    done="New anticancer therapy recorded.",
    explanation="Any therapy against the tumour after the infusion. Bridging before it has a record of its own.",
    consequences=(
        "Scans from its first day on say nothing about the response.",
        "Progression-free survival is censored unless progression came before.",
        "What is due follows from it.",
    ),
    banner=BANNER,
    context=with_banner(),
)

CORRECT_NEW_THERAPY = Step(
    name="new-therapy-correct",
    title="Correct a new anticancer therapy",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectNewTherapyForm,
    find=find_therapy,
    run=_correct_therapy,
    submit="Save correction",
    done="Therapy corrected.",
    explanation="The former values stay on record, with your name and the reason. What is due moves with the day.",
    banner=BANNER,
    initial=_values("started_on", "name", "note"),
    context=with_banner(),
)

WITHDRAW_NEW_THERAPY = Step(
    name="new-therapy-withdraw",
    title="Take back a new anticancer therapy",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.TakeBackForm,
    find=find_therapy,
    run=_withdraw_therapy,
    submit="Take back",
    done="Therapy taken back.",
    explanation="For a therapy that was not given. What followed from it goes.",
    banner=BANNER,
    is_destructive=True,
    context=with_banner(),
)

SURVIVAL_CONTACT = Step(
    name="survival-contact-record",
    title="Record a survival contact",
    permission=Permission.RECORD_RESPONSE,
    form_class=forms.SurvivalContactForm,
    find=find_response,
    run=_contact,
    submit="Record contact",
    done="Survival contact recorded.",
    explanation="That the participant was known to be alive. Death is recorded as the end of participation.",
    consequences=("Overall survival is counted to the last day known alive.",),
    banner=BANNER,
    context=with_banner(),
)

CORRECT_SURVIVAL_CONTACT = Step(
    name="survival-contact-correct",
    title="Correct a survival contact",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectSurvivalContactForm,
    find=find_contact,
    run=_correct_contact,
    submit="Save correction",
    done="Survival contact corrected.",
    explanation="The former values stay on record, with your name and the reason.",
    banner=BANNER,
    initial=_values("alive_on", "source", "note"),
    context=with_banner(),
)

WITHDRAW_SURVIVAL_CONTACT = Step(
    name="survival-contact-withdraw",
    title="Take back a survival contact",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.TakeBackForm,
    find=find_contact,
    run=_withdraw_contact,
    submit="Take back",
    done="Survival contact taken back.",
    explanation="For a contact that there was not. Overall survival is counted without it.",
    banner=BANNER,
    is_destructive=True,
    context=with_banner(),
)

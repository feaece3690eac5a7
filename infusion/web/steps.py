"""The acts from vein to vein, each a `Step`: collection, lot, plan, conditioning, infusion."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from infusion.models import BridgingTherapy, CellProduct, Infusion, Leukapheresis, LymphodepletionDose
from infusion.queries.products import file_of
from infusion.queries.treatment import Treatment
from infusion.rules.conditioning import BodyMeasures
from infusion.services.bridging import end_bridging, record_bridging
from infusion.services.conditioning import plan_infusion, record_lymphodepletion_dose
from infusion.services.infusion_facts import RouteDetails
from infusion.services.infusions import correct_infusion, record_infusion
from infusion.services.leukaphereses import Collected, correct_leukapheresis, record_leukapheresis
from infusion.services.products import fail_product, release_product, start_manufacturing
from infusion.states import ProductState, may_become
from infusion.web import forms
from infusion.web.again import (
    AGAIN_FIELDS,
    again_context,
    is_second_collection,
    is_second_infusion,
    told_of_collection,
    told_of_infusion,
)
from infusion.web.beside import infusion_ladder, ladder, level_in_words, window_of
from infusion.web.doses import MEASURES, dose_ladder, planned_dose
from infusion.web.previews import PREVIEW_FIELDS, PREVIEW_PAGE, correction_of, plan_difference, previewed
from infusion.web.targets import (
    InTreatment,
    ScheduledDay,
    find_bridging,
    find_dose_day,
    find_infusion,
    find_leukapheresis,
    find_product,
    find_route,
    find_treatment,
)
from participants.queries.words import ARMS
from participants.services.observations import Reading
from screening.web.acts import BANNER, BESIDE_PAGE, entered, obstacles, present_time, with_banner, without
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.signing.web.forms import signing_if_any
from trialsite.web.steps import Step

_ROUTE_FIELDS = tuple(RouteDetails.__slots__)


# ---- Why an act is not possible now


def why_not_lot(treatment: Treatment) -> str:
    return "" if treatment.leukaphereses else "No leukapheresis is on record"


def why_not_change_lot(product: CellProduct, to: ProductState) -> str:
    if may_become(ProductState(product.state), to):
        return ""
    return f"The lot is {product.state} already"


def why_not_plan(treatment: Treatment) -> str:
    return obstacles(treatment.may_plan())


def why_not_infuse(treatment: Treatment) -> str:
    return "" if treatment.products else "No product is on record"


def why_not_dose(target: InTreatment[ScheduledDay]) -> str:
    given_on = target.subject.obligation.fulfilled_on
    return f"Recorded already, given on {given_on.isoformat()}" if given_on else ""


# ---- Running the services


def _collect(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> Leukapheresis:
    given = without(given)
    collected = Collected(
        **{name: found for name in Collected.__slots__ if (found := given.pop(name)) not in {None, ""}}
    )
    signs = [
        Reading(
            domain=test.domain,
            test_code=test.code,
            unit=test.unit,
            taken_at=given["performed_at"],
            value=value,
        )
        for test in forms.COLLECTION_SIGNS
        if (value := given.pop(test.code)) is not None
    ]
    return record_leukapheresis(
        participant=target.participant, collected=collected, vital_signs=signs, by=by, at=at, **given
    )


def _correct_collection(
    target: InTreatment[Leukapheresis], given: dict[str, Any], *, by: User, at: datetime
) -> Leukapheresis:
    target.subject.version = given["version"] or target.subject.version
    return correct_leukapheresis(leukapheresis=target.subject, by=by, at=at, **without(given))


def _start_lot(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> CellProduct:
    chosen = given.pop("leukapheresis")
    source = next(one for one in target.treatment.leukaphereses if str(one.pk) == chosen)
    return start_manufacturing(leukapheresis=source, by=by, at=at, **without(given))


def _release(
    target: InTreatment[CellProduct], given: dict[str, Any], *, by: User, at: datetime
) -> CellProduct:
    return release_product(product=target.subject, by=by, at=at, **without(given))


def _fail(target: InTreatment[CellProduct], given: dict[str, Any], *, by: User, at: datetime) -> CellProduct:
    return fail_product(product=target.subject, by=by, at=at, **without(given))


def _plan(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> object:
    return plan_infusion(participant=target.participant, by=by, at=at, **without(given))


def _dose(
    target: InTreatment[ScheduledDay], given: dict[str, Any], *, by: User, at: datetime
) -> LymphodepletionDose:
    given, key = without(given), target.subject.obligation.key
    measures = BodyMeasures(**{name: given.pop(name) for name in MEASURES})
    return record_lymphodepletion_dose(
        participant=target.participant, obligation_key=key, measures=measures, by=by, at=at, **given
    )


def _bridge(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> BridgingTherapy:
    return record_bridging(participant=target.participant, by=by, at=at, **without(given))


def _end_bridging(
    target: InTreatment[BridgingTherapy], given: dict[str, Any], *, by: User, at: datetime
) -> BridgingTherapy:
    return end_bridging(bridging=target.subject, by=by, at=at, **without(given))


def _infuse(target: InTreatment[Arm], given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
    signing = signing_if_any(given)
    given = without(given, "seen")
    chosen = given.pop("product")
    product = next((one for one in target.treatment.products if str(one.pk) == chosen), None)
    if product is None:
        raise RuleViolated("unknown-product", "Choose a lot of this participant.", field="product")
    details = RouteDetails(**{name: given.pop(name) for name in _ROUTE_FIELDS if name in given})
    return record_infusion(
        participant=target.participant,
        product=product,
        route=target.subject,
        details=details,
        signing=signing,
        by=by,
        at=at,
        **given,
    )


def _correct_infusion(
    target: InTreatment[Infusion], given: dict[str, Any], *, by: User, at: datetime
) -> Infusion:
    return correct_infusion(infusion=target.subject, by=by, at=at, **given)


def _times_on_record(target: InTreatment[Infusion]) -> Mapping[str, object]:
    names = ("thawed_at", "ended_at", "clamped_at", "unclamped_at")
    recorded = {name: getattr(target.subject, name) for name in names}
    return {"route": Arm(target.subject.route), "recorded": recorded}


# ---- Beside the forms


def _collect_beside(request: HttpRequest, target: InTreatment[None]) -> Mapping[str, object]:
    given = entered(COLLECT, request, target)
    may = target.treatment.may_collect(given.get("performed_at"))
    return {
        "ladder": ladder(may, "Leukapheresis"),
        "is_recorded_anyway": True,
        "is_again": is_second_collection(target),
        **again_context(request, "performed_at", told_of_collection(target, given)),
    }


def _release_beside(request: HttpRequest, target: InTreatment[CellProduct]) -> Mapping[str, object]:
    gate = file_of(target.subject, target.treatment.version).gate()
    return {"ladder": ladder(gate, "Release"), "is_recorded_anyway": False}


def _dose_beside(request: HttpRequest, target: InTreatment[ScheduledDay]) -> Mapping[str, object]:
    treatment = target.treatment
    given: Mapping[str, Any] = entered(DOSE, request, target) or _as_ordered(target)
    given_at: datetime | None = given.get("given_at")
    return {
        "ladder": dose_ladder(treatment, target.subject.obligation.key, given_at, given),
        "planned": planned_dose(treatment, given),
        "is_recorded_anyway": True,
        **window_of(target.subject.obligation, given_at, treatment.zone, treatment.at),
    }


def _infuse_beside(request: HttpRequest, target: InTreatment[Arm]) -> Mapping[str, object]:
    treatment, code = target.treatment, target.participant.code
    assigned, given = treatment.participant.assigned_arm, entered(INFUSE, request, target)
    return {
        "ladder": infusion_ladder(treatment, target.subject, given),
        "is_recorded_anyway": True,
        "level": level_in_words(treatment),
        "routes": [(ARMS[arm.value], arm.value, arm is target.subject, arm is assigned) for arm in Arm],
        "code": code,
        "is_again": is_second_infusion(target),
        **again_context(request, "started_at", told_of_infusion(target, given)),
    }


def _lots(target: InTreatment[Arm]) -> Mapping[str, object]:
    lots = [(str(one.pk), f"{one.lot}, {one.state}") for one in reversed(target.treatment.products)]
    return {
        "route": target.subject,
        "lots": lots,
        "is_again": is_second_infusion(target),
        "site": target.site,
    }


def _first_infusion(target: InTreatment[Arm]) -> Mapping[str, object]:
    ready = target.treatment.released
    return {"product": str(ready.pk) if ready else "", "started_at": target.treatment.at}


def _collections(target: InTreatment[None]) -> Mapping[str, object]:
    zone = target.treatment.zone
    return {
        "collections": [
            (str(one.pk), f"Leukapheresis {one.number}, {_day_of(one.performed_at, zone)}")
            for one in reversed(target.treatment.leukaphereses)
        ]
    }


def _newest_collection(target: InTreatment[None]) -> Mapping[str, object]:
    collections = target.treatment.leukaphereses
    return {
        "leukapheresis": str(collections[-1].pk) if collections else "",
        "started_at": target.treatment.at,
    }


def _ranges(target: InTreatment[ScheduledDay]) -> Mapping[str, object]:
    limit = target.treatment.limit
    return {
        "ranges": [
            f"{limit(f'L-{drug}-MIN')} to {limit(f'L-{drug}-MAX')} mg/m² a day (assumed; the sponsor must confirm)."
            for drug in ("FLU", "CY")
        ]
    }


def _as_ordered(target: InTreatment[ScheduledDay]) -> Mapping[str, object]:
    """What is usual: the nominal doses, and the measures of the dose before."""
    limit, doses = target.treatment.limit, target.treatment.doses
    last = {name: getattr(doses[-1], name) for name in MEASURES} if doses else {}
    return {
        "given_at": target.treatment.at,
        "fludarabine_mg_per_m2": limit("L-FLU-NOMINAL"),
        "cyclophosphamide_mg_per_m2": limit("L-CY-NOMINAL"),
        **last,
    }


def _day_of(at: datetime, zone: str) -> str:
    return civil_date(at, zone).isoformat()


COLLECT = Step(
    name="leukapheresis-record",
    title="Record a leukapheresis",
    permission=Permission.RECORD_LEUKAPHERESIS,
    form_class=forms.LeukapheresisForm,
    find=find_treatment,
    run=_collect,
    submit="Record leukapheresis",
    done="Leukapheresis recorded.",
    explanation="Each collection is recorded by itself, also one that yielded too little.",
    consequences=("A lot can be started from it.", "Its release or rejection becomes due, within 28 days."),
    banner=BANNER,
    initial=present_time("performed_at"),
    form_options=lambda target: {"is_again": is_second_collection(target)},
    context=with_banner(_collect_beside),
    fields=AGAIN_FIELDS,
    template="infusion/collect.html",
    extra={"beside": "screening/ladder.html"},
)

CORRECT_COLLECTION = Step(
    name="leukapheresis-correct",
    title="Correct the time of the leukapheresis",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectLeukapheresisForm,
    find=find_leukapheresis,
    run=_correct_collection,
    submit="Save correction",
    done="Leukapheresis corrected. The dates that depend on it have moved.",
    explanation="The former time stays on record, struck through, with your name and the reason.",
    banner=BANNER,
    initial=lambda target: {"performed_at": target.subject.performed_at},
    context=with_banner(previewed("performed_at", correction_of(EventKind.LEUKAPHERESIS_PERFORMED))),
    fields=PREVIEW_FIELDS,
    template=PREVIEW_PAGE,
)

START_LOT = Step(
    name="product-start",
    title="Start a lot",
    permission=Permission.RECORD_PRODUCT,
    form_class=forms.LotForm,
    find=find_treatment,
    run=_start_lot,
    submit="Start lot",
    done="Manufacturing started.",
    explanation="A lot belongs to one participant and is made from one collection.",
    banner=BANNER,
    blocked=lambda user, target: why_not_lot(target.treatment),
    initial=_newest_collection,
    form_options=_collections,
    context=with_banner(),
)

RELEASE = Step(
    name="product-release",
    title="Release the product",
    permission=Permission.RELEASE_PRODUCT,
    form_class=forms.ReleaseForm,
    find=find_product,
    run=_release,
    submit="Release product",
    done="Product released. Planning the infusion is due next.",
    explanation="Accepts the lot for this participant. Every release test is decided; out of specification it needs "
    "a complete disposition.",
    consequences=("Planning the infusion becomes due, within 7 days.", "Lymphodepletion may be planned."),
    banner=BANNER,
    blocked=lambda user, target: why_not_change_lot(target.subject, ProductState.RELEASED),
    initial=present_time("released_at"),
    context=with_banner(_release_beside),
    template="infusion/product_step.html",
)

FAIL_LOT = Step(
    name="product-fail",
    title="Record that the lot failed",
    permission=Permission.RECORD_PRODUCT,
    form_class=forms.FailLotForm,
    find=find_product,
    run=_fail,
    submit="Record failure",
    done="Failure of the lot recorded.",
    explanation="The lot cannot be infused any more. It stays on record with its reason.",
    consequences=("The decision on a new collection becomes due, within 14 days.",),
    banner=BANNER,
    is_destructive=True,
    blocked=lambda user, target: why_not_change_lot(target.subject, ProductState.FAILED),
    initial=present_time("failed_at"),
    context=with_banner(),
    template="infusion/product_step.html",
)

PLAN = Step(
    name="infusion-plan",
    title="Plan the infusion",
    permission=Permission.PLAN_INFUSION,
    form_class=forms.PlanForm,
    find=find_treatment,
    run=_plan,
    submit="Set this date",
    done="Infusion date set. Baseline and lymphodepletion follow it.",
    explanation="The baseline visit and the three days of lymphodepletion are counted back from this date. "
    "Set it anew whenever it moves.",
    banner=BANNER,
    blocked=lambda user, target: why_not_plan(target.treatment),
    initial=lambda target: {"planned_on": target.treatment.planned_on},
    context=with_banner(previewed("planned_on", plan_difference)),
    fields=PREVIEW_FIELDS,
    template="infusion/plan.html",
)

DOSE = Step(
    name="lymphodepletion-record",
    title="Record lymphodepletion",
    permission=Permission.RECORD_LYMPHODEPLETION,
    form_class=forms.DoseForm,
    find=find_dose_day,
    run=_dose,
    submit="Record dose",
    done="Dose recorded.",
    explanation="One day of fludarabine and cyclophosphamide: ordered per square metre of body surface, given in "
    "milligrams. What is planned follows from both.",
    banner=BANNER,
    blocked=lambda user, target: why_not_dose(target),
    initial=_as_ordered,
    form_options=_ranges,
    context=with_banner(_dose_beside),
    template=BESIDE_PAGE,
    extra={"beside": "infusion/dose_beside.html"},
)

BRIDGE = Step(
    name="bridging-record",
    title="Record bridging therapy",
    permission=Permission.RECORD_LYMPHODEPLETION,
    form_class=forms.BridgingForm,
    find=find_treatment,
    run=_bridge,
    submit="Record bridging",
    done="Bridging recorded.",
    explanation="Therapy between collection and lymphodepletion, one drug at a time. Optional. It has to end some days "
    "before the first dose of lymphodepletion.",
    banner=BANNER,
    context=with_banner(),
)

END_BRIDGING = Step(
    name="bridging-end",
    title="End bridging therapy",
    permission=Permission.RECORD_LYMPHODEPLETION,
    form_class=forms.BridgingEndForm,
    find=find_bridging,
    run=_end_bridging,
    submit="Save last day",
    done="Last day of bridging recorded.",
    banner=BANNER,
    initial=lambda target: {"ended_on": target.subject.ended_on},
    context=with_banner(),
)

INFUSE = Step(
    name="infusion-record",
    title="Record the infusion",
    permission=Permission.RECORD_INFUSION,
    form_class=forms.InfusionForm,
    find=find_route,
    run=_infuse,
    submit="Record infusion",
    done="Infusion recorded. Day 0 is set, and every visit follows from it.",
    consequences=(
        "Day 0 is set; all visits, the DLT observation and the contraception year count from it.",
        "A later infusion starts the schedule and the year anew.",
    ),
    banner=BANNER,
    blocked=lambda user, target: why_not_infuse(target.treatment),
    initial=_first_infusion,
    form_options=_lots,
    context=with_banner(_infuse_beside),
    fields=AGAIN_FIELDS,
    template="infusion/record.html",
    extra={"beside": "screening/ladder.html"},
)

CORRECT_INFUSION = Step(
    name="infusion-correct",
    title="Correct the times of the infusion",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectInfusionForm,
    find=find_infusion,
    run=_correct_infusion,
    submit="Save correction",
    done="Infusion corrected. Every date counted from it has moved.",
    explanation="Day 0 moves with the start, if the date at the site changes. Thaw, end and clamping move by as "
    "much, unless you give them. The former times stay on record with your name and the reason.",
    consequences=(
        "Windows, reminders and deviations counted from day 0 are worked out anew.",
        "A deviation whose cause goes is closed with a note.",
    ),
    banner=BANNER,
    initial=lambda target: {"started_at": target.subject.started_at},
    form_options=_times_on_record,
    context=with_banner(previewed("started_at", correction_of(EventKind.INFUSED))),
    fields=PREVIEW_FIELDS,
    template=PREVIEW_PAGE,
)

"""The panels of infusion on the participant page, and the forms that fulfil what is due from vein to vein."""

from collections.abc import Callable, Mapping
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import BridgingTherapy, CellProduct
from infusion.queries.laboratory import laboratory_lines
from infusion.queries.leukaphereses import latest_plan
from infusion.queries.safety import safety_cases
from infusion.queries.treatment import Treatment
from infusion.states import IN_THE_MAKING, ProductState
from infusion.web import product_steps
from infusion.web.beside import level_in_words
from infusion.web.cohorts import place_of
from infusion.web.steps import RELEASE, why_not_change_lot, why_not_infuse, why_not_lot, why_not_plan
from infusion.web.targets import InTreatment, find_treatment
from participants.queries.data_queries import flags_of
from participants.queries.pages import participant_for
from participants.web.actions import by_key, register_action
from screening.web.acts import ActLink, why_not
from screening.web.words import in_powers
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import DueState, Obligation
from trialsite.signing.queries import signatures_of_many
from trialsite.web.access import requires, signed_in
from trialsite.web.navigation import NavItem, register_nav
from trialsite.web.panels import Panel, register_panel
from trialsite.web.steps import Step

_PANELS = (
    Panel(
        name="product",
        title="Cell product",
        url_name="panel-product",
        permission=Permission.VIEW_PARTICIPANT,
        order=30,
        icon="package",
    ),
    Panel(
        name="infusion",
        title="Infusion",
        url_name="panel-infusion",
        permission=Permission.VIEW_PARTICIPANT,
        order=40,
        icon="droplet",
    ),
    Panel(
        name="bedside",
        title="Bedside rounds",
        url_name="panel-bedside",
        permission=Permission.VIEW_PARTICIPANT,
        order=45,
        icon="heartbeat",
    ),
    Panel(
        name="safety",
        title="Safety",
        url_name="panel-safety",
        permission=Permission.VIEW_PARTICIPANT,
        order=50,
        icon="report-medical",
    ),
    Panel(
        name="confidential",
        title="Confidential",
        url_name="panel-confidential",
        permission=Permission.RECORD_SAFETY,
        order=51,
        icon="lock",
    ),
    Panel(
        name="laboratory",
        title="Laboratory values",
        url_name="panel-laboratory",
        permission=Permission.VIEW_PARTICIPANT,
        order=52,
        icon="test-pipe",
    ),
    Panel(
        name="medication",
        title="Concomitant medication",
        url_name="panel-medication",
        permission=Permission.VIEW_PARTICIPANT,
        order=55,
        icon="vaccine",
    ),
)
_STILL_OWED = frozenset({DueState.UPCOMING, DueState.DUE, DueState.OVERDUE, DueState.MISSED})


def _by_clock(obligation: Obligation) -> Mapping[str, str]:
    """C-SAE:<id> → the clock and the event."""
    clock_id, _, event_id = obligation.key.partition(":")
    return {"clock_id": clock_id, "event_id": event_id}


def _by_confidential_case(obligation: Obligation) -> Mapping[str, str]:
    """C-CONF:<id> and T-CONF-OUT:<id>#1 → the case."""
    return {"case_id": obligation.key.partition(":")[2].partition("#")[0]}


def _by_case(obligation: Obligation) -> Mapping[str, str]:
    """T-DLT:<id>#1 → the event."""
    return {"event_id": obligation.key.partition(":")[2].partition("#")[0]}


def _by_follow_up(obligation: Obligation) -> Mapping[str, str]:
    return {"clock_id": obligation.item_id, **_by_case(obligation)}


def register() -> None:
    """Tell the participant page which panels to load, and which form fulfils what."""
    for panel in _PANELS:
        register_panel(panel)
    register_nav(
        NavItem(
            name="handover",
            title="Handover",
            url_name="handover",
            permission=Permission.VIEW_PARTICIPANT,
            icon="bed",
            order=22,
        )
    )
    register_action("T-SLOT", "slot-take", Permission.TAKE_SLOT)
    register_action("T-RESLOT", "slot-take", Permission.TAKE_SLOT)
    register_nav(
        NavItem(
            name="cohorts",
            title="Cohorts",
            url_name="cohorts",
            permission=Permission.VIEW_TRIAL,
            icon="users-group",
            order=28,
        )
    )
    register_action("V-APH", "leukapheresis-record", Permission.RECORD_LEUKAPHERESIS)
    register_action("T-REAPH", "leukapheresis-record", Permission.RECORD_LEUKAPHERESIS)
    register_action("T-RELEASE", "product-next", Permission.RECORD_PRODUCT)
    register_action("T-PLAN", "infusion-plan", Permission.PLAN_INFUSION)
    register_action("V-LD", "lymphodepletion-record", Permission.RECORD_LYMPHODEPLETION, route=by_key)
    register_action("V-D0", "infusion-room", Permission.RECORD_INFUSION)
    register_action("T-SERIOUS", "adverse-event-seriousness", Permission.REPORT_SAFETY, route=_by_case)
    register_action("T-DLT", "adverse-event-dlt", Permission.JUDGE_DLT, route=_by_case)
    register_action("T-SAE-FU", "safety-report-record", Permission.REPORT_SAFETY, route=_by_follow_up)
    register_action("C-CONF", "confidential-report", Permission.REPORT_SAFETY, route=_by_confidential_case)
    register_action(
        "T-CONF-", "confidential-follow-up", Permission.RECORD_SAFETY, route=_by_confidential_case
    )
    register_action("C-", "safety-report-record", Permission.REPORT_SAFETY, route=_by_clock)


Shown = Callable[[User, InTreatment[None]], tuple[str, dict[str, object]]]


def _of_treatment(show: Shown) -> Callable[..., HttpResponse]:
    """Return the view of a panel about the treatment."""

    @requires(Permission.VIEW_PARTICIPANT)
    @require_GET
    @wraps(show)
    def view(request: HttpRequest, code: str) -> HttpResponse:
        user = signed_in(request)
        target = find_treatment(user, code)
        template, context = show(user, target)
        same = {
            "participant": target.participant,
            "zone": target.site.time_zone,
            "treatment": target.treatment,
        }
        return render(request, template, same | context)

    return view


@_of_treatment
def product(user: User, target: InTreatment[None]) -> tuple[str, dict[str, object]]:
    """Show the collections and the lots, each with what may be done with it."""
    treatment, code = target.treatment, target.participant.code
    cannot_collect = why_not(user, Permission.RECORD_LEUKAPHERESIS, target.participant)
    collect = ActLink(
        text="Record leukapheresis",
        href=reverse("leukapheresis-record", args=[code]),
        reason=cannot_collect or ("" if target.participant.arm else "Not enrolled yet"),
        kind="secondary" if treatment.leukaphereses else "primary",
        icon="arrows-exchange",
    )
    planned = latest_plan(target.participant)
    plan = ActLink(
        text="Move the leukapheresis" if planned else "Plan leukapheresis",
        href=reverse("leukapheresis-plan", args=[code]),
        reason=collect.reason,
        icon="calendar-event",
    )
    start = ActLink(
        text="Start a lot",
        href=reverse("product-start", args=[code]),
        reason=why_not(user, Permission.RECORD_PRODUCT, target.participant) or why_not_lot(treatment),
        kind="primary" if treatment.leukaphereses and not treatment.products else "secondary",
        icon="building-factory-2",
    )
    lots = [
        (one, in_powers(one.total_cells) if one.total_cells else "", _lot_acts(user, target, one))
        for one in treatment.products
    ]
    may_correct = user.access.may(Permission.CORRECT_RECORD, target.participant.site_id)
    return "infusion/product_panel.html", {
        "lots": lots,
        "acts": [collect, plan, start],
        "may_correct": may_correct,
        "planned": planned,
    }


def _lot_acts(user: User, target: InTreatment[None], one: CellProduct) -> list[ActLink]:
    """What it needs next and fail, for a lot that is still in the making; a released one may still fail."""
    args = [target.participant.code, one.pk]
    step, permission = next_step(one)
    further = ActLink(
        text=step.title,
        href=reverse(step.name, args=args),
        reason=why_not(user, permission, target.participant),
        kind="primary btn-sm",
    )
    fail = ActLink(
        text="Failed",
        href=reverse("product-fail", args=args),
        reason=why_not(user, Permission.RECORD_PRODUCT, target.participant)
        or why_not_change_lot(one, ProductState.FAILED),
        kind="secondary btn-sm",
    )
    state = ProductState(one.state)
    if state in IN_THE_MAKING:
        return [further, fail]
    return [fail] if state is ProductState.RELEASED else []


@_of_treatment
def infusion(user: User, target: InTreatment[None]) -> tuple[str, dict[str, object]]:
    """Show the planned date, the days of lymphodepletion and the infusions."""
    treatment, participant = target.treatment, target.participant
    infusions = list(treatment.infusions)
    for one in infusions:
        one.participant = participant  # known already: nothing asks for it again
    signed = signatures_of_many(infusions)
    plan = ActLink(
        text="Move the infusion date" if treatment.planned_on else "Plan the infusion",
        href=reverse("infusion-plan", args=[participant.code]),
        reason=why_not(user, Permission.PLAN_INFUSION, participant) or why_not_plan(treatment),
        kind="secondary" if treatment.planned_on else "primary",
        icon="calendar-event",
    )
    record = ActLink(
        text="Record infusion",
        href=reverse("infusion-record", args=[participant.code]),
        reason=why_not(user, Permission.RECORD_INFUSION, participant) or why_not_infuse(treatment),
        icon="pencil",
    )
    room = ActLink(
        text="Infusion room",
        href=reverse("infusion-room", args=[participant.code]),
        kind="primary" if treatment.planned_on else "secondary",
        icon="bed",
    )
    doses = {dose.obligation_key: dose for dose in treatment.doses}
    not_allowed = why_not(user, Permission.RECORD_LYMPHODEPLETION, participant)
    bridge = ActLink(
        text="Bridging",
        href=reverse("bridging-record", args=[participant.code]),
        reason=not_allowed,
        icon="plus",
    )
    return "infusion/infusion_panel.html", {
        "days": [
            (
                one,
                state,
                doses.get(one.key),
                "" if not_allowed or state not in _STILL_OWED else _dose_href(participant.code, one),
            )
            for one, state in treatment.conditioning
        ],
        "infusions": [
            (one, in_powers(one.infused_cells), in_powers(one.infused_cells / one.weight_kg), signed[one.pk])
            for one in infusions
        ],
        "acts": [plan, room, bridge, record],
        "bridging": list(
            BridgingTherapy.objects.filter(participant=participant).order_by("started_on", "id")
        ),
        "may_end": not not_allowed,
        "level": level_in_words(treatment),
        "place": place_of(user, treatment),
        "may_correct": user.access.may(Permission.CORRECT_RECORD, participant.site_id),
    }


def _dose_href(code: str, one: Obligation) -> str:
    return reverse("lymphodepletion-record", args=[code, one.key])


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def safety(request: HttpRequest, code: str) -> HttpResponse:
    """Show the adverse events with their clocks and reports."""
    user = signed_in(request)
    participant = participant_for(user, code)
    record = ActLink(
        text="Record adverse event",
        href=reverse("adverse-event-record", args=[code]),
        reason=why_not(user, Permission.RECORD_SAFETY, participant),
        icon="plus",
    )
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "cases": safety_cases(participant, clock.now()),
        "acts": [record],
        "may_judge": user.access.may(Permission.JUDGE_DLT, participant.site_id),
        "may_record": user.access.may(Permission.RECORD_SAFETY, participant.site_id),
        "cannot_report": why_not(user, Permission.REPORT_SAFETY, participant),
        "flags": flags_of(participant),
    }
    return render(request, "infusion/safety_panel.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def laboratory(request: HttpRequest, code: str) -> HttpResponse:
    """Show the last value of each test that CTCAE grades, with its grade, and how the grade moved."""
    user = signed_in(request)
    participant = participant_for(user, code)
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "lines": laboratory_lines(participant, clock.now()),
        "may_record": user.access.may(Permission.RECORD_SAFETY, participant.site_id),
    }
    return render(request, "infusion/laboratory_panel.html", context)


@requires(Permission.RECORD_PRODUCT)
@require_GET
def product_next(request: HttpRequest, code: str) -> HttpResponse:
    """Go to what the product needs next: a lot, its tests, the decision, the release; to the panel for who may not."""
    user = signed_in(request)
    target = find_treatment(user, code)
    return HttpResponseRedirect(_next_for_product(user, target.treatment))


def _next_for_product(user: User, treatment: Treatment) -> str:
    participant, making = treatment.participant, treatment.in_manufacturing
    if making is None:
        return reverse("product-start", args=[participant.code])
    step, permission = next_step(making)
    if user.access.may(permission, participant.site_id):
        return reverse(step.name, args=[participant.code, making.pk])
    return f"{participant.get_absolute_url()}#panel-product"


def next_step(product: CellProduct) -> tuple[Step, Permission]:
    """Return what a lot in the making needs next, and who may do it."""
    if product.is_in_specification is None:
        step = product_steps.TEST
    elif not product.is_in_specification and not product.disposition:
        step = product_steps.DECIDE
    else:
        step = RELEASE
    return step, step.permission

"""An infusion as it goes on at the bedside: start, pause, resume, stop. Each act takes place now."""

from datetime import datetime
from decimal import Decimal

from infusion.models import CellProduct, Infusion, InfusionInterruption
from infusion.queries.readiness import at_bedside, gate_of, last_prepared, weights_beside
from infusion.rules.gates import dose_check
from infusion.rules.readiness import cells_given
from infusion.services.infusion_facts import RouteDetails, ended, infused, require_fields_of, use_up
from infusion.services.infusions import ask_about_weight
from infusion.services.laboratory_grades import follow_interventions
from infusion.states import ProductState
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.journey import command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.findings import Finding
from trialsite.protocol.gates import gate
from trialsite.protocol.types import Act, Arm, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.signing.queries import seen_digest
from trialsite.signing.services.signing import Signing, require_seen, sign_in_act


def start_infusion(
    *,
    participant: Participant,
    product: CellProduct,
    route: Arm,
    by: Actor,
    at: datetime,
    details: RouteDetails | None = None,
    reason: str = "",
) -> Infusion:
    """Start the infusion of the prepared dose now. Needs RECORD_INFUSION; records `infused`, day 0 at the site.

    Refused while a rung of the gate ladder does not pass, and while it runs or the bag was started before.
    reason: only for what departs from the order of the journey (a second infusion, say).
    Raises RuleViolated("gate-failed", "dose-not-prepared", "field-of-other-route", "reason-required"),
    Conflict("bag-started", "infusion-running", "product-of-another").
    """
    details = details or RouteDetails()
    require_fields_of(route, details, at)
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.infusion_started",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current, readiness = at_bedside(product, course)
        _require_first(current, course)
        infusion = _beginning(course, current, route, details, by, at)
        settle(gate_of(course, infusion, readiness, at), happened=False, reason=reason)
        infusion.save_new()
        use_up(current)
        after = happened(course, [infused(infusion)], by=by, at=at, reason=reason)
        follow_interventions(after, course.events, at=at)
        ask_about_weight(after, infusion, weights_beside(current), at)
    return infusion


def pause_infusion(
    *, infusion: Infusion, cause: str, by: Actor, at: datetime, reason: str = ""
) -> InfusionInterruption:
    """Record that the infusion stands still from now on. Needs RECORD_INFUSION.

    Raises RuleViolated("cause-required"), Conflict("infusion-not-running", "paused-already").
    """
    if not cause.strip():
        raise RuleViolated("cause-required", "Say why the infusion is interrupted.", field="cause")
    with command(
        participant=infusion.participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.infusion_paused",
        by=by,
        at=at,
        reason=reason,
    ):
        current = _running(infusion)
        if _open_interruption(current) is not None:
            raise Conflict("paused-already", "The infusion is interrupted already.")
        interruption = InfusionInterruption(infusion=current, paused_at=at, cause=cause, recorded_at=at)
        interruption.save_new()
        current.was_interrupted = True
        current.save_changes(["was_interrupted"])
    return interruption


def resume_infusion(*, infusion: Infusion, by: Actor, at: datetime, reason: str = "") -> InfusionInterruption:
    """Record that the infusion goes on from now. Needs RECORD_INFUSION.

    Raises Conflict("infusion-not-running", "not-paused").
    """
    with command(
        participant=infusion.participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.infusion_resumed",
        by=by,
        at=at,
        reason=reason,
    ):
        interruption = _open_interruption(_running(infusion))
        if interruption is None:
            raise Conflict("not-paused", "The infusion is not interrupted.")
        interruption.resumed_at = at
        interruption.save_changes(["resumed_at"])
    return interruption


def stop_infusion(
    *,
    infusion: Infusion,
    by: Actor,
    at: datetime,
    residual_volume_ml: Decimal | None = None,
    infused_cells: int | None = None,
    given_volume_ml: Decimal | None = None,
    reaction: str = "",
    reason: str = "",
    signing: Signing | None = None,
    seen: str | None = None,
) -> Infusion:
    """End the running infusion now. Needs RECORD_INFUSION; records `infusion_ended`.

    infused_cells, given_volume_ml: as counted; by default the prepared dose less the residue, by volume.
    A dose that is out of range in the end needs a reason and becomes an important deviation.
    signing: an investigator signs the record in the same act; seen: `seen_digest` of the infusion as it was shown.
    Raises RuleViolated("not-positive", "residue-range", "reason-required"), Conflict("infusion-not-running",
    "signed-content-changed"), and what `sign` raises.
    """
    with command(
        participant=infusion.participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.infusion_ended",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _running(infusion)
        if signing is not None:
            require_seen(seen, seen_digest(current))
        _fill_in(current, residual_volume_ml, infused_cells, given_volume_ml)
        current.is_running, current.ended_at, current.reaction = False, at, reaction
        findings = _dose_in_the_end(course, current, at, reason)
        current.save_changes(_SET_AT_END)
        happened(course, [ended(current)], by=by, at=at, reason=reason, findings=findings)
        sign_in_act(record=current, signing=signing, by=by, at=at)
    return current


def record_interruption(
    *,
    infusion: Infusion,
    paused_at: datetime,
    resumed_at: datetime | None,
    cause: str,
    by: Actor,
    at: datetime,
    reason: str,
) -> InfusionInterruption:
    """Record afterwards that an infusion was interrupted. Needs RECORD_INFUSION, and a reason.

    Raises RuleViolated("reason-required", "cause-required", "in-the-future", "outside-infusion",
    "resumed-before-pause").
    """
    require_reason(reason, "it was not recorded when it happened")
    if not cause.strip():
        raise RuleViolated("cause-required", "Say why the infusion was interrupted.", field="cause")
    for name, instant in (("paused_at", paused_at), ("resumed_at", resumed_at or paused_at)):
        require_past(instant, at, name)
        if instant < infusion.started_at or (infusion.ended_at and instant > infusion.ended_at):
            raise RuleViolated("outside-infusion", "This lies outside the infusion.", field=name)
    if resumed_at is not None and resumed_at < paused_at:
        raise RuleViolated("resumed-before-pause", "It cannot go on before it stops.", field="resumed_at")
    with command(
        participant=infusion.participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.interruption_recorded",
        by=by,
        at=at,
        reason=reason,
    ):
        current = Infusion.objects.get(pk=infusion.pk)
        if resumed_at is None and _open_interruption(current) is not None:
            raise Conflict("paused-already", "An interruption without an end is on record already.")
        interruption = InfusionInterruption(
            infusion=current, paused_at=paused_at, resumed_at=resumed_at, cause=cause, recorded_at=at
        )
        interruption.save_new()
        current.was_interrupted = True
        current.save_changes(["was_interrupted"])
    return interruption


_SET_AT_END = (
    "is_running",
    "ended_at",
    "reaction",
    "infused_cells",
    "residual_volume_ml",
    "infused_volume_ml",
    "instilled_volume_ml",
)


def _beginning(
    course: Course, product: CellProduct, route: Arm, details: RouteDetails, by: Actor, at: datetime
) -> Infusion:
    """The infusion that starts now; of the prepared dose all counts as given until it is ended."""
    prepared = last_prepared(product, course.participant)
    return Infusion(
        participant=course.participant,
        product=product,
        number=sum(event.kind is EventKind.INFUSED for event in course.events) + 1,
        route=route.value,
        started_at=at,
        started_by=by.actor_label,
        is_running=True,
        thawed_at=prepared.thawed_at,
        prepared_cells=prepared.prepared_cells,
        prepared_volume_ml=prepared.prepared_volume_ml,
        infused_cells=prepared.prepared_cells,
        weight_kg=prepared.weight_kg,
        weight_on=prepared.weight_on,
        recorded_at=at,
        **details.given(),
    )


def _require_first(product: CellProduct, course: Course) -> None:
    """Of two who start the same bag one is told that it runs. The participant is locked here."""
    before = Infusion.objects.filter(product=product).order_by("-started_at").first()
    if before is not None and product.state == ProductState.INFUSED.value:
        raise Conflict("bag-started", f"The infusion of this bag was started already. {_who(before, course)}")
    running = Infusion.objects.filter(participant=course.participant, is_running=True).first()
    if running is not None:
        raise Conflict("infusion-running", f"Another infusion is running. {_who(running, course)}")


def _who(infusion: Infusion, course: Course) -> str:
    on = civil_date(infusion.started_at, course.participant.site.time_zone)
    by = f" by {infusion.started_by}" if infusion.started_by else ""
    return f"Infusion {infusion.number}, started on {on.isoformat()}{by}."


def _running(infusion: Infusion) -> Infusion:
    current = Infusion.objects.select_related("product").get(pk=infusion.pk)
    if not current.is_running:
        raise Conflict(
            "infusion-not-running", "This infusion is not running. It was ended, or recorded later."
        )
    return current


def _open_interruption(infusion: Infusion) -> InfusionInterruption | None:
    return infusion.interruptions.filter(resumed_at__isnull=True).first()


def _fill_in(
    infusion: Infusion, residual_ml: Decimal | None, infused_cells: int | None, given_ml: Decimal | None
) -> None:
    """Set what was given: as counted, else what the residue leaves of the prepared dose."""
    prepared_cells, prepared_ml = (
        infusion.prepared_cells or infusion.infused_cells,
        infusion.prepared_volume_ml,
    )
    if residual_ml is not None and not 0 <= residual_ml <= (prepared_ml or residual_ml):
        raise RuleViolated(
            "residue-range", "The residue is at most the volume prepared.", field="residual_volume_ml"
        )
    cells = (
        infused_cells if infused_cells is not None else cells_given(prepared_cells, prepared_ml, residual_ml)
    )
    if cells <= 0:
        raise RuleViolated(
            "not-positive", "Give the number of cells that were infused.", field="infused_cells"
        )
    infusion.infused_cells, infusion.residual_volume_ml = cells, residual_ml
    if given_ml is None and prepared_ml is not None and residual_ml is not None:
        given_ml = prepared_ml - residual_ml
    if given_ml is not None:
        name = "infused_volume_ml" if infusion.route == Arm.INTRAVENOUS.value else "instilled_volume_ml"
        setattr(infusion, name, given_ml)


def _dose_in_the_end(course: Course, infusion: Infusion, at: datetime, reason: str) -> tuple[Finding, ...]:
    """Judge the dose by the cells that were given in the end."""
    version, level = course.version_at(at), course.participant.dose_level
    rung = dose_check(version, level, infusion.infused_cells, infusion.weight_kg)
    return settle(gate(Act.INFUSE, [rung]), happened=True, reason=reason)

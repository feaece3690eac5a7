"""The chain of custody of a bag: each step recorded once, never changed; an excursion holds until it is decided."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infusion.models import CellProduct, CustodyEntry, ExcursionDecision, Leukapheresis
from infusion.rules.custody import BETWEEN_TWO, CustodyStep, ExcursionVerdict, is_excursion
from infusion.services.failures import fail
from infusion.states import ProductState, may_become
from participants.queries.course import Course
from participants.rules import require_past, require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import ProtocolVersion, StorageRange

Bag = CellProduct | Leukapheresis


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """One step of a bag. storage_id: how it is kept from here on. temperature_c: as read at the step."""

    step: CustodyStep
    occurred_at: datetime
    place: str
    taken_by: str
    storage_id: str
    handed_by: str = ""
    temperature_c: Decimal | None = None
    note: str = ""


def record_custody(
    *,
    bag: Bag,
    handling: Handling,
    by: Actor,
    at: datetime,
    corrects: CustodyEntry | None = None,
    reason: str = "",
) -> CustodyEntry:
    """Record a step of a bag: of a product, or of collected cells. Needs RECORD_PRODUCT.

    A temperature outside the range for the way it is kept is an excursion: release, planning and infusion are held
    until it is decided. corrects: an entry that was wrong; it stays, and this one counts in its place.
    A failed product that is destroyed becomes destroyed.
    Raises RuleViolated("in-the-future", "place-required", "person-required", "hand-over-between-two",
    "unknown-storage", "before-the-bag", "not-of-this-bag", "reason-required"), Conflict("corrected-already").
    """
    _require_complete(handling, at)
    with command(
        participant=bag.participant,
        permission=Permission.RECORD_PRODUCT,
        action="infusion.custody_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_existed(bag, handling.occurred_at)
        _require_correctable(bag, corrects, reason)
        version = course.version_at(at)
        entry = CustodyEntry(
            participant=course.participant,
            product=bag if isinstance(bag, CellProduct) else None,
            leukapheresis=bag if isinstance(bag, Leukapheresis) else None,
            step=handling.step.value,
            occurred_at=handling.occurred_at,
            place=handling.place,
            handed_by=handling.handed_by,
            taken_by=handling.taken_by,
            storage_id=handling.storage_id,
            temperature_c=handling.temperature_c,
            is_excursion=is_excursion(_range(version, handling.storage_id), handling.temperature_c),
            protocol_version=version.number,
            note=handling.note,
            entered_by=by.actor_label,
            corrects=corrects,
            recorded_at=at,
        )
        entry.save_new()
        if entry.is_excursion or (corrects is not None and corrects.is_excursion):
            settle_excursions(bag)
        _destroy(bag, handling.step)
    return entry


def decide_excursion(
    *,
    entry: CustodyEntry,
    verdict: ExcursionVerdict,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> ExcursionDecision:
    """Record whether the bag may be used after an excursion. Needs RELEASE_PRODUCT.

    reason: the ground, such as stability. Not usable fails a product that is not infused yet.
    Raises RuleViolated("reason-required", "no-excursion", "in-the-future"), Conflict("excursion-decided").
    """
    require_reason(reason, "a decision on an excursion states its ground")
    require_past(decided_at, at, "decided_at")
    with command(
        participant=entry.participant,
        permission=Permission.RELEASE_PRODUCT,
        action="infusion.excursion_decided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_undecided(entry, decided_at)
        decision = ExcursionDecision(
            entry=entry,
            verdict=verdict.value,
            decided_at=decided_at,
            decided_by=by.actor_label,
            rationale=reason,
            recorded_at=at,
        )
        decision.save_new()
        settle_excursions(_bag_of(entry))
        if verdict is ExcursionVerdict.NOT_USABLE:
            _discard(course, entry, decided_at, by=by, at=at, reason=reason)
    return decision


def settle_excursions(bag: Bag) -> None:
    """Say on the bag, and on every product made of it, whether an excursion is undecided. Called inside `command`."""
    if isinstance(bag, CellProduct):
        _settle_product(bag)
        return
    current = Leukapheresis.objects.get(pk=bag.pk)
    current.has_open_excursion = _open(current)
    current.save_changes(["has_open_excursion"])
    for product in current.products.all():
        _settle_product(product)


def _settle_product(bag: CellProduct) -> None:
    current = CellProduct.objects.select_related("leukapheresis").get(pk=bag.pk)
    is_open = _open(current) or _open(current.leukapheresis)
    if current.has_open_excursion != is_open:
        current.has_open_excursion = is_open
        current.save_changes(["has_open_excursion"])


def _open(bag: Bag) -> bool:
    return bag.custody.filter(
        is_excursion=True, excursion_decision__isnull=True, corrected_by__isnull=True
    ).exists()


def _discard(
    course: Course, entry: CustodyEntry, decided_at: datetime, *, by: Actor, at: datetime, reason: str
) -> None:
    """Fail what cannot be used any more: the product, or each one made of the collected cells."""
    if entry.product_id:
        products = CellProduct.objects.filter(pk=entry.product_id)
    else:
        products = CellProduct.objects.filter(leukapheresis=entry.leukapheresis_id)
    for product in products:
        if may_become(ProductState(product.state), ProductState.FAILED):
            fail(course, product, failed_at=decided_at, by=by, at=at, reason=reason)


def _destroy(bag: Bag, step: CustodyStep) -> None:
    if step is not CustodyStep.DESTROYED or not isinstance(bag, CellProduct):
        return
    current = CellProduct.objects.get(pk=bag.pk)
    if may_become(ProductState(current.state), ProductState.DESTROYED):
        current.state = ProductState.DESTROYED.value
        current.save_changes(["state"])


def _bag_of(entry: CustodyEntry) -> Bag:
    bag = entry.product or entry.leukapheresis
    if bag is None:
        raise ValueError("a custody entry is of a bag")
    return bag


def _range(version: ProtocolVersion, storage_id: str) -> StorageRange:
    for one in version.storage_ranges:
        if one.id == storage_id:
            return one
    raise RuleViolated(
        "unknown-storage",
        f"Protocol {version.number} names no such way of keeping a bag. Choose one of its list.",
        field="storage_id",
    )


def _require_complete(handling: Handling, at: datetime) -> None:
    require_past(handling.occurred_at, at, "occurred_at")
    if not handling.place.strip():
        raise RuleViolated("place-required", "Say where the bag is.", field="place")
    if not handling.taken_by.strip():
        raise RuleViolated("person-required", "Say who has the bag now.", field="taken_by")
    is_between_two = handling.step in BETWEEN_TWO
    if is_between_two and handling.handed_by.strip() in {"", handling.taken_by.strip()}:
        raise RuleViolated(
            "hand-over-between-two",
            "A bag goes from one to another: say who gave it, and who took it.",
            field="handed_by",
        )


def _require_existed(bag: Bag, occurred_at: datetime) -> None:
    begins = bag.manufacturing_started_at if isinstance(bag, CellProduct) else bag.performed_at
    if occurred_at < begins:
        raise RuleViolated(
            "before-the-bag", "This lies before the bag existed. Check the time.", field="occurred_at"
        )


def _require_correctable(bag: Bag, corrects: CustodyEntry | None, reason: str) -> None:
    if corrects is None:
        return
    require_reason(reason, "an entry of the chain is corrected")
    if bag.pk not in {corrects.product_id, corrects.leukapheresis_id}:
        raise RuleViolated("not-of-this-bag", "The corrected entry is of another bag.", field="corrects")
    if CustodyEntry.objects.filter(corrects=corrects).exists():
        raise Conflict("corrected-already", "This entry was corrected already. Correct the newer one.")


def _require_undecided(entry: CustodyEntry, decided_at: datetime) -> None:
    if not entry.is_excursion:
        raise RuleViolated("no-excursion", "This entry is within the range; there is nothing to decide.")
    if decided_at < entry.occurred_at:
        raise RuleViolated(
            "decided-before-excursion", "The decision lies before the excursion.", field="decided_at"
        )
    if ExcursionDecision.objects.filter(entry=entry).exists():
        raise Conflict("excursion-decided", "This excursion is decided already.")

"""What every way of recording an infusion shares: the fields of its route, its events on the journey, the bag used up."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infusion.models import CellProduct, Infusion
from infusion.rules.intrapleural import CatheterProof
from infusion.states import ProductState
from participants.rules import require_past
from participants.services.journey import Happening
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDetails:
    """What belongs to one route only; the fields of the other route stay empty.

    Intravenous: access_line, rate_ml_per_h, infused_volume_ml. Intrapleural: all others; drained_*: the
    effusion drained before.
    """

    access_line: str = ""
    rate_ml_per_h: Decimal | None = None
    infused_volume_ml: Decimal | None = None
    catheter_position: str = ""
    catheter_proof: CatheterProof | str = ""
    drained_at: datetime | None = None
    drained_colour: str = ""
    drained_volume_ml: Decimal | None = None
    instilled_volume_ml: Decimal | None = None
    flush_volume_ml: Decimal | None = None
    clamped_at: datetime | None = None
    unclamped_at: datetime | None = None
    catheter_removed_at: datetime | None = None

    def given(self) -> dict[str, object]:
        """Return the columns of an infusion that are stated here."""
        return {
            name: value for name in RouteDetails.__slots__ if (value := getattr(self, name)) not in {None, ""}
        }


OF_INTRAVENOUS = ("access_line", "rate_ml_per_h", "infused_volume_ml")
OF_INTRAPLEURAL = tuple(name for name in RouteDetails.__slots__ if name not in OF_INTRAVENOUS)
_OF_OTHER_ROUTE = {Arm.INTRAVENOUS: OF_INTRAPLEURAL, Arm.INTRAPLEURAL: OF_INTRAVENOUS}
_TIMES = ("drained_at", "clamped_at", "unclamped_at", "catheter_removed_at")


def require_fields_of(route: Arm, details: RouteDetails, at: datetime) -> None:
    """Raises RuleViolated("field-of-other-route", "in-the-future")."""
    for name in _OF_OTHER_ROUTE[route]:
        if getattr(details, name) not in {None, ""}:
            raise RuleViolated(
                "field-of-other-route", f"This field does not belong to the {route.value} route.", field=name
            )
    for name in _TIMES:
        require_past(getattr(details, name) or at, at, name)


def infused(infusion: Infusion) -> Happening:
    return Happening(
        kind=EventKind.INFUSED,
        occurred_at=infusion.started_at,
        item=infusion.product.lot,
        ref=str(infusion.pk),
        facts={"route": infusion.route},
    )


def ended(infusion: Infusion) -> Happening:
    return Happening(
        kind=EventKind.INFUSION_ENDED,
        occurred_at=infusion.ended_at or infusion.started_at,
        item=infusion.product.lot,
        ref=str(infusion.pk),
    )


def use_up(product: CellProduct) -> None:
    product.state = ProductState.INFUSED.value
    product.save_changes(["state"])

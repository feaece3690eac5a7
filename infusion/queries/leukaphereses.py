"""The planned date of a collection."""

from infusion.models import Leukapheresis, LeukapheresisPlan
from participants.models import Participant


def latest_plan(participant: Participant) -> LeukapheresisPlan | None:
    """Return the newest plan, unless a collection was recorded after it. Two queries."""
    plan = LeukapheresisPlan.objects.filter(participant=participant).order_by("recorded_at", "id").last()
    if plan is None:
        return None
    collected = Leukapheresis.objects.filter(participant=participant, recorded_at__gte=plan.recorded_at)
    return None if collected.exists() else plan

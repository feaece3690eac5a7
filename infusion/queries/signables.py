"""What of treatment is signed: the disposition of a lot, the infusion record, the decision on a dose cohort."""

from typing import Any

from django.db.models import Model
from django.urls import reverse

from infusion.models import CohortDecision, Infusion, ProductDisposition
from infusion.rules.release import SpecificationVerdict
from participants.queries.signables import lock_participant, owner_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.signing.content import row, rows
from trialsite.signing.kinds import Kind, Owner, Shown
from trialsite.signing.rules import Meaning


def _utc(instant: Any) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "–"


# ---- Disposition of a lot


def _disposition_content(disposition: ProductDisposition) -> dict[str, Any]:
    product = disposition.product
    return {
        "participant": product.participant.code,
        "lot": product.lot,
        "disposition": row(disposition),
        "tests": rows(product.test_results.all()),
    }


def _disposition_shown(disposition: ProductDisposition) -> Shown:
    product = disposition.product
    out = [
        one.test_id
        for one in product.test_results.all()
        if one.verdict == SpecificationVerdict.NOT_MET.value and one.voided_at is None
    ]
    return Shown(
        heading=f"Disposition {disposition.number} of lot {product.lot}: {disposition.decision.replace('_', ' ')}",
        lines=(
            ("Ground", disposition.rationale),
            ("Decided at", _utc(disposition.decided_at)),
            ("Recorded by", disposition.decided_by),
            ("Out of specification", ", ".join(out) or "none"),
            ("Sponsor", disposition.sponsor_decision or "–"),
            ("Ethics informed", _utc(disposition.ethics_informed_at)),
            ("Participant informed", _utc(disposition.participant_informed_at)),
            ("Cells, counted anew", str(disposition.recalculated_cells or "–")),
        ),
    )


DISPOSITION = Kind(
    name="product_disposition",
    title="Product disposition",
    model=ProductDisposition,
    permission=Permission.RELEASE_PRODUCT,
    meanings=(Meaning.APPROVAL, Meaning.RESPONSIBILITY),
    contents={1: _disposition_content},
    shown=_disposition_shown,
    owner=lambda disposition: owner_of(disposition.product.participant),
    href=lambda disposition: reverse(
        "product-page", args=[disposition.product.participant.code, disposition.product_id]
    ),
    tables=("infusion_productdisposition", "infusion_releasetestresult", "infusion_cellproduct"),
    rows=lambda dispositions: dispositions.select_related("product__participant__site").prefetch_related(
        "product__test_results"
    ),
    awaiting=lambda dispositions: dispositions.order_by("decided_at"),
    lock_owner=lambda disposition: lock_participant(disposition.product.participant_id),
)


# ---- The infusion record

_PARTS = ("interruptions", "fluid_samples", "position_changes", "chest_images", "drained_volumes")


def _infusion_content(infusion: Infusion) -> dict[str, Any]:
    parts = {name: rows(getattr(infusion, name).all()) for name in _PARTS}
    return {
        "participant": infusion.participant.code,
        "lot": infusion.product.lot,
        "infusion": row(infusion),
        **parts,
    }


def _infusion_shown(infusion: Infusion) -> Shown:
    return Shown(
        heading=f"Infusion {infusion.number}, {infusion.route}, lot {infusion.product.lot}",
        lines=(
            ("Started", _utc(infusion.started_at)),
            ("Ended", _utc(infusion.ended_at)),
            ("Cells infused", f"{infusion.infused_cells:,}"),
            ("Weight", f"{infusion.weight_kg} kg"),
            ("Thawed", _utc(infusion.thawed_at)),
            ("Interruptions", str(len(infusion.interruptions.all()))),
            ("Reaction", infusion.reaction or "none"),
            ("Note", infusion.note or "–"),
        ),
    )


def _infusion_obstacles(infusion: Infusion, by: User) -> tuple[str, ...]:
    return ("The infusion has not ended yet.",) if infusion.is_running else ()


INFUSION = Kind(
    name="infusion",
    title="Infusion record",
    model=Infusion,
    permission=Permission.SIGN_DATA,
    meanings=(Meaning.RESPONSIBILITY, Meaning.REVIEW),
    contents={1: _infusion_content},
    shown=_infusion_shown,
    owner=lambda infusion: owner_of(infusion.participant),
    href=lambda infusion: f"{infusion.participant.get_absolute_url()}#panel-infusion",
    tables=(
        "infusion_infusion",
        "infusion_infusioninterruption",
        "infusion_fluidsample",
        "infusion_positionchange",
        "infusion_chestimage",
        "infusion_drainedvolume",
    ),
    rows=lambda infusions: infusions.select_related("participant__site", "product").prefetch_related(*_PARTS),
    obstacles=_infusion_obstacles,
    awaiting=lambda infusions: infusions.filter(is_running=False).order_by("started_at"),
    lock_owner=lambda infusion: lock_participant(infusion.participant_id),
)


# ---- The decision on a dose cohort


def _cohort_content(decision: CohortDecision) -> dict[str, Any]:
    cohort = decision.cohort
    return {
        "cohort": {
            "id": str(cohort.pk),
            "arm": cohort.arm,
            "dose_level": cohort.dose_level,
            "number": cohort.number,
        },
        "decision": row(decision),
    }


def _cohort_shown(decision: CohortDecision) -> Shown:
    return Shown(
        heading=f"{decision.cohort}: {decision.decided.replace('_', ' ')}",
        lines=(
            ("By the rule", decision.proposed.replace("_", " ")),
            ("Dose-limiting toxicities known", str(decision.known_dlts)),
            ("Decided at", _utc(decision.decided_at)),
            ("Recorded by", decision.decided_by),
            ("Protocol version", decision.protocol_version),
            ("Reason", decision.reason or "–"),
        ),
    )


def _cohort_lock(decision: CohortDecision) -> None:
    model: type[Model] = type(decision.cohort)
    model._base_manager.select_for_update(no_key=True).get(pk=decision.cohort_id)


COHORT_DECISION = Kind(
    name="cohort_decision",
    title="Cohort decision",
    model=CohortDecision,
    permission=Permission.DECIDE_COHORT,
    meanings=(Meaning.APPROVAL, Meaning.RESPONSIBILITY),
    contents={1: _cohort_content},
    shown=_cohort_shown,
    owner=lambda decision: Owner(site=None),
    href=lambda decision: reverse("cohorts"),
    tables=("infusion_cohortdecision", "infusion_cohort"),
    rows=lambda decisions: decisions.select_related("cohort"),
    awaiting=lambda decisions: decisions.order_by("decided_at"),
    lock_owner=_cohort_lock,
)

KINDS = (DISPOSITION, INFUSION, COHORT_DECISION)

"""Before an infusion: the dose as prepared, its thaw, stop checks, premedication, wristband against bag."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from infusion.models import CellProduct, IdentityCheck, Premedication, PreparedDose, StopCheckAnswer
from infusion.queries.readiness import bag_label, own_product
from infusion.rules.readiness import DrugClass, StopAnswer, is_same_code
from participants.models import Participant
from participants.rules import require_past
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import ProtocolVersion
from trialsite.protocol.windows import civil_date


def prepare_dose(
    *,
    participant: Participant,
    product: CellProduct,
    prepared_cells: int,
    weight_kg: Decimal,
    weight_on: date,
    by: Actor,
    at: datetime,
    prepared_volume_ml: Decimal | None = None,
    thawed_at: datetime | None = None,
    reason: str = "",
) -> PreparedDose:
    """Record the dose as it is prepared for the bedside; a later preparation of the lot takes its place.

    Needs RECORD_INFUSION. Whether it is in range and the weight recent enough is judged by the gate.
    Raises RuleViolated("not-positive", "in-the-future"), Conflict("product-of-another").
    """
    _require_amounts(prepared_cells, prepared_volume_ml, weight_kg)
    require_past(thawed_at or at, at, "thawed_at")
    _require_weighed(weight_on, civil_date(at, participant.site.time_zone))
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.dose_prepared",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        prepared = PreparedDose(
            participant=course.participant,
            product=own_product(product, course),
            prepared_cells=prepared_cells,
            prepared_volume_ml=prepared_volume_ml,
            weight_kg=weight_kg,
            weight_on=weight_on,
            thawed_at=thawed_at,
            prepared_by=by.actor_label,
            recorded_at=at,
        )
        prepared.save_new()
    return prepared


def record_thaw(
    *, prepared: PreparedDose, thawed_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> PreparedDose:
    """Record when the prepared dose was thawed; the thaw clock runs from there. Needs RECORD_INFUSION.

    A time on record is changed only with a reason; the first value stays in the trail.
    Raises RuleViolated("in-the-future", "reason-required").
    """
    require_past(thawed_at, at, "thawed_at")
    with command(
        participant=prepared.participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.thaw_recorded",
        by=by,
        at=at,
        reason=reason,
    ):
        current = PreparedDose.objects.get(pk=prepared.pk)
        if current.thawed_at is not None and not reason.strip():
            raise RuleViolated(
                "reason-required",
                "A time of thaw is on record. Give the reason to change it.",
                field="reason",
            )
        current.thawed_at = thawed_at
        current.save_changes(["thawed_at"])
    return current


def record_stop_checks(
    *,
    participant: Participant,
    answers: Mapping[str, StopAnswer],
    by: Actor,
    at: datetime,
    answered_at: datetime | None = None,
    note: str = "",
    reason: str = "",
) -> list[StopCheckAnswer]:
    """Record answers to stop checks of the protocol, by id. Needs RECORD_INFUSION. One row for each answer.

    answered_at: by default now. A later answer takes the place of an earlier one; both stay on record.
    Raises RuleViolated("nothing-answered", "unknown-stop-check", "in-the-future"), Conflict("answered-already").
    """
    answered_at = answered_at or at
    require_past(answered_at, at, "answered_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.stop_checks_answered",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_known(answers, course.version_at(at))
        rows = [
            StopCheckAnswer(
                participant=course.participant,
                check_id=check_id,
                answer=answer.value,
                answered_at=answered_at,
                answered_by=by.actor_label,
                note=note,
                recorded_at=at,
            )
            for check_id, answer in answers.items()
        ]
        _require_not_answered(course.participant, answers, answered_at)
        return StopCheckAnswer.objects.bulk_create(rows)


def record_premedication(
    *,
    participant: Participant,
    drug: str,
    drug_class: DrugClass,
    given_at: datetime,
    by: Actor,
    at: datetime,
    dose: str = "",
    reason: str = "",
) -> Premedication:
    """Record a medication given before an infusion. Needs RECORD_INFUSION.

    A steroid is recorded like any other; the gate of the infusion speaks of it.
    Raises RuleViolated("drug-required", "in-the-future").
    """
    if not drug.strip():
        raise RuleViolated("drug-required", "Name the medication.", field="drug")
    require_past(given_at, at, "given_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.premedication_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        given = Premedication(
            participant=course.participant,
            drug=drug,
            drug_class=drug_class.value,
            dose=dose,
            given_at=given_at,
            recorded_at=at,
        )
        given.save_new()
    return given


def confirm_identity(
    *,
    participant: Participant,
    product: CellProduct,
    wristband: str,
    bag: str,
    by: Actor,
    at: datetime,
    confirmed_at: datetime | None = None,
    reason: str = "",
) -> IdentityCheck:
    """Record that one person compared wristband and bag by scan. Needs RECORD_INFUSION.

    wristband carries the subject code, bag the code of the bag, both as scanned or typed. A mismatch is
    recorded, not refused: it stops the start until two people have confirmed after it.
    Raises RuleViolated("scan-required", "in-the-future"), Conflict("product-of-another").
    """
    confirmed_at = confirmed_at or at
    _require_scans(wristband, bag)
    require_past(confirmed_at, at, "confirmed_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.identity_confirmed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = own_product(product, course)
        found = IdentityCheck(
            participant=course.participant,
            product=current,
            wristband_scanned=wristband.strip(),
            bag_scanned=bag.strip(),
            matches=is_same_code(wristband, course.participant.code)
            and is_same_code(bag, bag_label(current)),
            confirmed_at=confirmed_at,
            person_id=by.actor_id,
            confirmed_by=by.actor_label,
            recorded_at=at,
        )
        found.save_new()
    return found


def _require_scans(wristband: str, bag: str) -> None:
    for field, scanned in (("wristband", wristband), ("bag", bag)):
        if not scanned.strip():
            raise RuleViolated("scan-required", f"Scan or type the code on the {field}.", field=field)


def _require_amounts(cells: int, volume_ml: Decimal | None, weight_kg: Decimal) -> None:
    if cells <= 0:
        raise RuleViolated("not-positive", "Give the number of cells prepared.", field="prepared_cells")
    if volume_ml is not None and volume_ml <= 0:
        raise RuleViolated("not-positive", "Give the volume prepared.", field="prepared_volume_ml")
    if weight_kg <= 0:
        raise RuleViolated("not-positive", "Give the weight in kilograms.", field="weight_kg")


def _require_weighed(weight_on: date, today: date) -> None:
    if weight_on > today:
        raise RuleViolated("in-the-future", "Give the day on which the weight was taken.", field="weight_on")


def _require_known(answers: Mapping[str, StopAnswer], version: ProtocolVersion) -> None:
    if not answers:
        raise RuleViolated("nothing-answered", "Answer at least one stop check.")
    known = {stop.id for stop in version.stop_checks}
    for check_id in answers:
        if check_id not in known:
            raise RuleViolated("unknown-stop-check", f"The protocol has no stop check {check_id}.")


def _require_not_answered(
    participant: Participant, answers: Mapping[str, StopAnswer], answered_at: datetime
) -> None:
    if StopCheckAnswer.objects.filter(
        participant=participant, check_id__in=answers, answered_at=answered_at
    ).exists():
        raise Conflict("answered-already", "These stop checks were answered at this very time already.")

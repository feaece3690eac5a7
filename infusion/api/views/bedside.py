"""Bedside rounds: list, read, record, correct."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.bedside import BedsideRoundCorrectionIn, BedsideRoundIn, BedsideRoundOut
from infusion.api.views.product import OF_PARTICIPANT
from infusion.models import BedsideRound
from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.ice import IceAnswers
from infusion.services.bedside import Confirmation, correct_round, record_round
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import ScopedDetail, ScopedList

BY_ID = {"round_id": "id"}
_SIGNS = {
    "temperature_c": "TEMP",
    "pulse_per_min": "PULSE",
    "breaths_per_min": "RESP",
    "systolic_mmhg": "SYSBP",
    "diastolic_mmhg": "DIABP",
    "oxygen_saturation_percent": "OXYSAT",
}


def _entry(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the service takes of what was sent; `given` keeps the rest."""
    signs = given.pop("vital_signs", {})
    said = {
        name: given.pop(name) for name in ("crs_grade", "icans_grade", "override_reason") if name in given
    }
    return {
        "vital_signs": {_SIGNS[name]: value for name, value in signs.items()},
        "confirmation": Confirmation(**said),
        "note": given.pop("note", ""),
        "findings": _findings(given),
    }


def _findings(given: dict[str, Any]) -> RoundFindings:
    ice = given.pop("ice", None)
    pressure_signs = given.pop("pressure_signs", None)
    return RoundFindings(
        ice=None if ice is None else IceAnswers(**ice),
        pressure_signs=None if pressure_signs is None else tuple(pressure_signs),
        vasopressors={one["agent"]: one["dose"] for one in given.pop("vasopressors", [])},
        not_crs=frozenset(given.pop("not_crs", ())),
        not_icans=frozenset(given.pop("not_icans", ())),
        **{name: given.pop(name) for name in list(given) if name != "reason"},
    )


class BedsideRoundList(ScopedList):
    """List the bedside rounds of one participant, corrected ones included, by the time they were taken."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = BedsideRound
    parent = OF_PARTICIPANT
    order = ("taken_at", "id")
    gives = BedsideRoundOut
    from_columns = True


class RecordBedsideRound(UnderCommand):
    """Record one bedside round: vital signs, grades, adverse event and the rounds due follow from it."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = BedsideRoundIn, BedsideRoundOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> BedsideRound:
        return record_round(participant=target, by=by, at=at, **_entry(given), **given)


class BedsideRoundDetail(ScopedDetail):
    """Read one bedside round."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = BedsideRound
    lookup = BY_ID
    gives = BedsideRoundOut

    def narrow(self, rows: QuerySet[BedsideRound]) -> QuerySet[BedsideRound]:
        return rows.select_related("participant")


class CorrectBedsideRound(EditView):
    """Correct a round: send it whole. The former one stays on record, voided; the answer is the new one."""

    required_permission = Permission.CORRECT_RECORD
    model = BedsideRound
    lookup = BY_ID
    takes, gives = BedsideRoundCorrectionIn, BedsideRoundOut

    def narrow(self, rows: QuerySet[BedsideRound]) -> QuerySet[BedsideRound]:
        return rows.select_related("participant")

    def run(self, target: BedsideRound, given: dict[str, Any], *, by: User, at: datetime) -> BedsideRound:
        return correct_round(
            bedside_round=target, version=target.version, by=by, at=at, **_entry(given), **given
        )

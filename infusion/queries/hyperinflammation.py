"""Whether the values on record call for looking for IEC-HS. It only alerts; the investigator grades."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from infusion.models import BedsideRound, Infusion, LymphodepletionDose
from infusion.queries.laboratory import result_of
from infusion.rules.grading.crs import FEVER_C
from infusion.rules.grading.ctcae import grade_laboratory
from infusion.rules.grading.iec_hs import IecHsAlert, IecHsFindings, IecHsSign, alert_iec_hs
from participants.models import Observation, Participant
from trialsite.protocol.results import Result

LOOKED_FOR = timedelta(days=60)  # after an infusion; it comes as the CRS fades
RECENT = timedelta(days=7)  # an older value says nothing of today
FEVER_WITHIN = timedelta(hours=24)
_COUNTS = ("NEUT", "PLAT")
_CODES = ("FERRITIN", "FIBRINO", "ALT", "AST", "TEMP", *_COUNTS)
_GRADE_4 = 4


def look_for_iec_hs(participant: Participant, infusion: Infusion | None, at: datetime) -> IecHsAlert | None:
    """Return the alert on the latest values, None where it is not raised or no infusion is recent. Three queries.

    Baseline: the last value before lymphodepletion, or before the infusion where none was given.
    """
    if infusion is None or at - infusion.started_at > LOOKED_FOR:
        return None
    dose = LymphodepletionDose.objects.filter(participant=participant).order_by("given_at").first()
    began_at = dose.given_at if dose else infusion.started_at
    rows = Observation.objects.filter(
        participant=participant,
        test_code__in=_CODES,
        voided_at__isnull=True,
        value__isnull=False,
        taken_at__lte=at,
    )
    values = list(rows.order_by("taken_at"))
    before = _last([row for row in values if row.taken_at < began_at])
    now = _last([row for row in values if row.taken_at >= max(infusion.started_at, at - RECENT)])
    last = BedsideRound.objects.filter(participant=participant, voided_at=None, icans_grade__isnull=False)
    alert = alert_iec_hs(
        IecHsFindings(
            ferritin=now.get("FERRITIN"),
            ferritin_baseline=before.get("FERRITIN"),
            alt=now.get("ALT"),
            alt_baseline=before.get("ALT"),
            ast=now.get("AST"),
            ast_baseline=before.get("AST"),
            fibrinogen=now.get("FIBRINO"),
            has_cytopenia=_has_cytopenia(now, before),
            signs=_signs(values, last.order_by("-taken_at").first(), at),
        )
    )
    return alert if alert.is_raised else None


def _last(rows: Sequence[Observation]) -> dict[str, Result]:
    return {row.test_code: result for row in rows if (result := result_of(row)) is not None}


def _has_cytopenia(now: Mapping[str, Result], before: Mapping[str, Result]) -> bool | None:
    """Grade 4 now and not before the treatment began; None where nothing was counted."""
    counted = [code for code in _COUNTS if code in now]
    if not counted:
        return None
    return any(
        grade_laboratory(code, now[code]).grade == _GRADE_4
        and (code not in before or grade_laboratory(code, before[code]).grade != _GRADE_4)
        for code in counted
    )


def _signs(values: Sequence[Observation], last: BedsideRound | None, at: datetime) -> frozenset[IecHsSign]:
    warm = [
        row
        for row in values
        if row.test_code == "TEMP"
        and row.taken_at >= at - FEVER_WITHIN
        and row.value is not None
        and row.value >= FEVER_C
    ]
    found = {IecHsSign.FEVER} if warm else set()
    if last is not None and last.icans_grade:
        found.add(IecHsSign.NEUROTOXICITY)
    return frozenset(found)

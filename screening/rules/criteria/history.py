"""Metastases of the brain, other studies, vaccines, drugs, compression, autoimmunity, other malignancies."""

from datetime import date, timedelta
from decimal import Decimal
from math import ceil

from screening.rules.evidence import Form
from screening.rules.look import FALSE, TRUE, UNKNOWN, Look, choice_in, date_in, flag_in, number_in
from screening.rules.look_backs import later
from trialsite.protocol.criteria import Truth, all_of, any_of, negate
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, compare
from trialsite.protocol.types import Threshold
from trialsite.protocol.units import product

_DRUGS = ("chemotherapy", "targeted", "immunotherapy", "investigational")
_EXCEPTED = ("cervix_in_situ", "skin_basal")
_DAY_HOURS = 24


def has_uncontrolled_cns_disease(look: Look) -> Truth:
    """E1. "Symptomatic" covers both kinds; disease without symptoms stays open until its control is judged."""
    form = look.form("cns")
    if form is None:
        return UNKNOWN
    cns, meninges = flag_in(form, "has_cns"), flag_in(form, "has_leptomeningeal")
    if meninges is not FALSE:
        look.reading(11)
    outcome = any_of(
        all_of(cns, flag_in(form, "cns_symptomatic")),
        all_of(meninges, flag_in(form, "leptomeningeal_symptomatic")),
        all_of(any_of(cns, meninges), negate(flag_in(form, "is_controlled"))),
    )
    return look.owed_if_unknown(outcome, "cns")


def took_part_elsewhere(look: Look) -> Truth:
    """E2."""
    return look.any_row("other_studies", _takes_part)


def _takes_part(look: Look, study: Form) -> Truth:
    ongoing = flag_in(study, "is_ongoing")
    if ongoing is not TRUE:
        ongoing = any_of(ongoing, _within(look, "other_studies", study, "ended_on", "E2-STUDY"))
    if ongoing is not FALSE and flag_in(study, "is_survival_follow_up") is TRUE:
        look.reading(22)
        look.ask_about("other_studies", f"{_named(study)}: survival follow-up only; ask the sponsor")
    return ongoing


def had_live_vaccine(look: Look) -> Truth:
    """E3."""
    return look.any_row("vaccines", _is_recent_live_vaccine)


def _is_recent_live_vaccine(look: Look, vaccine: Form) -> Truth:
    live, on = flag_in(vaccine, "is_live"), date_in(vaccine, "given_on")
    if live is FALSE or on is None:
        return all_of(live, UNKNOWN)
    return all_of(live, look.event_within("vaccines", _named(vaccine), on, "E3-VACCINE", look.look_back_on))


def has_drug_not_washed_out(look: Look) -> Truth:
    """E4. Drugs against cancer of any class; radiotherapy and surgery have no washout."""
    return look.any_row("therapies", _is_not_washed_out)


def _is_not_washed_out(look: Look, therapy: Form) -> Truth:
    drug = choice_in(therapy, "kind", *_DRUGS)
    look.reading(7)
    if drug is FALSE:
        return FALSE
    ongoing, on = flag_in(therapy, "is_ongoing"), date_in(therapy, "last_dose_on")
    if ongoing is TRUE or on is None:
        return all_of(drug, any_of(ongoing, UNKNOWN))
    look.reading(6)
    inside = look.within("therapies", _named(therapy), on, "E4-DAYS", look.look_back_on)
    if inside is not FALSE:
        inside = all_of(inside, _within_half_lives(look, therapy, on))
    return all_of(drug, any_of(ongoing, inside))


def _within_half_lives(look: Look, therapy: Form, on: PartialDate) -> Truth:
    """The shorter washout counts, so that both must still run. Same day: inside whatever the half-life."""
    if look.look_back_on is None:
        return UNKNOWN
    threshold, half_life = look.threshold("E4-HALF-LIVES"), number_in(therapy, "half_life_h")
    if half_life is not None and half_life <= 0:
        look.ask_about("therapies", f"{_named(therapy)}: the half-life must be above zero")
        half_life = None
    washout_h = None if half_life is None else product(threshold.value, half_life)
    if look.is_moving:
        _note_turning_days(look, on, washout_h)
    days = [(look.look_back_on - day).days for day in (on.first, on.last)]
    earliest, latest = (_runs(elapsed, washout_h, threshold) for elapsed in days)
    outcome = earliest if earliest is latest else UNKNOWN
    limit = f"{threshold.value:f} half-lives" + ("" if washout_h is None else f" = {washout_h:f} h")
    return look.note("therapies", f"{_named(therapy)}: {_hours(days)}", threshold.sign, limit, outcome)


def _runs(days: int, washout_h: Decimal | None, threshold: Threshold) -> Truth:
    if washout_h is None:
        return TRUE if days <= 0 else UNKNOWN
    return compare(Decimal(days * _DAY_HOURS), Operator.EQUAL, threshold.sign, washout_h)


def _note_turning_days(look: Look, on: PartialDate, washout_h: Decimal | None) -> None:
    washout_days = 0 if washout_h is None else ceil(washout_h / _DAY_HOURS)
    for last_dose_on in (on.first, on.last):
        look.changes(_days_later(last_dose_on, washout_days))
        look.changes(_days_later(last_dose_on, washout_days + 1))


def _days_later(day: date, days: int) -> date:
    return later(day, timedelta(days=min(days, timedelta.max.days)))


def _hours(days: list[int]) -> str:
    return " to ".join(dict.fromkeys(f"{one * _DAY_HOURS} h" for one in reversed(days)))


def has_dangerous_compression(look: Look) -> Truth:
    """E6."""
    form = look.form("compression")
    if form is None:
        return UNKNOWN
    return look.owed_if_unknown(
        all_of(flag_in(form, "is_present"), flag_in(form, "is_high_risk")), "compression"
    )


def has_autoimmune_disease(look: Look) -> Truth:
    """E8. Either one excludes; active disease also when it needs no immunosuppression."""
    form = look.form("autoimmune")
    if form is None:
        return UNKNOWN
    active, suppressed = flag_in(form, "is_active"), flag_in(form, "needs_immunosuppression")
    if active is TRUE and suppressed is not TRUE:
        look.reading(12)
    return look.owed_if_unknown(any_of(active, suppressed), "autoimmune")


def has_other_malignancy(look: Look) -> Truth:
    """E9, counted from screening."""
    return look.any_row("malignancies", _counts_as_malignancy)


def _counts_as_malignancy(look: Look, malignancy: Form) -> Truth:
    look.reading(14)
    excepted = all_of(choice_in(malignancy, "kind", *_EXCEPTED), _adequately_treated(look, malignancy))
    if excepted is TRUE:
        return FALSE
    active = choice_in(malignancy, "status", "untreated", "concurrent")
    if active is not TRUE:
        look.reading(13)
        active = any_of(active, _within(look, "malignancies", malignancy, "last_active_on", "E9-MALIGNANCY"))
    return all_of(negate(excepted), active)


def _adequately_treated(look: Look, malignancy: Form) -> Truth:
    treated = flag_in(malignancy, "is_adequately_treated")
    if treated is TRUE and malignancy.get("status") == "untreated":
        look.ask_about("malignancies", f"{_named(malignancy)}: untreated, or adequately treated?")
        return UNKNOWN
    return treated


def _within(look: Look, item: str, row: Form, field: str, threshold_id: str) -> Truth:
    on = date_in(row, field)
    if on is None:
        return UNKNOWN
    return look.within(item, _named(row), on, threshold_id, look.look_back_on)


def _named(row: Form) -> str:
    """What a row of a list calls itself: its name, or its kind where none was given."""
    return str(row.get("name") or row.get("kind") or "unnamed")

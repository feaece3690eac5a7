"""E7: conditions of the heart."""

from screening.rules.look import FALSE, UNKNOWN, Look, choice_in, date_in, flag_in
from trialsite.protocol.criteria import Truth, all_of, any_of


def has_heart_failure(look: Look) -> Truth:
    """E7.1."""
    form = look.form("heart_failure")
    if form is None:
        return UNKNOWN
    outcome = all_of(flag_in(form, "is_present"), choice_in(form, "nyha", "III", "IV"))
    return look.owed_if_unknown(outcome, "heart_failure")


def had_infarction_or_bypass(look: Look) -> Truth:
    """E7.2, counted from enrolment; a stent is not named."""
    return any_of(_happened(look, "infarction"), _happened(look, "bypass"))


def _happened(look: Look, item: str) -> Truth:
    form = look.form(item)
    if form is None:
        return UNKNOWN
    happened, on = flag_in(form, "has_happened"), date_in(form, "on")
    when = UNKNOWN
    if happened is not FALSE and on is not None:
        when = look.event_within(item, "", on, "E7.2-HEART", look.enrolment_look_back_on)
    return look.owed_if_unknown(all_of(happened, when), item)


def has_arrhythmia_or_syncope(look: Look) -> Truth:
    """E7.3. Fainting from the vagus nerve or from dehydration is excepted; a cause not recorded leaves it open."""
    arrhythmia = look.flag("arrhythmia")
    form = look.form("syncope")
    if form is None:
        return any_of(arrhythmia, UNKNOWN)
    unexplained = all_of(flag_in(form, "has_happened"), choice_in(form, "cause", "unexplained"))
    return any_of(arrhythmia, look.owed_if_unknown(unexplained, "syncope"))


def has_cardiomyopathy(look: Look) -> Truth:
    """E7.4, at any time."""
    return look.flag("cardiomyopathy")

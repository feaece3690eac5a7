"""Age, performance, consent, contraception, pregnancy, and opinions that stand for themselves."""

from datetime import date
from decimal import Decimal

from screening.rules.look import FALSE, TRUE, UNKNOWN, Look, flag_in
from trialsite.protocol.criteria import Truth, all_of, any_of, negate
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, Result, compare
from trialsite.protocol.types import Threshold
from trialsite.protocol.units import spelled
from trialsite.protocol.windows import completed_years


def is_adult(look: Look) -> Truth:
    """I1. Where the month of birth does not decide, the identity document does."""
    entry = look.entry("birth_on")
    if look.consent_on is None:
        look.ask("Give the date of consent: age is counted on it.")
        return UNKNOWN
    if entry is None or not isinstance(entry.value, PartialDate):
        return UNKNOWN
    threshold = look.threshold("I1-AGE")
    oldest = _years_suffice(entry.value.first, look.consent_on, threshold)
    youngest = _years_suffice(entry.value.last, look.consent_on, threshold)
    outcome = oldest if oldest is youngest else UNKNOWN
    look.note("birth_on", entry.value, "+", f"{threshold.value:f} years by {look.consent_on}", outcome)
    return look.flag("adult_confirmed") if outcome is UNKNOWN else outcome


def _years_suffice(born_on: date, on: date, threshold: Threshold) -> Truth:
    years = completed_years(born_on, on)
    return compare(Decimal(years), Operator.EQUAL, threshold.sign, threshold.value)


def has_good_performance(look: Look) -> Truth:
    """I7."""
    return look.number("ecog", "I7-ECOG")


def survives_long_enough(look: Look) -> Truth:
    """I8. Given in another unit than weeks it is asked back, not converted."""
    entry = look.entry("survival_weeks")
    if entry is None:
        return UNKNOWN
    weeks = entry.value
    if isinstance(weeks, Result):
        if spelled(weeks.unit) != "weeks":
            look.reading(19)
            look.ask_about("survival_weeks", "give it in weeks")
            look.owe("survival_weeks")
            return UNKNOWN
        threshold = look.threshold("I8-SURVIVAL")
        outcome = compare(weeks.value, weeks.operator, threshold.sign, threshold.value)
        look.owed_if_unknown(outcome, "survival_weeks")
        return look.note("survival_weeks", weeks, threshold.sign, threshold, outcome)
    return look.number_of(entry, "I8-SURVIVAL")


def has_no_psychiatric_disorder(look: Look) -> Truth:
    """I9."""
    return negate(look.flag("psychiatric"))


def can_give_cells(look: Look) -> Truth:
    """I11."""
    form = look.form("collection")
    if form is None:
        return UNKNOWN
    possible = any_of(flag_in(form, "leukapheresis_possible"), flag_in(form, "venous_possible"))
    outcome = all_of(possible, negate(flag_in(form, "is_contraindicated")))
    return look.owed_if_unknown(outcome, "collection")


def agrees_to_contraception(look: Look) -> Truth:
    """I12. The agreement is the criterion; methods not listed are only asked back."""
    agreed = look.flag("contraception_agreed")
    if agreed is FALSE:
        return FALSE
    entry = look.entry("contraception_methods", is_owed=False)
    listed = entry.value if entry is not None and isinstance(entry.value, tuple) else ()
    methods = [one for one in listed if isinstance(one, str)]
    if not methods:
        if agreed is TRUE:
            look.reading(20)
            look.ask_about("contraception_methods", "list them")
        return agreed
    reliable = FALSE if set(methods) == {"rhythm"} else TRUE
    look.note("contraception_methods", ", ".join(methods), "≠", "rhythm alone", reliable)
    return all_of(agreed, reliable)


def has_signed(look: Look) -> Truth:
    """I13."""
    signed = look.flag("icf_signed")
    if signed is FALSE:
        return FALSE
    signer = look.choice("icf_signer")
    if look.consent_on is None:
        look.ask("Give the date of consent.")
        return UNKNOWN
    return all_of(signed, UNKNOWN if signer is None else TRUE)


def is_pregnant_or_breastfeeding(look: Look) -> Truth:
    """E11. Documented absence of childbearing potential makes the test unnecessary, not a positive one void."""
    sex = look.choice("sex")
    if sex == "male":
        look.reading(21)
        return FALSE
    female = UNKNOWN if sex is None else TRUE
    pregnant = _pregnant(look, is_owed=female is TRUE)
    breastfeeding = look.flag("breastfeeding", is_owed=female is TRUE)
    return all_of(female, any_of(pregnant, breastfeeding))


def _pregnant(look: Look, *, is_owed: bool) -> Truth:
    test = look.choice("pregnancy_test", is_owed=False)
    if test is not None:
        return TRUE if test == "positive" else FALSE
    if look.choice("childbearing_potential", is_owed=False) == "no":
        look.reading(21)
        return FALSE
    if is_owed:
        look.owe("pregnancy_test")
    return UNKNOWN


def is_unsuitable(look: Look) -> Truth:
    """E12."""
    return look.flag("unsuitable")

"""I10: blood, heart, kidneys, liver, lungs."""

from screening.rules.evidence import Entry
from screening.rules.look import FALSE, TRUE, Look
from trialsite.protocol.criteria import Truth, all_of, any_of, negate


def has_blood_counts(look: Look) -> Truth:
    """I10.1."""
    return all_of(
        look.measured("wbc", "I10.1-WBC"),
        look.measured("neut", "I10.1-NEUT"),
        look.measured("lym", "I10.1-LYM"),
        look.measured("plat", "I10.1-PLAT"),
        look.measured("hgb", "I10.1-HGB"),
    )


def has_heart_function(look: Look) -> Truth:
    """I10.2. Another method than echocardiography leaves it open: the echocardiogram is still owed."""
    return all_of(
        look.measured("lvef", "I10.2-LVEF", method="echocardiography"), negate(look.flag("ecg_abnormal"))
    )


def has_kidney_function(look: Look) -> Truth:
    """I10.3."""
    return look.times_upper("creat", look.entry("creat"), "I10.3-CREAT")


def has_liver_function(look: Look) -> Truth:
    """I10.4. Liver metastases are asked for only where they would decide."""
    alt, ast = look.entry("alt"), look.entry("ast")
    usual = _both(look, alt, ast, "I10.4-LIVER")
    if usual is TRUE:
        return TRUE
    raised = _both(look, alt, ast, "I10.4-METASTASES")
    if raised is FALSE:
        return FALSE
    return any_of(usual, all_of(look.flag("liver_metastases"), raised))


def has_bilirubin(look: Look) -> Truth:
    """I10.5. The allowance for liver metastases does not apply."""
    return look.times_upper("bili", look.entry("bili"), "I10.5-BILI")


def has_oxygen(look: Look) -> Truth:
    """I10.6. Measured on oxygen leaves it open."""
    return look.measured("spo2", "I10.6-SPO2", method="room_air")


def _both(look: Look, alt: Entry | None, ast: Entry | None, threshold_id: str) -> Truth:
    return all_of(look.times_upper("alt", alt, threshold_id), look.times_upper("ast", ast, threshold_id))

"""Infection and its serology."""

from screening.rules.look import FALSE, TRUE, UNKNOWN, Look, flag_in
from trialsite.protocol.criteria import Truth, all_of, any_of


def has_infection(look: Look) -> Truth:
    """E5."""
    form = look.form("infection")
    if form is None:
        return UNKNOWN
    outcome = all_of(flag_in(form, "is_active"), flag_in(form, "needs_systemic_treatment"))
    return look.owed_if_unknown(outcome, "infection")


def has_hepatitis_b(look: Look) -> Truth:
    """E10.HBV. The DNA counts for both markers; without a positive one it is not asked for."""
    surface, core = _positive(look, "hbsag"), _positive(look, "hbcab")
    if any_of(surface, core) is not FALSE:
        look.reading(8)
    return _with_virus(look, any_of(surface, core), "hbv_dna")


def has_hepatitis_c(look: Look) -> Truth:
    """E10.HCV."""
    return _with_virus(look, _positive(look, "hcv_ab"), "hcv_rna")


def has_hiv(look: Look) -> Truth:
    """E10.HIV."""
    return _positive(look, "hiv_ab")


def has_syphilis(look: Look) -> Truth:
    """E10.SYPHILIS. Any positive test; whether it is an old scar is for the sponsor to say."""
    outcome = _positive(look, "syphilis")
    if outcome is TRUE:
        look.reading(10)
        look.ask_about("syphilis", "positive; if treated long ago, ask the sponsor")
    return outcome


def _positive(look: Look, item: str) -> Truth:
    found = look.choice(item)
    if found is None:
        return UNKNOWN
    return look.note(item, found, "=", "positive", TRUE if found == "positive" else FALSE)


def _with_virus(look: Look, marker: Truth, load: str) -> Truth:
    """Above the upper limit of the assay's normal range; detectable below it is not exceeding (reading 9)."""
    if marker is FALSE:
        return FALSE
    entry = look.entry(load, is_owed=marker is TRUE)
    if entry is not None:
        look.reading(9)
    return all_of(marker, look.exceeds_upper(load, entry))

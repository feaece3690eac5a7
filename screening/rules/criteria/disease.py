"""Diagnosis, treatment lines, effusion, CEA, lesions."""

from collections.abc import Mapping
from decimal import Decimal

from screening.rules.evidence import Entry, Form
from screening.rules.look import (
    FALSE,
    TRUE,
    UNKNOWN,
    Look,
    choice_in,
    flag_in,
    number_in,
)
from trialsite.protocol.criteria import Truth, all_of, any_of, negate
from trialsite.protocol.types import Arm


def has_confirmed_lung_cancer(look: Look) -> Truth:
    """I2."""
    return all_of(
        _is_one_of(look.choice("confirmation"), "histology", "cytology"),
        _kind_of_lung_cancer(look),
        _is_one_of(look.choice("extent"), "advanced", "metastatic", "recurrent"),
    )


def _kind_of_lung_cancer(look: Look) -> Truth:
    kind = look.choice("histology")
    if kind == "other":
        look.ask_about("histology", "neither NSCLC nor SCLC; ask the sponsor")
        return UNKNOWN
    return _is_one_of(kind, "nsclc", "sclc")


def _is_one_of(chosen: str | None, *wanted: str) -> Truth:
    if chosen is None:
        return UNKNOWN
    return TRUE if chosen in wanted else FALSE


def has_failed_prior_treatment(look: Look) -> Truth:
    """I3."""
    lines = look.number("prior_lines", "I3-LINES")
    progressed = look.flag("progression", is_owed=False)
    not_tolerated = look.flag("intolerance", is_owed=False)
    either = any_of(progressed, not_tolerated)
    if either is UNKNOWN:
        look.owe(*_open({"progression": progressed, "intolerance": not_tolerated}))
    return all_of(lines, either)


def _open(answers: dict[str, Truth]) -> list[str]:
    return [item for item, answer in answers.items() if answer is UNKNOWN]


def has_malignant_effusion(look: Look) -> Truth:
    """I4, as it is for the intrapleural arm. The arm itself is applied to every criterion alike."""
    present = look.flag("effusion_present")
    if present is FALSE:
        if look.arm is Arm.INTRAPLEURAL:
            look.reading(15)
            look.ask("There is no effusion: is the intrapleural arm the right one?")
        return FALSE
    volume = look.entry("effusion_volume_ml")
    character = look.entry("effusion_character")
    return all_of(
        present,
        _imaged(look),
        UNKNOWN if volume is None else TRUE,
        UNKNOWN if character is None else TRUE,
        _has_tumour_cells(look),
    )


def _imaged(look: Look) -> Truth:
    """Ultrasound or no imaging does not fail: CT or X-ray is still owed."""
    modality = look.choice("effusion_imaging")
    if modality in {"chest_ct", "chest_xray"}:
        return TRUE
    if modality is not None:
        look.reading(16)
        look.owe("effusion_imaging")
    return UNKNOWN


def _has_tumour_cells(look: Look) -> Truth:
    cytology = look.choice("effusion_cytology")
    if cytology == "suspicious":
        look.reading(16)
    return _is_one_of(cytology, "positive")


def expresses_cea(look: Look) -> Truth:
    """I5. Positive staining always; if the test is not recent, CEA in serum as well. The newest test decides."""
    entry = look.entry("ihc", may_be_undated=True)
    if entry is None or not isinstance(entry.value, Mapping):
        return UNKNOWN
    positive = _stains(look, entry.value)
    recent = _is_recent(look, entry)
    if recent is FALSE:
        look.reading(1)
    if positive is FALSE:
        if recent is not FALSE:
            look.reading(3)
        return FALSE
    if recent is TRUE:
        return positive
    raised = look.measured("cea", "I5-CEA")
    if recent is UNKNOWN:
        look.reading(5)
        look.owe("ihc")
    elif raised is not TRUE:
        look.reading(2)
    return all_of(positive, any_of(recent, raised))


def _stains(look: Look, form: Form) -> Truth:
    outcome = all_of(flag_in(form, "is_membranous"), _positivity(look, number_in(form, "positivity")))
    return look.owed_if_unknown(outcome, "ihc")


def _positivity(look: Look, percent: Decimal | None) -> Truth:
    if percent is None:
        return UNKNOWN
    if percent != 0 and not 1 < percent <= 100:
        look.ask_about("ihc", f"{percent:f} %: give per cent from 0 to 100; is it a fraction?")
        return UNKNOWN
    return look.reaches("ihc", percent, "I5-IHC")


def _is_recent(look: Look, entry: Entry) -> Truth:
    if entry.on is None:
        return UNKNOWN
    look.reading(4)
    return look.within("ihc", "", entry.on, "I5-RECENT", look.look_back_on)


def has_measurable_lesion(look: Look) -> Truth:
    """I6. An effusion is not measurable, in neither arm."""
    if look.arm is Arm.INTRAPLEURAL:
        look.reading(17)
    return look.any_row("lesions", _is_measurable)


def _is_measurable(look: Look, lesion: Form) -> Truth:
    nodal = choice_in(lesion, "kind", "nodal")
    large = any_of(
        all_of(negate(nodal), _reaches(look, lesion, "longest_mm", "I6-LESION", nodal is not TRUE)),
        all_of(nodal, _reaches(look, lesion, "short_axis_mm", "I6-NODE", nodal is not FALSE)),
    )
    irradiated = flag_in(lesion, "is_irradiated")
    if irradiated is not FALSE:
        look.reading(18)
    return all_of(large, any_of(negate(irradiated), flag_in(lesion, "has_progressed_since")))


def _reaches(look: Look, lesion: Form, field: str, threshold_id: str, matters: bool) -> Truth:
    size = number_in(lesion, field)
    return UNKNOWN if size is None or not matters else look.reaches("lesions", size, threshold_id)

"""Evidence of somebody who is eligible in either arm, and the same with changes."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from screening.rules.evidence import Anchors, Entry, EvidenceRecord, Form, Purpose, Value
from screening.rules.items import BY_ID
from trialsite.protocol.partial_dates import PartialDate, read_partial_date, whole
from trialsite.protocol.results import Operator, Result

# What `eligible_record` takes for an item: a value, ready entries, or None to leave the question open.
Change = Value | Entry | tuple[Entry, ...]

METHODS: Mapping[str, str] = {"lvef": "echocardiography", "spo2": "room_air"}


def lab(
    value: str,
    unit: str,
    *,
    upper: str | None = None,
    operator: Operator = Operator.EQUAL,
    limit_unit: str = "",
) -> Result:
    """Return a result as a laboratory reports it; upper: the upper limit of normal printed with it."""
    limit = None if upper is None else Decimal(upper)
    return Result(Decimal(value), unit, operator, upper=limit, limit_unit=limit_unit)


def day(text: str) -> PartialDate:
    """Return a whole or partial date: "2026-05-17", "2026-05" or "2026"."""
    return read_partial_date(text)


def eligible_values(on: date) -> dict[str, Value]:
    """Return one answer for every item of the catalogue, which together make eligible on that day."""
    return {
        "birth_on": PartialDate(date(1961, 3, 1), date(1961, 3, 31)),
        "adult_confirmed": True,
        "sex": "female",
        "childbearing_potential": "yes",
        "pregnancy_test": "negative",
        "breastfeeding": False,
        "icf_signed": True,
        "icf_signer": "participant",
        "contraception_agreed": True,
        "contraception_methods": ("barrier", "hormonal"),
        "confirmation": "histology",
        "histology": "nsclc",
        "extent": "metastatic",
        "prior_lines": 2,
        "progression": True,
        "intolerance": False,
        "ihc": {"is_membranous": True, "positivity": Decimal(60), "biopsy_on": whole(on - timedelta(400))},
        "cea": lab("25.4", "ng/mL"),
        "lesions": (_lesion(),),
        "liver_metastases": False,
        "effusion_present": True,
        "effusion_imaging": "chest_ct",
        "effusion_volume_ml": Decimal(600),
        "effusion_character": "free, bloody",
        "effusion_cytology": "positive",
        "wbc": lab("5.2", "10⁹/L"),
        "neut": lab("3.1", "10⁹/L"),
        "lym": lab("1.2", "10⁹/L"),
        "plat": lab("180", "10⁹/L"),
        "hgb": lab("112", "g/L"),
        "creat": lab("71", "µmol/L", upper="104"),
        "alt": lab("24", "U/L", upper="40"),
        "ast": lab("28", "U/L", upper="40"),
        "bili": lab("11", "µmol/L", upper="21"),
        "lvef": lab("61", "%"),
        "ecg_abnormal": False,
        "spo2": lab("97", "%"),
        "heart_failure": {"is_present": False, "nyha": None},
        "infarction": {"has_happened": False, "on": None},
        "bypass": {"has_happened": False, "on": None},
        "arrhythmia": False,
        "syncope": {"has_happened": False, "cause": None},
        "cardiomyopathy": False,
        "hbsag": "negative",
        "hbcab": "negative",
        "hbv_dna": lab("20", "IU/mL", upper="20", operator=Operator.BELOW),
        "hcv_ab": "negative",
        "hcv_rna": lab("15", "IU/mL", upper="15", operator=Operator.BELOW),
        "hiv_ab": "negative",
        "syphilis": "negative",
        "infection": {"is_active": False, "needs_systemic_treatment": False},
        "cns": {
            "has_cns": False,
            "cns_symptomatic": None,
            "has_leptomeningeal": False,
            "leptomeningeal_symptomatic": None,
            "is_controlled": None,
        },
        "other_studies": (),
        "vaccines": (_vaccine(on),),
        "therapies": (_therapy(on),),
        "malignancies": (),
        "autoimmune": {"is_active": False, "needs_immunosuppression": False},
        "ecog": 1,
        "survival_weeks": Decimal(40),
        "psychiatric": False,
        "collection": {
            "leukapheresis_possible": True,
            "venous_possible": True,
            "is_contraindicated": False,
        },
        "compression": {"is_present": False, "is_high_risk": None},
        "unsuitable": False,
    }


def eligible_record(on: date, **changes: Change) -> EvidenceRecord:
    """Return the evidence of somebody eligible on `on`, every entry dated that day, apart from the changes.

    A change names an item and gives its value, or its entries where date or method matter; None leaves the
    question open: `eligible_record(on, plat=lab("50", "10⁹/L"), ecog=None)`.
    """
    unknown = changes.keys() - BY_ID.keys()
    if unknown:
        raise ValueError(f"no such item: {', '.join(sorted(unknown))}")
    given: dict[str, Change] = {**eligible_values(on), **changes}
    return EvidenceRecord(
        {item: _entries(item, change, on) for item, change in given.items() if change is not None}
    )


def eligible_anchors(
    on: date,
    *,
    as_of: date | None = None,
    enrolment_on: date | None = None,
    purpose: Purpose = Purpose.SCREENING,
) -> Anchors:
    """Return anchors of somebody who consented and began screening on `on`, looked at on that day."""
    return Anchors(
        consent_on=on, screening_on=on, as_of=as_of or on, enrolment_on=enrolment_on, purpose=purpose
    )


def entry(item: str, value: Value, on: date | PartialDate | None, *, method: str | None = None) -> Entry:
    """Return one entry; the method that the criterion asks for unless another is given."""
    at = whole(on) if isinstance(on, date) else on
    return Entry(item, value, at, method=METHODS.get(item, "") if method is None else method)


def _entries(item: str, change: Change, on: date) -> tuple[Entry, ...]:
    if isinstance(change, Entry):
        return (change,)
    if isinstance(change, tuple):
        ready = tuple(one for one in change if isinstance(one, Entry))
        if ready:
            return ready
        return (entry(item, tuple(change), on),)  # type: ignore[arg-type]
    return (entry(item, change, on),)


def _lesion() -> Form:
    return {
        "site": "right upper lobe",
        "kind": "non_nodal",
        "longest_mm": Decimal(34),
        "short_axis_mm": Decimal(21),
        "is_irradiated": False,
        "has_progressed_since": None,
    }


def _vaccine(on: date) -> Form:
    return {"name": "influenza", "is_live": False, "given_on": whole(on - timedelta(60))}


def _therapy(on: date) -> Form:
    return {
        "name": "pemetrexed",
        "kind": "chemotherapy",
        "is_ongoing": False,
        "last_dose_on": whole(on - timedelta(30)),
        "half_life_h": Decimal("3.5"),
    }

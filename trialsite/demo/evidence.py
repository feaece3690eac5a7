"""Evidence of somebody who is eligible, as a site would enter it. None of it belongs to a person."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from screening.rules.items import BY_ID, ITEMS
from screening.services.evidence import Given
from trialsite.protocol.types import Arm

Entry = Mapping[str, Any]
_NOT_ENTERED = {"birth_on", "adult_confirmed", "sex", "icf_signed", "icf_signer"}  # known from elsewhere
_YES = "as judged at the screening visit"


def eligible_answers(on: date, arm: Arm, *, is_woman: bool = True) -> dict[str, Entry]:
    """Return one answer for every item that is asked, dated on the site-local day `on`, all in favour."""
    values = {
        **_persons(is_woman),
        **_disease(on, arm),
        **_results(),
        **_heart(),
        **_history(on),
        **_judged(),
    }
    undated = {"contraception_methods", "effusion_volume_ml", "effusion_character", "prior_lines"}
    return {
        key: {
            "value": value,
            **({} if key in undated else {"on": _dated(key, on).isoformat()}),
            **({"method": _METHODS[key]} if key in _METHODS else {}),
            **({"reason": _YES} if BY_ID[key].is_judgement else {}),
        }
        for key, value in values.items()
    }


def given(answers: Mapping[str, Entry], taken_at: datetime, *, judged: bool) -> list[Given]:
    """Return the answers as the service takes them: those of the investigator, or those of everybody else."""
    return [
        Given(
            item=item.id,
            entry=answers[item.id],
            taken_at=taken_at if item.test_code else None,
            laboratory=LABORATORY if item.test_code else "",
            is_confirmed=True,
        )
        for item in ITEMS
        if item.id in answers and item.id not in _NOT_ENTERED and item.is_judgement is judged
    ]


LABORATORY = "Central laboratory"
_METHODS = {"lvef": "echocardiography", "spo2": "room_air"}
_IHC_AGE_DAYS = 40


def _dated(key: str, on: date) -> date:
    """The IHC was done a while before; everything else on the day of the visit."""
    return on - timedelta(days=_IHC_AGE_DAYS) if key == "ihc" else on


def _persons(is_woman: bool) -> dict[str, Any]:
    of_women = {"childbearing_potential": "yes", "pregnancy_test": "negative", "breastfeeding": False}
    return {
        **(of_women if is_woman else {}),
        "contraception_agreed": True,
        "contraception_methods": ["barrier"],
    }


def _disease(on: date, arm: Arm) -> dict[str, Any]:
    is_pleural = arm is Arm.INTRAPLEURAL
    of_effusion = {
        "effusion_imaging": "chest_ct",
        "effusion_volume_ml": "650",
        "effusion_character": "free, blood-stained exudate",
        "effusion_cytology": "positive",
    }
    return {
        "confirmation": "histology",
        "histology": "nsclc",
        "extent": "metastatic",
        "prior_lines": 2,
        "progression": True,
        "intolerance": False,
        "ihc": {"is_membranous": True, "positivity": "60"},
        "lesions": [
            {
                "site": "right upper lobe",
                "kind": "non_nodal",
                "longest_mm": "34",
                "is_irradiated": False,
            }
        ],
        "liver_metastases": False,
        "effusion_present": is_pleural,
        **(of_effusion if is_pleural else {}),
    }


def _result(value: str, unit: str, lower: str, upper: str) -> dict[str, str]:
    return {"value": value, "unit": unit, "lower": lower, "upper": upper}


def _results() -> dict[str, Any]:
    return {
        "cea": _result("48.6", "ng/mL", "0", "5"),
        "wbc": _result("6.1", "10^9/L", "3.5", "9.5"),
        "neut": _result("3.9", "10^9/L", "1.8", "6.3"),
        "lym": _result("1.4", "10^9/L", "1.1", "3.2"),
        "plat": _result("212", "10^9/L", "125", "350"),
        "hgb": _result("118", "g/L", "115", "150"),
        "creat": _result("71", "umol/L", "41", "81"),
        "alt": _result("22", "U/L", "7", "40"),
        "ast": _result("26", "U/L", "13", "35"),
        "bili": _result("9.8", "umol/L", "3.4", "20.5"),
    }


def _heart() -> dict[str, Any]:
    return {
        "lvef": {"value": "62", "unit": "%"},
        "ecg_abnormal": False,
        "spo2": {"value": "97", "unit": "%"},
        "heart_failure": {"is_present": False},
        "infarction": {"has_happened": False},
        "bypass": {"has_happened": False},
        "arrhythmia": False,
        "syncope": {"has_happened": False},
        "cardiomyopathy": False,
    }


def _history(on: date) -> dict[str, Any]:
    serology = dict.fromkeys(("hbsag", "hbcab", "hcv_ab", "hiv_ab", "syphilis"), "negative")
    return {
        **serology,
        "infection": {"is_active": False},
        "cns": {"has_cns": False, "has_leptomeningeal": False},
        "other_studies": [],
        "vaccines": [],
        "therapies": [
            {
                "name": "pemetrexed and carboplatin",
                "kind": "chemotherapy",
                "is_ongoing": False,
                "last_dose_on": (on - timedelta(days=70)).isoformat(),
                "half_life_h": "3.5",
            }
        ],
        "malignancies": [],
        "autoimmune": {"is_active": False, "needs_immunosuppression": False},
    }


def _judged() -> dict[str, Any]:
    return {
        "ecog": 1,
        "survival_weeks": "26",
        "psychiatric": False,
        "collection": {"leukapheresis_possible": True, "venous_possible": True, "is_contraindicated": False},
        "compression": {"is_present": False},
        "unsuitable": False,
    }


# What the re-checks before lymphodepletion and infusion ask for on the day.
RENEWED = (
    "cea", "wbc", "neut", "lym", "plat", "hgb", "creat", "alt", "ast", "bili", "lvef", "ecg_abnormal", "spo2",
    "lesions", "pregnancy_test", "infection", "arrhythmia", "ecog", "unsuitable",
)  # fmt: skip


def reference_limits() -> dict[str, tuple[Decimal, Decimal]]:
    """Return the limits that the central laboratory prints with each test, in the unit in which it reports."""
    return {
        BY_ID[item].test_code: (Decimal(found["lower"]), Decimal(found["upper"]))
        for item, found in _results().items()
        if "lower" in found and BY_ID[item].test_code
    }


def lower_platelets(value: str = "48") -> dict[str, Entry]:
    return {"plat": {"value": _result(value, "10^9/L", "125", "350")}}

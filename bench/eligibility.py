"""What evaluating a file of records costs: records per second on one core, and whether memory stays flat.

    python -m bench.eligibility [--records 100000] [--profile]

Runs the command's own code in this one process. The reference, in the same run, is the least any program could
do that reads the same records: decode the line, make 25 comparisons written by hand, encode a short answer.
"""

import argparse
import cProfile
import json
import os
import pstats
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import TextIOBase
from pathlib import Path
from typing import Any

import django
from django.core.management import CommandError, call_command

FIRST_DAY = date(2025, 6, 1)
DAYS = 365
SEED = 6945523


class Sink(TextIOBase):
    """Takes the results; notes the peak of memory after a tenth of them."""

    def __init__(self, records: int) -> None:
        self.lines = self.characters = 0
        self.tenth = max(records // 10, 1)
        self.peak_at_a_tenth = 0.0

    def write(self, text: str) -> int:
        self.lines += 1
        self.characters += len(text)
        if self.lines == self.tenth:
            self.peak_at_a_tenth = peak_mib()
        return len(text)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def lines(records: int) -> Iterator[str]:
    """Yield complete records: mostly eligible, some failing or with a question left open, the same each time."""
    draw = random.Random(SEED)  # noqa: S311  # the same records every time is what is wanted
    for number in range(records):
        yield json.dumps(_case(number, draw), ensure_ascii=False, separators=(",", ":"))


def _case(number: int, draw: random.Random) -> dict[str, Any]:
    consent = FIRST_DAY + timedelta(draw.randrange(DAYS))
    as_of = consent + timedelta(draw.randrange(6))
    evidence = {name: {"value": value, "on": str(as_of)} for name, value in _values(as_of, draw).items()}
    evidence["lvef"]["method"] = "echocardiography"
    evidence["spo2"]["method"] = "room_air"
    if number % 10 == 0:
        del evidence[draw.choice(sorted(evidence))]
    return {
        "id": f"case-{number:06}",
        "arm": draw.choice(("intravenous", "intrapleural")),
        "consent_on": str(consent),
        "screening_on": str(consent),
        "as_of": str(as_of),
        "evidence": evidence,
    }


def _values(day: date, draw: random.Random) -> dict[str, Any]:
    return {**_disease(day, draw), **_measured(draw), **_history(day, draw), **_opinions(draw)}


def _disease(day: date, draw: random.Random) -> dict[str, Any]:
    sex = draw.choice(("female", "male"))
    return {
        "birth_on": f"{draw.randrange(1945, 2006)}-{draw.randrange(1, 13):02}",
        "sex": sex,
        **({"childbearing_potential": "no"} if sex == "female" else {}),
        "icf_signed": True,
        "icf_signer": draw.choice(("participant", "representative")),
        "contraception_agreed": True,
        "contraception_methods": draw.sample(["barrier", "hormonal", "iud", "sterilisation"], 2),
        "confirmation": draw.choice(("histology", "cytology")),
        "histology": draw.choice(("nsclc", "nsclc", "sclc")),
        "extent": draw.choice(("advanced", "metastatic", "recurrent")),
        "prior_lines": draw.randrange(1, 6),
        "progression": True,
        "intolerance": draw.random() < 0.2,
        "ihc": {
            "is_membranous": True,
            "positivity": str(draw.randrange(5, 101)),
            "biopsy_on": _ago(day, draw, 400),
        },
        "cea": _lab(draw, 4, 90, 1, "ng/mL"),
        "lesions": [_lesion(draw) for _ in range(draw.randrange(1, 5))],
        "liver_metastases": draw.random() < 0.3,
        "effusion_present": True,
        "effusion_imaging": draw.choice(("chest_ct", "chest_xray")),
        "effusion_volume_ml": str(draw.randrange(100, 2000, 50)),
        "effusion_character": draw.choice(("free, bloody", "loculated", "exudate")),
        "effusion_cytology": "positive",
    }


def _measured(draw: random.Random) -> dict[str, Any]:
    return {
        "wbc": _lab(draw, 2, 11, 1, "10^9/L"),
        "neut": _lab(draw, 1, 8, 1, "10^9/L"),
        "lym": _lab(draw, 0.5, 3, 2, "10^9/L"),
        "plat": _lab(draw, 45, 380, 0, "10^9/L"),
        "hgb": _lab(draw, 78, 160, 0, "g/L"),
        "creat": _lab(draw, 40, 200, 0, "umol/L", upper="104"),
        "alt": _lab(draw, 8, 130, 0, "U/L", upper="40"),
        "ast": _lab(draw, 8, 130, 0, "U/L", upper="40"),
        "bili": _lab(draw, 4, 44, 1, "umol/L", upper="21"),
        "lvef": _lab(draw, 48, 72, 0, "%"),
        "spo2": _lab(draw, 92, 100, 0, "%"),
        "hbv_dna": _lab(draw, 10, 30, 0, "IU/mL", upper="20"),
        "hcv_rna": _lab(draw, 5, 15, 0, "IU/mL", upper="15"),
        "hbsag": draw.choice(("negative", "negative", "positive")),
        **dict.fromkeys(("hbcab", "hcv_ab", "hiv_ab", "syphilis"), "negative"),
    }


def _history(day: date, draw: random.Random) -> dict[str, Any]:
    return {
        "cns": {"has_cns": False, "has_leptomeningeal": False},
        "other_studies": [],
        "vaccines": [{"name": "influenza", "is_live": False, "given_on": _ago(day, draw, 90)}],
        "therapies": [_therapy(day, draw) for _ in range(draw.randrange(1, 4))],
        "malignancies": [],
        "autoimmune": {"is_active": False, "needs_immunosuppression": False},
        "heart_failure": {"is_present": False},
        "infarction": {"has_happened": True, "on": _ago(day, draw, 2000)},
        "bypass": {"has_happened": False},
        "syncope": {"has_happened": False},
        "infection": {"is_active": False, "needs_systemic_treatment": False},
    }


def _opinions(draw: random.Random) -> dict[str, Any]:
    no = ("ecg_abnormal", "arrhythmia", "cardiomyopathy", "psychiatric", "unsuitable")
    return {
        **dict.fromkeys(no, False),
        "ecog": draw.choice((0, 1, 1, 2)),
        "survival_weeks": str(draw.randrange(13, 60)),
        "collection": {"leukapheresis_possible": True, "is_contraindicated": False},
        "compression": {"is_present": False},
    }


def _lab(
    draw: random.Random, low: float, high: float, places: int, unit: str, *, upper: str = ""
) -> dict[str, str]:
    value = f"{draw.uniform(low, high):.{places}f}"
    return {"value": value, "unit": unit, **({"upper": upper} if upper else {})}


def _lesion(draw: random.Random) -> dict[str, Any]:
    return {
        "site": draw.choice(("right upper lobe", "left lower lobe", "liver", "adrenal")),
        "kind": "non_nodal",
        "longest_mm": str(draw.randrange(8, 60)),
        "is_irradiated": False,
    }


def _therapy(day: date, draw: random.Random) -> dict[str, Any]:
    name, kind, half_life = draw.choice(
        (
            ("pemetrexed", "chemotherapy", "3.5"),
            ("osimertinib", "targeted", "48"),
            ("atezolizumab", "immunotherapy", "648"),
        )
    )
    return {
        "name": name,
        "kind": kind,
        "is_ongoing": False,
        "last_dose_on": _ago(day, draw, 120),
        "half_life_h": half_life,
    }


def _ago(day: date, draw: random.Random, most: int) -> str:
    return str(day - timedelta(draw.randrange(10, most)))


def reference(path: Path) -> float:
    """Return the seconds that the least program takes."""
    started = time.perf_counter()
    with path.open(encoding="utf-8") as file:
        for line in file:
            json.dumps(_by_hand(json.loads(line, parse_float=Decimal)))
    return time.perf_counter() - started


_ABOVE = {
    "wbc": 2,
    "neut": 1,
    "lym": Decimal("0.5"),
    "plat": 50,
    "hgb": 80,
    "lvef": 49,
    "spo2": 92,
    "cea": 10,
}
_TIMES_UPPER = {"creat": 2, "alt": 3, "ast": 3, "bili": 2}
_NOT = ("psychiatric", "unsuitable", "arrhythmia", "cardiomyopathy", "ecg_abnormal")
_NEGATIVE = ("hbsag", "hbcab", "hcv_ab", "hiv_ab", "syphilis")


def _by_hand(case: dict[str, Any]) -> dict[str, Any]:
    found = {name: entry["value"] for name, entry in case["evidence"].items()}
    passed = {}
    for name, limit in _ABOVE.items():
        passed[name] = name in found and Decimal(found[name]["value"]) > limit
    for name, times in _TIMES_UPPER.items():
        result = found.get(name)
        passed[name] = result is not None and Decimal(result["value"]) <= times * Decimal(result["upper"])
    for name in _NOT:
        passed[name] = found.get(name) is False
    for name in _NEGATIVE:
        passed[name] = found.get(name) == "negative"
    passed["ecog"] = found.get("ecog", 9) <= 2
    passed["lines"] = found.get("prior_lines", 0) >= 1
    passed["survival"] = Decimal(found.get("survival_weeks", "0")) > 12
    return {
        "id": case["id"],
        "eligible": all(passed.values()),
        "failed": [n for n, ok in passed.items() if not ok],
    }


def run(path: Path, records: int) -> tuple[Sink, float]:
    sink = Sink(records)
    started = time.perf_counter()
    call_command("evaluate_eligibility", str(path), stdout=sink)
    return sink, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument(
        "--profile", action="store_true", help="show where the time goes instead; it is slower"
    )
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.dev")
    django.setup()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines(options.records))
        size = path.stat().st_size
        if options.profile:
            _profile(path, options.records)
            return
        try:
            sink, seconds = run(path, options.records)
        except CommandError as exc:
            raise SystemExit(f"the benchmark's own records are wrong: {exc}") from None
        peak = peak_mib()
        bare = reference(path)
    _report(options.records, size, sink, seconds, peak, bare)


def _report(records: int, size: int, sink: Sink, seconds: float, peak: float, bare: float) -> None:
    print(
        f"records                {records} of {size / records:,.0f} bytes, answers of {sink.characters / records:,.0f}"
    )
    print(f"records per second     {records / seconds:,.0f}   ({seconds / records * 1e6:.0f} µs each)")
    print(f"reference per second   {records / bare:,.0f}   ({bare / records * 1e6:.0f} µs each)")
    print(f"times the reference    {seconds / bare:.1f}")
    print(f"peak memory            {sink.peak_at_a_tenth:.1f} MiB at a tenth, {peak:.1f} MiB at the end")


def _profile(path: Path, records: int) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    run(path, records)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()

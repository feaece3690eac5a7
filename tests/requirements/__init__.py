"""Requirements R1 to R28 on software that keeps trial records, and which tests prove them anew.

The name of a test begins with the requirement it proves, as in `test_r05_…`. `python -m tests.requirements` writes
docs/traceability.md from the names; a test compares. Source of the sentences: 21 CFR Part 11, EU GMP Annex 11, ICH
E6(R3), ALCOA+.
"""

import ast
import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
TABLE = FOLDER.parents[1] / "docs" / "traceability.md"

REQUIREMENTS: Mapping[int, tuple[str, str]] = {
    1: (
        "Every creation, change and deletion of a record writes who, when (UTC), record, field, old, new and why.",
        "11.10(e), Annex 11 §9, E6 4.2.2",
    ),
    2: ("A change or deletion of entered data needs a reason.", "Annex 11 §9, E6"),
    3: (
        "Nobody changes or removes entries of the trail, or switches it off, through the application.",
        "11.10(e), E6 4.2.2(b)",
    ),
    4: ("Record and trail entry are one transaction.", "11.10(e)"),
    5: ("The first value stays readable after any number of changes.", "ALCOA original, 11.10(e)"),
    6: ("A trial record is never deleted; what is taken back stays listed with its reason.", "11.10(c)"),
    7: ("Changes by tasks and imports bear the name of a system user.", "E6 4.2.4"),
    8: (
        "Accounts, roles, changes of permission and sign-ins, failed ones too, are logged.",
        "E6 4.2.2(a)(i)",
    ),
    9: ("The server's clock counts, UTC is stored, the site's zone is shown.", "E6 4.2.2(d)"),
    10: (
        "The trail can be filtered, read and exported, for people and for machines.",
        "11.10(b), Annex 11 §8",
    ),
    11: (
        "A signature shows printed name, date and time and meaning wherever the record is shown or printed.",
        "11.50",
    ),
    12: ("Signing asks for user name and password again.", "11.200"),
    13: ("A signature is bound to the exact content; a later change voids it visibly.", "11.70"),
    14: (
        "Signatures belong to one person and are never reassigned; accounts are deactivated, never deleted.",
        "11.100, 11.300",
    ),
    15: ("Password rules, lock-out after failures, session time-out.", "11.300"),
    16: ("Only authorised roles may do each act, checked on the server.", "11.10(d), (g)"),
    17: (
        "Acts out of order are refused; what happened elsewhere is recorded with a reason, as a deviation.",
        "11.10(f)",
    ),
    18: ("Impossible values are refused, implausible ones are asked about.", "11.10(a), (h)"),
    19: ("Computed results carry rule version and inputs and can be recomputed.", "E6 data life cycle"),
    20: ("Identity is kept apart from trial data; exports name the code alone.", "E6, PIPL"),
    21: ("No shared accounts; each entry has one actor.", "ALCOA attributable"),
    22: ("A late entry shows the time of the event and the time of entry.", "ALCOA contemporaneous"),
    23: ("Missing data have a reason; blank is not the same as not done.", "ALCOA+ complete"),
    24: (
        "Of two people who edit one record the second is told, nothing is overwritten.",
        "ALCOA+ consistent",
    ),
    25: ("A backup can be restored, with all records.", "11.10(c), Annex 11 §7, §17"),
    26: ("After the data lock nothing changes without a recorded unlock.", "E6 4.2.6"),
    27: ("The investigator endorses data at milestones.", "E6(R3) sponsor data handling (o)"),
    28: ("The trail can be reviewed, and the review is recorded itself.", "E6 4.2.3"),
}
# What is not built yet has no test; who builds it takes the number out here.
AWAITED: frozenset[int] = frozenset()

_NAMED = re.compile(r"test_r(\d\d)_")


def traced() -> dict[int, list[tuple[str, str]]]:
    """Return (file, test) by requirement; what is named after none stands under 0."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted(FOLDER.glob("test_*.py")):
        if path.name == "test_traceability.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                match = _NAMED.match(node.name)
                found.setdefault(int(match.group(1)) if match else 0, []).append((path.name, node.name))
    return found


def describe() -> str:
    """Return docs/traceability.md."""
    tests = traced()
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "Generated from `tests/requirements` by `python -m tests.requirements`. Do not edit.",
        "",
        "| Requirement | What it says | Source | Tests in `tests/requirements` |",
        "|---|---|---|---|",
    ]
    for number, (sentence, source) in REQUIREMENTS.items():
        names = "<br>".join(f"`{file}` {_words(name)}" for file, name in tests.get(number, []))
        lines.append(f"| R{number} | {sentence} | {source} | {names or '– none yet'} |")
    return "\n".join(lines) + "\n"


def _words(name: str) -> str:
    return _NAMED.sub("", name).replace("_", " ")

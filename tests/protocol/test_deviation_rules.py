"""The catalogue of deviation rules: complete, dated, and the only source of the ids in the code."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest

from participants.states import TRANSITIONS, State
from tests.protocol.engine import obligation
from trialsite.protocol import deviation_rules as catalogue
from trialsite.protocol.findings import Category, finding_in
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Act, DueState, EventKind, LooksAt, ObligationKind, Source
from trialsite.protocol.validate import ProtocolInvalid, validate

ROOT = Path(__file__).parents[2]
RULES = {rule.id: rule for rule in latest().deviation_rules}

# Clinical rules 5.3, row by row: which rules find it, and whether that is important by default.
ROWS = {
    "study procedure before consent": (["CONSENT-BEFORE-PROCEDURE"], True, Category.CONSENT),
    "outdated ICF version signed": (["GATE-start_screening-icf-current"], True, Category.CONSENT),
    "enrolled while ineligible or incomplete": (["GATE-enrol-eligible"], True, Category.ELIGIBILITY),
    "infusion without release": (["GATE-infuse-released"], True, Category.PRODUCT),
    "wrong arm or route": (["GATE-infuse-route"], True, Category.PRODUCT),
    "dose outside the range of the level": (["GATE-infuse-dose"], True, Category.PRODUCT),
    "expired after thaw": (["GATE-infuse-thaw", "GATE-infuse-expiry"], True, Category.PRODUCT),
    "SAE or SUSAR past its limit": (["SAFETY-LATE"], True, Category.SAFETY_REPORTING),
    "missed D28, vital signs on D0": (["WINDOW-MISSED-KEY", "ROUND-MISSED-KEY"], True, Category.PROCEDURE),
    "other visit early or late": (["WINDOW-EARLY", "WINDOW-LATE"], False, Category.VISIT_WINDOW),
    "other visit missed": (["WINDOW-MISSED"], False, Category.PROCEDURE),
    "live vaccine, anticancer drug, high-dose steroid": (
        [f"PROHIBITED-M-{name}" for name in ("LIVE-VACCINE", "ANTICANCER", "STEROID")],
        True,
        Category.MEDICATION,
    ),
    "confidential test missed": (["TEST-MISSED"], False, Category.PROCEDURE),
    "confidential test missed twice in a row": (["TEST-MISSED-AGAIN"], True, Category.PROCEDURE),
}


@pytest.mark.parametrize("row", list(ROWS))
def test_every_row_of_the_clinical_rules_has_its_rule(row: str) -> None:
    ids, is_important, category = ROWS[row]
    assert {(RULES[one].is_important, RULES[one].category) for one in ids} == {(is_important, category)}
    assert all(RULES[one].source is Source.ASSUMED for one in ids)


@pytest.mark.parametrize("kind", list(ObligationKind))
def test_what_is_found_about_something_due_is_what_its_rule_says(kind: ObligationKind) -> None:
    one = obligation(kind=kind)
    for state, is_important, in_window in product(DueState, (True, False), (True, False)):
        finding = finding_in(replace(one, is_important=is_important, is_protocol_window=in_window), state)
        if finding is not None:
            rule = RULES[finding.rule_id]
            assert (rule.category, rule.is_important) == (finding.category, finding.is_important)


def test_whatever_can_come_out_of_order_has_a_rule_and_nothing_else() -> None:
    always = {kind for kind in EventKind if all((state, kind) in TRANSITIONS for state in State)}
    named = {rule.about for rule in RULES.values() if rule.id.startswith("ORDER-")}
    assert named == {kind.value for kind in EventKind} - {kind.value for kind in always}


# ---- No loose id


def _calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for room in ("trialsite", "participants", "screening", "infusion", "followup"):
        for path in (ROOT / room).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if f"{name}(" not in source or "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    yield path, node


def _pattern(node: ast.expr) -> str | None:
    """A literal as it stands, an f-string with a star for each value in it, None for a name."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in node.values)
    return None


def test_every_check_of_a_gate_that_lets_reality_in_has_its_rule() -> None:
    """By the literal codes in the code: each is the end of a rule, unless the gate never records what happened."""
    never_happens = {
        "cohort-stopped",
        "cohort-cleared",
        "cohort-below",
        "cohort-running",
    }  # a cohort is opened here
    codes = {_pattern(call.args[0]) for _, call in _calls("check") if call.args} - {None}
    codes |= {
        _pattern(keyword.value)
        for _, call in _calls("Check")
        for keyword in call.keywords
        if keyword.arg == "code"
    } - {None}
    ends = {rule.id.split("-", 2)[2] for rule in RULES.values() if rule.looks_at is LooksAt.ACT}
    loose = {
        code
        for code in codes
        if code
        and code not in ends
        and not any(end.startswith(code.rstrip("*")) for end in ends if "*" in code)
    }
    assert loose == never_happens
    assert len(codes) > 25


def test_every_finding_in_the_code_names_a_rule() -> None:
    patterns = set()
    for path, call in _calls("Finding"):
        if "seal" in path.parts:
            continue  # a finding about the trail, not about the trial
        rule_id = next(keyword.value for keyword in call.keywords if keyword.arg == "rule_id")
        patterns.add(_pattern(rule_id) or f"{path.relative_to(ROOT)}: {ast.unparse(rule_id)}")
    assert patterns == {
        "CONSENT-BEFORE-PROCEDURE",
        "ORDER-*",
        "GATE-*-*",
        "PROHIBITED-*",
        "followup/rules/procedures.py: RULE_ID",
        "trialsite/protocol/findings.py: rule_id",
    }


def test_an_id_that_no_version_knows_is_no_finding_but_a_fault() -> None:
    with pytest.raises(catalogue.NoSuchRule):
        catalogue.rule_of(latest(), "WINDOW-MISED")


# ---- The catalogue itself


def test_a_rule_that_a_version_has_not_finds_nothing_under_it() -> None:
    without = replace(latest(), deviation_rules=())
    assert catalogue.rule_of(without, "WINDOW-LATE") is None
    assert catalogue.rule_of(latest(), "WINDOW-LATE") is RULES["WINDOW-LATE"]


def test_a_rule_judges_from_its_first_day_on() -> None:
    first = date(2027, 3, 1)
    rule = replace(RULES["WINDOW-LATE"], applies_from=first)
    assert not catalogue.applies(rule, first - timedelta(days=1))
    assert catalogue.applies(rule, first)
    assert catalogue.applies(RULES["WINDOW-LATE"], first - timedelta(days=9999))


def test_a_rule_is_remembered_as_it_stood() -> None:
    assert catalogue.stated("WINDOW-LATE", 1) is RULES["WINDOW-LATE"]
    assert catalogue.stated("WINDOW-LATE", 9) is RULES["WINDOW-LATE"]
    assert catalogue.stated("OF-FORMER-TIMES", 1) is None
    assert catalogue.holding("OF-FORMER-TIMES", 1) == frozenset()


def test_what_holds_an_act_holds_it_until_somebody_has_assessed_it() -> None:
    assert Act.INFUSE in catalogue.holding("GATE-enrol-eligible", 1)
    assert catalogue.holding_rules() == {rule.id for rule in RULES.values() if rule.holds}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"title": ""}, "text-missing", id="no title"),
        pytest.param({"basis": ""}, "text-missing", id="no sentence"),
        pytest.param({"revision": 0}, "text-missing", id="no revision"),
        pytest.param({"about": "dinner"}, "rule-unsound", id="looks at nothing"),
        pytest.param({"looks_at": LooksAt.PERSON}, "rule-unsound", id="about, where there is nothing"),
        pytest.param({"title": "The pregnancy test was missed"}, "title-telling", id="a telling title"),
    ],
)
def test_an_unsound_rule_is_found(change: dict[str, object], code: str) -> None:
    rules = [replace(rule, **change) if rule.id == "TEST-MISSED" else rule for rule in RULES.values()]
    with pytest.raises(ProtocolInvalid) as error:
        validate(replace(latest(), deviation_rules=tuple(rules)))
    assert [(one.code, one.item_id) for one in error.value.faults] == [(code, "TEST-MISSED")]


def test_a_prohibited_medication_without_a_rule_is_found() -> None:
    rules = tuple(rule for rule in RULES.values() if rule.id != "PROHIBITED-M-STEROID")
    with pytest.raises(ProtocolInvalid) as error:
        validate(replace(latest(), deviation_rules=rules))
    assert [(one.code, one.item_id) for one in error.value.faults] == [("rule-missing", "M-STEROID")]

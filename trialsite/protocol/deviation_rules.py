"""The catalogue of deviation rules: which rule of which version a finding rests on. Source: clinical rules 5.3."""

from collections.abc import Collection
from datetime import date
from functools import cache

from trialsite.protocol.registry import shipped
from trialsite.protocol.types import Act, DeviationRule, ProtocolVersion

MANUAL = "MANUAL"
NOTICE_LATE = "NOTICE-LATE"


class NoSuchRule(LookupError):
    """A finding names a rule that no version knows. The code that made it is wrong."""


def rules_of(version: ProtocolVersion) -> dict[str, DeviationRule]:
    return {rule.id: rule for rule in version.deviation_rules}


def rule_of(version: ProtocolVersion, rule_id: str) -> DeviationRule | None:
    """Return the rule as `version` states it; None where the version does not have it (any more, or yet).

    Raises NoSuchRule for an id that no version knows.
    """
    found = rules_of(version).get(rule_id)
    if found is None and rule_id not in known_rules():
        raise NoSuchRule(rule_id)
    return found


def applies(rule: DeviationRule, occurred_on: date) -> bool:
    """Return whether what occurred on that civil date of the site is judged by the rule; its first day is."""
    return rule.applies_from is None or occurred_on >= rule.applies_from


@cache
def known_rules() -> dict[str, DeviationRule]:
    """Return every rule by id, as the newest version that has it states it."""
    return {rule.id: rule for version in shipped() for rule in version.deviation_rules}


def stated(rule_id: str, revision: int) -> DeviationRule | None:
    """Return the rule as it stood in that revision, for what was found by it; the newest where that is not known."""
    rules = [rule for version in shipped() for rule in version.deviation_rules if rule.id == rule_id]
    return next((rule for rule in rules if rule.revision == revision), rules[-1] if rules else None)


@cache
def holding_rules() -> frozenset[str]:
    """Return the ids of rules whose findings hold an act until they are assessed."""
    return frozenset(rule_id for rule_id, rule in known_rules().items() if rule.holds)


def holding(rule_id: str, revision: int) -> Collection[Act]:
    """Return the acts that a finding by this rule holds until it is assessed."""
    rule = stated(rule_id, revision)
    return rule.holds if rule else frozenset()

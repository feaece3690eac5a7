"""What every grading answers, and how its domains are put together. The computed grade is a proposal.

A domain that is not documented can be anything up to grade 4, so it leaves the grade open unless another domain
already gives 4. Source: clinical rules 2.1, 2.2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

WORST = 4  # grade 5 is death, which is recorded and never computed
DEATH = 5


class Scale(StrEnum):
    """Whose grades they are. ASTCT and CTCAE both grade CRS, differently: never one without its scale."""

    ASTCT = "ASTCT"
    CTCAE = "CTCAE"


class Flag(StrEnum):
    """What whoever confirms the grade should know about it."""

    BASELINE_MISSING = "baseline_missing"  # graded as if the baseline had been normal
    BASELINE_UNUSABLE = "baseline_unusable"  # there is one; its unit or its limit does not allow its use
    WITHIN_REFERENCE_RANGE = (
        "within_reference_range"  # graded by a fixed number inside the laboratory's own range
    )
    GRADE_4_IS_CLINICAL = "grade_4_is_clinical"  # the number never gives grade 4; a person may
    FEVER_WAIVED = "fever_waived"  # fever is not asked for any more in this episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """A grade with everything that led to it.

    term: what is graded, such as CRS, ICANS or a test code. grade: None = undeterminable. rule: stable id of the rule
    or domain that decided. because: one sentence. missing: what is not documented, also where the grade is given.
    at_least, at_most: what is sure although something is missing; both the grade itself where there is one.
    domains: each domain with its own grade, None where that one is open. inputs: the findings that were graded.
    """

    term: str
    scale: Scale
    scale_version: str
    grade: int | None
    rule: str
    because: str
    inputs: object
    missing: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    at_least: int = 0
    at_most: int = WORST
    domains: tuple[tuple[str, int | None], ...] = ()

    @property
    def is_determined(self) -> bool:
        return self.grade is not None

    @property
    def is_flagged(self) -> bool:
        return bool(self.flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One domain of a scale: the lowest and the highest grade that what is documented allows."""

    rule: str
    at_least: int
    at_most: int
    because: str
    missing: tuple[str, ...] = ()

    @property
    def grade(self) -> int | None:
        return self.at_least if self.at_least == self.at_most else None


def graded(rule: str, grade: int, because: str) -> Domain:
    return Domain(rule=rule, at_least=grade, at_most=grade, because=because)


# A domain in which nothing counts. It has no words: where all are so, the scale says it in one sentence.
NOTHING_COUNTS = Domain(rule="", at_least=0, at_most=0, because="")


def undocumented(rule: str, *missing: str, because: str, at_least: int = 0, at_most: int = WORST) -> Domain:
    """Return a domain that is open from `at_least` to `at_most`, for want of `missing`."""
    return Domain(rule=rule, at_least=at_least, at_most=at_most, because=because, missing=missing)


def worst_of(domains: Sequence[Domain], rule_if_none: str, words_if_none: str) -> Domain:
    """Return the most severe domain, the first of equals; open where a domain that is open could be worse.

    rule_if_none, words_if_none: said where every domain gives 0. missing: of all domains.
    """
    at_least = max(one.at_least for one in domains)
    at_most = max(one.at_most for one in domains)
    missing = all_missing(domains)
    if at_least < at_most:
        open_one = next(one for one in domains if one.at_most == at_most)
        return Domain(
            rule=open_one.rule, at_least=at_least, at_most=at_most, because=open_one.because, missing=missing
        )
    deciding = next(one for one in domains if one.at_least == at_least)
    rule, because = (deciding.rule, deciding.because) if at_least else (rule_if_none, words_if_none)
    return Domain(rule=rule, at_least=at_least, at_most=at_least, because=because, missing=missing)


def all_missing(domains: Iterable[Domain]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in domains for name in one.missing))

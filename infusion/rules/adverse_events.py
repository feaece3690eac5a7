"""Adverse events: their coded words, which are of special interest, and what follows from a grade. Pure.

Grade (CTCAE or ASTCT), severity and seriousness (ICH E2A) are three things. Source: clinical rules 2, 3, 5.1.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from trialsite.errors import RuleViolated
from trialsite.protocol.types import (
    CohortRule,
    CollectionPeriod,
    Concerns,
    DltExemption,
    Event,
    EventKind,
    ProtocolVersion,
    SpecialInterest,
)
from trialsite.protocol.windows import shift


class Scale(StrEnum):
    """Grading scales; a grade means nothing without its scale and version."""

    CTCAE = "CTCAE"
    ASTCT = "ASTCT"


VERSIONS = {Scale.CTCAE: "5.0", Scale.ASTCT: "2019"}


class Syndrome(StrEnum):
    """Events that the rules know by name."""

    CRS = "crs"
    ICANS = "icans"
    IEC_HS = "iec_hs"
    SECOND_MALIGNANCY = "second_malignancy"


TERMS = {
    Syndrome.CRS: "Cytokine release syndrome",
    Syndrome.ICANS: "Immune effector cell-associated neurotoxicity syndrome",
    Syndrome.IEC_HS: "IEC-associated haemophagocytic lymphohistiocytosis-like syndrome",
    Syndrome.SECOND_MALIGNANCY: "Second malignancy",
}
_ASTCT_GRADED = frozenset({Syndrome.CRS, Syndrome.ICANS})
_ALSO_CALLED = {
    "crs": Syndrome.CRS,
    "cytokine release syndrome": Syndrome.CRS,
    "icans": Syndrome.ICANS,
    TERMS[Syndrome.ICANS].lower(): Syndrome.ICANS,
    "iec-hs": Syndrome.IEC_HS,
    "iec_hs": Syndrome.IEC_HS,
    TERMS[Syndrome.IEC_HS].lower(): Syndrome.IEC_HS,
    "second malignancy": Syndrome.SECOND_MALIGNANCY,
}


class Severity(StrEnum):
    """SDTM AESEV."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Seriousness(StrEnum):
    """ICH E2A: one of these makes an event serious."""

    DEATH = "death"
    LIFE_THREATENING = "life_threatening"
    HOSPITALISATION = "hospitalisation"
    DISABILITY = "disability"
    BIRTH_DEFECT = "birth_defect"
    OTHER = "other"


class Causality(StrEnum):
    """How an event relates to something, in one person's judgement; from possible on it is related."""

    UNRELATED = "unrelated"
    UNLIKELY = "unlikely"
    POSSIBLE = "possible"
    PROBABLE = "probable"
    DEFINITE = "definite"


_BY_NATURE = frozenset({Syndrome.CRS.value, Syndrome.ICANS.value, Syndrome.IEC_HS.value})
_RULED_OUT = frozenset({Causality.UNRELATED.value, Causality.UNLIKELY.value})
# What the investigator relates an event to; names of the columns.
RELATIONS = ("relation_product", "relation_lymphodepletion", "relation_procedure", "relation_disease")
RELATED = frozenset({Causality.POSSIBLE.value, Causality.PROBABLE.value, Causality.DEFINITE.value})


class ActionTaken(StrEnum):
    """What was done with the study treatment."""

    NONE = "none"
    DELAYED = "delayed"
    INTERRUPTED = "interrupted"
    DOSE_REDUCED = "dose_reduced"
    WITHDRAWN = "withdrawn"
    NOT_APPLICABLE = "not_applicable"


class Outcome(StrEnum):
    """SDTM AEOUT."""

    RECOVERED = "recovered"
    RECOVERING = "recovering"
    SEQUELAE = "recovered_with_sequelae"
    NOT_RECOVERED = "not_recovered"
    FATAL = "fatal"
    UNKNOWN = "unknown"


ENDED = frozenset({Outcome.RECOVERED.value, Outcome.SEQUELAE.value, Outcome.FATAL.value})


def syndrome_of(term: str) -> Syndrome | None:
    """Return the syndrome that a term names, also by its abbreviation."""
    return _ALSO_CALLED.get(" ".join(term.lower().split()))


def scale_for(syndrome: Syndrome | None) -> Scale:
    """CRS and ICANS are graded by ASTCT, never by CTCAE, which has other limits; everything else by CTCAE."""
    return Scale.ASTCT if syndrome in _ASTCT_GRADED else Scale.CTCAE


def special_interest(version: ProtocolVersion, term: str, worst_grade: int) -> SpecialInterest | None:
    """Return the protocol's rule that makes an event of special interest, or None."""
    syndrome = syndrome_of(term)
    return next(
        (
            one
            for one in version.special_interests
            if syndrome is not None and one.syndrome == syndrome.value and worst_grade >= one.lowest_grade
        ),
        None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """A grade from an instant on. 0: the event is not there any more. ref: the record that graded it."""

    at: datetime
    grade: int
    ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeCourse:
    """What a course of grades says. resolved_at: when it fell to 0 for good; None while the last grade is not 0.

    severe_since: when it first reached the grade asked for. severe_days: civil days on which it was there.
    """

    onset_at: datetime
    worst: int
    present: int
    resolved_at: datetime | None
    severe_since: datetime | None
    severe_days: int


def grade_course(gradings: Collection[Grading], *, until: datetime, severe: int = 3) -> GradeCourse:
    """Read a course of at least one grading, entered in any order. until: now, for an event that goes on.

    Days are those of the instants' own zone: give them in the zone of the site.
    """
    ordered = sorted(gradings, key=lambda one: (one.at, one.grade))
    present = [one for one in ordered if one.grade]
    at_least = [one for one in ordered if one.grade >= severe]
    return GradeCourse(
        onset_at=(present or ordered)[0].at,
        worst=max(one.grade for one in ordered),
        present=ordered[-1].grade,
        resolved_at=ordered[-1].at if ordered[-1].grade == 0 else None,
        severe_since=at_least[0].at if at_least else None,
        severe_days=len(_severe_days(ordered, until, severe)),
    )


def reached_at(gradings: Iterable[Grading], grade: int) -> datetime | None:
    """Return when the course first reached the grade, or None."""
    return min((one.at for one in gradings if one.grade >= grade), default=None)


def _severe_days(ordered: Collection[Grading], until: datetime, severe: int) -> set[date]:
    found: set[date] = set()
    entries = list(ordered)
    ends = [*(one.at for one in entries[1:]), max(until, entries[-1].at)]
    for one, end in zip(entries, ends, strict=True):
        if one.grade >= severe:
            days = (end.date() - one.at.date()).days
            found |= {date.fromordinal(one.at.date().toordinal() + n) for n in range(days + 1)}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """Where an event lies in time: from its onset to its end, None while it goes on."""

    key: str
    onset_at: datetime
    ended_at: datetime | None


def spell_for(spells: Iterable[Spell], at: datetime, *, is_present: bool) -> Spell | None:
    """Return the event of one syndrome to which an assessment at `at` belongs, or None.

    That which it lies in; else, where the syndrome was present, the next one that began later: it began
    earlier than was known. None: a new event, or nothing at all.
    """
    known = sorted(spells, key=lambda one: one.onset_at)
    inside = [one for one in known if one.onset_at <= at and (one.ended_at is None or at <= one.ended_at)]
    if inside:
        return inside[-1]
    return next((one for one in known if one.onset_at > at), None) if is_present else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """What decides in which collection period an event belongs. began_on: site-local date of onset."""

    began_on: date
    is_serious: bool
    is_related: bool
    is_procedural: bool
    syndrome: Syndrome | None


def collected_under(
    periods: Iterable[CollectionPeriod], events: Iterable[Event], event: Concerned
) -> CollectionPeriod | None:
    """Return the first collection period that covers the event, or None: it lies outside, and is kept so labelled.

    A period begins on the day of its first such event and ends so long after the last infusion, both included.
    """
    known = list(events)
    return next(
        (one for one in periods if _is_about(one, event) and _covers(one, known, event.began_on)), None
    )


def _is_about(period: CollectionPeriod, event: Concerned) -> bool:
    return {
        Concerns.ANY: True,
        Concerns.PROCEDURE: event.is_procedural,
        Concerns.SERIOUS: event.is_serious,
        Concerns.RELATED_SERIOUS: event.is_serious and event.is_related,
        Concerns.SECOND_MALIGNANCY: event.syndrome is Syndrome.SECOND_MALIGNANCY,
    }[period.concerns]


def _covers(period: CollectionPeriod, events: Collection[Event], on: date) -> bool:
    began = min((one.on for one in events if one.kind is period.begins_with), default=None)
    if began is None or on < began:
        return False
    infused = max((one.on for one in events if one.kind is EventKind.INFUSED), default=None)
    return period.until is None or infused is None or on <= shift(infused, period.until)


def may_relate(syndrome: str, relation_product: str) -> bool:
    """Whether a relation to the product counts: one that nobody ruled out; CRS and the like have it by their nature."""
    return syndrome in _BY_NATURE or relation_product not in _RULED_OUT


def is_exempt(term: str, exemptions: Iterable[DltExemption]) -> bool:
    """Whether the protocol expects an event of this name, so that nobody asks if it limits the dose."""
    return any(term.strip().lower() in one.terms for one in exemptions)


def dlt_is_asked(
    rule: CohortRule,
    *,
    began_on: date,
    infused_on: Collection[date],
    worst_grade: int,
    is_related: bool,
    is_exempt: bool,
) -> bool:
    """Whether the investigator is to judge if the event limits the dose: grade 3 and more, related to the product,
    begun within the window of an infusion, day 0 and its last day included. Source: clinical rules 5.2.
    """
    is_inside = any(0 <= (began_on - on).days <= rule.dlt_window_days for on in infused_on)
    return worst_grade >= rule.judged_from_grade and is_related and is_inside and not is_exempt


def require_sound_grade(grade: int, lowest: int = 1) -> None:
    """Raises RuleViolated("grade-range")."""
    if not lowest <= grade <= 5:
        raise RuleViolated("grade-range", f"The grade is {lowest} to 5.", field="toxicity_grade")

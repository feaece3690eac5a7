"""The best overall response, with and without confirmation. Source: clinical rules 4.

It looks at what was assessed after the infusion, up to and including the first progression, and before a new
anticancer therapy; whoever calls leaves the rest out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from followup.rules.response.scale import Response, ResponseLimits

# So many time points that cannot be evaluated are accepted between a response and its confirmation.
_OPEN_BETWEEN = 1


@dataclass(frozen=True, slots=True)
class Dated:
    """An overall response, and the day of its scan."""

    on: date
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """on: when it was first seen; None where nothing was. confirmed_on: the assessment that confirmed it."""

    response: Response
    rule: str
    because: str
    on: date | None = None
    confirmed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A response and the assessment that confirms it."""

    first: Dated
    by: Dated


def best_unconfirmed(responses: Sequence[Dated], reference_on: date, limits: ResponseLimits) -> BestResponse:
    """Return the best of CR > PR > SD > PD > NE; an early SD is none.

    responses: the oldest first. reference_on: day of the infusion.
    """
    for wanted in (Response.CR, Response.PR):
        first = next((one for one in responses if one.response is wanted), None)
        if first:
            words = f"First seen on {first.on.isoformat()}."
            return BestResponse(response=wanted, rule=f"RECIST-BEST-{wanted}", because=words, on=first.on)
    return _without_response(responses, frozenset({Response.SD}), reference_on, limits)


def best_confirmed(responses: Sequence[Dated], reference_on: date, limits: ResponseLimits) -> BestResponse:
    """Return the best response with CR and PR confirmed; one that was not confirmed is SD if it is late enough.

    responses: the oldest first. reference_on: day of the infusion.
    """
    for wanted in (Response.CR, Response.PR):
        found = first_confirmed(responses, limits, (wanted,))
        if found:
            days = (found.by.on - found.first.on).days
            return BestResponse(
                response=wanted,
                rule=f"RECIST-BEST-CONFIRMED-{wanted}",
                because=f"Seen on {found.first.on.isoformat()}, {found.by.response} {days} days later.",
                on=found.first.on,
                confirmed_on=found.by.on,
            )
    counts_as_stable = frozenset({Response.SD, Response.PR, Response.CR})
    return _without_response(responses, counts_as_stable, reference_on, limits)


def first_confirmed(
    responses: Sequence[Dated],
    limits: ResponseLimits,
    wanted: Sequence[Response] = (Response.CR, Response.PR),
) -> Confirmed | None:
    """Return the earliest of the wanted responses that a later assessment confirms, None where there is none.

    CR by CR, PR by PR or CR, at least `confirmation_days` later; between them nothing worse, and at most one that
    cannot be evaluated.
    """
    found = (
        Confirmed(first, by)
        for index, first in enumerate(responses)
        if first.response in wanted and (by := _confirming(first, responses[index + 1 :], limits))
    )
    return next(found, None)


def _confirming(first: Dated, later: Sequence[Dated], limits: ResponseLimits) -> Dated | None:
    confirms = {Response.CR} if first.response is Response.CR else {Response.CR, Response.PR}
    still_open = _OPEN_BETWEEN
    for one in later:
        if one.response in confirms and (one.on - first.on).days >= limits.confirmation_days:
            return one
        still_open -= one.response is Response.NE
        if one.response not in {*confirms, Response.NE} or still_open < 0:
            return None
    return None


def _without_response(
    responses: Sequence[Dated], stable: frozenset[Response], reference_on: date, limits: ResponseLimits
) -> BestResponse:
    """Stable disease that lasted long enough, else progression, else nothing that says anything."""
    kept = [one for one in responses if one.response in stable]
    late = next((one for one in kept if (one.on - reference_on).days >= limits.stable_days), None)
    if late:
        days = (late.on - reference_on).days
        words = f"No progression {days} days after the infusion; {limits.stable_days} are needed."
        rule = "SD" if late.response is Response.SD else "UNCONFIRMED-SD"
        return BestResponse(response=Response.SD, rule=f"RECIST-BEST-{rule}", because=words, on=late.on)
    worse = next((one for one in responses if one.response is Response.PD), None)
    if worse:
        words = f"Progression on {worse.on.isoformat()}, and nothing better that counts before it."
        return BestResponse(response=Response.PD, rule="RECIST-BEST-PD", because=words, on=worse.on)
    if kept:
        words = (
            f"Seen before {limits.stable_days} days after the infusion only, and nothing that counts since."
        )
        return BestResponse(response=Response.NE, rule="RECIST-BEST-NE-EARLY", because=words)
    words = "No assessment after the infusion could be evaluated."
    return BestResponse(response=Response.NE, rule="RECIST-BEST-NE", because=words)

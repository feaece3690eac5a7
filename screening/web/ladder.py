"""A gate as rungs for people: what each check asks, and whether it passes, fails or cannot be told yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialsite.protocol.gates import Gate, Outcome

WAITING = "waiting"  # not entered yet; neither passed nor failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """title: what is asked. outcome: pass, fail, unknown, or waiting. detail: the reason, or the value found."""

    title: str
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """verb: what may go ahead, as in `Infusion`."""

    verb: str
    rungs: tuple[Rung, ...]

    @property
    def failing(self) -> int:
        return sum(rung.outcome in {Outcome.FAIL.value, Outcome.UNKNOWN.value} for rung in self.rungs)

    @property
    def waiting(self) -> int:
        return sum(rung.outcome == WAITING for rung in self.rungs)

    @property
    def is_clear(self) -> bool:
        return not self.failing and not self.waiting


def ladder_of(
    gate: Gate,
    verb: str,
    titles: Mapping[str, str],
    *,
    details: Mapping[str, str] | None = None,
    waiting: Iterable[str] = (),
) -> Ladder:
    """Return `gate` as a ladder.

    titles: check code → what is asked; a check without one shows its reason alone. details: what to say where
    the check passes. waiting: codes whose values are not entered yet.
    """
    not_entered = set(waiting)
    found = details or {}
    return Ladder(
        verb=verb,
        rungs=tuple(
            Rung(title=titles[one.code], outcome=WAITING, detail="Not entered yet")
            if one.code in not_entered
            else Rung(
                title=titles.get(one.code, one.reason),
                outcome=one.outcome.value,
                detail=_detail(one.reason, one.outcome, one.code, titles, found),
            )
            for one in gate.checks
        ),
    )


def _detail(
    reason: str, outcome: Outcome, code: str, titles: Mapping[str, str], details: Mapping[str, str]
) -> str:
    value = details.get(code, "")
    if outcome is Outcome.PASS or code not in titles:
        return value
    return f"{reason}: {value}" if value else reason

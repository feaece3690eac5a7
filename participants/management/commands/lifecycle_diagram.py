"""Writes what is drawn from the transition tables, or checks that it is up to date.

docs/algorithms/lifecycle.md: the journey. docs/algorithms/deviations.md: the handling of a deviation and its rules.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from participants.management.deviation_rules import describe as describe_deviations
from participants.states import LEADS_TO, TRANSITIONS, State, next_state
from trialsite.protocol.types import EventKind

PATH = Path("docs", "algorithms", "lifecycle.md")
DEVIATIONS = Path("docs", "algorithms", "deviations.md")


class Command(BaseCommand):
    help = "Write docs/algorithms/lifecycle.md and deviations.md from the tables in code."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if the file is out of date"
        )

    def handle(self, *args: object, check: bool, **options: object) -> None:
        for name, text in ((PATH, describe()), (DEVIATIONS, describe_deviations())):
            path = Path(settings.BASE_DIR) / name
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            elif not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{name} is out of date. Run: manage.py lifecycle_diagram")


def describe() -> str:
    """Return the journey as Markdown: a diagram of what changes the state, and the whole table."""
    return "\n".join([*_HEADING, *_diagram(), *_TABLE_HEADING, *_table(), *_REALITY, *_reality()]) + "\n"


_HEADING = (
    "# The journey of a participant",
    "",
    "Generated from `participants/states/journey.py` by `manage.py lifecycle_diagram`. Do not edit.",
    "",
    "The diagram shows the events that change the state. An event the table below does not list for a state is",
    "out of order: where it has happened all the same it is recorded with a reason and becomes a deviation.",
    "",
)
_TABLE_HEADING = (
    "",
    "## What is in order",
    "",
    "An arrow names the state that follows; without one the state stays as it is.",
    "",
    "| State | Events in order |",
    "|---|---|",
)
_REALITY = (
    "",
    "## Where an event leads although it was out of order",
    "",
    "It happened, so the journey goes on from there. Death is final. Events not named here change nothing then.",
    "",
    "| Event | State that follows |",
    "|---|---|",
)


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {State.REFERRED}"
    for state in State:
        for following in State:
            kinds = [kind for kind in _events_of(state) if TRANSITIONS[state, kind] is following]
            if kinds and following is not state:
                yield f"    {state} --> {following}: {', '.join(_words(kind) for kind in kinds)}"
    yield from (f"    {state} --> [*]" for state in State if _is_final(state))
    yield "```"


def _table() -> Iterator[str]:
    for state in State:
        cells = [_cell(state, kind) for kind in _events_of(state)]
        yield f"| `{state}` | {', '.join(cells)} |"


def _reality() -> Iterator[str]:
    for kind, state in LEADS_TO.items():
        yield f"| {_words(kind)} | `{state}` |"


def _events_of(state: State) -> list[EventKind]:
    return [kind for kind in EventKind if (state, kind) in TRANSITIONS]


def _cell(state: State, kind: EventKind) -> str:
    following = TRANSITIONS[state, kind]
    return _words(kind) if following is state else f"{_words(kind)} → `{following}`"


def _is_final(state: State) -> bool:
    return all(next_state(state, kind) is state for kind in EventKind)


def _words(kind: EventKind) -> str:
    return kind.value.replace("_", " ")

"""The document about deviations: the handling as a diagram, and every rule of the newest protocol version."""

from collections.abc import Iterator

from participants.states import HANDLING_TRANSITIONS, Handling, HandlingStep
from trialsite.protocol.registry import latest
from trialsite.protocol.types import DeviationRule


def describe() -> str:
    """Return the handling and the rules as Markdown."""
    return "\n".join([*_HEADING, *_diagram(), *_STEPS, *_steps(), *_rules_heading(), *_rules()]) + "\n"


_HEADING = (
    "# Deviations",
    "",
    "Generated from `participants/states/handling.py` and the protocol version by `manage.py lifecycle_diagram`. Do not edit.",
    "",
    "A deviation is found by a rule, when something is recorded or when a window closes and nobody looks, or it is",
    "noticed by a person. Found again it never doubles: rule, participant (or site) and subject make one row, which names",
    "the revision of the rule that found it first. A correction that removes the cause closes it with a note",
    "(`settle`); the cause coming back makes it a draft again (`return`).",
    "",
    "Reporting and assessing are by two persons. An important deviation is told to sponsor and ethics committee within 5",
    "working days of the site, counted from its detection where the rule proposes it, else from the assessment; later",
    "is a deviation of its own, found by the sweep. It is closed after an action was found effective.",
    "",
)
_STEPS = (
    "",
    "| Stage | Steps possible |",
    "|---|---|",
)


def _diagram() -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Handling.DRAFT}"
    for state in Handling:
        for following in Handling:
            steps = [step for step in _of(state) if HANDLING_TRANSITIONS[state, step] is following]
            if steps and following is not state:
                yield f"    {state} --> {following}: {', '.join(steps)}"
    yield "```"


def _steps() -> Iterator[str]:
    for state in Handling:
        cells = [_cell(state, step) for step in _of(state)]
        yield f"| `{state}` | {', '.join(cells)} |"


def _cell(state: Handling, step: HandlingStep) -> str:
    following = HANDLING_TRANSITIONS[state, step]
    return step.value if following is state else f"{step} → `{following}`"


def _of(state: Handling) -> list[HandlingStep]:
    return [step for step in HandlingStep if (state, step) in HANDLING_TRANSITIONS]


def _rules_heading() -> tuple[str, ...]:
    return (
        "",
        f"## The rules of version {latest().number}",
        "",
        "Important is the default, before anybody has assessed it. What a rule holds waits until then.",
        "",
        "| Rule | What it finds | Category | Important | Holds | Source |",
        "|---|---|---|:-:|---|---|",
    )


def _rules() -> Iterator[str]:
    yield from (_row(rule) for rule in latest().deviation_rules)


def _row(rule: DeviationRule) -> str:
    held = ", ".join(sorted(act.value.replace("_", " ") for act in rule.holds))
    cells = (
        f"`{rule.id}`",
        rule.title,
        rule.category.value.replace("_", " "),
        "yes" if rule.is_important else "–",
        held or "–",
        rule.source.value,
    )
    return f"| {' | '.join(cells)} |"

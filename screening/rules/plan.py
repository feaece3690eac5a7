"""Which rules an evaluation runs, worked out once for each protocol version."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from screening.rules.criteria import RULES, Rule
from screening.rules.items import items_for
from screening.rules.tables import Tables, tables_of
from trialsite.protocol.criteria import WANTED, CriterionStatus
from trialsite.protocol.types import Criterion, ProtocolVersion


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion that is assessed itself. rule: None if this program has none. wanted: the status in order.

    only_item: the item it reads where it reads but one, which ages: without it nothing is known.
    """

    criterion: Criterion
    rule: Rule | None
    wanted: CriterionStatus
    only_item: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The criteria of one evaluation. order: as the protocol has them. parents: id → what they derive from.

    criteria: those of `finest`, which carry the verdict.
    """

    order: tuple[Criterion, ...]
    finest: tuple[Part, ...]
    criteria: tuple[Criterion, ...]
    parents: Mapping[str, tuple[Part, ...]]


@dataclass(frozen=True, slots=True)
class Plan:
    version: ProtocolVersion
    tables: Tables
    selections: dict[frozenset[str] | None, Selection] = field(default_factory=dict)


_REMEMBERED = 32
_plans: dict[int, Plan] = {}


def plan_for(version: ProtocolVersion) -> Plan:
    """Return the plan of this very version.

    Kept by identity, as two versions under trial may share a number and hashing one costs more than an
    evaluation; the plan holds its version, so the identity cannot pass to another while it is kept.
    """
    plan = _plans.get(id(version))
    if plan is None:
        if len(_plans) >= _REMEMBERED:
            _plans.clear()
        plan = _plans[id(version)] = Plan(version, tables_of(version))
    return plan


def selection_of(plan: Plan, only: Collection[str] | None) -> Selection:
    """Return what has to be assessed for these criteria; None = all. A parent brings its parts with it.

    Raises ValueError for an id that the version does not have.
    """
    key = None if only is None else frozenset(only)
    selection = plan.selections.get(key)
    if selection is None:
        if len(plan.selections) >= _REMEMBERED:
            plan.selections.clear()
        selection = plan.selections[key] = _selection(plan.version, key)
    return selection


def _selection(version: ProtocolVersion, only: frozenset[str] | None) -> Selection:
    by_id = {one.id: one for one in version.criteria}
    if only is not None and not only <= by_id.keys():
        raise ValueError(
            f"version {version.number} has no criterion {', '.join(sorted(only - by_id.keys()))}"
        )
    order = tuple(one for one in version.criteria if only is None or one.id in only or one.parent in only)
    parts = {one.id: Part(one, RULES.get(one.id), WANTED[one.kind], _only_item(one.id)) for one in order}
    parents = {
        one.id: tuple(parts[part.id] for part in order if part.parent == one.id)
        for one in order
        if any(part.parent == one.id for part in order)
    }
    finest = tuple(part for name, part in parts.items() if name not in parents)
    return Selection(
        order=order,
        finest=finest,
        criteria=tuple(part.criterion for part in finest),
        parents=parents,
    )


def _only_item(criterion_id: str) -> str:
    items = items_for(criterion_id)
    return items[0].id if len(items) == 1 and items[0].validity else ""

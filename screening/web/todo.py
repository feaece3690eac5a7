"""What is still owed for a decision: every missing item and every question back, by who can give it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from screening.rules.assessments import Evaluation
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Group, Item
from screening.web.answers import GROUPS, GroupWords, verb_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """criteria: that wait for it. queries: what has to be asked back about the answer there is."""

    item: Item
    criteria: tuple[str, ...]
    queries: tuple[str, ...]

    @property
    def verb(self) -> str:
        return "Clear up:" if self.queries else verb_for(self.item)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedGroup:
    group: Group
    words: GroupWords
    owed: tuple[Owed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """facts: for the coordinator. judgements: for the investigator. loose: questions about no single item."""

    facts: tuple[OwedGroup, ...]
    judgements: tuple[OwedGroup, ...]
    loose: tuple[str, ...]

    @property
    def fact_count(self) -> int:
        return sum(len(one.owed) for one in self.facts)

    @property
    def judgement_count(self) -> int:
        return sum(len(one.owed) for one in self.judgements)

    @property
    def count(self) -> int:
        return self.fact_count + self.judgement_count


def to_do(evaluations: Iterable[Evaluation]) -> ToDo:
    """Return what these evaluations still ask for; an item that is answered is not in it."""
    criteria: dict[str, list[str]] = {}
    queries: dict[str, list[str]] = {}
    loose: list[str] = []
    for evaluation in evaluations:
        _collect(evaluation, criteria, queries, loose)
    owed = [
        Owed(
            item=item,
            criteria=tuple(dict.fromkeys(criteria.get(item.id, ()))),
            queries=tuple(dict.fromkeys(queries.get(item.id, ()))),
        )
        for item in ITEMS
        if item.id in criteria or item.id in queries
    ]
    return ToDo(
        facts=_grouped(one for one in owed if not one.item.is_judgement),
        judgements=_grouped(one for one in owed if one.item.is_judgement),
        loose=tuple(dict.fromkeys(loose)),
    )


def _collect(
    evaluation: Evaluation, criteria: dict[str, list[str]], queries: dict[str, list[str]], loose: list[str]
) -> None:
    titles: Mapping[str, Item] = {item.title: item for item in ITEMS}
    for name, assessment in evaluation.assessments.items():
        if any(other.startswith(f"{name}.") for other in evaluation.assessments):
            continue  # its parts say it
        for item_id in assessment.missing:
            criteria.setdefault(item_id, []).append(name)
        for query in assessment.queries:
            item = titles.get(query.partition(":")[0])
            if item is None:
                loose.append(query)
            else:
                queries.setdefault(item.id, []).append(query.partition(": ")[2])
                criteria.setdefault(item.id, []).append(name)


def _grouped(owed: Iterable[Owed]) -> tuple[OwedGroup, ...]:
    found: dict[Group, list[Owed]] = {}
    for one in owed:
        found.setdefault(one.item.group, []).append(one)
    return tuple(
        OwedGroup(group=group, words=GROUPS[group], owed=tuple(found[group]))
        for group in Group
        if group in found
    )

"""The criteria as the checklist shows them: status, evidence, comparison, expiry, what is owed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from participants.queries.words import ARMS
from screening.queries.evidence import EvidenceFile
from screening.rules.assessments import Assessment, Compared, Evaluation
from screening.rules.evidence import Entry
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Item
from screening.web.answers import Said, said, verb_for
from screening.web.expiry import ExpiryBar, expiry_bar
from trialsite.protocol.criteria import WANTED, CriterionStatus, Truth
from trialsite.protocol.types import Criterion, CriterionKind, ProtocolVersion
from trialsite.web.components import Status

_IN, _OUT = CriterionKind.INCLUSION, CriterionKind.EXCLUSION
# Exclusions say what was found, so that nobody reads "met" as good.
STATUSES: Mapping[tuple[CriterionKind, CriterionStatus], Status] = {
    (_IN, CriterionStatus.MET): Status(words="Met", letter="✓", shape="square", tone="good"),
    (_IN, CriterionStatus.NOT_MET): Status(
        words="Not met – excludes", letter="X", shape="octagon", tone="bad"
    ),
    (_OUT, CriterionStatus.NOT_MET): Status(words="Not present", letter="✓", shape="square", tone="good"),
    (_OUT, CriterionStatus.MET): Status(words="Present – excludes", letter="X", shape="octagon", tone="bad"),
    (_IN, CriterionStatus.UNKNOWN): Status(words="Not yet known", letter="?", shape="triangle", tone="warn"),
    (_OUT, CriterionStatus.UNKNOWN): Status(words="Not yet known", letter="?", shape="triangle", tone="warn"),
}
NOT_APPLICABLE = Status(words="Not applicable", letter="–", shape="dashed", tone="quiet")
_OUTCOMES = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "cannot be told"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One item that decided, with the comparisons made on it."""

    item: Item
    said: Said | None
    compared: tuple[tuple[str, str], ...]  # "48 10⁹/L > 50 10⁹/L", "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A criterion. parts: its sub-items, which then carry evidence and what is owed."""

    criterion: Criterion
    status: Status
    facts: tuple[Fact, ...]
    missing: tuple[tuple[str, Item], ...]  # what to do with it, such as Enter
    queries: tuple[str, ...]
    reading: str
    arms: str
    bar: ExpiryBar | None
    clears_on: date | None
    is_provisional: bool
    parts: tuple["Row", ...] = field(default=())

    @property
    def tone(self) -> str:
        return self.status.tone

    @property
    def common(self) -> Said | None:
        """The origin that all its evidence shares, to be said once."""
        said = [fact.said for fact in self.facts]
        first = said[0] if len(said) > 1 else None
        if first is None or any(one is None or one.origin != first.origin for one in said):
            return None
        return first


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    hint: str
    rows: tuple[Row, ...]


def groups_of(
    version: ProtocolVersion,
    evaluation: Evaluation,
    file: EvidenceFile,
    today: date,
    planned: Mapping[str, date],
) -> tuple[Group, ...]:
    """Return the criteria in the order of the protocol, sub-items under their parent.

    Only those that were assessed: a re-check looks at some.
    """
    making = _Making(version, evaluation, file, today, planned)
    kinds = (
        (_IN, "Inclusion criteria", "Each must be met."),
        (_OUT, "Exclusion criteria", "None may be present."),
    )
    return tuple(
        Group(title=title, hint=hint, rows=tuple(making.rows(kind)))
        for kind, title, hint in kinds
        if any(one.kind is kind and one.id in evaluation.assessments for one in version.criteria)
    )


def status_for(criterion: Criterion, assessment: Assessment) -> Status:
    if not assessment.applies:
        return NOT_APPLICABLE
    return STATUSES[criterion.kind, assessment.status]


def compared_in_words(compared: Compared) -> tuple[str, str]:
    """Return `48 10⁹/L > 50 10⁹/L` and whether it holds."""
    return f"{compared.said} {compared.sign} {compared.limit}", _OUTCOMES[compared.outcome]


class _Making:
    """The rows of one evaluation."""

    def __init__(
        self,
        version: ProtocolVersion,
        evaluation: Evaluation,
        file: EvidenceFile,
        today: date,
        planned: Mapping[str, date],
    ) -> None:
        self.criteria = [one for one in version.criteria if one.id in evaluation.assessments]
        self.evaluation = evaluation
        self.today = today
        self.planned = planned
        self.answers = {id(one.entry): one for found in file.answers.values() for one in found}
        self.by_ref = {one.entry.ref: one for one in self.answers.values() if one.entry.ref}

    def rows(self, kind: CriterionKind) -> Iterable[Row]:
        ids = {one.id for one in self.criteria}
        return [
            self._row(one)
            for one in self.criteria
            if one.kind is kind and (not one.parent or one.parent not in ids)
        ]

    def _row(self, criterion: Criterion) -> Row:
        assessment = self.evaluation.assessments[criterion.id]
        parts = tuple(self._row(one) for one in self.criteria if one.parent == criterion.id)
        is_in_order = assessment.status is WANTED[criterion.kind]
        return Row(
            criterion=criterion,
            status=status_for(criterion, assessment),
            facts=() if parts else tuple(self._facts(assessment)),
            missing=()
            if parts
            else tuple((verb_for(BY_ID[item]), BY_ID[item]) for item in assessment.missing),
            queries=() if parts else assessment.queries,
            reading=criterion.reading.removeprefix("Assumed: "),
            arms=" and ".join(ARMS[arm.value] for arm in sorted(criterion.arms)),
            bar=None if parts else self._bar(assessment),
            clears_on=None if is_in_order or parts else assessment.clears_on,
            is_provisional=assessment.is_provisional,
            parts=parts,
        )

    def _facts(self, assessment: Assessment) -> Iterable[Fact]:
        used: dict[str, Entry] = {entry.item: entry for entry in assessment.used}
        names = [*used, *(one.item for one in assessment.compared if one.item not in used)]
        for name in dict.fromkeys(names):
            yield Fact(
                item=BY_ID[name],
                said=self._said(used.get(name)),
                compared=tuple(compared_in_words(one) for one in assessment.compared if one.item == name),
            )

    def _said(self, entry: Entry | None) -> Said | None:
        if entry is None:
            return None
        answer = self.answers.get(id(entry)) or self.by_ref.get(entry.ref)
        return said(answer) if answer else None

    def _bar(self, assessment: Assessment) -> ExpiryBar | None:
        if assessment.valid_until is None or not assessment.used:
            return None
        days = [entry.on.first for entry in assessment.used if entry.on is not None]
        return expiry_bar(min(days, default=None), assessment.valid_until, self.today, self.planned)

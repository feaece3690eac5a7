"""The dry run of an amendment: who in screening would change status under another version. Nothing is written."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from screening.queries.underway import Underway
from screening.rules.assessments import Assessment, Evaluation
from trialsite.protocol.types import Criterion, ProtocolVersion

NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A criterion whose status differs. before, after: status, or NOT_ASKED where a version does not have it.

    because: comparisons that only the new version makes, in words.
    """

    criterion_id: str
    plain: str
    before: str
    after: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunRow:
    """One participant whose verdict or criteria change. before, after: verdicts. in_force: version applied now."""

    code: str
    href: str
    site: str
    in_force: str
    before: str
    after: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """examined: episodes evaluated under both versions. already: of these, under the new version now.

    not_examined: codes without stored evidence that can be read, or without a version in force.
    verdicts: how many go from which verdict to which, unchanged ones included.
    """

    number: str
    examined: int
    already: int
    not_examined: tuple[str, ...]
    rows: tuple[DryRunRow, ...]
    verdicts: tuple[tuple[str, str, int], ...]

    @property
    def changed_verdicts(self) -> int:
        return sum(count for before, after, count in self.verdicts if before != after)


def dry_run(cases: Iterable[Underway], version: ProtocolVersion) -> DryRun:
    """Evaluate every episode under the version in force and under `version`, on today's evidence. Pure."""
    rows: list[DryRunRow] = []
    verdicts: Counter[tuple[str, str]] = Counter()
    not_examined: list[str] = []
    already = 0
    for one in cases:
        before, after = one.evaluated(), one.evaluated(version)
        if one.number is None:
            continue
        if before is None or after is None or one.version is None:
            not_examined.append(one.participant.code)
            continue
        already += one.version.number == version.number
        verdicts[before.verdict.status.value, after.verdict.status.value] += 1
        row = _row(one, one.version, version, before, after)
        if row.changes or row.before != row.after:
            rows.append(row)
    return DryRun(
        number=version.number,
        examined=verdicts.total(),
        already=already,
        not_examined=tuple(sorted(not_examined)),
        rows=tuple(sorted(rows, key=lambda row: (row.before == row.after, row.code))),
        verdicts=tuple((before, after, count) for (before, after), count in sorted(verdicts.items())),
    )


def _row(
    one: Underway, old: ProtocolVersion, new: ProtocolVersion, before: Evaluation, after: Evaluation
) -> DryRunRow:
    return DryRunRow(
        code=one.participant.code,
        href=one.participant.get_absolute_url(),
        site=one.participant.site.code,
        in_force=old.number,
        before=before.verdict.status.value,
        after=after.verdict.status.value,
        changes=tuple(_changes(_finest(old), _finest(new), before, after)),
    )


def _changes(
    old: Sequence[Criterion], new: Sequence[Criterion], before: Evaluation, after: Evaluation
) -> Iterator[Change]:
    """In the order of the new version; what it has retired comes last."""
    kept = {one.id for one in new}
    for criterion in (*new, *(one for one in old if one.id not in kept)):
        then, now = before.assessments.get(criterion.id), after.assessments.get(criterion.id)
        if _status(then) != _status(now):
            yield Change(
                criterion_id=criterion.id,
                plain=criterion.plain,
                before=_status(then),
                after=_status(now),
                because=_because(then, now),
            )


def _finest(version: ProtocolVersion) -> list[Criterion]:
    """Criteria that are answered themselves: a parent only repeats what changes in its parts."""
    parents = {one.parent for one in version.criteria}
    return [one for one in version.criteria if one.id not in parents]


def _status(assessment: Assessment | None) -> str:
    return assessment.status.value if assessment else NOT_ASKED


def _because(then: Assessment | None, now: Assessment | None) -> tuple[str, ...]:
    former = set(_comparisons(then))
    return tuple(words for words in _comparisons(now) if words not in former)


def _comparisons(assessment: Assessment | None) -> list[str]:
    made = assessment.compared if assessment else ()
    return [f"{one.said} {one.sign} {one.limit}" for one in made]

"""Eligibility: three-valued logic and the verdict over all criteria. Missing data never makes anyone eligible.

Source: clinical rules 1.1 (strong Kleene logic). What each single criterion needs belongs to screening.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from trialsite.protocol.types import Arm, Criterion, CriterionKind, ProtocolVersion


class Truth(StrEnum):
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class CriterionStatus(StrEnum):
    """For an exclusion criterion, met means that the excluding condition is present."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class VerdictStatus(StrEnum):
    ELIGIBLE = "eligible"
    INELIGIBLE = "ineligible"
    INCOMPLETE = "incomplete"


# Read from an enum, a member costs more than the comparison made with it; these run thousands of times a second.
_TRUE, _FALSE, _UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
_STATUS_OF = {
    Truth.TRUE: CriterionStatus.MET,
    Truth.FALSE: CriterionStatus.NOT_MET,
    Truth.UNKNOWN: CriterionStatus.UNKNOWN,
}
_TRUTH_OF = {status: truth for truth, status in _STATUS_OF.items()}
WANTED = {
    CriterionKind.INCLUSION: CriterionStatus.MET,
    CriterionKind.EXCLUSION: CriterionStatus.NOT_MET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict with its reasons.

    failed, missing: ids in the order of the protocol, the finest that were assessed (I10.1, not I10).
    missing is filled also when a failed criterion has already decided.
    """

    status: VerdictStatus
    failed: tuple[str, ...]
    missing: tuple[str, ...]


def truth(answer: bool | None) -> Truth:
    """Return the truth of an answer; None is an answer that is missing."""
    if answer is None:
        return _UNKNOWN
    return _TRUE if answer else _FALSE


def all_of(*parts: Truth) -> Truth:
    """One false part decides; otherwise an unknown part leaves it unknown."""
    if _FALSE in parts:
        return _FALSE
    return _UNKNOWN if _UNKNOWN in parts else _TRUE


def any_of(*parts: Truth) -> Truth:
    """One true part decides; otherwise an unknown part leaves it unknown."""
    if _TRUE in parts:
        return _TRUE
    return _UNKNOWN if _UNKNOWN in parts else _FALSE


def negate(part: Truth) -> Truth:
    if part is _UNKNOWN:
        return part
    return _FALSE if part is _TRUE else _TRUE


def status_of(part: Truth) -> CriterionStatus:
    return _STATUS_OF[part]


def combine(kind: CriterionKind, parts: Iterable[CriterionStatus]) -> CriterionStatus:
    """Derive a parent from its sub-items: an inclusion needs all of them, an exclusion any one."""
    truths = [_TRUTH_OF[part] for part in parts]
    return status_of(all_of(*truths) if kind is CriterionKind.INCLUSION else any_of(*truths))


def resolve_statuses(
    version: ProtocolVersion, statuses: Mapping[str, CriterionStatus], arm: Arm | None
) -> dict[str, CriterionStatus]:
    """Return the status of every criterion and sub-item of `version`, in its order.

    What was not given is unknown. A parent is derived as soon as one of its sub-items is given, even
    if the parent was given too. Criteria of another arm count as satisfied; with no arm assigned
    they are satisfied or unknown, never failed.
    Raises ValueError for an id that the version does not have: a status must not be lost silently.
    """
    unknown_ids = statuses.keys() - {criterion.id for criterion in version.criteria}
    if unknown_ids:
        raise ValueError(f"version {version.number} has no criterion {', '.join(sorted(unknown_ids))}")
    return {one.id: applied(one, _status(version, one, statuses), arm) for one in version.criteria}


def overall(version: ProtocolVersion, statuses: Mapping[str, CriterionStatus], arm: Arm | None) -> Verdict:
    """Combine all criteria: any failed makes ineligible, then any unknown incomplete, else eligible.

    Raises ValueError for an id that the version does not have. Source: clinical rules 1.1, "Overall".
    """
    return verdict_over(_finest(version, statuses), resolve_statuses(version, statuses, arm))


def verdict_over(criteria: Iterable[Criterion], resolved: Mapping[str, CriterionStatus]) -> Verdict:
    """Combine just these criteria, whose statuses are resolved: parents derived, the arm applied."""
    failed, missing = [], []
    for criterion in criteria:
        status = resolved[criterion.id]
        if status is CriterionStatus.UNKNOWN:
            missing.append(criterion.id)
        elif status is not WANTED[criterion.kind]:
            failed.append(criterion.id)
    return Verdict(status=_verdict_status(failed, missing), failed=tuple(failed), missing=tuple(missing))


def _verdict_status(failed: list[str], missing: list[str]) -> VerdictStatus:
    if failed:
        return VerdictStatus.INELIGIBLE
    return VerdictStatus.INCOMPLETE if missing else VerdictStatus.ELIGIBLE


def _finest(version: ProtocolVersion, statuses: Mapping[str, CriterionStatus]) -> list[Criterion]:
    """The criteria that carry the verdict: sub-items where any was given, else their parent."""
    assessed = {one.parent for one in version.criteria if one.parent and one.id in statuses}
    return [one for one in version.criteria if _carries(one, assessed)]


def _carries(criterion: Criterion, assessed: set[str]) -> bool:
    return criterion.parent in assessed if criterion.parent else criterion.id not in assessed


def _status(
    version: ProtocolVersion, criterion: Criterion, statuses: Mapping[str, CriterionStatus]
) -> CriterionStatus:
    parts = [one.id for one in version.criteria if one.parent == criterion.id]
    if any(part in statuses for part in parts):
        return combine(criterion.kind, [statuses.get(part, CriterionStatus.UNKNOWN) for part in parts])
    return statuses.get(criterion.id, CriterionStatus.UNKNOWN)


def applied(criterion: Criterion, status: CriterionStatus, arm: Arm | None) -> CriterionStatus:
    """Return the status for the arm: satisfied where the criterion is of another one, never failed without one."""
    wanted = WANTED[criterion.kind]
    if not criterion.arms or arm in criterion.arms or status is wanted:
        return status
    return CriterionStatus.UNKNOWN if arm is None else wanted

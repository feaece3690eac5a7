"""What people do with a question about a field: ask, answer, close, ask again."""

from collections.abc import Mapping
from datetime import datetime

from participants.models import DataQuery, DataQueryMessage, DataQueryState, Participant
from participants.queries.data_records import kind_of_record
from participants.rules import require_reason
from participants.services.access import find_participant
from participants.states import QueryAct, query_after
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import acting
from trialsite.errors import Conflict, RuleViolated

_WHY_NOT: Mapping[QueryAct, str] = {
    QueryAct.ANSWER: "This question is closed. Ask for it to be reopened.",
    QueryAct.CLOSE: "This question is closed already.",
    QueryAct.REOPEN: "This question is open already.",
}


def open_query(
    *, participant: Participant, kind: str, ref: str, field: str, question: str, by: User, at: datetime
) -> DataQuery:
    """Ask about one field of one record. Needs OPEN_QUERY.

    kind, ref, field: see `participants.queries.data_records`; a corrected record can be asked about too.
    Raises RuleViolated("question-required", "no-such-record", "no-such-field").
    """
    if not question.strip():
        raise RuleViolated("question-required", "Say what you want to know.", field="question")
    with acting(by=by, at=at, action="participants.query_opened"):
        found = find_participant(by, participant.pk, Permission.OPEN_QUERY)
        _require_field(found, kind, ref, field)
        query = DataQuery(
            participant=found,
            site_id=found.site_id,
            kind=kind,
            ref=ref.lower(),
            field=field,
            question=question,
            opener=by,
            opened_by=by.actor_label,
            opened_at=at,
            recorded_at=at,
        )
        query.save_new()
        _say(query, DataQueryMessage.OPENED, question, by, at)
    return query


def answer_query(
    *, query: DataQuery, text: str, by: User, at: datetime, version: int | None = None
) -> DataQuery:
    """Answer a question; a further answer joins the first. Needs ANSWER_QUERY.

    Raises RuleViolated("answer-required"), Conflict("query-settled", "stale-version").
    """
    require(by, Permission.ANSWER_QUERY, query.site_id)
    if not text.strip():
        raise RuleViolated("answer-required", "Write the answer.", field="text")
    with acting(by=by, at=at, action="participants.query_answered"):
        return _step(_locked(query), QueryAct.ANSWER, text, by, at, version)


def close_query(
    *, query: DataQuery, by: User, at: datetime, reason: str = "", version: int | None = None
) -> DataQuery:
    """Close a question. Needs OPEN_QUERY for the own one, SETTLE_QUERY for another's or the system's.

    Without an answer, and where it is not the own one, a reason is asked for. A question of the system stays closed
    while the values are those it was closed on.
    Raises NotPermitted("not-permitted"), RuleViolated("reason-required"), Conflict("query-settled", "stale-version").
    """
    is_own = _require_mine_or_settle(query, by)
    with acting(by=by, at=at, action="participants.query_closed", reason=reason):
        current = _locked(query)
        if not is_own or current.state == DataQueryState.OPEN:
            require_reason(reason, "it was not answered" if is_own else "it is not your question")
        return _step(current, QueryAct.CLOSE, reason, by, at, version)


def reopen_query(
    *, query: DataQuery, reason: str, by: User, at: datetime, version: int | None = None
) -> DataQuery:
    """Ask again, after an answer or when it was closed. Needs OPEN_QUERY for the own one, else SETTLE_QUERY.

    Raises NotPermitted("not-permitted"), RuleViolated("reason-required"), Conflict("query-settled", "stale-version").
    """
    _require_mine_or_settle(query, by)
    require_reason(reason, "the question is asked again")
    with acting(by=by, at=at, action="participants.query_reopened", reason=reason):
        return _step(_locked(query), QueryAct.REOPEN, reason, by, at, version)


def _require_mine_or_settle(query: DataQuery, by: User) -> bool:
    """Return whether the question is the own one."""
    is_own = query.opener_id == by.pk
    require(by, Permission.OPEN_QUERY if is_own else Permission.SETTLE_QUERY, query.site_id)
    return is_own


def _locked(query: DataQuery) -> DataQuery:
    rows = DataQuery.objects.select_related("participant", "site").select_for_update(of=("self",))
    return rows.get(pk=query.pk)


def _step(
    current: DataQuery, act: QueryAct, text: str, by: User, at: datetime, version: int | None
) -> DataQuery:
    """Take the step of the one table of states and keep what was said."""
    after = query_after(current.query_state, act)
    if after is None:
        raise Conflict("query-settled", _WHY_NOT[act])
    current.version = version or current.version
    current.state = after.value
    current.is_settled = False
    current.answered_at = at if act is QueryAct.ANSWER else current.answered_at
    current.closed_at = at if act is QueryAct.CLOSE else None
    current.save_changes(["state", "is_settled", "answered_at", "closed_at"])
    _say(current, act.value, text, by, at)
    return current


def _say(query: DataQuery, act: str, text: str, by: User, at: datetime) -> None:
    DataQueryMessage(
        data_query=query, number=query.version, act=act, text=text, written_by=by.actor_label, recorded_at=at
    ).save_new()


def _require_field(participant: Participant, kind: str, ref: str, field: str) -> None:
    known = kind_of_record(kind)
    row = known.find(participant, ref) if known else None
    if known is None or row is None:
        raise RuleViolated("no-such-record", "This participant has no such record.", field="ref")
    if field not in {line.field for line in known.lines(row)}:
        raise RuleViolated("no-such-field", f"{known.title} has no field of this name.", field="field")

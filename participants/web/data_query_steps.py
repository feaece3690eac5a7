"""The forms of a question about a field: ask, answer, close, ask again."""

from datetime import datetime
from typing import Any

from django import forms

from participants.models import DataQuery, DataQueryState
from participants.services.data_queries import answer_query, close_query, open_query, reopen_query
from participants.states import QueryAct, query_after
from participants.web.data_queries import OfQuery, OfRecord, find_field, find_query
from participants.web.forms import ReasonField
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.web.forms import StepForm
from trialsite.web.steps import Step

_TEMPLATE = "participants/steps/data_query.html"
_NO_NAMES = "Everybody at the site can read it. No names."


def _words(label: str) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=1000, help_text=_NO_NAMES, widget=forms.Textarea(attrs={"rows": 4})
    )


class AskForm(StepForm):
    question = _words("Question")


class AnswerForm(StepForm):
    text = _words("Answer")


class CloseForm(StepForm):
    reason = ReasonField(
        label="Note", help_text="Needed where nobody answered, or where somebody else asked."
    )


class ReopenForm(StepForm):
    reason = ReasonField(required=True, label="What is still to be said", help_text=_NO_NAMES)


def _ask(target: OfRecord, entered: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
    return open_query(
        participant=target.participant,
        kind=target.kind.name,
        ref=str(target.record_id),
        field=target.line.field,
        question=entered["question"],
        by=by,
        at=at,
    )


def _answer(target: OfQuery, entered: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
    return answer_query(query=target.record, text=entered["text"], version=entered["version"], by=by, at=at)


def _close(target: OfQuery, entered: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
    return close_query(
        query=target.record, reason=entered["reason"], version=entered["version"], by=by, at=at
    )


def _reopen(target: OfQuery, entered: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
    return reopen_query(
        query=target.record, reason=entered["reason"], version=entered["version"], by=by, at=at
    )


def _cannot(act: QueryAct) -> Any:
    def blocked(user: User, target: OfQuery) -> str:
        query = target.record
        if query_after(query.query_state, act) is None:
            return f"This query is {DataQueryState(query.state).label.lower()}."
        if act is QueryAct.ANSWER or query.opener_id == user.pk:
            return ""
        if user.access.may(Permission.SETTLE_QUERY, query.site_id):
            return ""
        return "Only who asked, or an admin, can do this."

    return blocked


OPEN = Step(
    name="data-query-open",
    title="Ask about a field",
    permission=Permission.OPEN_QUERY,
    form_class=AskForm,
    find=find_field,
    run=_ask,
    submit="Ask",
    done="Asked. It stands beside the field until it is closed.",
    explanation="Those who enter data at the site answer it, or correct the record; you close it.",
    template="participants/steps/data_query_open.html",
)

ANSWER = Step(
    name="data-query-answer",
    title="Answer a query",
    permission=Permission.ANSWER_QUERY,
    form_class=AnswerForm,
    find=find_query,
    run=_answer,
    submit="Answer",
    done="Answered. Whoever asked decides whether that is enough.",
    explanation="Say how it is. Where the record is wrong, correct the record first: a query of the system then closes "
    "by itself.",
    blocked=_cannot(QueryAct.ANSWER),
    template=_TEMPLATE,
)

CLOSE = Step(
    name="data-query-close",
    title="Close a query",
    permission=Permission.OPEN_QUERY,
    form_class=CloseForm,
    find=find_query,
    run=_close,
    submit="Close",
    done="Closed. What was said stays on record.",
    explanation="A query of the system that is closed by a person is not asked again while the values stay as they are.",
    blocked=_cannot(QueryAct.CLOSE),
    template=_TEMPLATE,
)

REOPEN = Step(
    name="data-query-reopen",
    title="Ask again",
    permission=Permission.OPEN_QUERY,
    form_class=ReopenForm,
    find=find_query,
    run=_reopen,
    submit="Ask again",
    done="The query is open again.",
    explanation="The answer is not enough, or something new has come up. Say what.",
    blocked=_cannot(QueryAct.REOPEN),
    template=_TEMPLATE,
)

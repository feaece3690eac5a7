"""The forms of a deviation as steps: noticed, reported, assessed, acted upon, checked, told, closed, reopened."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest

from participants.models import ActionKind, Cause, Deviation, DeviationAction, NoticeTo, Participant
from participants.queries.deviations import lineage_of, owners_at
from participants.queries.pages import banner_of, participant_for
from participants.services import handling
from participants.services.deviations import record_deviation, record_site_deviation
from participants.states import HandlingStep, handling_after
from participants.web import deviation_forms as forms
from participants.web.steps import BANNER
from participants.web.targets import (
    AtSite,
    OfDeviation,
    find_action,
    find_deviation,
    find_site_of_deviations,
)
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.findings import Category
from trialsite.web.steps import Step

TEMPLATE = "participants/steps/deviation.html"
_YES = "yes"


def _noticed(entered: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in entered.items() if name != "version"}
    return given | {"category": Category(given["category"]), "is_important": given["is_important"] == _YES}


def _record(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    return record_deviation(participant=target, by=by, at=at, **_noticed(entered))


def _record_at(target: AtSite, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    return record_site_deviation(site=target.site, by=by, at=at, **_noticed(entered))


def _report(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    entered["cause"] = Cause(entered["cause"])
    return handling.report_deviation(deviation=target.record, by=by, at=at, **entered)


def _assess(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    entered["is_important"] = entered["is_important"] == _YES
    return handling.assess_deviation(deviation=target.record, by=by, at=at, **entered)


def _plan(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> object:
    entered["kind"] = ActionKind(entered["kind"])
    entered["owner"] = User.objects.get(pk=entered["owner"])
    return handling.plan_action(deviation=target.record, by=by, at=at, **entered)


def _complete(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> object:
    return handling.complete_action(action=cast(DeviationAction, target.action), by=by, at=at, **entered)


def _check(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    entered["is_effective"] = entered["is_effective"] == _YES
    return handling.check_effect(deviation=target.record, by=by, at=at, **entered)


def _tell(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> object:
    entered["recipient"] = NoticeTo(entered["recipient"])
    return handling.record_notice(deviation=target.record, by=by, at=at, **entered)


def _close(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    return handling.close_deviation(deviation=target.record, by=by, at=at, **entered)


def _reopen(target: OfDeviation, entered: dict[str, Any], *, by: User, at: datetime) -> Deviation:
    return handling.reopen_deviation(deviation=target.record, by=by, at=at, **entered)


def _not_at_this_stage(step: HandlingStep, *, by_another: bool = False) -> Callable[[User, OfDeviation], str]:
    """Say why the step is not possible: the stage, or the reader reported it."""

    def blocked(user: User, target: OfDeviation) -> str:
        record = target.record
        if handling_after(record.handling, step) is None:
            return f"This deviation is at another stage: {record.get_status_display().lower()}."
        is_own = by_another and record.reporter_id == user.actor_id
        return "You reported it. Somebody else has to do this." if is_own else ""

    return blocked


def _may_not_close(user: User, target: OfDeviation) -> str:
    reason = _not_at_this_stage(HandlingStep.CLOSE, by_another=True)(user, target)
    obstacles = lineage_of(target.record, clock.now()).obstacles
    return reason or (f"Not yet: {'; '.join(obstacles)}." if obstacles else "")


def _may_not_check(user: User, target: OfDeviation) -> str:
    reason = _not_at_this_stage(HandlingStep.CONFIRM, by_another=True)(user, target)
    still_open = lineage_of(target.record, clock.now()).open_actions
    return reason or ("Not every action is done yet." if still_open else "")


def _is_done(user: User, target: OfDeviation) -> str:
    return "This action is done already." if target.action and target.action.done_at else ""


def _owners(target: OfDeviation) -> Mapping[str, object]:
    return {"owners": [(str(one.pk), one.display_name) for one in owners_at(target.site)]}


def _banner(request: HttpRequest, target: Participant) -> Mapping[str, object]:
    return {"banner": banner_of(target, clock.now())}


def _to_record(target: Any, outcome: Deviation) -> str:
    return outcome.get_absolute_url()


_NOTICED = "For what the system cannot see by itself. Late, early and missed visits are found without you."

RECORD = Step(
    name="deviation-record",
    title="Record a deviation",
    permission=Permission.RECORD_DEVIATION,
    form_class=forms.DeviationForm,
    find=participant_for,
    run=_record,
    submit="Record deviation",
    done="Deviation recorded. Report it next: why it happened and what was done at once.",
    explanation=_NOTICED,
    banner=BANNER,
    context=_banner,
    next_url=_to_record,
)

RECORD_AT_SITE = Step(
    name="deviation-record-at",
    title="Record a deviation of the site",
    permission=Permission.RECORD_DEVIATION,
    form_class=forms.DeviationForm,
    find=find_site_of_deviations,
    run=_record_at,
    submit="Record deviation",
    done="Deviation recorded. Report it next: why it happened and what was done at once.",
    explanation="For what concerns no single participant: a refrigerator, a delegation, a file. One that concerns a "
    "participant is recorded from the participant's page.",
    template="participants/steps/at_site.html",
    extra={"back_words": "Back to the deviations"},
    next_url=_to_record,
)

REPORT = Step(
    name="deviation-report",
    title="Report a deviation",
    permission=Permission.RECORD_DEVIATION,
    form_class=forms.ReportForm,
    find=find_deviation,
    run=_report,
    submit="Report deviation",
    done="Deviation reported. Another person assesses it.",
    consequences=("Somebody else assesses whether it is important.",),
    blocked=_not_at_this_stage(HandlingStep.REPORT),
    initial=lambda target: {
        "explanation": target.record.reason,
        "cause": target.record.cause,
        "immediate_action": target.record.immediate_action,
    },
    template=TEMPLATE,
)

ASSESS = Step(
    name="deviation-assess",
    title="Assess a deviation",
    permission=Permission.ASSESS_DEVIATION,
    form_class=forms.AssessForm,
    find=find_deviation,
    run=_assess,
    submit="Save the assessment",
    done="Deviation assessed.",
    explanation="Not a waiver: nobody approves a deviation. It is decided how much weight it has.",
    consequences=(
        "Important: sponsor and ethics committee are told within 5 working days, and an action follows.",
        "What the deviation held may go on.",
    ),
    blocked=_not_at_this_stage(HandlingStep.ASSESS, by_another=True),
    initial=lambda target: {"is_important": _YES if target.record.counts_as_important else "no"},
    template=TEMPLATE,
)

PLAN = Step(
    name="deviation-plan",
    title="Plan an action",
    permission=Permission.ASSESS_DEVIATION,
    form_class=forms.PlanForm,
    find=find_deviation,
    run=_plan,
    submit="Plan action",
    done="Action planned. It stands on the owner's home page until it is done.",
    blocked=_not_at_this_stage(HandlingStep.PLAN),
    form_options=_owners,
    template=TEMPLATE,
)

COMPLETE = Step(
    name="deviation-action-done",
    title="An action was done",
    permission=Permission.RECORD_DEVIATION,
    form_class=forms.CompleteForm,
    find=find_action,
    run=_complete,
    submit="Save as done",
    done="Action done.",
    blocked=_is_done,
    template=TEMPLATE,
)

CHECK = Step(
    name="deviation-check",
    title="Check the effect",
    permission=Permission.ASSESS_DEVIATION,
    form_class=forms.EffectForm,
    find=find_deviation,
    run=_check,
    submit="Save the check",
    done="Effect judged.",
    consequences=("Effective: the deviation can be closed.", "Not effective: another action is planned."),
    blocked=_may_not_check,
    template=TEMPLATE,
)

TELL = Step(
    name="deviation-tell",
    title="Record who was told",
    permission=Permission.RECORD_DEVIATION,
    form_class=forms.NoticeForm,
    find=find_deviation,
    run=_tell,
    submit="Save notice",
    done="Notice recorded.",
    explanation="Important deviations go to sponsor and ethics committee within 5 working days of the site. Told later "
    "is a deviation of its own.",
    initial=lambda target: {"sent_at": clock.now()},
    template=TEMPLATE,
)

CLOSE = Step(
    name="deviation-close",
    title="Close a deviation",
    permission=Permission.ASSESS_DEVIATION,
    form_class=forms.CloseForm,
    find=find_deviation,
    run=_close,
    submit="Close deviation",
    done="Deviation closed. It stays on record.",
    blocked=_may_not_close,
    template=TEMPLATE,
)

REOPEN = Step(
    name="deviation-reopen",
    title="Open a deviation again",
    permission=Permission.ASSESS_DEVIATION,
    form_class=forms.ReopenForm,
    find=find_deviation,
    run=_reopen,
    submit="Open again",
    done="Deviation open again. It is to be assessed anew.",
    blocked=_not_at_this_stage(HandlingStep.REOPEN),
    template=TEMPLATE,
)

STEPS = (REPORT, ASSESS, PLAN, CHECK, TELL, CLOSE, REOPEN)

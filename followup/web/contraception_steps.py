"""The acts of the contraception ledger, each a `Step`. Addresses and titles of tests say nothing of what is tested."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse

from followup.models import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.models.contraception import LedgerEntry
from followup.queries.contraception import LedgerFile, NamedMethod, ledger_file
from followup.services.contraception import (
    Used,
    allow_contact,
    confirm_agreement,
    correct_method,
    record_childbearing_status,
    record_method,
    refuse_contact,
    stop_method,
    void_entry,
)
from followup.web import contraception_forms as forms
from infusion.models import ConfidentialTest
from infusion.models.confidential import TestOutcome
from infusion.services.confidential_tests import DoneTest, ask_for_test, correct_test, record_test, void_test
from participants.models import Participant
from participants.models.participant import Sex
from participants.queries.course import Course
from participants.queries.pages import participant_for
from participants.web.targets import OfParticipant
from screening.web.acts import BANNER, present_time, with_banner, without
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Obligation, ObligationKind
from trialsite.web.steps import Step

_EXPLAINED = "Days count at the site, both the first and the last. What no method covers shows as a gap."
_ON_LISTS = "Lists and mail say no more than that a confidential test is owed."


class InLedger:
    """The ledger of a participant, as a form's target.

    test: the scheduled one the form is about, if any. named: the method of screening it takes over, if one.
    """

    def __init__(
        self, file: LedgerFile, test: Obligation | None = None, named: NamedMethod | None = None
    ) -> None:
        self.file, self.test, self.named, self.participant = file, test, named, file.participant
        self.site, self.version = file.participant.site, file.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


# ---- Finding


def find_ledger(user: User, code: str) -> InLedger:
    return InLedger(ledger_file(participant_for(user, code), clock.now()))


def find_named(user: User, code: str, *, place: int) -> InLedger:
    """Return the method of screening at this place of those not taken over yet, from 1. Raises Http404."""
    found = find_ledger(user, code)
    if not 0 < place <= len(found.file.named):
        raise Http404
    return InLedger(found.file, named=found.file.named[place - 1])


def find_owed_test(user: User, code: str, *, key: str) -> InLedger:
    """Return the scheduled test by its key, K-D28#1. Raises Http404."""
    found = find_ledger(user, code)
    owed = (one for one in found.file.course.obligations if one.kind is ObligationKind.TEST)
    test = next((one for one in owed if one.key == key), None)
    if test is None:
        raise Http404
    return InLedger(found.file, test)


def _finder(model: type[LedgerEntry] | type[ConfidentialTest], name: str) -> Callable[..., Any]:
    def find(user: User, code: str, **route: UUID) -> OfParticipant[Any]:
        participant = participant_for(user, code)
        rows = model._default_manager.filter(participant=participant, voided_at=None)
        record = rows.filter(pk=route[name]).first()
        if record is None:
            raise Http404
        return OfParticipant(record, participant)

    return find


find_method = _finder(MethodUse, "method_id")
find_test = _finder(ConfidentialTest, "test_id")


# ---- Running the services


def _status(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> ChildbearingStatus:
    return record_childbearing_status(participant=target.participant, by=by, at=at, **without(given))


def _used(given: Mapping[str, Any]) -> Used:
    names = ("method", "started_on", "stopped_on", "effective_last_on", "note")
    return Used(**{name: given[name] for name in names})


def _method(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
    return record_method(
        participant=target.participant, used=_used(given), by=by, at=at, reason=given["reason"]
    )


def _correct_method(
    target: OfParticipant[MethodUse], given: dict[str, Any], *, by: User, at: datetime
) -> MethodUse:
    return correct_method(
        use=target.record,
        used=_used(given),
        by=by,
        at=at,
        reason=given["reason"],
        version=given["version"],
    )


def _stop(target: OfParticipant[MethodUse], given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
    return stop_method(use=target.record, by=by, at=at, **given)


def _agree(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> AgreementConfirmation:
    return confirm_agreement(participant=target.participant, by=by, at=at, **without(given))


def _tested(given: Mapping[str, Any], key: str) -> DoneTest:
    names = ("taken_on", "specimen", "outcome", "note")
    return DoneTest(obligation_key=key, **{name: given[name] for name in names})


def _test(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> ConfidentialTest:
    key = target.test.key if target.test else ""
    tested = _tested(given, key)
    return record_test(participant=target.participant, tested=tested, by=by, at=at, reason=given["reason"])


def _correct_test(
    target: OfParticipant[ConfidentialTest], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialTest:
    return correct_test(
        test=target.record,
        tested=_tested(given, target.record.obligation_key),
        by=by,
        at=at,
        reason=given["reason"],
        version=given["version"],
    )


def _void_test(
    target: OfParticipant[ConfidentialTest], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialTest:
    return void_test(test=target.record, by=by, at=at, **given)


def _ask(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> Course:
    return ask_for_test(participant=target.participant, by=by, at=at, **without(given))


def _void(target: OfParticipant[Any], given: dict[str, Any], *, by: User, at: datetime) -> LedgerEntry:
    entry: LedgerEntry = void_entry(entry=target.record, by=by, at=at, **given)
    return entry


def _refuse(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> Course:
    return refuse_contact(participant=target.participant, by=by, at=at, **without(given))


def _allow(target: InLedger, given: dict[str, Any], *, by: User, at: datetime) -> Course:
    return allow_contact(participant=target.participant, by=by, at=at, **without(given))


# ---- Why not, first values, where to next


def _no_man(user: User, target: Any) -> str:
    participant: Participant = target.participant
    return "The record says that the participant is a man" if participant.sex == Sex.MALE else ""


def _why_test(user: User, target: InLedger) -> str:
    done = target.test.fulfilled_on if target.test else None
    return f"Recorded already, done on {done.isoformat()}" if done else _no_man(user, target)


def _why_stop(user: User, target: OfParticipant[MethodUse]) -> str:
    return "Its last day is on record. Correct it instead" if target.record.stopped_on else ""


def _why_refuse(user: User, target: InLedger) -> str:
    on = target.file.contact_refused_on
    return f"Contact was refused on {on.isoformat()}" if on else ""


def _why_allow(user: User, target: InLedger) -> str:
    return "" if target.file.contact_refused_on else "Contact is not refused"


def _today(field: str) -> Callable[..., Mapping[str, object]]:
    def initial(target: Any, **route: Any) -> Mapping[str, object]:
        return {field: clock.local_date(target.site.time_zone, clock.now())}

    return initial


def _of_record(*names: str) -> Callable[..., Mapping[str, object]]:
    def initial(target: Any, **route: Any) -> Mapping[str, object]:
        return {name: getattr(target.record, name) for name in names}

    return initial


def _methods(target: Any) -> Mapping[str, object]:
    if isinstance(target, InLedger):
        known = target.file.version.contraceptive_methods
        meant = target.named.methods if target.named else tuple(one.id for one in known)
        return {"methods": [one for one in known if one.id in meant]}
    version = ledger_file(target.participant, clock.now(), with_tests=False).version
    return {"methods": version.contraceptive_methods}


def _as_named(target: InLedger) -> Mapping[str, object]:
    """The method, where the answer means but one, from the day it was named on."""
    if target.named is None:
        return {}
    only = target.named.methods[0] if len(target.named.methods) == 1 else ""
    return {"method": only, "started_on": target.named.named_on}


def _after_test(target: Any, test: ConfidentialTest) -> str:
    """A positive result is a case to report: its form is next."""
    code = target.participant.code
    is_case = test.outcome == TestOutcome.POSITIVE
    return reverse("confidential-record", args=[code]) if is_case else reverse("participant", args=[code])


STATUS = Step(
    name="childbearing-status",
    title="Record childbearing potential",
    permission=Permission.RECORD_SAFETY,
    form_class=forms.StatusForm,
    find=find_ledger,
    run=_status,
    submit="Record",
    done="Recorded. The tests that are owed follow.",
    explanation="Women only. From the day on which it is documented that she is not of childbearing potential, no test "
    "is owed and no method needed; the agreement is asked all the same.",
    banner=BANNER,
    blocked=_no_man,
    context=with_banner(),
)

METHOD = Step(
    name="contraceptive-method",
    title="Record a method of contraception",
    permission=Permission.RECORD_VISIT,
    form_class=forms.MethodForm,
    find=find_ledger,
    run=_method,
    submit="Record method",
    done="Method recorded.",
    explanation=_EXPLAINED + " The rhythm method alone is not acceptable.",
    banner=BANNER,
    initial=_today("started_on"),
    form_options=_methods,
    context=with_banner(),
)

NAMED_METHOD = Step(
    name="contraceptive-method-named",
    title="Take over a method named at screening",
    permission=Permission.RECORD_VISIT,
    form_class=forms.MethodForm,
    find=find_named,
    run=_method,
    submit="Record method",
    done="Method recorded.",
    explanation="Named at screening; the first day is the one it was named on. Change it where it was used before. "
    + _EXPLAINED,
    banner=BANNER,
    initial=_as_named,
    form_options=_methods,
    context=with_banner(),
)

STOP_METHOD = Step(
    name="contraceptive-method-stop",
    title="Record the last day of a method",
    permission=Permission.RECORD_VISIT,
    form_class=forms.StopMethodForm,
    find=find_method,
    run=_stop,
    submit="Record last day",
    done="Last day recorded.",
    explanation=_EXPLAINED,
    banner=BANNER,
    blocked=_why_stop,
    initial=_today("stopped_on"),
    context=with_banner(),
)

CORRECT_METHOD = Step(
    name="contraceptive-method-correct",
    title="Correct a method of contraception",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectMethodForm,
    find=find_method,
    run=_correct_method,
    submit="Save correction",
    done="Corrected. The first entry is kept with the reason.",
    explanation=_EXPLAINED,
    banner=BANNER,
    initial=_of_record("method", "started_on", "stopped_on", "effective_last_on", "note"),
    form_options=_methods,
    context=with_banner(),
)

AGREEMENT = Step(
    name="contraception-agreement",
    title="Ask again about contraception",
    permission=Permission.RECORD_VISIT,
    form_class=forms.AgreementForm,
    find=find_ledger,
    run=_agree,
    submit="Record answer",
    done="Answer recorded.",
    explanation="The agreement is asked at every visit until the last covered day.",
    banner=BANNER,
    initial=_today("confirmed_on"),
    context=with_banner(),
)

_TEST = {
    "permission": Permission.RECORD_SAFETY,
    "form_class": forms.TestForm,
    "run": _test,
    "submit": "Record result",
    "done": "Result recorded.",
    "explanation": "A pregnancy test. Only the staff of the trial can read the result. " + _ON_LISTS,
    "consequences": (
        "After a positive result the form of a confidential case opens: its report is owed in 24 h.",
    ),
    "banner": BANNER,
    "blocked": _why_test,
    "initial": _today("taken_on"),
    "context": with_banner(),
    "next_url": _after_test,
}
TEST = Step(name="confidential-test-record", title="Record a confidential test", find=find_owed_test, **_TEST)
OTHER_TEST = Step(
    name="confidential-test-other", title="Record an unscheduled confidential test", find=find_ledger, **_TEST
)

CORRECT_TEST = Step(
    name="confidential-test-correct",
    title="Correct a confidential test",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectTestForm,
    find=find_test,
    run=_correct_test,
    submit="Save correction",
    done="Corrected. The first entry is kept with the reason.",
    explanation=_ON_LISTS,
    banner=BANNER,
    initial=_of_record("taken_on", "specimen", "outcome", "note"),
    context=with_banner(),
    next_url=_after_test,
)

ASK_TEST = Step(
    name="confidential-test-ask",
    title="Ask for a confidential test",
    permission=Permission.RECORD_SAFETY,
    form_class=forms.AskTestForm,
    find=find_ledger,
    run=_ask,
    submit="Ask for it",
    done="Asked for. It is owed within three days.",
    explanation="On suspicion, whatever was planned. " + _ON_LISTS,
    banner=BANNER,
    blocked=_no_man,
    initial=present_time("asked_at"),
    context=with_banner(),
)

REFUSE_CONTACT = Step(
    name="contact-refuse",
    title="Record that contact is refused",
    permission=Permission.EDIT_PARTICIPANT,
    form_class=forms.RefuseContactForm,
    find=find_ledger,
    run=_refuse,
    submit="Record refusal",
    done="Recorded. No reminders are sent about contraception any more.",
    explanation="The contraception period runs on to its last day; only the reminders stop.",
    banner=BANNER,
    blocked=_why_refuse,
    initial=present_time("refused_at"),
    context=with_banner(),
)

ALLOW_CONTACT = Step(
    name="contact-allow",
    title="Record that contact is allowed again",
    permission=Permission.EDIT_PARTICIPANT,
    form_class=forms.VoidForm,
    find=find_ledger,
    run=_allow,
    submit="Record",
    done="Recorded. Reminders go on.",
    explanation="What was recorded stays readable, with the reason.",
    banner=BANNER,
    blocked=_why_allow,
    context=with_banner(),
)


def _void_step(name: str, title: str, find: Callable[..., Any], run: Callable[..., Any] = _void) -> Step:
    return Step(
        name=name,
        title=title,
        permission=Permission.CORRECT_RECORD,
        form_class=forms.VoidForm,
        find=find,
        run=run,
        submit="Take it back",
        done="Taken back. It stays readable, with the reason.",
        explanation="For an entry that should not have been made. What followed from it goes.",
        banner=BANNER,
        is_destructive=True,
        context=with_banner(),
    )


VOID_METHOD = _void_step("contraceptive-method-void", "Take back a method of contraception", find_method)
VOID_STATUS = _void_step(
    "childbearing-status-void", "Take back an entry", _finder(ChildbearingStatus, "status_id")
)
VOID_AGREEMENT = _void_step(
    "contraception-agreement-void", "Take back an answer", _finder(AgreementConfirmation, "agreement_id")
)
VOID_TEST = _void_step("confidential-test-void", "Take back a confidential test", find_test, _void_test)

"""The panel of the contraception ledger, its printable section, and the list of the site."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from followup.queries.contraception import LedgerFile, Standing, TestLine, ledger_file, site_lines
from followup.rules.contraception import NOTICE_DAYS
from followup.web.ledger_bar import ledger_bar
from participants.models import Participant
from participants.queries.pages import banner_of, participant_for
from participants.web.actions import by_key, register_action
from screening.web.acts import ActLink, why_not
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import DueState, EventKind, Obligation
from trialsite.web.access import requires, signed_in
from trialsite.web.navigation import NavItem, register_nav
from trialsite.web.panels import Panel, register_panel

_OFFERED = frozenset({DueState.UPCOMING, DueState.DUE, DueState.OVERDUE, DueState.MISSED})
STANDINGS = {
    Standing.GAP: ("Gap", "bad"),
    Standing.NOTHING_RECORDED: ("No method recorded", "bad"),
    Standing.ENDING: ("Ends soon", "warn"),
    Standing.COVERED: ("Covered", "good"),
    Standing.CONTACT_REFUSED: ("Contact refused", "quiet"),
}


def register() -> None:
    """Tell the participant page of the panel, the navigation of the list, and which form a test opens."""
    register_panel(
        Panel(
            name="contraception",
            title="Contraception",
            url_name="panel-contraception",
            permission=Permission.VIEW_PARTICIPANT,
            order=58,
            icon="shield-check",
        )
    )
    register_nav(
        NavItem(
            name="contraception",
            title="Contraception",
            url_name="contraception",
            permission=Permission.VIEW_WORKLIST,
            icon="shield-check",
            order=26,
            is_further=True,
        )
    )
    register_action("test", "confidential-test-record", Permission.RECORD_SAFETY, route=by_key)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show period, methods, gaps and, to the staff of the trial, the tests."""
    user = signed_in(request)
    participant = participant_for(user, code)
    return render(request, "followup/contraception_panel.html", _context(user, participant))


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def ledger_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show the same on a page of its own, to be printed."""
    user = signed_in(request)
    participant = participant_for(user, code)
    context = {**_context(user, participant), "banner": banner_of(participant, clock.now()), "is_page": True}
    return render(request, "followup/contraception_page.html", context)


@requires(Permission.VIEW_WORKLIST)
@require_GET
def site_list(request: HttpRequest) -> HttpResponse:
    """Show whom no method covers today, and whose method ends soon."""
    lines = site_lines(signed_in(request), clock.now())
    pressing = [
        one for one in lines if one.standing in {Standing.GAP, Standing.NOTHING_RECORDED, Standing.ENDING}
    ]
    rows = [(one, *STANDINGS[one.standing]) for one in pressing]
    others = [(one, *STANDINGS[one.standing]) for one in lines if one not in pressing]
    context = {"rows": rows, "others": others, "notice_days": NOTICE_DAYS}
    return render(request, "followup/contraception_list.html", context)


def _context(user: User, participant: Participant) -> dict[str, object]:
    may_read = user.access.may(Permission.RECORD_SAFETY, participant.site_id)
    file = ledger_file(participant, clock.now(), with_tests=may_read)
    methods = [(line.title, line.span, line.is_effective) for line in file.methods]
    return {
        "participant": participant,
        "zone": participant.site.time_zone,
        "file": file,
        "ledger": file.ledger,
        "bar": ledger_bar(file.ledger, methods) if file.ledger else None,
        "tests": [(line, _href(participant.code, line)) for line in file.tests],
        "may_read_tests": may_read and file.is_woman,
        "need": _need(file),
        "may_record": user.access.may(Permission.RECORD_VISIT, participant.site_id),
        "may_correct": user.access.may(Permission.CORRECT_RECORD, participant.site_id),
        "acts": _acts(user, file),
    }


def _href(code: str, line: TestLine) -> str:
    owed: Obligation | None = line.obligation
    if owed is None or line.state not in _OFFERED:
        return ""
    return reverse("confidential-test-record", args=[code, owed.key])


def _need(file: LedgerFile) -> Mapping[str, object]:
    """What was stated last about the need of tests."""
    stated = file.course.last(EventKind.TEST_NEED_STATED)
    status = next((one for one in file.statuses if stated and str(one.pk) == stated.ref), None)
    return {"event": stated, "status": status, "is_needed": stated and stated.facts.get("is_needed") == "yes"}


def _acts(user: User, file: LedgerFile) -> list[ActLink]:
    participant = file.participant
    offered = [
        ("Record a method", "contraceptive-method", Permission.RECORD_VISIT, "plus", True),
        ("Ask again", "contraception-agreement", Permission.RECORD_VISIT, "check", True),
        ("Childbearing potential", "childbearing-status", Permission.RECORD_SAFETY, "pencil", file.is_woman),
        ("Unscheduled test", "confidential-test-other", Permission.RECORD_SAFETY, "test-pipe", file.is_woman),
        ("Ask for a test", "confidential-test-ask", Permission.RECORD_SAFETY, "flag", file.is_woman),
        (
            "Contact allowed again" if file.contact_refused_on else "Contact refused",
            "contact-allow" if file.contact_refused_on else "contact-refuse",
            Permission.EDIT_PARTICIPANT,
            "phone",
            True,
        ),
    ]
    return [
        ActLink(
            text=text,
            href=reverse(name, args=[participant.code]),
            reason=why_not(user, permission, participant),
            icon=icon,
        )
        for text, name, permission, icon, is_offered in offered
        if is_offered
    ]

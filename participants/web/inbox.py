"""The inbox: what the reader was told, with what to do about it; and why somebody was told, or was not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from participants.models import Obligation, Participant, Reminder
from participants.queries.inbox import InboxLine, inbox_of, unsettled_mail
from participants.queries.pages import participant_for
from participants.queries.rungs import ladder_of, rung_in_words
from participants.services.inbox import acknowledge_reminder
from participants.web.actions import href_for
from participants.web.lines import time_left
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.submit import go_to

SHOWN_UNSETTLED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """line: what was told. href: the form that does what is due. wait_until: until when it may be put off.

    left: how it stands now, in words; what was said when it was told may have become another by now.
    """

    line: InboxLine
    left: str
    href: str
    wait_until: datetime | None


@requires(Permission.VIEW_WORKLIST)
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what the reader was told and has not answered, what they put off, and mails that need a person."""
    user, now = signed_in(request), clock.now()
    found = inbox_of(user, now)
    unsettled = unsettled_mail(user)[:SHOWN_UNSETTLED] if _may_settle(user) else []
    context = {
        "standing": [_shown(one, user, now) for one in found.standing],
        "asleep": found.asleep,
        "may_answer": user.access.holds(Permission.ANSWER_REMINDER),
        "unsettled": [(row, rung_in_words(row.rung)) for row in unsettled],
    }
    return render(request, "participants/inbox.html", context)


def _may_settle(user: User) -> bool:
    return user.access.holds(Permission.SETTLE_REMINDER)


def _shown(line: InboxLine, user: User, now: datetime) -> _Shown:
    site_id = line.reminder.obligation.site_id
    return _Shown(
        line=line,
        left=time_left(line.obligation, line.state, line.zone, now) or line.words,
        href=href_for(line.obligation, line.state, line.code, user.access, site_id),
        wait_until=line.may_wait_until(now),
    )


@requires(Permission.ANSWER_REMINDER)
@require_POST
def acknowledge(request: HttpRequest, reminder_id: UUID) -> HttpResponse:
    """Take note of a reminder and of those before it about the same thing."""
    user = signed_in(request)
    reminder = get_object_or_404(Reminder, pk=reminder_id, recipient=user)
    acknowledge_reminder(reminder=reminder, by=user, at=clock.now())
    messages.success(request, "Acknowledged. What is due stays on the work list until it is done.")
    return go_to(request, reverse("inbox"))


@requires(Permission.VIEW_WORKLIST)
@require_GET
def told(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Show the ladder of one thing that is due: who is told when, what became of it, and why nothing did."""
    user, now = signed_in(request), clock.now()
    participant = participant_for(user, code)
    row = Obligation.objects.filter(participant=participant, key=key).select_related("site").first()
    if row is None:
        raise Http404
    context = {
        "participant": participant,
        "seen": ladder_of(row, user, now),
        "zone": participant.site.time_zone,
    }
    return render(request, "participants/told.html", context)


@dataclass(frozen=True, slots=True)
class OfReminder:
    """A reminder as a form's target."""

    record: Reminder
    participant: Participant

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.record.version

    @property
    def words(self) -> str:
        return rung_in_words(self.record.rung)

    def get_absolute_url(self) -> str:
        return reverse("inbox")


def find_own(user: User, code: str, *, reminder_id: UUID) -> OfReminder:
    """Return a reminder of this participant to this reader. Raises Http404."""
    return _found(participant_for(user, code), pk=reminder_id, recipient=user)


def find_unsettled(user: User, code: str, *, reminder_id: UUID) -> OfReminder:
    """Return a mail of this participant that was held or failed. Raises Http404."""
    return _found(participant_for(user, code), pk=reminder_id)


def _found(participant: Participant, **which: Any) -> OfReminder:
    rows = Reminder.objects.filter(obligation__participant=participant, **which)
    row = rows.select_related("obligation__site", "recipient").first()
    if row is None:
        raise Http404
    return OfReminder(row, participant)

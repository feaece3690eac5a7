"""What is owed about deviations, as lines of the home page: the reader's own actions, and notices of the site."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest
from django.urls import reverse

from participants.models import Deviation
from participants.queries.deviations import actions_due, notices_due
from trialsite.accounts.models import User
from trialsite.protocol.windows import civil_date
from trialsite.web.frame import chosen_site_id

MOST = 12  # of each; the log has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationLine:
    """words: what to do. about: the deviation, in words. code: of the participant, "" where it concerns the site."""

    words: str
    about: str
    code: str
    site: str
    href: str
    due_on: date
    is_overdue: bool


def deviation_lines(request: HttpRequest, user: User, now: datetime) -> list[DeviationLine]:
    """Return what is owed, the first due first; two queries."""
    site_id = chosen_site_id(request)
    actions, notices = actions_due(user), notices_due(user)
    if site_id:
        actions, notices = actions.filter(deviation__site=site_id), notices.filter(site=site_id)
    lines = [
        _line(one.deviation, one.description, "deviation-action-done", one.due_on, now, one.pk)
        for one in actions[:MOST]
    ]
    lines += [
        _line(one, "Tell sponsor and ethics committee", "deviation-tell", one.notice_due_on, now)
        for one in notices[:MOST]
        if one.notice_due_on
    ]
    return sorted(lines, key=lambda line: line.due_on)


def _line(
    deviation: Deviation, words: str, step: str, due_on: date, now: datetime, *also: object
) -> DeviationLine:
    site = deviation.site
    return DeviationLine(
        words=words,
        about=deviation.description,
        code=deviation.participant.code if deviation.participant else "",
        site=site.code,
        href=reverse(step, args=[site.code, deviation.pk, *also]),
        due_on=due_on,
        is_overdue=due_on < civil_date(now, site.time_zone),
    )

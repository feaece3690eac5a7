"""What can be recorded about a participant from its page, with the reason where it cannot be done now."""

from dataclasses import dataclass

from django.urls import reverse

from participants.models import Participant
from participants.web import deviation_steps, steps, transfers
from trialsite.accounts.models import User
from trialsite.web.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """reason: why it is not possible now, "" if it is."""

    title: str
    href: str
    icon: str
    reason: str


# None: a line between groups of the menu.
_MENU: tuple[tuple[Step, str] | None, ...] = (
    (steps.CONSENT, "signature"),
    (deviation_steps.RECORD, "flag"),
    (steps.EDIT, "pencil"),
    (steps.IDENTITY, "id"),
    None,
    (steps.CLOSE_REFERRAL, "user-x"),
    (transfers.TRANSFER, "arrows-exchange"),
    (steps.WITHDRAW, "user-minus"),
    (steps.LOST, "user-x"),
    (steps.DEATH, "grave-2"),
)
# Asked only when the form is opened: it costs a query, and the form says it as well.
_ASKED_LATER = {steps.CONSENT.name, transfers.TRANSFER.name}


def acts_for(user: User, participant: Participant) -> list[Act | None]:
    """Return the menu for this reader: only what the role allows at the site, lines only between entries."""
    found: list[Act | None] = []
    for entry in _MENU:
        if entry is None:
            found += [None] if found else []
        elif user.access.may(entry[0].permission, participant.site_id):
            found.append(_act(user, participant, *entry))
    return found[:-1] if found and found[-1] is None else found


def _act(user: User, participant: Participant, step: Step, icon: str) -> Act:
    reason = "" if step.name in _ASKED_LATER else step.blocked(user, participant)
    return Act(title=step.title, href=reverse(step.name, args=[participant.code]), icon=icon, reason=reason)

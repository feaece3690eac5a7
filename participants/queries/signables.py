"""What of this room can be signed: the closing of a deviation."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from participants.models import Deviation, DeviationStatus, Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.signing.content import row, rows
from trialsite.signing.kinds import Kind, Owner, Shown
from trialsite.signing.rules import Meaning


def owner_of(participant: Participant) -> Owner:
    """Return the owner of a record of one participant; `participant.site` should be loaded."""
    return Owner(site=participant.site, participant_id=participant.pk, code=participant.code)


def lock_participant(participant_id: Any) -> None:
    """Lock what every command on a participant locks first."""
    Participant.objects.select_for_update(no_key=True).filter(pk=participant_id).first()


def _rows(deviations: QuerySet[Deviation]) -> QuerySet[Deviation]:
    return deviations.select_related("participant", "site").prefetch_related("actions", "notices")


def _content(deviation: Deviation) -> dict[str, Any]:
    return {
        "deviation": row(deviation),
        "actions": rows(deviation.actions.all()),
        "notices": rows(deviation.notices.all()),
    }


def _content_wherever(deviation: Deviation) -> dict[str, Any]:
    """As before, without the site: a transfer of the participant changes nothing of what was dealt with."""
    return {**_content(deviation), "deviation": row(deviation, "site_id")}


def _shown(deviation: Deviation) -> Shown:
    return Shown(
        heading=f"Deviation: {deviation.description}",
        lines=(
            ("Rule", deviation.rule_id),
            ("Category", deviation.category),
            ("Important", "yes" if deviation.counts_as_important else "no"),
            ("Reason", deviation.reason or "–"),
            ("Found by", deviation.detected_by),
            ("Status", deviation.status),
            ("Closing note", deviation.closing_note or "–"),
        ),
    )


def _obstacles(deviation: Deviation, by: User) -> tuple[str, ...]:
    found = []
    if deviation.status != DeviationStatus.CLOSED:
        found.append("A deviation is signed when it is closed.")
    if deviation.reporter_id == by.actor_id:
        found.append("Who reported a deviation does not close it.")
    return tuple(found)


def _owner(deviation: Deviation) -> Owner:
    if deviation.participant is None:
        return Owner(site=deviation.site)
    return Owner(
        site=deviation.site, participant_id=deviation.participant_id, code=deviation.participant.code
    )


DEVIATION = Kind(
    name="deviation",
    title="Closing of a deviation",
    model=Deviation,
    permission=Permission.ASSESS_DEVIATION,
    meanings=(Meaning.APPROVAL,),
    contents={1: _content, 2: _content_wherever},
    shown=_shown,
    owner=_owner,
    href=lambda deviation: reverse("deviation", args=[deviation.pk]),
    tables=("participants_deviation", "participants_deviationaction", "participants_deviationnotice"),
    rows=_rows,
    obstacles=_obstacles,
    lock_owner=lambda deviation: lock_participant(deviation.participant_id),
)

"""Questions about the data of the cohort: what the system asks by itself, and one of each state by people."""

from datetime import datetime, timedelta

from infusion.models import AdverseEvent
from participants.models import Participant
from participants.services.data_checks import check_participants
from participants.services.data_queries import answer_query, close_query, open_query
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import Role, SystemActor

SWEEP = SystemActor("sweep")
_ASKED = (
    ("relation_lymphodepletion", "Could lymphodepletion have caused it? The discharge letter says so."),
    ("onset_at", "The ward's chart names the evening before. Which time is right?"),
    ("treatment_given", "Was nothing given for it?"),
)


def ask_about_the_data(now: datetime) -> None:
    """Let the rules look at everybody once; a coordinator asks three questions, of which one stays open."""
    everybody = list(Participant.objects.values_list("pk", flat=True))
    check_participants(participant_ids=everybody, by=SWEEP, at=now)
    events = AdverseEvent.objects.filter(voided_at__isnull=True).select_related("participant")
    newest = list(events.order_by("-onset_at", "participant__code")[: len(_ASKED)])
    for number, (event, (field, question)) in enumerate(zip(newest, _ASKED, strict=False)):
        coordinator, nurse = (_of(event.participant, role) for role in (Role.COORDINATOR, Role.NURSE))
        query = open_query(
            participant=event.participant,
            kind="adverse_event",
            ref=str(event.pk),
            field=field,
            question=question,
            by=coordinator,
            at=max(now - timedelta(hours=20), event.recorded_at),
        )
        if number:
            answer_query(
                query=query,
                text="As it stands in the nursing record.",
                by=nurse,
                at=max(now - timedelta(hours=5), event.recorded_at),
            )
        if number == 2:
            close_query(query=query, by=coordinator, at=now)


def _of(participant: Participant, role: Role) -> User:
    held = Membership.objects.filter(site=participant.site_id, role=role).select_related("user")
    return held.order_by("user__username")[0].user

"""A few signatures: decisions and infusions of the longest on the way, one visit, one that no longer holds."""

from datetime import datetime, timedelta

from followup.models import Visit
from followup.services.visits import correct_visit
from infusion.models import Infusion
from screening.models import EligibilityDecision
from trialsite.accounts.models import User
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.records import Record
from trialsite.demo.story import Ward
from trialsite.signing.proof import Proof
from trialsite.signing.queries import obstacles_of
from trialsite.signing.rules import Meaning
from trialsite.signing.services.signing import recheck, sign

_SIGNED = 3
_CHECKS = SystemActor("signatures")


def sign_a_few(ward: Ward, now: datetime) -> None:
    """Let the investigator of `ward` sign an hour ago, and a visit be corrected half an hour ago."""
    at = now - timedelta(hours=1)
    of_site = {"participant__site": ward.site}
    infusions = list(Infusion.objects.filter(**of_site, is_running=False).order_by("started_at")[:_SIGNED])
    for infusion in infusions:
        decisions = EligibilityDecision.objects.filter(
            episode__participant=infusion.participant_id, reopened_at__isnull=True
        )
        for decision in decisions.order_by("decided_at")[:1]:
            _sign(decision, Meaning.APPROVAL, ward.investigator, at)
        _sign(infusion, Meaning.RESPONSIBILITY, ward.investigator, at)
    visits = Visit.objects.filter(participant__in=[one.participant_id for one in infusions[:1]])
    complete = [one for one in visits.order_by("performed_at") if not obstacles_of(one, ward.investigator)][
        :2
    ]
    for visit in complete:
        _sign(visit, Meaning.RESPONSIBILITY, ward.investigator, at)
    for visit in complete[1:]:
        correct_visit(
            visit=visit,
            performed_at=visit.performed_at - timedelta(minutes=20),
            by=ward.coordinator,
            at=now - timedelta(minutes=30),
            reason="The time on the source document is twenty minutes earlier.",
        )
    recheck(by=_CHECKS, at=now, whole=True)


def _sign(record: Record, meaning: Meaning, by: User, at: datetime) -> None:
    proof = Proof(user_id=by.pk, proved_at=at, factors="name password")
    sign(record=record, meaning=meaning, proof=proof, by=by, at=at, states_equivalence=True)

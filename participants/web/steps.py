"""The acts on a participant that belong to this app, each a `Step`: the form, the service, what follows."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from participants.models import Consent, DispositionKind, IcfVersion, Participant
from participants.queries.lists import icf_in_force, icfs_of
from participants.queries.pages import banner_of, participant_for
from participants.services.consents import correct_consent, record_consent
from participants.services.dispositions import record_disposition
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.referral import edit_participant
from participants.states import State
from participants.web import forms
from participants.web.previews import consent_preview, consent_remarks
from participants.web.targets import OfParticipant, find_consent
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.web.steps import Step

BANNER = "participants/banner.html"
PRIVATE_FIELDS = "participants/steps/private_fields.html"
PREVIEW_FIELDS = "participants/steps/preview_fields.html"


def banner(request: HttpRequest, target: Any) -> Mapping[str, object]:
    """Return the banner of the participant that the form is about."""
    participant = target if isinstance(target, Participant) else target.participant
    return {"banner": banner_of(participant, clock.now())}


# ---- Consent


def _icf_options(target: Participant) -> Mapping[str, object]:
    return {"icfs": icfs_of(target.site)}


def _icf_in_force(target: Participant) -> Mapping[str, object]:
    """What is signed now. For a signature of an earlier day the form says what was in force then."""
    found = icf_in_force(target.site, clock.now())
    return {"icf": str(found.icf_id) if found else ""}


def _with_remarks(request: HttpRequest, target: Participant) -> Mapping[str, object]:
    return {**banner(request, target), **consent_remarks(target, request.POST)}


def _no_icf(user: User, target: Participant) -> str:
    return "" if icfs_of(target.site) else "No version of the consent form is in force at this site yet."


def _sign(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> Consent:
    icf = IcfVersion.objects.get(pk=entered.pop("icf"))
    return record_consent(participant=target, icf=icf, by=by, at=at, **_without(entered, "version"))


def _correct_consent(
    target: OfParticipant[Consent], entered: dict[str, Any], *, by: User, at: datetime
) -> Consent:
    target.record.version = entered["version"] or target.record.version
    return correct_consent(
        consent=target.record, signed_at=entered["signed_at"], reason=entered["reason"], by=by, at=at
    )


def _with_preview(request: HttpRequest, target: OfParticipant[Consent]) -> Mapping[str, object]:
    return {
        **banner(request, target),
        **consent_preview(target, request.POST.get("signed_at", ""), clock.now()),
    }


_CONSENT_FOLLOWS = (
    "Screening may start; a task to start it appears.",
    "An open re-consent is fulfilled and no longer holds the next procedure.",
    "The contraception period counts from the first signature.",
)

CONSENT = Step(
    name="consent-record",
    title="Record consent",
    permission=Permission.RECORD_CONSENT,
    form_class=forms.ConsentForm,
    find=participant_for,
    run=_sign,
    submit="Record consent",
    done="Consent recorded. What is due next follows from it.",
    explanation="A signature that exists is always accepted. If the version was not approved or is outdated, "
    "give the reason; it becomes an important deviation.",
    consequences=_CONSENT_FOLLOWS,
    banner=BANNER,
    blocked=_no_icf,
    initial=_icf_in_force,
    form_options=_icf_options,
    context=_with_remarks,
    fields="participants/steps/consent_fields.html",
)

CORRECT_CONSENT = Step(
    name="consent-correct",
    title="Correct the time of consent",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectConsentForm,
    find=find_consent,
    run=_correct_consent,
    submit="Save correction",
    done="Time of consent corrected. The dates that depend on it have moved.",
    explanation="The former time stays on record, struck through, with your name and the reason.",
    consequences=("Everything counted from this signature moves.", "A deviation whose cause goes is closed."),
    banner=BANNER,
    initial=lambda target: {"signed_at": target.record.signed_at},
    context=_with_preview,
    fields=PREVIEW_FIELDS,
    template="participants/steps/correct.html",
)

# ---- The person


def _edit(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> Participant:
    return edit_participant(participant=target, by=by, at=at, **entered)


def _identify(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> None:
    reason = entered.pop("reason")
    identifiers = DirectIdentifiers(**_without(entered, "version"))
    record_identity(participant=target, identifiers=identifiers, by=by, at=at, reason=reason)


EDIT = Step(
    name="participant-edit",
    title="Correct the particulars",
    permission=Permission.EDIT_PARTICIPANT,
    form_class=forms.EditForm,
    find=participant_for,
    run=_edit,
    submit="Save particulars",
    done="Particulars saved.",
    explanation="Coded facts only. The subject code and the site never change.",
    banner=BANNER,
    initial=lambda target: {
        "sex": target.sex,
        "birth_year": target.birth_year,
        "referral_source": target.referral_source,
    },
    context=banner,
)

IDENTITY = Step(
    name="identity-record",
    title="Record direct identifiers",
    permission=Permission.EDIT_IDENTITY,
    form_class=forms.IdentityForm,
    find=participant_for,
    run=_identify,
    submit="Seal and store",
    done="Identifiers sealed and stored.",
    explanation="Stored apart from all trial data and sealed with the site's key. Stored values are not shown "
    "here; what you enter replaces all of them.",
    consequences=("They are shown only after a purpose is given, and each opening is recorded.",),
    banner=BANNER,
    context=banner,
    fields=PRIVATE_FIELDS,
)

# ---- How participation ends


def _record(kind: DispositionKind | None = None) -> Callable[..., object]:
    """Return what runs the service for one kind of ending, or for the one chosen in the form."""

    def run(target: Participant, entered: dict[str, Any], *, by: User, at: datetime) -> object:
        given = _without(entered, "version")
        chosen = kind or DispositionKind(given.pop("kind"))
        if "related_to_treatment" in given:
            given["related_to_treatment"] = {"yes": True, "no": False}.get(given["related_to_treatment"])
        return record_disposition(participant=target, kind=chosen, by=by, at=at, **given)

    return run


def _after_death(user: User, target: Participant) -> str:
    return "The participant has died; that is on record." if target.state == State.DIED else ""


def _not_lost(user: User, target: Participant) -> str:
    is_lost = target.state == State.LOST_TO_FOLLOW_UP
    return "This is on record already." if is_lost else _after_death(user, target)


def _only_referred(user: User, target: Participant) -> str:
    is_referred = target.state == State.REFERRED
    return "" if is_referred else "Only a referral that has not led to screening can be closed."


WITHDRAW = Step(
    name="participant-withdraw",
    title="Withdraw participant",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.WithdrawForm,
    find=participant_for,
    run=_record(),
    submit="Withdraw participant",
    done="Withdrawal recorded.",
    explanation="Ask which of the three is meant. Who leaves treatment may well go on with the visits, and "
    "their safety is followed.",
    consequences=(
        "Treatment only: nothing more is given; visits and contraception run on.",
        "Treatment and visits: visits are no longer owed; consent counts as taken back.",
        "Use of data as well: no new data are collected either.",
        "Safety clocks that run are not stopped by any of them.",
    ),
    banner=BANNER,
    is_destructive=True,
    blocked=_after_death,
    context=banner,
)

LOST = Step(
    name="participant-lost",
    title="Record lost to follow-up",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.LostForm,
    find=participant_for,
    run=_record(DispositionKind.LOST_TO_FOLLOW_UP),
    submit="Record as lost",
    done="Recorded as lost to follow-up.",
    explanation="The protocol asks for at least three documented attempts. Fewer are accepted with a reason "
    "and become a deviation.",
    consequences=("Visits are no longer owed.", "A later visit brings the participant back."),
    banner=BANNER,
    is_destructive=True,
    blocked=_not_lost,
    context=banner,
)

DEATH = Step(
    name="participant-death",
    title="Record death",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.DeathForm,
    find=participant_for,
    run=_record(DispositionKind.DIED),
    submit="Record death",
    done="Death recorded.",
    explanation="Record it also when the participant had left the trial before.",
    consequences=(
        "Everything else that is owed is called off.",
        "A death is a serious adverse event as well: record it there, its clocks run on.",
    ),
    banner=BANNER,
    is_destructive=True,
    blocked=_after_death,
    context=banner,
)

CLOSE_REFERRAL = Step(
    name="referral-close",
    title="Close the referral",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.CloseReferralForm,
    find=participant_for,
    run=_record(DispositionKind.REFERRAL_CLOSED),
    submit="Close referral",
    done="Referral closed.",
    explanation="For a person who will not be screened. The subject code stays used.",
    banner=BANNER,
    blocked=_only_referred,
    context=banner,
)


def _without(entered: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entered.items() if name not in names}

"""The forms about a site rather than a participant: a new referral, consent form and protocol versions."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from participants.models import IcfVersion, Participant
from participants.queries.lists import icfs_not_active_at, protocols_not_active_at, signed_and_not_left
from participants.services.referral import refer_participant
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from participants.web import forms
from participants.web.targets import AtSite, find_site_of_referral, find_site_of_versions
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import numbers
from trialsite.protocol.types import Arm
from trialsite.web.steps import Step

TEMPLATE = "participants/steps/at_site.html"


def _refer(target: AtSite, entered: dict[str, Any], *, by: User, at: datetime) -> Participant:
    arm = entered["intended_arm"]
    return refer_participant(
        site=target.site,
        referred_at=entered["referred_at"],
        sex=entered["sex"],
        birth_year=entered["birth_year"],
        intended_arm=Arm(arm) if arm else None,
        referral_source=entered["referral_source"],
        by=by,
        at=at,
    )


def _to_participant(target: AtSite, outcome: Participant) -> str:
    return outcome.get_absolute_url()


def _register(target: AtSite, entered: dict[str, Any], *, by: User, at: datetime) -> IcfVersion:
    return create_icf_version(
        number=entered["number"],
        title=entered["title"],
        is_substantive=entered["is_substantive"] == "yes",
        protocol_version=entered["protocol_version"],
        summary_of_changes=entered["summary_of_changes"],
        site=target.site,
        by=by,
        at=at,
    )


def _activate_icf(target: AtSite, entered: dict[str, Any], *, by: User, at: datetime) -> object:
    icf = IcfVersion.objects.get(pk=entered["choice"])
    return activate_icf(site=target.site, icf=icf, by=by, at=at, **_dates(entered))


def _activate_protocol(target: AtSite, entered: dict[str, Any], *, by: User, at: datetime) -> object:
    return activate_protocol(
        site=target.site,
        number=entered["choice"],
        rounds_begin_at=entered["rounds_begin_at"],
        by=by,
        at=at,
        **_dates(entered),
    )


def _dates(entered: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entered[name] for name in ("approved_on", "activated_at", "reason")}


def _icf_choices(target: AtSite) -> Mapping[str, object]:
    versions = icfs_not_active_at(target.site)
    kinds = {True: "substantive", False: "editorial"}
    return {"versions": [(str(one.pk), f"{one.number}, {kinds[one.is_substantive]}") for one in versions]}


def _protocol_choices(target: AtSite) -> Mapping[str, object]:
    return {"versions": [(one, f"Protocol {one}") for one in protocols_not_active_at(target.site)]}


def _nothing_left(
    choices: Callable[[AtSite], Mapping[str, Any]], reason: str
) -> Callable[[User, AtSite], str]:
    return lambda user, target: "" if choices(target)["versions"] else reason


def _concerned(request: HttpRequest, target: AtSite) -> Mapping[str, object]:
    return {"concerned": signed_and_not_left(target.site), "back_words": "Back to the versions"}


REFER = Step(
    name="participant-refer-at",
    title="Refer a participant",
    permission=Permission.REFER_PARTICIPANT,
    form_class=forms.ReferForm,
    find=find_site_of_referral,
    run=_refer,
    submit="Register and give a code",
    done="Participant registered. Obtain consent, or close the referral.",
    explanation="First contact. The subject code is drawn at random, carries a check character and is never "
    "used again. Names and numbers that identify the person are entered afterwards, apart.",
    consequences=("A task appears: obtain consent or close the referral, within 14 days.",),
    initial=lambda target: {"referred_at": clock.now()},
    next_url=_to_participant,
    template=TEMPLATE,
    extra={"back_words": "Back to the participants"},
)

REGISTER_ICF = Step(
    name="icf-register",
    title="Register a consent form version",
    permission=Permission.MANAGE_VERSIONS,
    form_class=forms.RegisterIcfForm,
    find=find_site_of_versions,
    run=_register,
    submit="Register version",
    done="Version registered. It counts at a site once it is put in force there.",
    explanation="One version for all sites. Each site puts it in force after its own ethics approval.",
    consequences=("Nothing is due yet: that begins when a site puts the version in force.",),
    form_options=lambda target: {"protocols": numbers()},
    template=TEMPLATE,
    extra={"back_words": "Back to the versions"},
)

ACTIVATE_ICF = Step(
    name="icf-activate",
    title="Put a consent form version in force",
    permission=Permission.MANAGE_VERSIONS,
    form_class=forms.ActivateForm,
    find=find_site_of_versions,
    run=_activate_icf,
    submit="Put in force",
    done="Version in force. What is due at the site follows from it.",
    explanation="From this moment the site signs with this version. A former version signed later is accepted "
    "with a reason and becomes a deviation.",
    consequences=(
        "Substantive: everybody at the site who signed before owes re-consent, by the next visit and within "
        "28 days.",
        "Dated back, the time to sign is counted from that date: what should have been signed by now is overdue "
        "at once and becomes an important deviation.",
        "Until it is signed, the next study procedure is on hold.",
        "Editorial: new participants sign it, nobody signs anew.",
    ),
    blocked=_nothing_left(
        _icf_choices, "Every registered version is in force at this site. Register one first."
    ),
    form_options=_icf_choices,
    context=_concerned,
    template=TEMPLATE,
)

ACTIVATE_PROTOCOL = Step(
    name="protocol-activate",
    title="Put a protocol version in force",
    permission=Permission.MANAGE_VERSIONS,
    form_class=forms.ActivateProtocolForm,
    find=find_site_of_versions,
    run=_activate_protocol,
    submit="Put in force",
    done="Protocol version in force. All dates at the site follow it.",
    explanation="Participants who have consented come under a version that needs re-consent only once they "
    "have signed for it.",
    consequences=(
        "Windows, clocks and criteria at the site follow this version from that moment.",
        "Dates that move are moved at once, with their reminders.",
    ),
    blocked=_nothing_left(
        _protocol_choices, "Every protocol version of this release is in force at this site."
    ),
    form_options=_protocol_choices,
    context=_concerned,
    template=TEMPLATE,
)

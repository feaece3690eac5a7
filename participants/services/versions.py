"""What a site has in force: protocol versions and ICF versions, and what activating one brings about."""

from datetime import date, datetime

from participants.models import IcfApproval, IcfVersion, Participant, ProtocolActivation
from participants.queries.course import lock_course
from participants.rules import require_approved, require_past
from participants.services.obligations import reconcile
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.registry import numbers
from trialsite.protocol.windows import civil_date


def create_icf_version(
    *,
    number: str,
    title: str,
    is_substantive: bool,
    protocol_version: str,
    by: Actor,
    at: datetime,
    site: Site,
    summary_of_changes: str = "",
    reason: str = "",
) -> IcfVersion:
    """Register a version of the consent form. Needs MANAGE_VERSIONS at the site that introduces it.

    Raises RuleViolated("unknown-protocol-version"), Conflict("icf-number-taken").
    """
    require(by, Permission.MANAGE_VERSIONS, site.pk)
    _require_known(protocol_version)
    if IcfVersion.objects.filter(number=number).exists():
        raise Conflict("icf-number-taken", f"ICF {number} is registered already.")
    with acting(by=by, at=at, action="participants.icf_registered", reason=reason):
        icf = IcfVersion(
            number=number,
            title=title,
            is_substantive=is_substantive,
            protocol_version=protocol_version,
            summary_of_changes=summary_of_changes,
            recorded_at=at,
        )
        icf.save_new()
    return icf


def activate_icf(
    *,
    site: Site,
    icf: IcfVersion,
    approved_on: date,
    activated_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> IcfApproval:
    """Put an approved ICF version in force at a site; re-consent becomes owed where it is substantive.

    Needs MANAGE_VERSIONS. Raises RuleViolated("in-the-future", "not-approved-yet"),
    Conflict("icf-active-already").
    """
    require(by, Permission.MANAGE_VERSIONS, site.pk)
    require_past(activated_at, at, "activated_at")
    require_approved(approved_on, civil_date(activated_at, site.time_zone))
    if IcfApproval.objects.filter(site=site, icf=icf).exists():
        raise Conflict("icf-active-already", f"ICF {icf.number} is in force at this site already.")
    with acting(by=by, at=at, action="participants.icf_activated", reason=reason):
        approval = IcfApproval(
            site=site, icf=icf, approved_on=approved_on, activated_at=activated_at, recorded_at=at
        )
        approval.save_new()
        _reconcile_site(site, at)
    return approval


def activate_protocol(
    *,
    site: Site,
    number: str,
    approved_on: date,
    activated_at: datetime,
    by: Actor,
    at: datetime,
    rounds_begin_at: datetime | None = None,
    reason: str = "",
) -> ProtocolActivation:
    """Put a protocol version in force at a site. Needs MANAGE_VERSIONS.

    rounds_begin_at: since when the site logs bedside rounds here; infusions begun before owe none. None = as before, at
    first from the beginning. Raises RuleViolated("unknown-protocol-version", "in-the-future", "not-approved-yet"),
    Conflict("protocol-active-already").
    """
    require(by, Permission.MANAGE_VERSIONS, site.pk)
    _require_known(number)
    require_past(activated_at, at, "activated_at")
    require_approved(approved_on, civil_date(activated_at, site.time_zone))
    if ProtocolActivation.objects.filter(site=site, number=number).exists():
        raise Conflict("protocol-active-already", f"Protocol {number} is in force at this site already.")
    with acting(by=by, at=at, action="participants.protocol_activated", reason=reason):
        activation = ProtocolActivation(
            site=site,
            number=number,
            approved_on=approved_on,
            activated_at=activated_at,
            rounds_begin_at=rounds_begin_at,
            recorded_at=at,
        )
        activation.save_new()
        _reconcile_site(site, at)
    return activation


def _reconcile_site(site: Site, at: datetime) -> None:
    """Everybody at the site, in one fixed order so that two such commands cannot deadlock."""
    for participant_id in Participant.objects.filter(site=site).order_by("id").values_list("id", flat=True):
        reconcile(lock_course(participant_id), at=at)


def _require_known(number: str) -> None:
    if number not in numbers():
        raise RuleViolated(
            "unknown-protocol-version",
            f"There is no protocol version {number}. Known: {', '.join(numbers())}.",
            field="protocol_version",
        )

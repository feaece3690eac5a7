"""Sites, and the protocol and consent form versions that they have in force."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.version import (
    IcfApprovalIn,
    IcfApprovalOut,
    IcfVersionIn,
    IcfVersionOut,
    ProtocolActivationIn,
    ProtocolActivationOut,
    SiteOut,
)
from participants.models import IcfApproval, IcfVersion, ProtocolActivation
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import Parent, ScopedList

OF_SITE = Parent(Site, "site", {"code": "code"})


class SiteList(ScopedList):
    """List the sites at which the user holds a role."""

    required_permission = Permission.VIEW_TRIAL
    model = Site
    order = ("code",)
    gives = SiteOut
    from_columns = True


class ProtocolActivationList(ScopedList):
    """List the protocol versions that a site put in force."""

    required_permission = Permission.VIEW_TRIAL
    model = ProtocolActivation
    parent = OF_SITE
    order = ("activated_at", "id")
    gives = ProtocolActivationOut
    from_columns = True


class ActivateProtocol(UnderCommand):
    """Put a protocol version in force at a site; what is due there follows it."""

    required_permission = Permission.MANAGE_VERSIONS
    model = Site
    takes, gives, creates = ProtocolActivationIn, ProtocolActivationOut, True

    def run(self, target: Site, given: dict[str, Any], *, by: User, at: datetime) -> ProtocolActivation:
        return activate_protocol(site=target, by=by, at=at, **given)


class IcfVersionList(ScopedList):
    """List the registered versions of the informed consent form. They belong to the trial, not to a site."""

    required_permission = Permission.VIEW_TRIAL
    model = IcfVersion
    gives = IcfVersionOut
    from_columns = True

    def _rows(self) -> QuerySet[Any]:
        return IcfVersion.objects.all()


class RegisterIcfVersion(CommandView):
    """Register a version of the informed consent form."""

    required_permission = Permission.MANAGE_VERSIONS
    takes, gives, creates = IcfVersionIn, IcfVersionOut, True

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> IcfVersion:
        site = named(Site.objects.visible_to(by), "site", code=given.pop("site"))
        return create_icf_version(site=site, by=by, at=at, **given)


class IcfApprovalList(ScopedList):
    """List the ICF versions approved at a site."""

    required_permission = Permission.VIEW_TRIAL
    model = IcfApproval
    parent = OF_SITE
    gives = IcfApprovalOut
    from_columns = True


class ActivateIcf(UnderCommand):
    """Put an approved ICF version in force at a site; a substantive one makes re-consent owed."""

    required_permission = Permission.MANAGE_VERSIONS
    model = Site
    takes, gives, creates = IcfApprovalIn, IcfApprovalOut, True

    def run(self, target: Site, given: dict[str, Any], *, by: User, at: datetime) -> IcfApproval:
        icf = named(IcfVersion.objects.all(), "icf", number=given.pop("icf"))
        return activate_icf(site=target, icf=icf, by=by, at=at, **given)

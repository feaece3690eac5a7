"""Sites of the trial."""

from datetime import datetime

from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Actor, Permission, require
from trialsite.accounts.rules import (
    clean_country,
    clean_line,
    clean_site_code,
    clean_subject_prefix,
    clean_time_zone,
)
from trialsite.accounts.services.uniqueness import one_of_a_kind
from trialsite.audit.acting import acting
from trialsite.errors import Conflict


def create_site(
    *,
    code: str,
    name: str,
    time_zone: str,
    subject_prefix: str,
    name_zh: str = "",
    country: str = "CN",
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Site:
    """Add a site. Needs MANAGE_USERS at every site, which only the bootstrap actor holds.

    Raises RuleViolated("site-code-invalid", "subject-prefix-invalid", "time-zone-unknown", "text-invalid",
    "country-invalid"),
    Conflict("site-exists").
    """
    require(by, Permission.MANAGE_USERS, None)
    site = Site(
        code=clean_site_code(code),
        name=clean_line(name, field="name", longest=200),
        name_zh=clean_line(name_zh, field="name_zh", longest=200, required=False),
        time_zone=clean_time_zone(time_zone),
        subject_prefix=clean_subject_prefix(subject_prefix),
        country=clean_country(country),
        recorded_at=at,
    )
    taken = Conflict("site-exists", "A site with this code or subject prefix exists already.", field="code")
    with one_of_a_kind(taken), acting(by=by, at=at, action="accounts.site_created", reason=reason):
        site.save_new()
    return site

"""Sites and people, made by the services under the bootstrap actor."""

from datetime import UTC, datetime
from itertools import count

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.accounts.services.roles import grant_role
from trialsite.accounts.services.sites import create_site
from trialsite.accounts.services.users import create_user
from trialsite.protocol.codes import ALPHABET

BOOTSTRAP = SystemActor("bootstrap")
AT = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "a long enough phrase 42"
_numbers = count()
_sites = count()  # never the same twice in a run: some are laid down again later


def make_site(*, zone: str = "Asia/Shanghai", at: datetime = AT) -> Site:
    number = next(_sites)
    size = len(ALPHABET)
    prefix = ALPHABET[8 + number // size**2 % 20] + ALPHABET[number // size % size] + ALPHABET[number % size]
    return create_site(
        code=f"{chr(ord('A') + number // 2600 % 26)}{chr(ord('A') + number // 100 % 26)}{number % 100:02}",
        name=f"Hospital {number}",
        name_zh="武汉医院",
        time_zone=zone,
        subject_prefix=prefix,
        country="US" if zone == "America/New_York" else "CN",
        by=BOOTSTRAP,
        at=at,
    )


def make_user(role: Role, site: Site | None = None, *, at: datetime = AT) -> User:
    """Return a user with one role; an auditor's role counts at every site."""
    number = next(_numbers)
    user = create_user(
        username=f"{role.value}-{number}",
        display_name=f"{role.value.title()} {number}",
        password=PASSWORD,
        email=f"{role.value}-{number}@example.org",
        by=BOOTSTRAP,
        at=at,
    )
    grant_role(user=user, role=role, site=None if role is Role.AUDITOR else site, by=BOOTSTRAP, at=at)
    return user

"""The two sites of the demonstration and who works there, and names for people who do not exist."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from participants.models import IcfVersion
from participants.services.identities import DirectIdentifiers
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.accounts.services.roles import grant_role
from trialsite.accounts.services.sites import create_site
from trialsite.accounts.services.users import create_user
from trialsite.demo.story import Ward

BOOTSTRAP = SystemActor("bootstrap")
PASSWORD = "trial-demo-2026"  # noqa: S105  (printed at start, of a database that holds nobody)
FIRST_ICF, SECOND_ICF = "1.0", "1.1"
MAIN_SITE_LOGINS = (
    ("coordinator", "coordinator"),
    ("nurse", "nurse"),
    ("investigator", "investigator"),
    ("admin", "admin"),
    ("auditor", "auditor"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    code: str
    prefix: str
    name: str
    name_zh: str
    suffix: str  # of the user names; the first site's are plain
    staff: tuple[tuple[Role, str], ...]


SITES = (
    SitePlan(
        code="WH01",
        prefix="WH",
        name="Wuhan demonstration hospital",
        name_zh="武汉示范医院",
        suffix="",
        staff=(
            (Role.COORDINATOR, "Chen Jing"),
            (Role.NURSE, "Liu Yan"),
            (Role.INVESTIGATOR, "Zhou Ming"),
            (Role.ADMIN, "Wu Xia"),
        ),
    ),
    SitePlan(
        code="CQ01",
        prefix="CQ",
        name="Chongqing demonstration hospital",
        name_zh="重庆示范医院",
        suffix="-cq",
        staff=(
            (Role.COORDINATOR, "He Lin"),
            (Role.NURSE, "Tang Min"),
            (Role.INVESTIGATOR, "Xu Wei"),
            (Role.ADMIN, "Deng Hua"),
        ),
    ),
)


def open_sites(*, since: datetime, rounds_begin_at: datetime) -> list[Ward]:
    """Create both sites with their staff, an auditor for all, protocol 1.0 and the first consent form.

    rounds_begin_at: before, the rounds at the bedside were kept on paper.
    """
    wards = [_open_site(plan, since, rounds_begin_at) for plan in SITES]
    auditor = _person("auditor", "Sun Qiang", since)
    grant_role(user=auditor, role=Role.AUDITOR, site=None, by=BOOTSTRAP, at=since)
    first = create_icf_version(
        number=FIRST_ICF,
        title="Informed consent form, first version",
        is_substantive=True,
        protocol_version="1.0",
        by=wards[0].admin,
        at=since,
        site=wards[0].site,
    )
    for ward in wards:
        put_in_force(ward, first, at=since)
    return wards


def revise_consent_form(ward: Ward, *, at: datetime) -> IcfVersion:
    """Register the second, substantive consent form: everybody on study owes a new signature."""
    return create_icf_version(
        number=SECOND_ICF,
        title="Informed consent form, new risk information",
        is_substantive=True,
        protocol_version="1.0",
        summary_of_changes="Adds the risk of late effusion after intrapleural infusion.",
        by=ward.admin,
        at=at,
        site=ward.site,
    )


def put_in_force(ward: Ward, icf: IcfVersion, *, at: datetime) -> None:
    approved_on = (at - timedelta(days=10)).date()
    activate_icf(site=ward.site, icf=icf, approved_on=approved_on, activated_at=at, by=ward.admin, at=at)
    ward.icf = icf


def _open_site(plan: SitePlan, since: datetime, rounds_begin_at: datetime) -> Ward:
    site = create_site(
        code=plan.code,
        name=plan.name,
        name_zh=plan.name_zh,
        time_zone="Asia/Shanghai",
        subject_prefix=plan.prefix,
        by=BOOTSTRAP,
        at=since,
    )
    staff = {role: _member(role, name, plan.suffix, site, since) for role, name in plan.staff}
    admin = staff[Role.ADMIN]
    activate_protocol(
        site=site,
        number="1.0",
        approved_on=(since - timedelta(days=10)).date(),
        activated_at=since,
        rounds_begin_at=rounds_begin_at,
        by=admin,
        at=since,
    )
    return Ward(
        site=site,
        coordinator=staff[Role.COORDINATOR],
        nurse=staff[Role.NURSE],
        investigator=staff[Role.INVESTIGATOR],
        admin=admin,
        icf=IcfVersion(),
    )


def _member(role: Role, name: str, suffix: str, site: Site, since: datetime) -> User:
    user = _person(f"{role.value}{suffix}", name, since)
    grant_role(user=user, role=role, site=site, by=BOOTSTRAP, at=since)
    return user


def _person(username: str, name: str, since: datetime) -> User:
    return create_user(
        username=username,
        display_name=name,
        password=PASSWORD,
        email=f"{username}@demo.invalid",
        by=BOOTSTRAP,
        at=since,
    )


_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国春梅"


def invent_person(rng: Random) -> tuple[str, int, DirectIdentifiers]:
    """Return sex, year of birth and identifiers of somebody who does not exist."""
    sex = rng.choice(["female", "male"])
    born_on = date(rng.randint(1948, 1980), rng.randint(1, 12), rng.randint(1, 28))
    given = "".join(rng.choice(_GIVEN) for _ in range(rng.choice([1, 2])))
    identifiers = DirectIdentifiers(
        name=rng.choice(_FAMILY) + given,
        national_id=f"000000{born_on:%Y%m%d}{rng.randint(0, 999):03}X",
        phone=f"+86 000 {rng.randint(0, 9999):04} {rng.randint(0, 9999):04}",
        born_on=born_on,
    )
    return sex, born_on.year, identifiers

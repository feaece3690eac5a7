"""Sites, people, roles, passwords and tokens: what succeeds, what is refused, what the trail keeps."""

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.factories.accounts import AT, BOOTSTRAP, PASSWORD, make_site, make_user
from trialsite.accounts.models import ApiToken, Membership, SignInOutcome, SignInRecord, Site, User
from trialsite.accounts.permissions import Permission, Role, SystemActor
from trialsite.accounts.queries import user_for_token
from trialsite.accounts.services.bootstrap import open_site
from trialsite.accounts.services.passwords import LONGEST_PASSWORD, set_password
from trialsite.accounts.services.roles import grant_role, revoke_role
from trialsite.accounts.services.sign_ins import record_sign_in
from trialsite.accounts.services.sites import create_site
from trialsite.accounts.services.tokens import (
    LONGEST_LIFE,
    IssuedToken,
    create_api_token,
    revoke_api_token,
)
from trialsite.accounts.services.users import create_user, deactivate_user, reactivate_user
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.audit.queries import changes, entries_for
from trialsite.errors import DomainError

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=1)
STRONG = "seven brown horses 88"
WHY = "left the hospital"


def refused(code: str) -> AbstractContextManager[Any]:
    """Expect a DomainError of this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def last_entry(row: Any) -> Entry:
    entry = entries_for(row._meta.db_table, row.pk).first()
    assert entry is not None
    return entry


def site_values(**changed: str) -> dict[str, Any]:
    values = {"code": "ZZ99", "name": "Tongji", "time_zone": "Asia/Shanghai", "subject_prefix": "ZZ9"}
    return values | changed


def person_values(**changed: str) -> dict[str, Any]:
    return {"username": "li.lei", "display_name": "Li Lei", "password": STRONG} | changed


# Sites


def test_site_is_created_with_its_trail() -> None:
    site = create_site(
        **site_values(code="zz99", subject_prefix="zz9"), by=BOOTSTRAP, at=AT, reason="opening"
    )
    assert (site.code, site.subject_prefix, site.version) == ("ZZ99", "ZZ9", 1)
    entry = last_entry(site)
    assert (entry.op, entry.action, entry.reason) == ("INSERT", "accounts.site_created", "opening")
    assert (entry.actor_id, entry.acted_at) == ("system:bootstrap", AT)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code": "WUHAN"}, "site-code-invalid"),
        ({"subject_prefix": "-"}, "subject-prefix-invalid"),
        ({"time_zone": "Asia/Wuhan"}, "time-zone-unknown"),
        ({"name": " "}, "text-invalid"),
        ({"name_zh": "武\n汉"}, "text-invalid"),
    ],
)
def test_site_with_a_bad_value_is_refused(changed: Mapping[str, str], code: str) -> None:
    with refused(code):
        create_site(**site_values(**changed), by=BOOTSTRAP, at=AT)
    assert not Site.objects.exists()


@pytest.mark.parametrize("same", ["code", "subject_prefix"])
def test_site_code_and_prefix_are_used_once(same: str) -> None:
    create_site(**site_values(), by=BOOTSTRAP, at=AT)
    other = {"code": "YY01", "subject_prefix": "YY1"} | {same: site_values()[same]}
    with refused("site-exists"), transaction.atomic():
        create_site(**site_values(**other), by=BOOTSTRAP, at=AT)
    assert Site.objects.count() == 1


def test_admin_of_one_site_cannot_open_another() -> None:
    admin = make_user(Role.ADMIN, make_site())
    with refused("not-permitted"):
        create_site(**site_values(), by=admin, at=AT)


# Users


def test_user_is_created_without_a_role_and_the_trail_hides_the_password() -> None:
    admin = make_user(Role.ADMIN, make_site())
    user = create_user(**person_values(username="Li.Lei", email=" li@example.org "), by=admin, at=AT)
    assert (user.username, user.email, user.is_active) == ("li.lei", "li@example.org", True)
    assert user.check_password(STRONG)
    assert not user.access.roles
    entry = last_entry(user)
    assert (entry.action, entry.actor_id) == ("accounts.user_created", str(admin.pk))
    assert entry.new is not None
    assert entry.new["password"] == "***"
    assert entry.new["display_name"] == "Li Lei"


@pytest.mark.parametrize("twin", ["li.lei", "LI.LEI", "ｌｉ．ｌｅｉ", " Li.Lei "])
@pytest.mark.parametrize("has_left", [False, True])
def test_user_name_is_never_used_again(twin: str, has_left: bool) -> None:
    user = create_user(**person_values(), by=BOOTSTRAP, at=AT)
    if has_left:
        deactivate_user(user=user, by=BOOTSTRAP, at=LATER, reason=WHY)
    with refused("username-taken"), transaction.atomic():
        create_user(**person_values(username=twin), by=BOOTSTRAP, at=LATER)
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "l"}, "username-invalid"),
        ({"username": "李雷"}, "username-invalid"),
        ({"display_name": ""}, "text-invalid"),
        ({"display_name": "Li\x00Lei"}, "text-invalid"),
        ({"email": "li@"}, "email-invalid"),
        ({"password": "short"}, "password-weak"),
        ({"password": "password12345"}, "password-weak"),
        ({"password": "130813081308130"}, "password-weak"),
        ({"username": "li.lei.wuhan", "password": "li.lei.wuhan1"}, "password-weak"),
        ({"password": "x7" * LONGEST_PASSWORD}, "password-weak"),
    ],
)
def test_user_with_a_bad_value_is_refused(changed: Mapping[str, str], code: str) -> None:
    with refused(code):
        create_user(**person_values(**changed), by=BOOTSTRAP, at=AT)
    assert not User.objects.exists()


def test_only_who_manages_users_creates_one() -> None:
    coordinator = make_user(Role.COORDINATOR, make_site())
    with refused("not-permitted"):
        create_user(**person_values(), by=coordinator, at=AT)


def test_user_who_leaves_is_deactivated_with_the_reason_and_may_come_back() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    deactivate_user(user=nurse, by=admin, at=LATER, reason=WHY)
    entry = last_entry(nurse)
    assert (entry.action, entry.reason, entry.acted_at) == ("accounts.user_deactivated", WHY, LATER)
    assert {c.field: (c.old, c.new) for c in changes(entry)} == {
        "is_active": (True, False),
        "version": (1, 2),
    }
    assert not User.objects.get(pk=nurse.pk).access.roles
    reactivate_user(user=nurse, by=admin, at=LATER, reason="back from leave")
    assert User.objects.get(pk=nurse.pk).access.roles == {Role.NURSE}


def test_deactivation_is_refused_without_reason_twice_or_for_oneself() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    with refused("reason-required"):
        deactivate_user(user=nurse, by=admin, at=LATER, reason=" ")
    with refused("own-account"):
        deactivate_user(user=admin, by=admin, at=LATER, reason=WHY)
    with refused("user-active"):
        reactivate_user(user=nurse, by=admin, at=LATER, reason=WHY)
    deactivate_user(user=nurse, by=admin, at=LATER, reason=WHY)
    with refused("user-inactive"):
        deactivate_user(user=nurse, by=admin, at=LATER, reason=WHY)


def test_admin_deactivates_only_people_all_of_whose_sites_the_admin_manages() -> None:
    here, there = make_site(), make_site()
    admin, both, foreign = (
        make_user(Role.ADMIN, here),
        make_user(Role.NURSE, here),
        make_user(Role.NURSE, there),
    )
    grant_role(user=both, role=Role.NURSE, site=there, by=BOOTSTRAP, at=AT)
    for person in (both, foreign, make_user(Role.AUDITOR)):
        with refused("not-permitted"):
            deactivate_user(user=person, by=admin, at=LATER, reason=WHY)
        assert User.objects.get(pk=person.pk).is_active


def test_two_admins_who_change_the_same_account_do_not_overwrite_each_other() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    stale = User.objects.get(pk=nurse.pk)
    set_password(user=nurse, password=STRONG, by=nurse, at=AT)
    with refused("stale-version"):
        deactivate_user(user=stale, by=admin, at=LATER, reason=WHY)


def test_no_user_can_be_deleted_not_even_by_sql() -> None:
    user = create_user(**person_values(), by=BOOTSTRAP, at=AT)
    with (
        pytest.raises(IntegrityError, match="never deleted"),
        acting(by=BOOTSTRAP, at=AT, action="accounts.test", reason="trying"),
    ):
        User.objects.filter(pk=user.pk).delete()
    assert User.objects.filter(pk=user.pk).exists()


# Roles


def test_role_counts_from_the_next_look_and_leaves_a_trail() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    assert not nurse.access.may(Permission.ENROL, site.pk)
    held = grant_role(user=nurse, role=Role.COORDINATOR, site=site, by=admin, at=LATER)
    assert nurse.access.may(Permission.ENROL, site.pk)
    assert last_entry(held).action == "accounts.role_granted"
    revoke_role(membership=held, by=admin, at=LATER, reason=WHY)
    assert not nurse.access.may(Permission.ENROL, site.pk)
    entry = last_entry(held)
    assert (entry.op, entry.action, entry.reason) == ("DELETE", "accounts.role_revoked", WHY)
    assert entry.old is not None
    assert entry.old["role"] == "coordinator"


def test_role_is_held_once() -> None:
    site = make_site()
    nurse, auditor = make_user(Role.NURSE, site), make_user(Role.AUDITOR)
    with refused("role-held"), transaction.atomic():
        grant_role(user=nurse, role=Role.NURSE, site=site, by=BOOTSTRAP, at=LATER)
    with refused("role-held"), transaction.atomic():
        grant_role(user=auditor, role=Role.AUDITOR, site=None, by=BOOTSTRAP, at=LATER)


def test_nobody_changes_the_own_roles() -> None:
    site = make_site()
    admin = make_user(Role.ADMIN, site)
    with refused("own-account"):
        grant_role(user=admin, role=Role.INVESTIGATOR, site=site, by=admin, at=LATER)
    with refused("own-account"):
        revoke_role(membership=Membership.objects.get(user=admin), by=admin, at=LATER, reason=WHY)


def test_roles_are_given_and_taken_by_the_admin_of_that_site_only() -> None:
    here, there = make_site(), make_site()
    admin, coordinator, nurse = (
        make_user(Role.ADMIN, here),
        make_user(Role.COORDINATOR, here),
        make_user(Role.NURSE, there),
    )
    with refused("not-permitted"):
        grant_role(user=nurse, role=Role.ADMIN, site=there, by=admin, at=LATER)
    with refused("not-permitted"):
        grant_role(user=nurse, role=Role.ADMIN, site=here, by=coordinator, at=LATER)
    with refused("not-permitted"):
        revoke_role(membership=Membership.objects.get(user=nurse), by=admin, at=LATER, reason=WHY)
    assert Membership.objects.filter(user=nurse).count() == 1


def test_auditor_is_appointed_by_who_manages_every_site() -> None:
    here, there = make_site(), make_site()
    admin, nurse = make_user(Role.ADMIN, here), make_user(Role.NURSE, here)
    with refused("not-permitted"):
        grant_role(user=nurse, role=Role.AUDITOR, site=None, by=admin, at=LATER)
    grant_role(user=admin, role=Role.ADMIN, site=there, by=BOOTSTRAP, at=AT)
    grant_role(user=nurse, role=Role.AUDITOR, site=None, by=User.objects.get(pk=admin.pk), at=LATER)
    assert nurse.access.everywhere == {Role.AUDITOR}


def test_role_and_place_must_fit_in_the_service_and_in_the_database() -> None:
    site = make_site()
    nurse = make_user(Role.NURSE, site)
    with refused("auditor-everywhere"):
        grant_role(user=nurse, role=Role.AUDITOR, site=site, by=BOOTSTRAP, at=LATER)
    with refused("site-required"):
        grant_role(user=nurse, role=Role.ADMIN, site=None, by=BOOTSTRAP, at=LATER)
    for role, place in (("auditor", site), ("admin", None), ("king", site)):
        with (
            pytest.raises(IntegrityError, match="membership_"),
            acting(by=BOOTSTRAP, at=AT, action="accounts.test"),
        ):
            Membership(user=nurse, role=role, site=place, recorded_at=AT).save_new()


def test_role_for_an_inactive_user_and_a_role_already_taken_are_refused() -> None:
    site = make_site()
    nurse = make_user(Role.NURSE, site)
    held = Membership.objects.get(user=nurse)
    with refused("reason-required"):
        revoke_role(membership=held, by=BOOTSTRAP, at=LATER, reason="")
    revoke_role(membership=Membership.objects.get(pk=held.pk), by=BOOTSTRAP, at=LATER, reason=WHY)
    with refused("role-gone"):
        revoke_role(membership=held, by=BOOTSTRAP, at=LATER, reason=WHY)
    deactivate_user(user=nurse, by=BOOTSTRAP, at=LATER, reason=WHY)
    with refused("user-inactive"):
        grant_role(user=nurse, role=Role.NURSE, site=site, by=BOOTSTRAP, at=LATER)


# Passwords


def test_own_password_is_changed_and_the_trail_keeps_that_but_not_the_hash() -> None:
    nurse = make_user(Role.NURSE, make_site())
    old_hash = nurse.password
    set_password(user=nurse, password=STRONG, by=nurse, at=LATER)
    assert User.objects.get(pk=nurse.pk).check_password(STRONG)
    entry = last_entry(nurse)
    assert (entry.action, entry.actor_id) == ("accounts.password_changed", str(nurse.pk))
    assert {c.field: (c.old, c.new) for c in changes(entry)} == {
        "password": ("***", "***"),
        "version": (1, 2),
    }
    kept = str([(e.old, e.new) for e in Entry.objects.all()])
    assert old_hash not in kept
    assert nurse.password not in kept


def test_forgotten_password_is_reset_by_the_admin_with_a_reason() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    with refused("reason-required"):
        set_password(user=nurse, password=STRONG, by=admin, at=LATER)
    set_password(user=nurse, password=STRONG, by=admin, at=LATER, reason="forgot it")
    entry = last_entry(nurse)
    assert (entry.action, entry.actor_id) == ("accounts.password_reset", str(admin.pk))


def test_password_of_a_colleague_or_a_weak_one_is_refused() -> None:
    site = make_site()
    nurse, coordinator = make_user(Role.NURSE, site), make_user(Role.COORDINATOR, site)
    with refused("not-permitted"):
        set_password(user=nurse, password=STRONG, by=coordinator, at=LATER, reason="curious")
    with refused("password-weak"):
        set_password(user=nurse, password="nurse", by=nurse, at=LATER)
    assert User.objects.get(pk=nurse.pk).check_password(PASSWORD)


def test_checking_a_password_writes_nothing_though_its_hash_is_of_an_older_kind(
    settings: Any, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    nurse = make_user(Role.NURSE, make_site())
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    with django_assert_num_queries(0):
        assert nurse.check_password(PASSWORD)


# API tokens


def issue(user: User, **changed: Any) -> IssuedToken:
    values: dict[str, Any] = {"name": "export", "expires_at": AT + timedelta(days=30), "by": user, "at": AT}
    return create_api_token(user=user, **(values | changed))


def test_token_opens_its_users_account_until_it_expires() -> None:
    nurse = make_user(Role.NURSE, make_site())
    issued = issue(nurse)
    assert user_for_token(issued.raw, AT) == nurse
    assert user_for_token(issued.raw, issued.token.expires_at - timedelta(microseconds=1)) == nurse
    assert user_for_token(issued.raw, issued.token.expires_at) is None
    assert user_for_token(issued.raw + "x", AT) is None
    assert user_for_token("\x00\ud800", AT) is None


def test_token_is_looked_up_in_one_query(
    django_assert_num_queries: Callable[[int], AbstractContextManager[Any]],
) -> None:
    issued = issue(make_user(Role.NURSE, make_site()))
    with django_assert_num_queries(1):
        user_for_token(issued.raw, AT)


def test_token_is_nowhere_stored_in_clear() -> None:
    issued = issue(make_user(Role.NURSE, make_site()))
    entry = last_entry(issued.token)
    assert entry.action == "accounts.api_token_created"
    assert entry.new is not None
    assert entry.new["digest"] == "***"
    assert issued.raw not in str(ApiToken.objects.values())
    assert issued.raw.endswith(issued.token.last4)


def test_token_ends_by_revocation_and_with_the_account() -> None:
    site = make_site()
    admin, nurse = make_user(Role.ADMIN, site), make_user(Role.NURSE, site)
    first, second, third = issue(nurse), issue(nurse), issue(nurse)
    revoke_api_token(token=first.token, by=nurse, at=LATER)
    revoke_api_token(token=second.token, by=admin, at=LATER, reason="leaked")
    assert last_entry(second.token).action == "accounts.api_token_revoked"
    assert [user_for_token(t.raw, LATER) for t in (first, second, third)] == [None, None, nurse]
    deactivate_user(user=nurse, by=admin, at=LATER, reason=WHY)
    assert user_for_token(third.raw, LATER) is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"expires_at": AT}, "expiry-invalid"),
        ({"expires_at": AT + LONGEST_LIFE + timedelta(microseconds=1)}, "expiry-invalid"),
        ({"name": ""}, "text-invalid"),
        ({"by": BOOTSTRAP}, "not-own-account"),
    ],
)
def test_token_with_a_bad_value_is_refused(changed: Mapping[str, Any], code: str) -> None:
    nurse = make_user(Role.NURSE, make_site())
    with refused(code):
        issue(nurse, **changed)
    assert not ApiToken.objects.exists()


def test_token_may_last_a_full_year() -> None:
    issued = issue(make_user(Role.NURSE, make_site()), expires_at=AT + LONGEST_LIFE)
    assert issued.token.version == 1


def test_token_of_another_cannot_be_revoked_and_none_twice() -> None:
    site = make_site()
    nurse, coordinator = make_user(Role.NURSE, site), make_user(Role.COORDINATOR, site)
    token = issue(nurse).token
    with refused("not-permitted"):
        revoke_api_token(token=token, by=coordinator, at=LATER)
    revoke_api_token(token=token, by=nurse, at=LATER)
    with refused("token-revoked"):
        revoke_api_token(token=token, by=nurse, at=LATER)


# Sign-in log, opening a site, and what holds for all


def test_sign_in_record_keeps_no_typed_name() -> None:
    record = record_sign_in(
        outcome=SignInOutcome.PASSWORD_REFUSED,
        typed_name="my secret typed here",
        user=None,
        ip_address="192.0.2.7",
        by=SystemActor("sign-in"),
        at=AT,
    )
    entry = last_entry(record)
    assert (entry.action, entry.actor_label) == ("accounts.password_refused", "system (sign-in)")
    assert "secret typed" not in str(SignInRecord.objects.values()) + str(entry.new)


def test_site_is_opened_with_its_admin_in_one_act() -> None:
    values = {**site_values(), **person_values()}
    admin = open_site(**values, by=BOOTSTRAP, at=AT, reason="start")
    site = Site.objects.get()
    assert admin.access.may(Permission.MANAGE_USERS, site.pk)
    assert {e.action for e in Entry.objects.filter(acted_at=AT)} == {"accounts.site_opened"}
    second = open_site(
        **{**values, **site_values(code="ZZ98", subject_prefix="ZZ8")},
        by=BOOTSTRAP,
        at=LATER,
        reason="second",
    )
    assert second == admin
    assert Membership.objects.filter(user=admin).count() == 2


def test_site_is_not_opened_when_its_admin_cannot_be_created() -> None:
    with refused("password-weak"):
        open_site(**{**site_values(), **person_values(password="weak")}, by=BOOTSTRAP, at=AT)
    assert not Site.objects.exists()


OPENING = ("--display-name=Li Lei", "--site-code=zz99", "--site-name=Tongji", "--time-zone=Asia/Shanghai")


def test_command_opens_the_first_site_with_a_password_from_standard_input() -> None:
    out = io.StringIO()
    with mock.patch("sys.stdin", io.StringIO(STRONG + "\n")):
        call_command(
            "create_first_admin", "li.lei", *OPENING, "--subject-prefix=ZZ", "--password-stdin", stdout=out
        )
    assert out.getvalue() == "li.lei now manages the users of ZZ99.\n"
    assert User.objects.get().check_password(STRONG)
    assert set(Entry.objects.values_list("actor_id", flat=True)) == {"system:bootstrap"}


def test_command_says_what_is_wrong_in_one_line() -> None:
    with (
        mock.patch("getpass.getpass", side_effect=["weak", "weak"]),
        pytest.raises(CommandError, match="password-weak"),
    ):
        call_command("create_first_admin", "li.lei", *OPENING, "--subject-prefix=ZZ")
    with (
        mock.patch("getpass.getpass", side_effect=[STRONG, "another"]),
        pytest.raises(CommandError, match="Nothing was created"),
    ):
        call_command("create_first_admin", "li.lei", *OPENING, "--subject-prefix=ZZ")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "table",
    ["accounts_user", "accounts_site", "accounts_membership", "accounts_apitoken", "accounts_signinrecord"],
)
def test_write_that_names_nobody_is_refused(table: str) -> None:
    nurse = make_user(Role.NURSE, make_site())
    issue(nurse)
    record_sign_in(
        outcome=SignInOutcome.SIGNED_IN, typed_name="x", user=nurse, ip_address=None, by=nurse, at=AT
    )
    with (
        pytest.raises(DatabaseError, match="nobody is named as acting"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET version = version + 1")  # noqa: S608  (a name this file gives)

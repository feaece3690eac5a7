"""The permission table, and what a user's roles open and close."""

from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.accounts import make_site, make_user
from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import (
    PERMISSIONS,
    SYSTEM_PERMISSIONS,
    Access,
    Permission,
    Role,
    SystemActor,
    describe,
    require,
    require_anywhere,
)
from trialsite.errors import NotPermitted

CLINICAL_DECISIONS = {
    Permission.JUDGE_ELIGIBILITY,
    Permission.CONFIRM_ELIGIBILITY,
    Permission.RELEASE_PRODUCT,
    Permission.DECIDE_COHORT,
    Permission.JUDGE_DLT,
    Permission.JUDGE_PROGRESSION,
}
READING = {
    Permission.USE_ACCOUNT,
    Permission.VIEW_TRIAL,
    Permission.VIEW_FIGURES,
    Permission.VIEW_PARTICIPANT,
    Permission.VIEW_WORKLIST,
    Permission.VIEW_DEVIATIONS,
    Permission.VIEW_TRAIL,
}


def held_by(role: Role) -> set[Permission]:
    return {permission for permission, roles in PERMISSIONS.items() if role in roles}


def test_every_permission_is_in_the_table_once_and_described() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(permission.description.endswith(".") for permission in Permission)
    assert len({permission.description for permission in Permission}) == len(Permission)


def test_only_the_sweep_is_held_by_no_person() -> None:
    assert [permission for permission, roles in PERMISSIONS.items() if not roles] == [Permission.RUN_SWEEP]


def test_auditor_reads_everything_but_identity_and_asks_about_it() -> None:
    inspecting = {Permission.REVIEW_ACCESS, Permission.EXPORT_RECORDS}
    assert held_by(Role.AUDITOR) == READING | inspecting | {Permission.OPEN_QUERY}


def test_decisions_about_a_patient_are_the_investigators_alone() -> None:
    assert {p for p, roles in PERMISSIONS.items() if roles == {Role.INVESTIGATOR}} == CLINICAL_DECISIONS | {
        Permission.SIGN_DATA
    }


def test_admin_sees_no_identity_and_records_nothing_clinical() -> None:
    administration = {
        Permission.RECORD_DEVIATION,
        Permission.MANAGE_VERSIONS,
        Permission.MANAGE_USERS,
        Permission.ANSWER_REMINDER,
        Permission.SETTLE_REMINDER,
        Permission.TRANSFER_PARTICIPANT,
        Permission.OPEN_QUERY,
        Permission.SETTLE_QUERY,
        Permission.ASSESS_DEVIATION,
        Permission.FREEZE_DATA,
        Permission.LOCK_DATA,
        Permission.REVIEW_ACCESS,
        Permission.EXPORT_RECORDS,
    }
    assert held_by(Role.ADMIN) == READING | administration


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.NURSE, Role.INVESTIGATOR])
def test_trial_staff_manage_neither_users_nor_versions(role: Role) -> None:
    assert not held_by(role) & {Permission.MANAGE_USERS, Permission.MANAGE_VERSIONS}


def test_nurse_holds_nothing_the_coordinator_lacks() -> None:
    assert held_by(Role.NURSE) < held_by(Role.COORDINATOR)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_a_role_counts_at_its_site_and_nowhere_else(role: Role, permission: Permission) -> None:
    here, elsewhere = uuid4(), uuid4()
    access = Access({here: frozenset({role})})
    expected = role in PERMISSIONS[permission]
    assert access.may(permission, here) is expected
    assert access.holds(permission) is expected
    assert access.site_ids(permission) == (frozenset({here}) if expected else frozenset())
    assert not access.may(permission, elsewhere)
    assert not access.may(permission, None)


def test_an_act_that_concerns_every_site_needs_a_role_at_every_site() -> None:
    everywhere = Access(everywhere=frozenset({Role.AUDITOR}))
    assert everywhere.may(Permission.VIEW_TRAIL, None)
    assert everywhere.may(Permission.VIEW_TRAIL, uuid4())
    assert everywhere.site_ids(Permission.VIEW_TRAIL) is None
    assert not everywhere.may(Permission.VIEW_IDENTITY, None)


def test_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(NotPermitted) as refused:
        require(SystemActor("sweep"), Permission.CONFIRM_ELIGIBILITY, uuid4())
    assert refused.value.code == "not-permitted"
    assert "investigator" in refused.value.message
    assert refused.value.params == {"permission": "confirm_eligibility"}


def test_system_actor_without_an_entry_may_sweep_and_nothing_else() -> None:
    sweep = SystemActor("sweep")
    assert "sweep" not in SYSTEM_PERMISSIONS
    require(sweep, Permission.RUN_SWEEP, uuid4())
    require_anywhere(sweep, Permission.RUN_SWEEP)
    assert {p for p in Permission if sweep.access.holds(p)} == {Permission.RUN_SWEEP}


def test_door_may_nothing() -> None:
    assert not any(SystemActor("sign-in").access.holds(permission) for permission in Permission)


def test_actor_that_states_no_access_is_refused() -> None:
    class Stranger:
        actor_id = "x"
        actor_label = "x"

    with pytest.raises(NotPermitted, match="It needs: admin"):
        require_anywhere(Stranger(), Permission.MANAGE_USERS)


def test_document_equals_the_table() -> None:
    path = Path(settings.BASE_DIR) / "docs" / "permissions.md"
    assert path.read_text(encoding="utf-8") == describe()
    call_command("permission_table", "--check", stdout=StringIO())


def test_outdated_document_is_noticed(tmp_path: Path, settings: pytest.FixtureRequest) -> None:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="out of date"):
        call_command("permission_table", "--check")
    call_command("permission_table")
    assert (tmp_path / "docs" / "permissions.md").read_text(encoding="utf-8") == describe()


@pytest.mark.django_db
class TestAccess:
    def test_is_read_in_one_query_and_once(self) -> None:
        here, there = make_site(), make_site()
        user = make_user(Role.COORDINATOR, here)
        make_user(Role.NURSE, there)
        fresh = User.objects.get(pk=user.pk)
        with CaptureQueriesContext(connection) as queries:
            assert fresh.access.may(Permission.ENROL, here.pk)
            assert not fresh.access.may(Permission.ENROL, there.pk)
        assert len(queries) == 1

    def test_of_an_auditor_covers_sites_opened_later(self) -> None:
        auditor = make_user(Role.AUDITOR)
        later = make_site()
        assert auditor.access.may(Permission.VIEW_TRAIL, later.pk)
        assert later in Site.objects.visible_to(auditor)

    def test_of_an_inactive_user_is_empty(self) -> None:
        user = make_user(Role.COORDINATOR, make_site())
        user.is_active = False
        assert user.access == Access()
        assert not user.access.holds(Permission.USE_ACCOUNT)

    def test_without_any_role_opens_the_own_account_only(self) -> None:
        user = make_user(Role.NURSE, make_site())
        roleless = User(username="x", display_name="X")
        assert [p for p in Permission if roleless.access.holds(p)] == [Permission.USE_ACCOUNT]
        assert user.access.holds(Permission.USE_ACCOUNT)

    def test_shows_only_the_own_sites(self) -> None:
        here, there = make_site(), make_site()
        user = make_user(Role.NURSE, here)
        assert list(Site.objects.visible_to(user)) == [here]
        assert there not in Site.objects.visible_to(user)
        assert not Site.objects.where_may(user, Permission.MANAGE_USERS)

    def test_shows_only_the_people_of_the_own_sites(self) -> None:
        here, there = make_site(), make_site()
        user, colleague, stranger = (
            make_user(Role.NURSE, here),
            make_user(Role.ADMIN, here),
            make_user(Role.ADMIN, there),
        )
        assert set(User.objects.visible_to(user)) == {user, colleague}
        assert stranger in User.objects.visible_to(make_user(Role.AUDITOR))

    def test_shows_the_roles_of_managed_sites_to_their_admin_alone(self) -> None:
        here, there = make_site(), make_site()
        admin, nurse = make_user(Role.ADMIN, here), make_user(Role.NURSE, here)
        make_user(Role.NURSE, there)
        assert {m.user for m in Membership.objects.visible_to(admin)} == {admin, nurse}
        assert not Membership.objects.visible_to(nurse)

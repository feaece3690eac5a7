"""User administration in the browser: own sites only, never oneself, always with a trace."""

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.factories.accounts import PASSWORD, make_site, make_user
from trialsite.accounts.models import Membership, Site, User
from trialsite.accounts.permissions import Role

pytestmark = pytest.mark.django_db
BACKEND = settings.AUTHENTICATION_BACKENDS[-1]


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def admin(site: Site) -> User:
    return make_user(Role.ADMIN, site)


@pytest.fixture
def office(admin: User, client: Client) -> Client:
    client.force_login(admin, backend=BACKEND)
    return client


def test_list_shows_the_people_of_own_sites_and_nobody_else(office: Client, site: Site) -> None:
    ours, theirs = make_user(Role.NURSE, site), make_user(Role.NURSE, make_site())
    page = office.get("/users/").content.decode()
    assert ours.username in page
    assert theirs.username not in page


def test_person_of_another_site_is_not_found(office: Client) -> None:
    other = make_user(Role.NURSE, make_site())
    for path in ("", "roles/", "deactivate/"):
        assert office.get(f"/users/{other.pk}/{path}").status_code == 404


def test_each_person_stands_once_however_many_roles(office: Client, admin: User, site: Site) -> None:
    nurse = make_user(Role.NURSE, site)
    office.post(f"/users/{nurse.pk}/roles/", {"role": "coordinator", "site": str(site.pk)})
    assert office.get("/users/").content.decode().count(nurse.username) == 1


def test_search_finds_by_part_of_the_name(office: Client, site: Site) -> None:
    nurse, coordinator = make_user(Role.NURSE, site), make_user(Role.COORDINATOR, site)
    page = office.get("/users/", {"q": nurse.display_name[2:]}).content.decode()
    assert nurse.username in page
    assert coordinator.username not in page


def test_list_costs_the_same_for_more_people(
    office: Client, site: Site, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(8):
        make_user(Role.NURSE, site)
    office.get("/users/")  # the first page of a session also starts its clocks
    with django_assert_max_num_queries(6):
        office.get("/users/")


def test_added_person_has_the_first_role_and_can_sign_in(office: Client, site: Site) -> None:
    entered = {
        "display_name": "Chen Yu",
        "username": "chen.yu",
        "password": PASSWORD,
        "role": "nurse",
        "site": str(site.pk),
    }
    response = office.post("/users/add/", entered)
    new = User.objects.get(username="chen.yu")
    assert (response.status_code, response["Location"]) == (303, f"/users/{new.pk}/")
    assert new.check_password(PASSWORD)
    assert new.access.roles_by_site == {site.pk: frozenset({Role.NURSE})}


def test_taken_name_is_said_at_the_field_and_the_password_is_not_sent_back(
    office: Client, admin: User, site: Site
) -> None:
    entered = {
        "display_name": "Chen Yu",
        "username": admin.username,
        "password": PASSWORD,
        "role": "nurse",
        "site": str(site.pk),
    }
    response = office.post("/users/add/", entered)
    page = response.content.decode()
    assert response.status_code == 422
    assert '<a href="#id_username">Username</a>' in page
    assert 'value="Chen Yu"' in page
    assert PASSWORD not in page


def test_form_offers_only_sites_that_the_admin_manages(office: Client, site: Site) -> None:
    other = make_site()
    page = office.get("/users/add/").content.decode()
    assert str(site.pk) in page
    assert str(other.pk) not in page
    assert 'value="auditor"' not in page


def test_role_is_given_and_taken_away_with_a_reason(office: Client, site: Site) -> None:
    nurse = make_user(Role.NURSE, site)
    office.post(f"/users/{nurse.pk}/roles/", {"role": "coordinator", "site": str(site.pk)})
    held = Membership.objects.get(user=nurse, role="coordinator")
    path = f"/users/{nurse.pk}/roles/{held.pk}/revoke/"
    assert office.post(path, {"reason": ""}).status_code == 422
    assert office.post(path, {"reason": "Moved to another ward."}).status_code == 303
    assert not Membership.objects.filter(pk=held.pk).exists()


def test_person_who_leaves_is_deactivated_and_may_come_back(office: Client, site: Site) -> None:
    nurse = make_user(Role.NURSE, site)
    for reason, is_active in (("Left the hospital.", False), ("Came back.", True)):
        office.post(f"/users/{nurse.pk}/deactivate/", {"reason": reason})
        nurse.refresh_from_db()
        assert nurse.is_active is is_active


def test_nobody_changes_the_own_roles(office: Client, admin: User, site: Site) -> None:
    response = office.post(f"/users/{admin.pk}/roles/", {"role": "nurse", "site": str(site.pk)})
    assert response.status_code == 403
    assert "Give a role" not in office.get(f"/users/{admin.pk}/").content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_other_roles_have_no_user_administration(client: Client, site: Site, role: Role) -> None:
    client.force_login(make_user(role, site), backend=BACKEND)
    assert client.get("/users/").status_code == 403

"""Every route × role × own or other site, generated from the URL conf and the permission table.

A route without a permission fails; a new one is covered the day it appears.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from followup.models import Visit
from followup.services.contraception import (
    Used,
    confirm_agreement,
    record_childbearing_status,
    record_method,
)
from followup.services.survival import record_new_therapy, record_progression, record_survival_contact
from followup.states import ContactSource, ProgressionBasis
from infusion.models import AdverseEvent, ConfidentialCase, LaboratoryGrade
from infusion.rules.bedside import RoundFindings
from infusion.rules.medication import MedicationClass
from infusion.services.adverse_events import record_adverse_event
from infusion.services.bedside import record_round
from infusion.services.confidential import record_confidential_case, record_follow_up
from infusion.services.label_prints import record_label_printed
from infusion.services.medications import record_medication
from participants.models import Obligation, Reminder, ReminderStatus
from participants.services.calendar_feeds import issue_calendar_feed
from participants.services.data_queries import open_query
from participants.services.deviations import record_deviation
from participants.states import State
from screening.models import Evidence
from screening.services.aliases import link_subject
from screening.services.result_files import receive_file
from tests.factories.accounts import make_user
from tests.factories.handling import of_a_deviation
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.followup.response import told
from tests.signing.acts import closed_deviation, proof_of, signed_by
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import PERMISSIONS, Permission, Role
from trialsite.audit.acting import acting
from trialsite.protocol.codes import make_code
from trialsite.protocol.findings import Category
from trialsite.signing.services.locks import lock

UNLISTED = "no permission"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Route:
    """One method of one URL. permission: None is public."""

    template: str
    method: str
    permission: Permission | str | None

    @property
    def is_api(self) -> bool:
        return self.template.startswith("api/")

    @property
    def is_of_a_participant(self) -> bool:
        return bool(
            re.search(
                r"(participants/<str:code>|<uuid:(?!user_id|membership_id|cohort_id|token_id|feed_id|view_id))",
                self.template,
            )
        )

    def __str__(self) -> str:
        return f"{self.method} /{self.template}"


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        template = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _patterns(one, template)
        else:
            yield template, one


def _routes() -> Iterator[Route]:
    for template, pattern in _patterns(get_resolver()):
        view = pattern.callback
        table = getattr(view, "by_method", None)
        if table is not None:
            for method, handler in table.items():
                yield Route(template, method, handler.cls.required_permission)
            continue
        owner = getattr(view, "cls", view)
        permission = getattr(owner, "required_permission", UNLISTED)
        methods = ["GET"] if template.startswith("api/") else ["GET", "POST"]
        yield from (Route(template, method, permission) for method in methods)


ROUTES = [route for route in _routes() if not route.template.startswith(("static/", "api/v1/^"))]

# Answered otherwise than by the table, and why.
EXCEPTIONS = {
    "POST /accounts/logout/": "signs out and leads to the sign-in page",
    "GET /accounts/2fa/recovery-codes/": "there are none before a second factor is set up",
    "GET /accounts/2fa/totp/deactivate/": "there is nothing to deactivate",
    "POST /accounts/2fa/totp/deactivate/": "there is nothing to deactivate",
    "POST /users/<uuid:user_id>/deactivate/": "nobody deactivates the own account",
    "POST /users/<uuid:user_id>/roles/": "nobody changes the own roles",
    "GET /tokens/<uuid:token_id>/revoke/": "only the own token",
    "POST /tokens/<uuid:token_id>/revoke/": "only the own token",
    "GET /calendar/<uuid:feed_id>/revoke/": "only the own feed",
    "POST /calendar/<uuid:feed_id>/revoke/": "only the own feed",
    "GET /audit/views/<uuid:view_id>/remove/": "only the own view",
    "POST /audit/views/<uuid:view_id>/remove/": "only the own view",
    "POST /api/v1/saved-views/<uuid:view_id>/remove/": "only the own view",
    "POST /inbox/<uuid:reminder_id>/acknowledge/": "only the own reminder",
    **{
        f"POST /api/v1/reminders/<uuid:reminder_id>/{act}/": "only the own reminder"
        for act in ("acknowledge", "snooze", "hand-over")
    },
    **{
        f"{method} /participants/<str:code>/reminders/<uuid:reminder_id>/{act}/": "only the own reminder"
        for method in ("GET", "POST")
        for act in ("snooze", "hand-over")
    },
    "POST /api/v1/data-queries/<uuid:query_id>/close/": "only the own question",
    "POST /participants/<str:code>/data-queries/<uuid:query_id>/close/": "only the own question",
    "GET /participants/<str:code>/enrol/<str:arm>/elsewhere/": "needs an arm",
}


def test_every_route_names_its_permission() -> None:
    assert [str(route) for route in ROUTES if route.permission == UNLISTED] == []


def test_there_are_routes_of_every_stage() -> None:
    templates = {
        route.template.split("/")[2] for route in ROUTES if route.is_of_a_participant and not route.is_api
    }
    assert {"consent", "screening", "enrol"} <= templates


@dataclass
class World:
    """One participant with a record of every kind, and everything a URL may name."""

    story: Story
    values: dict[str, str]

    def path(self, route: Route, code: str | None = None) -> str:
        site_code = self.story.ward.site.code

        def fill(match: re.Match[str]) -> str:
            name = match.group(2)
            if name == "code":
                is_participant = "participants/<" in route.template
                return code or self.story.participant.code if is_participant else site_code
            if name == "key" and "lymphodepletion" in route.template:
                return quote("V-LD1#1")
            if name == "key" and "/tests/" in route.template:
                return quote("K-D28#1")
            if name == "key" and "recheck" in route.template:
                return quote("T-RECHECK-LD#1")
            if name in {"kind", "record_id"} and "/records/" in route.template:
                return str(uuid4()) if code and name == "record_id" else self.values[f"asked_{name}"]
            return quote(str(uuid4()) if code and match.group(1) == "uuid" else self.values.get(name, "x"))

        return "/" + re.sub(r"<(\w+):(\w+)>", fill, route.template)


def _world() -> World:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    ward = story.ward
    event = record_adverse_event(
        participant=story.participant,
        term="fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=1,
        is_serious=True,
        by=ward.nurse,
        at=story.now,
    )
    record_deviation(
        participant=story.participant,
        category=Category.OTHER,
        description="label torn",
        is_important=False,
        occurred_at=story.now,
        by=ward.coordinator,
        at=story.now,
        reason="",
    )
    values = {
        "round_id": has_round(story),
        "consent_id": there(story.consent).pk,
        **of_a_deviation(story),
        "episode_id": there(story.episode).pk,
        "leukapheresis_id": there(story.leukapheresis).pk,
        "product_id": there(story.product).pk,
        "entry_id": story.moves_bag("stored", temperature_c="-120").pk,
        "infusion_id": there(story.infusion).pk,
        "bridging_id": story.gets_bridging().pk,
        "adverse_event_id": event.pk,
        "event_id": event.pk,
        "visit_id": Visit.objects.get(obligation_key="V-D1#1").pk,
        "cohort_id": there(story.slot).cohort_id,
        "slot_id": there(story.slot).pk,
        "medication_id": is_on_medication(story),
        "group": "laboratory",
        "item": "lesions",
        "section": "safety",
        "picture": "flow",
        "evidence_id": Evidence.objects.filter(episode=there(story.episode), item="lesions")
        .latest("recorded_at")
        .pk,
        "arm": "intravenous",
        "route": "intravenous",
        "clock_id": "C-SAE",
        "key": "V-D2#1",
        "user_id": ward.nurse.pk,
        "membership_id": Membership.objects.get(user=ward.nurse).pk,
        "token_id": uuid4(),
        "reminder_id": has_mail_that_failed(story).pk,
        "feed_id": uuid4(),
        "view_id": uuid4(),
        "page": "trail",
        "feed_token": issue_calendar_feed(
            user=ward.coordinator, name="Telephone", by=ward.coordinator, at=story.now
        ).token,
        **of_a_question(story, event),
        **of_the_record(story),
        **of_the_ledger(story),
        **of_the_feed(story),
        **of_the_signatures(story),
    }
    return World(story=story, values={name: str(value) for name, value in values.items()})


def of_a_question(story: Story, event: AdverseEvent) -> dict[str, object]:
    """A question about the outcome of the adverse event."""
    about = {"kind": "adverse_event", "field": "outcome"}
    query = open_query(
        participant=story.participant,
        ref=str(event.pk),
        question="Over?",
        by=story.ward.coordinator,
        at=story.now,
        **about,
    )
    return {
        "asked_kind": "adverse_event",
        "asked_record_id": event.pk,
        "field": "outcome",
        "query_id": query.pk,
    }


def has_round(story: Story) -> object:
    """A round at the bedside, just now."""
    recorded = record_round(
        participant=story.participant,
        findings=RoundFindings(taken_at=story.now),
        vital_signs={"TEMP": Decimal("36.8")},
        by=story.ward.nurse,
        at=story.now,
    )
    return recorded.pk


def has_mail_that_failed(story: Story) -> Reminder:
    """A mail that waits for a person, to the coordinator about the visit of the second day."""
    due = Obligation.objects.get(participant=story.participant, key="V-D2#1")
    with acting(by=story.ward.coordinator, at=story.now, action="participants.reminders_marked"):
        mail = Reminder(
            obligation=due,
            ladder=due.ladder,
            rung="opens",
            due_at=story.now,
            opens_on=due.opens_on,
            target_on=due.target_on,
            recipient=story.ward.coordinator,
            role=Role.COORDINATOR,
            status=ReminderStatus.FAILED,
            recorded_at=story.now,
        )
        mail.save_new()
    return mail


def is_on_medication(story: Story) -> object:
    return record_medication(
        participant=story.participant,
        name="Paracetamol",
        medication_class=MedicationClass.OTHER,
        started_on=story.now.date(),
        by=story.ward.nurse,
        at=story.now,
    ).pk


def of_the_record(story: Story) -> dict[str, object]:
    """A graded laboratory value, a printed label and a confidential case of the participant."""
    by, at = story.ward.nurse, story.now
    grades = LaboratoryGrade.objects.filter(participant=story.participant, voided_at=None)
    case = record_confidential_case(
        participant=story.participant, concerns="partner", aware_at=at, by=by, at=at
    )
    return {
        "grade_id": grades[0].pk,
        "print_id": record_label_printed(bag=there(story.product), by=by, at=at).pk,
        "case_id": case.pk,
        **of_the_response(story),
    }


def of_the_response(story: Story) -> dict[str, object]:
    """Two scans, a progression, a new therapy and a contact of the participant."""
    who: Any = {"participant": story.participant, "by": story.ward.investigator, "at": story.now}
    on = told.infused_on(story)
    return {
        "review": "site",
        "baseline_id": told.has_baseline(story).pk,
        "scan_id": told.has_scan(story, -3, {"T1": "50"}).pk,
        "progression_id": record_progression(progressed_on=on, basis=ProgressionBasis.IMAGING, **who).pk,
        "therapy_id": record_new_therapy(started_on=on, name="Docetaxel", **who).pk,
        "contact_id": record_survival_contact(alive_on=on, source=ContactSource.VISIT, **who).pk,
    }


def of_the_ledger(story: Story) -> dict[str, object]:
    """An entry of each kind in the contraception ledger, a confidential test and what became of the case."""
    participant, by, at = story.participant, story.ward.nurse, story.now
    today = at.date()
    used = Used(method="CM-PILL", started_on=today)
    return {
        "place": 1,  # the condom, named at screening
        "method_id": record_method(participant=participant, used=used, by=by, at=at).pk,
        "status_id": record_childbearing_status(
            participant=participant, is_possible=True, since_on=today, by=by, at=at
        ).pk,
        "agreement_id": confirm_agreement(
            participant=participant, confirmed_on=today, is_agreed=True, by=by, at=at
        ).pk,
        "test_id": story.is_tested().pk,
        "follow_up_id": record_follow_up(
            case=ConfidentialCase.objects.get(participant=participant),
            finding="live_birth",
            found_on=today,
            by=by,
            at=at,
        ).pk,
    }


def of_the_feed(story: Story) -> dict[str, object]:
    """A file of laboratory results at the site, and a number under which a laboratory knows the participant."""
    by, at = story.ward.coordinator, story.now
    file = receive_file(site=story.ward.site, name="lb.csv", content=[b"USUBJID"], by=by, at=at)
    alias = link_subject(participant=story.participant, number="S-1", by=by, at=at)
    return {"import_id": file.pk, "alias_id": alias.pk, "act": "check"}


def of_the_signatures(story: Story) -> dict[str, object]:
    """A deviation that was closed and signed, and its lock."""
    deviation, _ = closed_deviation(story, at=story.now)
    by, at = story.ward.investigator, story.now
    signature = signed_by(by, deviation, at=at)
    frozen = lock(target=deviation, proof=proof_of(by, at), by=by, at=at, reason="reviewed")
    return {
        "kind": "deviation",
        "record_id": deviation.pk,
        "signature_id": signature.pk,
        "lock_id": frozen.pk,
    }


def _signed_in(user: User | None) -> SimpleCookie:
    """Return what the browser of somebody who has signed in sends along, once for all questions."""
    client = Client()
    if user is not None:
        client.force_login(user, backend=BACKEND)
    return client.cookies


def _answer(cookies: SimpleCookie, route: Route, path: str) -> tuple[int, str, bytes]:
    """Ask inside a savepoint that is rolled back; return status, Location and body."""
    client = Client(raise_request_exception=False)
    client.cookies = deepcopy(cookies)
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": '"1"'} if route.is_api else {}
    savepoint = transaction.savepoint()
    try:
        response = client.generic(
            route.method,
            path,
            data=b"{}" if route.is_api and route.method != "GET" else b"",
            content_type="application/json" if route.is_api else "application/x-www-form-urlencoded",
            headers=headers,
        )
        return response.status_code, response.headers.get("Location", ""), response.getvalue()
    finally:
        transaction.savepoint_rollback(savepoint)


def _is_allowed(role: Role, permission: Permission | str | None) -> bool:
    return permission is None or role in PERMISSIONS[Permission(str(permission))]


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_at_the_own_site_a_role_opens_what_the_table_says_and_nothing_else(role: Role) -> None:
    world = _world()
    cookies = _signed_in(make_user(role, world.story.ward.site, at=world.story.now))
    wrong = {}
    for route in ROUTES:
        status, location, _ = _answer(cookies, route, world.path(route))
        if status == 405:
            continue
        refused = status in {401, 403, 404} or "/accounts/login" in location
        expected_refused = not _is_allowed(role, route.permission)
        if status >= 500 or (refused != expected_refused and str(route) not in EXCEPTIONS):
            wrong[str(route)] = (status, "refused" if expected_refused else "allowed")
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
def test_another_sites_participant_answers_like_one_that_does_not_exist(role: Role) -> None:
    world = _world()
    cookies = _signed_in(make_user(role, make_ward().site, at=world.story.now))
    unknown = make_code(world.story.ward.site.subject_prefix, "ZZZZZ")
    wrong = {}
    for route in (one for one in ROUTES if one.is_of_a_participant):
        theirs = _answer(cookies, route, world.path(route))
        nobodys = _answer(cookies, route, world.path(route, code=unknown))
        if theirs[0] == nobodys[0] == 405:
            continue
        # Without the permission at any site a page says so at the door; either way nothing tells the two apart.
        expected = {404} if _is_allowed(role, route.permission) else {403, 404}
        if theirs[0] not in expected or nobodys[0] != theirs[0]:
            wrong[str(route)] = (theirs[0], nobodys[0], expected)
        elif not route.is_api and len(theirs[2]) != len(nobodys[2]):
            wrong[str(route)] = "the pages differ"
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())


@pytest.mark.django_db
def test_nobody_gets_in_without_signing_in() -> None:
    world, nobody = _world(), _signed_in(None)
    wrong = {}
    for route in ROUTES:
        status, location, _ = _answer(nobody, route, world.path(route))
        is_kept_out = status == 401 or "/accounts/login" in location
        if is_kept_out == (route.permission is None) and "accounts/" not in route.template:
            wrong[str(route)] = status
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())

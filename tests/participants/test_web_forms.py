"""The forms: what is saved, what is refused and where, sent twice, sent on an old version; identity stays closed."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from participants.models import (
    Consent,
    Deviation,
    Disposition,
    DispositionKind,
    IcfVersion,
    IdentityOpening,
    Obligation,
    Participant,
    ProtocolActivation,
)
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.referral import refer_participant
from participants.services.versions import activate_icf, activate_protocol
from participants.states import State
from tests.factories.accounts import BOOTSTRAP, PASSWORD, make_site, make_user
from tests.factories.journeys import Story, make_ward, new_icf, participant_at, refer
from tests.participants.web import HTMX, browser_of, filled
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.roles import grant_role
from trialsite.audit.models import Entry
from trialsite.protocol.findings import Category

pytestmark = pytest.mark.django_db

NAME, NATIONAL_ID, PHONE = "欧阳娜", "420100196103041234", "13812345678"


def wall(at: datetime, zone: str = "Asia/Shanghai") -> str:
    """Return an instant as it is typed into a form at the site."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def path(story: Story, tail: str) -> str:
    return f"/participants/{story.participant.code}/{tail}"


def signed(story: Story, **more: object) -> dict[str, object]:
    entered = {"icf": story.ward.icf.pk, "signed_at": wall(story.now), "signer": "participant", **more}
    return filled(**entered)


# ---- Consent


def test_consent_is_recorded_and_leads_back_to_the_participant() -> None:
    story = refer(make_ward())
    client = browser_of(story.ward.coordinator)

    response = client.post(path(story, "consent/"), signed(story))

    assert (response.status_code, response.headers["Location"]) == (303, story.participant.get_absolute_url())
    assert Consent.objects.get().signed_at == story.now
    assert "Consent recorded" in client.get(story.participant.get_absolute_url()).content.decode()


def test_a_refusal_stands_at_its_field_and_nothing_entered_is_lost() -> None:
    story = refer(make_ward())
    entered = signed(story, signer="representative", impartial_witness="L.W.")

    response = browser_of(story.ward.coordinator).post(path(story, "consent/"), entered)

    form = response.context["form"]
    assert response.status_code == 422
    assert "related to the participant" in form.errors["representative_relation"][0]
    assert "L.W." in response.content.decode()
    assert Consent.objects.count() == 0


def test_a_form_sent_twice_acts_once() -> None:
    story = refer(make_ward())
    client, entered = browser_of(story.ward.coordinator), signed(story)

    first = client.post(path(story, "consent/"), entered)
    second = client.post(path(story, "consent/"), entered)

    assert (first.status_code, second.status_code) == (303, 303)
    assert Consent.objects.count() == 1


def test_the_same_version_signed_again_is_refused_in_words() -> None:
    story = refer(make_ward())
    client = browser_of(story.ward.coordinator)
    client.post(path(story, "consent/"), signed(story))

    response = client.post(path(story, "consent/"), signed(story))

    assert response.status_code == 422
    assert "is signed already" in response.content.decode()


def test_a_time_in_the_future_is_refused_at_the_field() -> None:
    story = refer(make_ward())
    entered = signed(story, signed_at=wall(datetime.now(UTC) + timedelta(days=2)))

    response = browser_of(story.ward.coordinator).post(path(story, "consent/"), entered)

    assert response.status_code == 422
    assert "in the future" in response.context["form"].errors["signed_at"][0]


def test_without_a_consent_form_in_force_the_form_says_so() -> None:
    site, at = make_site(), datetime.now(UTC) - timedelta(hours=1)
    admin, coordinator = make_user(Role.ADMIN, site), make_user(Role.COORDINATOR, site)
    activate_protocol(site=site, number="1.0", approved_on=at.date(), activated_at=at, by=admin, at=at)
    participant = refer_participant(site=site, referred_at=at, by=coordinator, at=at)

    shown = browser_of(coordinator).get(f"/participants/{participant.code}/consent/")

    assert "No version of the consent form is in force" in shown.context["blocked"]
    assert 'type="submit"' in shown.content.decode()
    assert "disabled" in shown.content.decode()


def test_only_the_versions_of_the_site_are_offered() -> None:
    story, other = refer(make_ward()), make_ward()

    choices = (
        browser_of(story.ward.coordinator).get(path(story, "consent/")).context["form"].fields["icf"].choices
    )

    assert [value for value, _ in choices] == [str(story.ward.icf.pk)]
    assert str(other.icf.pk) not in dict(choices)


def _newer_icf(story: Story, days: int = 3) -> IcfVersion:
    """Put a second version in force some days later; the clock of the story stands there."""
    ward = story.ward
    icf = new_icf(ward.site, ward.admin, at=story.wait(days).now)
    activate_icf(
        site=ward.site,
        icf=icf,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=ward.admin,
        at=story.now,
    )
    return icf


def test_a_version_that_does_not_fit_the_time_of_signature_is_said_below_the_form() -> None:
    story = refer(make_ward())
    first_at, first = story.now, story.ward.icf
    newer = _newer_icf(story)
    client = browser_of(story.ward.coordinator)

    def remarks(icf: IcfVersion, at: datetime) -> str:
        given = {"icf": str(icf.pk), "signed_at": wall(at)}
        return str(client.get(path(story, "consent/beside/"), given).content.decode())

    assert client.get(path(story, "consent/")).context["form"].initial["icf"] == str(newer.pk)
    assert f"In force at that time: ICF {first.number}." in remarks(newer, first_at)
    assert "not approved for this site" in remarks(newer, first_at)
    assert f"In force at that time: ICF {newer.number}." in remarks(first, story.now)
    assert "position-warn" not in remarks(first, first_at) + remarks(newer, story.now)
    assert "position-warn" not in str(client.get(path(story, "consent/beside/")).content)


def test_a_correction_that_takes_the_signature_out_of_its_version_says_so_in_the_preview() -> None:
    story = participant_at(State.SCREENING)
    consent = Consent.objects.get()
    newer = _newer_icf(story)
    client = browser_of(story.ward.coordinator)

    shown = client.get(path(story, f"consents/{consent.pk}/preview/"), {"signed_at": wall(story.now)})

    assert f"A newer ICF version was in force: {newer.number}" in shown.content.decode()


def test_a_reason_that_is_asked_for_is_not_called_optional() -> None:
    story = refer(make_ward())
    client = browser_of(story.ward.coordinator)
    before = datetime.now(UTC) - timedelta(days=400)

    shown = client.get(path(story, "consent/")).content.decode()
    refused = client.post(path(story, "consent/"), signed(story, signed_at=wall(before)))

    label = 'for="id_reason">Reason'
    assert f'{label} <span class="field-optional">' in shown
    assert "reason" in refused.context["form"].errors
    assert f'{label} <span class="field-optional">' not in refused.content.decode()


def test_a_nurse_cannot_record_consent_although_she_sees_the_participant() -> None:
    story = refer(make_ward())
    client = browser_of(story.ward.nurse)

    assert client.get(path(story, "consent/")).status_code == 403
    assert client.post(path(story, "consent/"), signed(story)).status_code == 403
    assert Consent.objects.count() == 0


def test_the_right_at_another_site_is_no_right_here() -> None:
    story = refer(make_ward())
    nurse = story.ward.nurse
    grant_role(user=nurse, role=Role.COORDINATOR, site=make_ward().site, by=BOOTSTRAP, at=story.now)
    client = browser_of(nurse)

    shown = client.get(path(story, "consent/"))
    sent = client.post(path(story, "consent/"), signed(story))

    assert (shown.status_code, sent.status_code) == (200, 403)
    assert "does not allow" in shown.content.decode()


# ---- Correction, after looking at what moves


def _correction(story: Story, to: datetime, **more: object) -> dict[str, object]:
    return filled(signed_at=wall(to), reason="misread", **more)


def test_a_correction_is_saved_only_after_its_preview_was_on_screen() -> None:
    story = participant_at(State.SCREENING)
    consent = Consent.objects.get()
    client, to = browser_of(story.ward.coordinator), consent.signed_at - timedelta(days=2)
    address = path(story, f"consents/{consent.pk}/correct/")

    unseen = client.post(address, _correction(story, to))
    seen = client.post(address, _correction(story, to, previewed=wall(to)))

    assert unseen.status_code == 422
    assert "Start screening" in unseen.content.decode()
    assert f'name="previewed" value="{wall(to)}"' in unseen.content.decode()
    assert seen.status_code == 303
    assert Consent.objects.get().signed_at == to


def test_the_preview_names_exactly_the_windows_that_then_move() -> None:
    story = participant_at(State.SCREENING)
    consent = Consent.objects.get()
    client, to = browser_of(story.ward.coordinator), consent.signed_at - timedelta(days=2)

    shown = client.get(path(story, f"consents/{consent.pk}/preview/"), {"signed_at": wall(to)}, headers=HTMX)
    moved = {line.title: line.after.first_on for line in shown.context["preview"].moved}
    client.post(path(story, f"consents/{consent.pk}/correct/"), _correction(story, to, previewed=wall(to)))

    assert "Start screening" in moved
    for row in Obligation.objects.in_force().filter(title__in=moved):
        assert row.opens_on == moved[row.title]


@pytest.mark.parametrize("entered", ["", "yesterday", "2026-13-01T10:00"])
def test_a_preview_of_no_readable_time_waits(entered: str) -> None:
    story = participant_at(State.SCREENING)
    response = browser_of(story.ward.coordinator).get(
        path(story, f"consents/{Consent.objects.get().pk}/preview/"), {"signed_at": entered}
    )

    assert response.status_code == 200
    assert "Enter the corrected time" in response.content.decode()


def test_a_correction_of_an_older_version_is_a_conflict_that_keeps_what_was_typed() -> None:
    story = participant_at(State.SCREENING)
    consent = Consent.objects.get()
    client, to = browser_of(story.ward.coordinator), consent.signed_at - timedelta(hours=3)
    address = path(story, f"consents/{consent.pk}/correct/")
    client.post(address, _correction(story, to, previewed=wall(to)))

    stale = client.post(address, _correction(story, to, previewed=wall(to)))

    assert stale.status_code == 422
    assert stale.context["is_stale"]
    assert "misread" in stale.content.decode()


@pytest.mark.parametrize("which", ["correct", "preview"])
def test_anothers_consent_is_not_found_under_this_code(which: str) -> None:
    ward = make_ward()
    one, two = participant_at(State.SCREENING, ward=ward), participant_at(State.SCREENING, ward=ward)
    consent = Consent.objects.get(participant=two.participant)

    response = browser_of(ward.coordinator).get(path(one, f"consents/{consent.pk}/{which}/"))

    assert response.status_code == 404


# ---- Identity


def _with_identity() -> Story:
    story = refer(make_ward())
    record_identity(
        participant=story.participant,
        identifiers=DirectIdentifiers(
            name=NAME, national_id=NATIONAL_ID, phone=PHONE, born_on=date(1961, 3, 4)
        ),
        by=story.ward.coordinator,
        at=story.now,
    )
    return story


def _tells(client: Client, address: str) -> bool:
    text = client.get(address).content.decode()
    return any(value in text for value in (NAME, "Yang Na", NATIONAL_ID, PHONE, "1961-03-04"))


def test_identifiers_are_shown_after_a_purpose_and_the_opening_is_on_record() -> None:
    story = _with_identity()
    client = browser_of(story.ward.nurse)

    opened = client.post(path(story, "identity/open/"), {"purpose": "call about month 3"}, headers=HTMX)

    text = opened.content.decode()
    assert all(value in text for value in (NAME, "Yang Na", NATIONAL_ID, PHONE, "1961-03-04"))
    assert "no-store" in opened.headers["Cache-Control"]
    opening = IdentityOpening.objects.get()
    assert (opening.purpose, opening.opened_by) == ("call about month 3", story.ward.nurse.actor_label)


def test_without_a_purpose_nothing_is_opened_and_nothing_is_shown() -> None:
    story = _with_identity()

    refused = browser_of(story.ward.nurse).post(
        path(story, "identity/open/"), {"purpose": "  "}, headers=HTMX
    )

    assert refused.status_code == 422
    assert NAME not in refused.content.decode()
    assert IdentityOpening.objects.count() == 0


def test_no_page_but_the_opened_fragment_holds_an_identifier() -> None:
    story = _with_identity()
    story.signs()
    client = browser_of(make_user(Role.AUDITOR))
    staff = browser_of(story.ward.coordinator)
    everywhere = [
        "/",
        "/participants/",
        "/deviations/",
        story.participant.get_absolute_url(),
        path(story, "panels/consent/"),
    ]

    assert not any(_tells(staff, address) for address in everywhere)
    assert not any(
        _tells(staff, path(story, tail)) for tail in ("panels/identity/", "identity/", "edit/", "consent/")
    )
    assert not _tells(client, f"/trail/?code={story.participant.code}")
    assert not Entry.objects.filter(new__icontains=NATIONAL_ID).exists()


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_who_may_not_view_identity_gets_neither_panel_nor_fragment(role: str) -> None:
    story = _with_identity()
    user = make_user(Role.AUDITOR) if role == "auditor" else story.ward.admin
    client = browser_of(user)

    assert client.get(path(story, "panels/identity/")).status_code == 403
    assert client.post(path(story, "identity/open/"), {"purpose": "curious"}).status_code == 403
    assert "panels/identity/" not in client.get(story.participant.get_absolute_url()).content.decode()
    assert IdentityOpening.objects.count() == 0


def test_opening_by_a_plain_link_is_not_possible() -> None:
    story = _with_identity()

    assert browser_of(story.ward.nurse).get(path(story, "identity/open/")).status_code == 405


def test_stored_identifiers_are_replaced_only_with_a_reason() -> None:
    story = _with_identity()
    client = browser_of(story.ward.coordinator)

    refused = client.post(path(story, "identity/"), filled(name="王芳"))
    accepted = client.post(path(story, "identity/"), filled(name="王芳", reason="married"))

    assert "reason" in refused.context["form"].errors
    assert accepted.status_code == 303


def test_typed_identifiers_are_not_kept_as_a_draft() -> None:
    story = refer(make_ward())
    text = browser_of(story.ward.coordinator).get(path(story, "identity/")).content.decode()

    assert text.index("data-private") < text.index('name="national_id"')


# ---- Particulars, endings, deviations


def test_particulars_changed_by_somebody_else_meanwhile_are_not_overwritten() -> None:
    story = refer(make_ward())
    client, address = browser_of(story.ward.coordinator), path(story, "edit/")
    read = client.get(address).context["form"]["version"].value()
    entered = {"sex": "female", "birth_year": "1961", "reason": "typing error", "version": read}

    first = client.post(address, filled(**{**entered, "birth_year": "1962"}))
    second = client.post(address, filled(**{**entered, "birth_year": "1963"}))

    assert (first.status_code, second.status_code) == (303, 422)
    assert second.context["is_stale"]
    assert Participant.objects.get().birth_year == 1962


def test_withdrawal_asks_for_its_scope_and_takes_effect() -> None:
    story = participant_at(State.ENROLLED)
    client, address = browser_of(story.ward.investigator), path(story, "withdraw/")
    entered = {"occurred_at": wall(story.now), "decided_by": "participant"}

    unsaid = client.post(address, filled(**entered))
    said = client.post(address, filled(**entered, kind="withdrawn_from_visits"))

    assert "kind" in unsaid.context["form"].errors
    assert said.status_code == 303
    assert story.state is State.WITHDRAWN


def test_fewer_attempts_than_asked_need_a_reason_and_become_a_deviation() -> None:
    story = participant_at(State.FOLLOW_UP)
    client, address = browser_of(story.ward.coordinator), path(story, "lost/")
    entered = {"occurred_at": wall(story.now), "contact_attempts": "1"}

    refused = client.post(address, filled(**entered))
    accepted = client.post(address, filled(**entered, reason="number out of service"))

    assert "reason" in refused.context["form"].errors
    assert accepted.status_code == 303
    assert story.state is State.LOST_TO_FOLLOW_UP
    assert Deviation.objects.filter(rule_id__contains="contact-attempts").exists()


@pytest.mark.parametrize(("answer", "stored"), [("yes", True), ("no", False), ("unknown", None)])
def test_death_is_recorded_with_its_cause_and_relation(answer: str, stored: bool | None) -> None:
    story = participant_at(State.ENROLLED)
    entered = filled(occurred_at=wall(story.now), cause_of_death="unknown", related_to_treatment=answer)
    client = browser_of(story.ward.coordinator)

    response = client.post(path(story, "death/"), entered)

    assert response.status_code == 303
    assert Disposition.objects.get().related_to_treatment is stored
    assert "has died" in client.get(path(story, "withdraw/")).context["blocked"]


def test_a_referral_is_closed_only_before_screening() -> None:
    ward = make_ward()
    fresh, screened = refer(ward), participant_at(State.SCREENING, ward=ward)
    client = browser_of(ward.coordinator)

    assert "screening" in client.get(path(screened, "close-referral/")).context["blocked"]
    closed = client.post(path(fresh, "close-referral/"), filled(occurred_at=wall(fresh.now)))
    assert closed.status_code == 303
    assert fresh.state is State.NOT_SCREENED


def test_a_deviation_is_dealt_with_on_the_pages_from_found_to_opened_again() -> None:
    story = participant_at(State.ENROLLED)
    nurse, investigator = browser_of(story.ward.nurse), browser_of(story.ward.investigator)
    entered = {
        "category": Category.PRIVACY.value,
        "description": "List left on the printer",
        "is_important": "yes",
        "occurred_at": wall(story.now),
    }
    nurse.post(path(story, "deviation/"), filled(**entered))
    deviation = Deviation.objects.get()
    here = f"/deviations/{story.ward.site.code}/{deviation.pk}/"

    def does(client: Client, tail: str, **given: str) -> int:
        return client.post(f"{here}{tail}/", filled(version="", **given)).status_code

    assert does(nurse, "report", cause="workload", explanation=" ") == 422
    assert (
        does(nurse, "report", cause="workload", explanation="in a hurry", immediate_action="shredded") == 303
    )
    assert does(nurse, "assess", is_important="yes", reason="names") == 403
    assert does(investigator, "assess", is_important="yes", reason="names on it") == 303
    told = {"kind": "preventive", "description": "printer code", "due_on": "2026-01-01"}
    now = datetime.now(UTC)
    tomorrow = (now + timedelta(days=2)).date().isoformat()
    owner = str(story.ward.nurse.pk)
    assert does(investigator, "plan", **told | {"owner": owner, "due_on": tomorrow}) == 303
    action = deviation.actions.get()
    assert "printer code" in nurse.get("/").content.decode()
    assert does(investigator, "check", is_effective="yes", note="none since") == 422
    assert does(nurse, f"actions/{action.pk}/done", note="code set") == 303
    assert does(investigator, "check", is_effective="yes", note="none since") == 303
    for recipient in ("sponsor", "ethics_committee"):
        assert does(nurse, "tell", recipient=recipient, sent_at=wall(now), reference="7") == 303
    signed = {"meaning": "approval", "signing_password": PASSWORD, "states_equivalence": "on"}
    signed["signer"] = story.ward.investigator.username
    assert does(investigator, "close", note="Shredded; ward told") == 422
    assert does(investigator, "close", note="Shredded; ward told", **signed) == 303
    assert Deviation.objects.get().closing_note == "Shredded; ward told"
    page = investigator.get(deviation.get_absolute_url())
    assert [one.title for one in page.context["offers"]] == ["Open a deviation again"]
    assert does(investigator, "reopen", reason="it happened again") == 303
    assert Deviation.objects.get().status == "reported"


def test_a_deviation_of_the_site_is_recorded_from_the_log() -> None:
    ward = make_ward()
    entered = {"category": "other", "description": "Log missing", "is_important": "no"}
    address = f"/deviations/{ward.site.code}/record/"
    saved = browser_of(ward.nurse).post(address, filled(**entered, occurred_at="2026-01-05T10:00"))
    assert saved.status_code == 303
    found = Deviation.objects.get()
    assert (found.participant, saved.headers["Location"]) == (None, found.get_absolute_url())
    assert browser_of(make_ward().nurse).get(address).status_code == 404
    assert browser_of(make_ward().nurse).get(found.get_absolute_url()).status_code == 404


def test_the_menu_offers_what_is_possible_and_says_why_the_rest_is_not() -> None:
    story = participant_at(State.ENROLLED)
    acts = browser_of(story.ward.coordinator).get(story.participant.get_absolute_url()).context["acts"]
    reasons = {act.title: act.reason for act in acts if act}

    assert reasons["Withdraw participant"] == ""
    assert "Only a referral" in reasons["Close the referral"]
    assert browser_of(make_user(Role.AUDITOR)).get(story.participant.get_absolute_url()).context["acts"] == []


# ---- Referral


def test_a_participant_is_referred_at_the_one_site_of_the_coordinator() -> None:
    ward = make_ward()
    client = browser_of(ward.coordinator)

    chosen = client.get("/refer/")
    response = client.post(
        chosen.headers["Location"],
        filled(referred_at=wall(datetime.now(UTC) - timedelta(hours=1)), sex="female", birth_year="1961"),
    )

    participant = Participant.objects.get()
    assert (response.status_code, response.headers["Location"]) == (303, participant.get_absolute_url())
    assert (participant.site, participant.birth_year) == (ward.site, 1961)


def test_with_two_sites_the_site_is_asked_first_and_a_foreign_one_is_not_found() -> None:
    one, two, foreign = make_ward(), make_ward(), make_ward()
    grant_role(user=one.coordinator, role=Role.COORDINATOR, site=two.site, by=BOOTSTRAP, at=datetime.now(UTC))
    client = browser_of(one.coordinator)

    text = client.get("/refer/").content.decode()

    assert f"/refer/{one.site.code}/" in text
    assert f"/refer/{two.site.code}/" in text
    assert foreign.site.code not in text
    assert client.get(f"/refer/{foreign.site.code}/").status_code == 404


def test_an_implausible_year_of_birth_is_refused_at_the_field() -> None:
    ward = make_ward()
    response = browser_of(ward.coordinator).post(
        f"/refer/{ward.site.code}/",
        filled(referred_at=wall(datetime.now(UTC) - timedelta(hours=1)), birth_year="1901"),
    )

    assert response.status_code == 422
    assert "birth_year" in response.context["form"].errors


# ---- Versions


def test_an_admin_registers_a_consent_form_and_puts_it_in_force() -> None:
    story = participant_at(State.ENROLLED)
    site, client = story.ward.site, browser_of(story.ward.admin)
    since = datetime.now(UTC) - timedelta(hours=1)

    client.post(
        f"/versions/{site.code}/register/",
        filled(number="9.1", title="ICF", is_substantive="yes", protocol_version="1.0"),
    )
    icf = IcfVersion.objects.get(number="9.1")
    shown = client.get(f"/versions/{site.code}/icf/")
    response = client.post(
        f"/versions/{site.code}/icf/",
        filled(choice=icf.pk, approved_on=since.date().isoformat(), activated_at=wall(since)),
    )

    assert shown.context["concerned"] == 1
    assert (response.status_code, response.headers["Location"]) == (303, "/versions/")
    assert Obligation.objects.in_force().filter(key="RECONSENT:9.1").exists()


def test_the_activation_counts_exactly_who_will_owe_it_and_warns_of_a_date_in_the_past() -> None:
    ward = make_ward()
    participant_at(State.REFERRED, ward=ward)
    participant_at(State.SCREENING, ward=ward).fails_screening("I3 not met")
    participant_at(State.FOLLOW_UP, ward=ward).leaves(DispositionKind.WITHDRAWN_FROM_TREATMENT)
    participant_at(State.SCREENING, ward=ward).leaves(DispositionKind.WITHDRAWN_FROM_VISITS)
    lost = participant_at(State.INFUSED, ward=ward)
    lost.leaves(DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=3)
    lost.wait(1).comes_to("V-D1#1")
    ended = participant_at(State.COMPLETED, ward=ward)
    icf = new_icf(ward.site, ward.admin, at=ended.now)

    shown = browser_of(ward.admin).get(f"/versions/{ward.site.code}/icf/")
    activate_icf(
        site=ward.site,
        icf=icf,
        approved_on=ended.now.date(),
        activated_at=ended.now,
        by=ward.admin,
        at=ended.now,
    )

    owed = Obligation.objects.in_force().filter(key=f"RECONSENT:{icf.number}")
    assert shown.context["concerned"] == owed.count() == 3
    assert "overdue at once" in shown.content.decode()


def test_a_version_in_force_already_is_not_offered_again() -> None:
    ward = make_ward()
    client = browser_of(ward.admin)

    assert "in force at this site" in client.get(f"/versions/{ward.site.code}/protocol/").context["blocked"]
    assert "Register one first" in client.get(f"/versions/{ward.site.code}/icf/").context["blocked"]
    new_icf(ward.site, ward.admin, at=datetime.now(UTC))
    assert client.get(f"/versions/{ward.site.code}/icf/").context["blocked"] == ""


def test_a_protocol_is_put_in_force_at_a_site_that_has_none() -> None:
    site, since = make_site(), datetime.now(UTC) - timedelta(hours=1)

    response = browser_of(make_user(Role.ADMIN, site)).post(
        f"/versions/{site.code}/protocol/",
        filled(choice="1.0", approved_on=since.date().isoformat(), activated_at=wall(since)),
    )

    assert response.status_code == 303
    assert ProtocolActivation.objects.get().number == "1.0"


@pytest.mark.parametrize("tail", ["register", "icf", "protocol"])
def test_versions_are_managed_by_admins_of_that_site_alone(tail: str) -> None:
    ward, other = make_ward(), make_ward()

    assert browser_of(ward.coordinator).get(f"/versions/{ward.site.code}/{tail}/").status_code == 403
    assert browser_of(other.admin).get(f"/versions/{ward.site.code}/{tail}/").status_code == 404


def test_ids_in_addresses_are_uuids_of_this_participant() -> None:
    story = participant_at(State.SCREENING)
    unknown = UUID(int=7)
    client = browser_of(story.ward.coordinator)

    assert client.get(path(story, f"consents/{unknown}/correct/")).status_code == 404
    assert client.get(f"/deviations/{story.ward.site.code}/{unknown}/report/").status_code == 404

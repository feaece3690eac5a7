"""Protocol and consent-form versions at a site: what putting one in force brings about."""

from datetime import timedelta

import pytest

from participants.models import IcfApproval, IcfVersion, Obligation, ProtocolActivation
from participants.services import versions
from participants.services.versions import activate_icf, activate_protocol, create_icf_version
from participants.states import State
from tests.factories.accounts import make_site, make_user
from tests.factories.journeys import START_AT, Ward, make_ward, new_icf, participant_at
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role

pytestmark = pytest.mark.django_db


def registers(ward: Ward, **given: object) -> IcfVersion:
    values = {
        "number": "7.0",
        "title": "Consent, seventh version",
        "is_substantive": True,
        "protocol_version": "1.0",
        "site": ward.site,
        "by": ward.admin,
        "at": START_AT,
    } | given
    return create_icf_version(**values)  # type: ignore[arg-type]


def activates(ward: Ward, icf: IcfVersion, **given: object) -> IcfApproval:
    values = {
        "site": ward.site,
        "icf": icf,
        "approved_on": START_AT.date(),
        "activated_at": START_AT,
        "by": ward.admin,
        "at": START_AT,
    } | given
    return activate_icf(**values)  # type: ignore[arg-type]


def test_a_form_is_registered_once() -> None:
    ward = make_ward()

    icf = registers(ward, summary_of_changes="new risk", reason="sponsor letter of 2 January")

    assert (icf.number, icf.is_substantive, icf.summary_of_changes) == ("7.0", True, "new risk")
    assert traces("participants.icf_registered", reason="sponsor letter of 2 January") == {
        (ward.admin.actor_id, "sponsor letter of 2 January", "participants_icfversion")
    }
    with refused("icf-number-taken"):
        registers(ward)


def test_a_form_belongs_to_a_known_protocol_version() -> None:
    ward = make_ward()

    with refused("unknown-protocol-version", field="protocol_version"):
        registers(ward, protocol_version="8.8")


def test_a_substantive_form_in_force_is_owed_by_everybody_on_study_at_the_site_only() -> None:
    ward = make_ward()
    here = participant_at(State.SCREENING, ward=ward)
    not_consented = participant_at(State.REFERRED, ward=ward)
    elsewhere = participant_at(State.SCREENING)
    later = START_AT + timedelta(days=10)

    activates(ward, new_icf(ward.site, ward.admin, at=later), activated_at=later, at=later, reason="approved")

    owed = Obligation.objects.filter(item_id="RECONSENT")
    assert [one.participant for one in owed] == [here.participant]
    assert {not_consented.participant.pk, elsewhere.participant.pk} & set(
        owed.values_list("participant_id", flat=True)
    ) == set()
    assert traces("participants.icf_activated", reason="approved") == {
        (ward.admin.actor_id, "approved", "participants_icfapproval"),
        (ward.admin.actor_id, "approved", "participants_obligation"),
    }


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"activated_at": START_AT + timedelta(hours=1)}, "in-the-future", "activated_at"),
        ({"approved_on": START_AT.date() + timedelta(days=1)}, "not-approved-yet", "activated_at"),
    ],
)
def test_a_form_is_put_in_force_neither_tomorrow_nor_before_its_approval(
    given: dict[str, object], code: str, field: str
) -> None:
    ward = make_ward()
    icf = registers(ward)

    with refused(code, field=field):
        activates(ward, icf, **given)


def test_a_form_is_put_in_force_once_per_site() -> None:
    ward, other = make_ward(), make_ward()
    icf = registers(ward)
    activates(ward, icf)

    with refused("icf-active-already"):
        activates(ward, icf)
    activates(other, icf)

    assert IcfApproval.objects.filter(icf=icf).count() == 2


def test_a_protocol_version_is_put_in_force_once_per_site() -> None:
    site = make_site()
    admin = make_user(Role.ADMIN, site)
    given = {"site": site, "number": "1.0", "by": admin, "at": START_AT, "activated_at": START_AT}

    activate_protocol(**given, approved_on=START_AT.date(), reason="letter")  # type: ignore[arg-type]

    assert ProtocolActivation.objects.get().number == "1.0"
    assert traces("participants.protocol_activated") == {
        (admin.actor_id, "letter", "participants_protocolactivation")
    }
    with refused("protocol-active-already"):
        activate_protocol(**given, approved_on=START_AT.date())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"number": "9.9"}, "unknown-protocol-version", "protocol_version"),
        ({"activated_at": START_AT + timedelta(hours=1)}, "in-the-future", "activated_at"),
        ({"approved_on": START_AT.date() + timedelta(days=1)}, "not-approved-yet", "activated_at"),
    ],
)
def test_what_cannot_be_put_in_force(given: dict[str, object], code: str, field: str) -> None:
    site = make_site()
    values = {
        "site": site,
        "number": "1.0",
        "approved_on": START_AT.date(),
        "activated_at": START_AT,
        "by": make_user(Role.ADMIN, site),
        "at": START_AT,
    } | given

    with refused(code, field=field):
        activate_protocol(**values)  # type: ignore[arg-type]


def test_only_the_administrator_of_the_site_manages_versions() -> None:
    ward = make_ward()
    elsewhere = make_ward().admin
    icf = registers(ward)
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, make_user(Role.AUDITOR)]

    assert permitted(lambda user: registers(ward, by=user, number="8.0"), people) == {"admin"}
    assert permitted(lambda user: activates(ward, icf, by=user), people) == {"admin"}
    assert permitted(
        lambda user: activate_protocol(
            site=ward.site,
            number="1.0",
            approved_on=START_AT.date(),
            activated_at=START_AT,
            by=user,
            at=START_AT,
        ),
        people,
    ) == {"admin"}
    with refused("not-permitted"):
        activates(ward, icf, by=elsewhere)


def test_if_one_participant_cannot_be_planned_the_form_is_not_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ward = make_ward()
    participant_at(State.SCREENING, ward=ward)
    participant_at(State.SCREENING, ward=ward)
    icf = registers(ward)
    before = everything()
    planned = []
    reconcile = versions.reconcile

    def second_breaks(course: object, *, at: object) -> None:
        planned.append(course)
        if len(planned) == 2:
            raise RuntimeError("no room left")
        reconcile(course, at=at)  # type: ignore[arg-type]

    later = START_AT + timedelta(days=10)
    monkeypatch.setattr(versions, "reconcile", second_breaks)
    with pytest.raises(RuntimeError):
        activates(ward, icf, activated_at=later, at=later)

    assert everything() == before

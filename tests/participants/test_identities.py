"""Direct identifiers: sealed, bound to their row, opened only on the record."""

import base64
from datetime import date

import pytest
from django.db import connection

from participants.models import Identity, IdentityOpening
from participants.services import identities
from participants.services.identities import DirectIdentifiers, open_identity, pinyin_of, record_identity
from participants.services.sealing import seal, unseal
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, refer
from tests.factories.traces import permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.errors import DomainError

pytestmark = pytest.mark.django_db

ZHANG = DirectIdentifiers(
    name="张伟", national_id="000000196104230011", phone="+86 000 1234 5678", born_on=date(1961, 4, 23)
)
PLAIN = ("张伟", "Zhang", "Wei", "000000196104230011", "1234 5678", "1961-04-23")


def records(story: Story, identifiers: DirectIdentifiers = ZHANG, **given: object) -> None:
    values = {
        "participant": story.participant,
        "identifiers": identifiers,
        "by": story.ward.coordinator,
        "at": story.now,
    } | given
    record_identity(**values)  # type: ignore[arg-type]


def opens(story: Story, **given: object) -> DirectIdentifiers | None:
    values = {
        "participant": story.participant,
        "purpose": "call about the visit",
        "by": story.ward.nurse,
        "at": story.now,
    } | given
    return open_identity(**values)  # type: ignore[arg-type]


def text_of(table: str) -> str:
    """Return the whole table as the database would dump it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {table} t")  # noqa: S608  (a name this file gives)
        return str(cursor.fetchone()[0])


def identified() -> Story:
    story = refer(make_ward())
    records(story)
    return story


def test_what_was_sealed_is_what_is_opened() -> None:
    story = identified()

    found = opens(story)

    assert found == DirectIdentifiers(
        name="张伟",
        name_pinyin="Zhang Wei",
        national_id="000000196104230011",
        phone="+86 000 1234 5678",
        born_on=date(1961, 4, 23),
    )


@pytest.mark.parametrize("plain", PLAIN)
def test_no_plain_identifier_is_in_the_tables_or_in_the_trail(plain: str) -> None:
    story = identified()
    records(story, DirectIdentifiers(name="张伟", phone="+86 000 1234 5678"), reason="number changed")
    opens(story)

    for table in (
        "participants_identity",
        "participants_identityopening",
        "participants_participant",
        "audit_entry",
    ):
        assert plain not in text_of(table)


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert seal("张伟", "place") != seal("张伟", "place")
    assert unseal(seal("张伟", "place"), "place") == "张伟"


def test_empty_stays_empty() -> None:
    assert (seal("", "place"), unseal("", "place")) == ("", "")


def test_a_sealed_value_moved_to_another_row_cannot_be_opened() -> None:
    here, there = identified(), identified()
    foreign = Identity.objects.get(participant=here.participant)
    own = Identity.objects.get(participant=there.participant)
    own.name_sealed = foreign.name_sealed

    with pytest.raises(DomainError) as wrong:
        identities._plain(own)

    assert wrong.value.code == "identity-unreadable"


def test_a_sealed_value_moved_to_another_column_cannot_be_opened() -> None:
    own = Identity.objects.get(participant=identified().participant)
    own.name_sealed = own.phone_sealed

    with pytest.raises(DomainError):
        identities._plain(own)


def test_a_changed_letter_of_the_sealed_value_is_noticed() -> None:
    sealed = seal("张伟", "place")
    raw = bytearray(base64.b64decode(sealed.partition(":")[2]))
    raw[-1] ^= 1

    with pytest.raises(DomainError) as wrong:
        unseal("1:" + base64.b64encode(bytes(raw)).decode(), "place")
    assert wrong.value.code == "identity-unreadable"


def test_another_key_opens_nothing(settings: pytest.FixtureRequest) -> None:
    story = identified()
    settings.IDENTITY_KEY = base64.b64encode(bytes(32)).decode()  # type: ignore[attr-defined]

    with pytest.raises(DomainError) as wrong:
        opens(story)

    assert wrong.value.code == "identity-unreadable"


def test_an_opening_is_on_record_with_its_purpose() -> None:
    story = identified()

    opens(story)

    opening = IdentityOpening.objects.get()
    assert (opening.opened_by, opening.purpose) == (story.ward.nurse.actor_label, "call about the visit")
    assert opening.fields_opened == "name,name_pinyin,national_id,phone,born_on"
    assert traces("participants.identity_opened") == {
        (story.ward.nurse.actor_id, "call about the visit", "participants_identityopening")
    }


def test_the_opening_is_written_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    story = identified()
    logged_by_then = []
    monkeypatch.setattr(
        identities, "unseal", lambda *args: logged_by_then.append(IdentityOpening.objects.count()) or ""
    )

    opens(story)

    assert logged_by_then == [1] * 5


def test_if_the_opening_cannot_be_logged_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    story = identified()
    read = []

    def breaks(self: IdentityOpening) -> None:
        raise RuntimeError("the log is full")

    monkeypatch.setattr(IdentityOpening, "save_new", breaks)
    monkeypatch.setattr(identities, "unseal", lambda *args: read.append(args))
    with pytest.raises(RuntimeError):
        opens(story)

    assert read == []


@pytest.mark.parametrize("purpose", ["", "  "])
def test_a_purpose_is_mandatory(purpose: str) -> None:
    story = identified()

    with refused("purpose-required", field="purpose"):
        opens(story, purpose=purpose)


def test_somebody_without_identifiers_has_none_to_open() -> None:
    assert opens(refer(make_ward())) is None


def test_a_name_is_mandatory() -> None:
    story = refer(make_ward())

    with refused("name-required", field="name"):
        records(story, DirectIdentifiers(name=" "))


def test_a_change_needs_a_reason_and_replaces_the_values() -> None:
    story = identified()

    with refused("reason-required", field="reason"):
        records(story, DirectIdentifiers(name="张玮"))
    records(story, DirectIdentifiers(name="张玮", name_pinyin="Zhang W."), reason="wrong character")

    found = opens(story)
    assert found is not None
    assert (found.name, found.name_pinyin, found.phone, found.born_on) == ("张玮", "Zhang W.", "", None)
    assert Identity.objects.get().version == 2


def test_who_may_record_and_who_may_open() -> None:
    story = identified()
    ward = story.ward
    people = [ward.coordinator, ward.nurse, ward.investigator, ward.admin, make_user(Role.AUDITOR)]
    elsewhere = make_user(Role.NURSE, make_ward().site)

    assert permitted(lambda user: records(story, by=user, reason="again"), people) == {
        "coordinator",
        "investigator",
    }
    assert permitted(lambda user: opens(story, by=user), people) == {"coordinator", "nurse", "investigator"}
    with refused("not-permitted"):
        opens(story, by=elsewhere)


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [("张伟", "Zhang Wei"), ("王小明", "Wang Xiao Ming"), ("吕芳", "Lv Fang"), ("Anna de Li", "Anna de Li")],
)
def test_pinyin_is_a_word_per_character_without_tones(name: str, pinyin: str) -> None:
    assert pinyin_of(name) == pinyin

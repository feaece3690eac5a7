"""Subject numbers: linked once, to one participant, taken away with a reason."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from screening.models import SubjectAlias
from screening.services.aliases import link_subject, link_subjects, unlink_subject
from tests.factories.journeys import Story, make_ward, refer
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, DomainError, NotPermitted, RuleViolated

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def story() -> Story:
    return refer(make_ward())


def link(story: Story, number: str = "01-701-1023") -> SubjectAlias:
    return link_subject(participant=story.participant, number=number, by=story.ward.coordinator, at=AT)


def test_a_number_is_linked_under_the_name_of_who_did_it(story: Story) -> None:
    alias = link(story, " 01-701-1023 ")
    assert (alias.number, alias.participant_id) == ("01-701-1023", story.participant.pk)
    entry = Entry.objects.get(table_name="screening_subjectalias")
    assert (entry.action, entry.actor_label) == (
        "screening.subject_linked",
        story.ward.coordinator.actor_label,
    )


def test_the_same_link_again_changes_nothing(story: Story) -> None:
    assert link(story).pk == link(story).pk
    assert SubjectAlias.objects.count() == 1


def test_a_participant_may_have_numbers_of_several_laboratories(story: Story) -> None:
    link(story), link(story, "LAB2/77")
    assert SubjectAlias.objects.filter(participant=story.participant).count() == 2


def test_a_number_of_somebody_else_is_refused(story: Story) -> None:
    link(story)
    for other in (refer(story.ward), refer(make_ward())):
        with pytest.raises(Conflict) as refused:
            link(other)
        assert refused.value.code == "number-taken"
        assert story.participant.code not in refused.value.message


@pytest.mark.parametrize(
    "number", ["", " ", "a b", "x" * 61, "=1+1", "-1", "S-", "S\u200b1", "Ѕ1", "王", "a\nb", "a'b"]
)
def test_a_number_that_cannot_be_compared_by_eye_is_refused(story: Story, number: str) -> None:
    with pytest.raises(RuleViolated) as refused:
        link(story, number)
    assert (refused.value.code, refused.value.field) == ("number-malformed", "number")


@pytest.mark.parametrize("number", ["7", "x" * 60, "01-701-1023", "A_b.c/d#e-1"])
def test_numbers_as_laboratories_write_them_are_taken(story: Story, number: str) -> None:
    assert link(story, number).number == number


def test_the_code_of_a_participant_is_no_number(story: Story) -> None:
    with pytest.raises(RuleViolated) as refused:
        link(story, refer(story.ward).participant.code)
    assert refused.value.code == "number-is-a-code"


def test_who_may_not_import_links_nothing(story: Story) -> None:
    for user in (story.ward.nurse, story.ward.admin, make_ward().coordinator):
        with pytest.raises(NotPermitted):
            link_subject(participant=story.participant, number="1", by=user, at=AT)


def test_a_wrong_number_is_taken_away_with_a_reason_and_stays_in_the_trail(story: Story) -> None:
    alias, by = link(story), story.ward.coordinator
    with pytest.raises(RuleViolated):
        unlink_subject(alias=alias, by=by, at=AT, reason=" ")
    with pytest.raises(NotPermitted):
        unlink_subject(alias=alias, by=story.ward.nurse, at=AT, reason="wrong")
    unlink_subject(alias=alias, by=by, at=AT, reason="another patient's number")
    assert SubjectAlias.objects.count() == 0
    gone = Entry.objects.get(action="screening.subject_unlinked")
    assert (gone.reason, gone.old["number"]) == ("another patient's number", "01-701-1023")
    assert link(refer(story.ward)).number == "01-701-1023"


def test_many_are_linked_all_or_none(story: Story) -> None:
    other, by = refer(story.ward).participant, story.ward.coordinator
    with pytest.raises(DomainError):
        link_subjects(links=[("A1", story.participant), ("A1", other)], by=by, at=AT)
    assert SubjectAlias.objects.count() == 0
    assert link_subjects(links=[("A1", story.participant), ("A2", other)], by=by, at=AT) == 2
    again = AT.replace(hour=5)
    assert link_subjects(links=[("A1", story.participant), ("A3", other)], by=by, at=again) == 1


# ---- The command


def command(story: Story, file: Path, user: str = "") -> None:
    call_command("link_subjects", str(file), user=user or story.ward.coordinator.username)


def test_the_command_links_what_a_file_lists_and_may_be_repeated(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "links.csv"
    file.write_text(f"\ufeffSubject,Participant\r\n A1 ,{story.participant.code}\r\n\r\n", encoding="utf-8")
    command(story, file)
    command(story, file)
    assert capsys.readouterr().out.splitlines() == [
        "1 linked, 0 linked already.",
        "0 linked, 1 linked already.",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "first line must be: subject,participant"),
        (b"a,b\nA1,X\n", "first line must be"),
        (b"subject,participant\nA1\n", "Row 2 must have 2 cells"),
        (b"subject,participant\nA1,NOBODY\n", "Row 2: 'NOBODY'"),
        (b"subject,participant\n\xff,X\n", "cannot be read as CSV in UTF-8"),
        (b'subject,participant\n"A1,X\n', "cannot be read as CSV"),
    ],
)
def test_a_list_that_is_not_sound_links_nothing(
    story: Story, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "links.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=words.split(":")[0]):
        command(story, file)
    assert SubjectAlias.objects.count() == 0


def test_the_command_refuses_what_the_service_refuses(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    theirs = refer(make_ward()).participant.code
    file.write_text(f"subject,participant\nA1,{theirs}\n")
    with pytest.raises(CommandError, match="no participant of a site where you may import"):
        command(story, file)
    file.write_text(f"subject,participant\na b,{story.participant.code}\n")
    with pytest.raises(CommandError, match="number-malformed"):
        command(story, file)
    with pytest.raises(CommandError, match="no active user"):
        command(story, file, user="nobody")
    with pytest.raises(CommandError, match="cannot be read"):
        command(story, tmp_path / "missing.csv")

"""The screening and enrolment log, its files, and the criteria that were not fulfilled (SDTM IE)."""

import csv
import io
import re
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from participants.models import DispositionKind, Participant
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.referral import refer_participant
from participants.services.versions import activate_icf
from participants.states import State
from screening.queries import ie, log
from screening.queries.log import LogLine, Outcome
from screening.services.decisions import enrol
from tests.factories.accounts import make_user
from tests.factories.journeys import START_AT, Story, make_ward, new_icf, participant_at, refer
from tests.participants.web import HTMX, browser_of, queries_of
from tests.screening.desk import desk
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.demo.evidence import lower_platelets
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Arm
from trialsite.web.sheets import restored

pytestmark = pytest.mark.django_db


def lines_of(story: Story) -> list[LogLine]:
    return list(log.log_lines(log.with_log(Participant.objects.filter(pk=story.participant.pk))))


def line_of(story: Story) -> LogLine:
    (line,) = lines_of(story)
    return line


def failed_story(reason: str = "Platelets 48 × 10⁹/L") -> Story:
    story = participant_at(State.SCREENING)
    story.wait(5).finds_everything_in_order(lower_platelets())
    story.wait(1).fails_screening(reason)
    return story


# ---- What a line says


def test_a_referral_is_on_the_log_from_the_first_day() -> None:
    ward = make_ward()
    participant = refer_participant(
        site=ward.site,
        referred_at=START_AT,
        by=ward.coordinator,
        at=START_AT + timedelta(days=2),
        referral_source="Applied by telephone",
    )

    line = line_of(Story(ward=ward, participant=participant, now=START_AT))

    assert (line.code, line.site) == (participant.code, ward.site.code)
    assert line.referred_on == START_AT.date()
    assert (line.referred_by, line.registered_by) == (
        "Applied by telephone",
        ward.coordinator.actor_label,
    )
    assert (line.outcome, line.outcome_on, line.number, line.consented_on) == (
        Outcome.WAITING,
        None,
        None,
        None,
    )


def test_a_referral_that_led_nowhere_says_why_and_who_closed_it() -> None:
    story = refer(make_ward())
    story.wait(6).leaves(DispositionKind.REFERRAL_CLOSED, explanation="Chose treatment nearer home")

    line = line_of(story)

    assert (line.outcome, line.reason) == (Outcome.NOT_SCREENED, "Chose treatment nearer home")
    assert line.outcome_on == story.now.date()
    assert line.decided_by == story.ward.coordinator.actor_label


def test_who_dies_before_screening_was_not_screened() -> None:
    story = refer(make_ward())
    story.wait(1).signs()
    story.wait(1).leaves(DispositionKind.DIED, cause_of_death="Lung cancer")

    line = line_of(story)

    assert (line.outcome, line.reason) == (Outcome.NOT_SCREENED, "Died")
    assert line.icf == story.ward.icf.number


def test_who_withdraws_during_screening_left_before_enrolment() -> None:
    story = participant_at(State.SCREENING)
    story.wait(1).leaves(
        DispositionKind.WITHDRAWN_FROM_VISITS, explanation="Too far", decided_by="participant"
    )

    line = line_of(story)

    assert (line.outcome, line.reason) == (Outcome.LEFT, "Withdrawn from visits. Too far")


def test_screening_failed_with_its_criteria_and_a_rescreening_has_its_own_line() -> None:
    story = failed_story()
    failed_on = story.now.date()
    story.wait(20).starts_screening()

    first, second = lines_of(story)

    assert (first.number, first.outcome, first.failed) == (1, Outcome.SCREEN_FAILURE, ("I10.1",))
    assert (first.outcome_on, first.reason) == (failed_on, "Platelets 48 × 10⁹/L")
    assert (first.decided_by, first.protocol_version) == (story.ward.investigator.actor_label, "1.0")
    assert (second.number, second.outcome, second.failed) == (2, Outcome.IN_SCREENING, ())
    assert second.started_on == story.now.date()
    assert first.referred_on == second.referred_on == START_AT.date()


def test_a_rescreening_under_a_new_consent_names_that_consent() -> None:
    story = failed_story()
    first_icf = story.ward.icf.number
    newer = new_icf(story.ward.site, story.ward.admin, at=story.now)
    activate_icf(
        site=story.ward.site,
        icf=newer,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )
    story.wait(3).signs(newer)
    story.wait(3).starts_screening()

    assert [line.icf for line in lines_of(story)] == [first_icf, newer.number]


def test_an_enrolment_names_arm_and_dose_level_and_keeps_who_decided() -> None:
    story = participant_at(State.ENROLLED, arm=Arm.INTRAPLEURAL)

    line = line_of(story)

    assert line.outcome is Outcome.ENROLLED
    assert (line.arm, line.dose_level) == ("Intrapleural", "Dose level 1")
    assert line.outcome_on == story.now.date()
    assert line.decided_by == story.ward.coordinator.actor_label


def test_it_stays_an_enrolment_whatever_comes_later() -> None:
    story = participant_at(State.ENROLLED)
    enrolled_on = story.now.date()
    story.wait(3).leaves(DispositionKind.WITHDRAWN_FROM_TREATMENT, decided_by="participant")

    assert (line_of(story).outcome, line_of(story).outcome_on) == (Outcome.ENROLLED, enrolled_on)


def test_dates_are_those_of_the_site() -> None:
    late_evening_utc = START_AT.replace(hour=20)  # next morning in Wuhan
    story = refer(make_ward(), at=late_evening_utc)

    assert line_of(story).referred_on == late_evening_utc.date() + timedelta(days=1)


# ---- Sex, birth year and intended arm carry over into the screening


def test_nothing_of_the_referral_is_typed_again_for_the_screening() -> None:
    story = refer(make_ward(), arm=Arm.INTRAPLEURAL)
    story.wait(1).signs()
    desk_path = f"/participants/{story.participant.code}/screening/start/"
    form = desk(story, "coordinator").get(desk_path)
    assert form.context["form"].initial["intended_arm"] == Arm.INTRAPLEURAL.value

    story.wait(1).starts_screening()

    stored = story.episode.evaluations.get()  # type: ignore[union-attr]
    evidence = stored.inputs["evidence"]
    assert stored.inputs["arm"] == "intrapleural"
    assert evidence["sex"][0]["value"] == "female"
    assert evidence["birth_on"][0]["value"] == "1961"
    assert evidence["icf_signed"][0]["value"] is True
    assert {"I1", "I13"}.isdisjoint({*stored.missing, *stored.failed})


# ---- The page and the file


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = failed_story()
    monkeypatch.setattr(clock, "now", lambda: found.now)
    return found


def table_of(response: object) -> list[dict[str, str]]:
    assert isinstance(response, object)
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("role", ["coordinator", "nurse", "investigator", "admin"])
def test_everybody_at_the_site_reads_the_log(story: Story, role: str) -> None:
    shown = desk(story, role).get("/screening/log/").content.decode()

    assert story.participant.code in shown
    assert "Screen failure" in shown
    assert "I10.1" in shown
    assert "Platelets 48" in shown


def test_the_file_has_a_line_for_every_screening(story: Story) -> None:
    story.wait(20).starts_screening()

    response = desk(story, "coordinator").get("/screening/log/export/")
    rows = table_of(response)

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="screening-log-\d{4}-\d\d-\d\d\.csv"', response.headers["Content-Disposition"]
    )
    assert [(row["Screening"], row["Outcome"]) for row in rows] == [
        ("1", "Screen failure"),
        ("2", "In screening"),
    ]
    assert rows[0]["Failed criteria"] == "I10.1"
    assert rows[0]["Referred on"] == "2026-01-05"
    assert rows[1]["Failed criteria"] == ""


def test_the_file_runs_no_formula_and_gives_the_text_back(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = '=HYPERLINK("http://x","y")'
    story = failed_story(reason=formula)
    monkeypatch.setattr(clock, "now", lambda: story.now)

    (row,) = table_of(desk(story, "coordinator").get("/screening/log/export/"))

    assert row["Reason"] == f"'{formula}"
    assert restored(row["Reason"]) == formula


def test_no_direct_identifier_is_on_the_page_or_in_the_files(story: Story) -> None:
    identifiers = DirectIdentifiers(
        name="王芳", national_id="00000019610401123X", phone="+86 000 0001 0002", born_on=date(1961, 4, 1)
    )
    record_identity(
        participant=story.participant, identifiers=identifiers, by=story.ward.coordinator, at=story.now
    )
    client = desk(story, "coordinator")
    texts = [
        client.get("/screening/log/").content.decode(),
        *(client.get(f"/screening/log/{name}/").getvalue().decode() for name in ("export", "criteria")),
    ]

    private = [str(value) for value in astuple(identifiers) if value]
    assert len(private) == 4
    for text in texts:
        assert story.participant.code in text
        assert [value for value in private if value in text] == []


def test_another_site_reads_nothing_of_it(story: Story) -> None:
    stranger = browser_of(make_user(Role.COORDINATOR, make_ward().site))

    assert story.participant.code not in stranger.get("/screening/log/").content.decode()
    for name in ("export", "criteria"):
        assert table_of(stranger.get(f"/screening/log/{name}/")) == []


STORIES = {
    Outcome.WAITING: lambda: refer(make_ward()),
    Outcome.NOT_SCREENED: lambda: _left(refer(make_ward())),
    Outcome.IN_SCREENING: lambda: participant_at(State.SCREENING),
    Outcome.SCREEN_FAILURE: failed_story,
    Outcome.ELIGIBLE: lambda: participant_at(State.ELIGIBLE),
    Outcome.ENROLLED: lambda: participant_at(State.LEUKAPHERESIS),
    Outcome.LEFT: lambda: _lost(participant_at(State.ELIGIBLE)),
}


def _left(story: Story) -> Story:
    story.leaves(DispositionKind.REFERRAL_CLOSED, explanation="No tissue")
    return story


def _lost(story: Story) -> Story:
    story.leaves(DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=3)
    return story


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_filter_finds_exactly_the_lines_of_an_outcome(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = STORIES[outcome]()
    monkeypatch.setattr(clock, "now", lambda: story.now)
    assert [line.outcome for line in lines_of(story)] == [outcome]

    found = [one for one in Outcome if _is_listed(desk(story, "admin"), one, story)]

    assert found == [outcome]


def _is_listed(client: Client, outcome: Outcome, story: Story) -> bool:
    response: HttpResponse = client.get(f"/screening/log/?outcome={outcome.value}", headers=HTMX)  # type: ignore[assignment]
    file = client.get(f"/screening/log/export/?outcome={outcome.value}")
    is_in_file = bool(table_of(file))
    assert is_in_file == (story.participant.code in response.content.decode())
    return is_in_file


def test_an_empty_log_says_how_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    coordinator = make_ward().coordinator

    assert "Refer a participant" in browser_of(coordinator).get("/screening/log/").content.decode()


def test_more_lines_cost_no_more_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    story = participant_at(State.SCREENING, ward=ward)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk(story, "coordinator")
    one = queries_of(client, "/screening/log/")
    for state in (State.REFERRED, State.ENROLLED):
        participant_at(state, ward=ward)

    assert queries_of(client, "/screening/log/") == one
    assert one <= 7


# ---- SDTM IE


def ie_of(*stories: Story) -> list[dict[str, object]]:
    ids = [story.participant.pk for story in stories]
    rows = ie.ie_rows(ie.with_exceptions(Participant.objects.filter(pk__in=ids).order_by("code")))
    return [dict(zip(ie.HEADER, row, strict=True)) for row in rows]


def test_an_inclusion_that_was_not_met_is_answered_no(story: Story) -> None:
    (row,) = ie_of(story)

    text = next(one.text for one in latest().criteria if one.id == "I10.1")
    assert row == {
        "STUDYID": "NCT06945523",
        "DOMAIN": "IE",
        "USUBJID": f"NCT06945523-{story.participant.code}",
        "IESEQ": 1,
        "IETESTCD": "I10.1",
        "IETEST": text,
        "IECAT": "INCLUSION",
        "IEORRES": "N",
        "IESTRESC": "N",
        "IEDTC": story.now.date().isoformat(),
    }


def test_an_exclusion_that_was_met_is_answered_yes_and_the_sequence_runs_over_both_screenings() -> None:
    story = failed_story()
    story.wait(20).starts_screening()
    story.finds_everything_in_order({"hiv_ab": {"value": "positive"}, **lower_platelets()})
    story.fails_screening("HIV")

    rows = ie_of(story)

    assert [(row["IESEQ"], row["IETESTCD"], row["IECAT"], row["IEORRES"]) for row in rows] == [
        (1, "I10.1", "INCLUSION", "N"),
        (2, "I10.1", "INCLUSION", "N"),
        (3, "E10.HIV", "EXCLUSION", "Y"),
    ]
    assert rows[0]["IEDTC"] < rows[1]["IEDTC"]  # type: ignore[operator]


def test_who_was_enrolled_although_a_criterion_failed_is_listed_too() -> None:
    story = participant_at(State.SCREENING)
    story.wait(5).finds_everything_in_order(lower_platelets())
    enrol(
        participant=story.participant,
        arm=Arm.INTRAVENOUS,
        dose_level="DL-IV-1",
        enrolled_at=story.now,
        already_happened=True,
        reason="Enrolled by telephone",
        by=story.ward.coordinator,
        at=story.now,
    )

    (row,) = ie_of(story)

    assert (row["IETESTCD"], row["IEDTC"]) == ("I10.1", story.now.date().isoformat())


def test_who_is_eligible_or_failed_for_no_criterion_is_not_listed() -> None:
    enrolled = participant_at(State.ENROLLED)
    other = participant_at(State.SCREENING)
    other.wait(5).finds_everything_in_order()
    other.fails_screening("Changed her mind")

    assert ie_of(enrolled, other) == []


def test_no_sentence_is_longer_than_the_standard_allows() -> None:
    sentences = [ie._sentence(criterion) for criterion in latest().criteria]

    assert max(map(len, sentences)) <= 200
    assert all(sentences)


# ---- By command


def test_the_command_writes_the_log_and_the_criteria(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    out = io.StringIO()

    call_command("screening_log", "--output", str(path), stderr=io.StringIO())
    call_command("screening_log", "--ie", "--site", story.ward.site.code, stdout=out)

    written = path.read_bytes().decode("utf-8-sig")
    assert written.endswith("\r\n")
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert (row["Subject code"], row["Outcome"]) == (story.participant.code, "Screen failure")
    assert out.getvalue().lstrip("\ufeff").splitlines()[0] == ",".join(ie.HEADER)
    assert f"NCT06945523-{story.participant.code},1,I10.1," in out.getvalue()


def test_the_command_keeps_to_one_site(story: Story) -> None:
    other = refer(make_ward())
    out = io.StringIO()

    call_command("screening_log", "--site", other.ward.site.code, stdout=out)

    assert other.participant.code in out.getvalue()
    assert story.participant.code not in out.getvalue()


def test_an_unknown_site_or_folder_is_said_plainly(story: Story, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"Known: .*{story.ward.site.code}"):
        call_command("screening_log", "--site", "NOPE")
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("screening_log", "--output", str(tmp_path / "missing" / "log.csv"))

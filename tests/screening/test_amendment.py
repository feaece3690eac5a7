"""The dry run of an amendment: who changes status, on which criterion. Nothing is written."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from participants.models import Participant
from participants.services.versions import activate_protocol
from participants.states import State
from screening.models import EligibilityEvaluation
from screening.queries.amendment import DryRun, dry_run
from screening.queries.underway import underway, with_screening
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, queries_of
from tests.screening.desk import desk
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.audit.models import Entry
from trialsite.demo.evidence import lower_platelets
from trialsite.protocol import registry
from trialsite.protocol.amendments import Amendment, find
from trialsite.protocol.types import Criterion, CriterionKind, ProtocolVersion, Source, Threshold

pytestmark = pytest.mark.django_db

FIRST = registry.resolve("1.0")
MORE_PLATELETS = replace(find(FIRST, Threshold, "I10.1-PLAT"), value=Decimal("75"), source=Source.AMENDMENT)
ALLERGY = Criterion(
    id="E13",
    kind=CriterionKind.EXCLUSION,
    text="Known allergy to albumin.",
    plain="Allergic to albumin.",
    plain_zh="对白蛋白过敏。",
    source=Source.AMENDMENT,
)
STRICTER = Amendment(
    number="1.1",
    requires_reconsent=False,
    summary=("Platelets above 75 instead of 50 × 10⁹/L.",),
    replace={"I10.1-PLAT": MORE_PLATELETS},
)
WIDER = Amendment(
    number="1.2",
    requires_reconsent=False,
    summary=("Allergy to albumin excludes.", "Vaccines no longer matter."),
    add=(ALLERGY,),
    retire=("E3", "E3-VACCINE"),
)


def ship(monkeypatch: pytest.MonkeyPatch, *amendments: Amendment) -> None:
    monkeypatch.setattr(registry, "AMENDMENTS", amendments)
    forget()


def forget() -> None:
    registry.shipped.cache_clear()
    registry.resolve.cache_clear()


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the registry remembers of an amended release ends with the test."""
    yield
    monkeypatch.undo()
    forget()


@pytest.fixture
def amended(monkeypatch: pytest.MonkeyPatch) -> ProtocolVersion:
    ship(monkeypatch, STRICTER)
    return registry.resolve("1.1")


def with_platelets(value: str, story: Story | None = None) -> Story:
    found = story or participant_at(State.SCREENING)
    found.wait(5).finds_everything_in_order(lower_platelets(value))
    return found


def run_of(story: Story, version: ProtocolVersion) -> DryRun:
    rows = with_screening(Participant.objects.filter(site=story.ward.site))
    return dry_run(underway(rows, story.now), version)


# ---- Who changes


@pytest.mark.parametrize(
    ("platelets", "before", "after"),
    [
        ("76", "eligible", "eligible"),
        ("75", "eligible", "ineligible"),
        ("51", "eligible", "ineligible"),
        ("50", "ineligible", "ineligible"),
    ],
)
def test_the_raised_limit_changes_whom_it_falls_between(
    amended: ProtocolVersion, platelets: str, before: str, after: str
) -> None:
    story = with_platelets(platelets)

    run = run_of(story, amended)

    assert run.verdicts == ((before, after, 1),)
    assert run.changed_verdicts == (before != after)
    assert [row.code for row in run.rows] == ([story.participant.code] if before != after else [])


def test_the_change_names_criterion_status_and_the_comparison_that_made_it(amended: ProtocolVersion) -> None:
    story = with_platelets("60")

    (row,) = run_of(story, amended).rows

    assert (row.code, row.in_force, row.before, row.after) == (
        story.participant.code,
        "1.0",
        "eligible",
        "ineligible",
    )
    (change,) = row.changes
    assert (change.criterion_id, change.before, change.after) == ("I10.1", "met", "not_met")
    assert change.because == ("60 10^9/L = 60 10⁹/L > 75 10⁹/L",)


def test_a_criterion_may_change_although_the_verdict_stays(amended: ProtocolVersion) -> None:
    story = participant_at(State.SCREENING)
    story.wait(5).finds_everything_in_order({**lower_platelets("60"), "hiv_ab": {"value": "positive"}})

    run = run_of(story, amended)

    assert (run.changed_verdicts, run.verdicts) == (0, (("ineligible", "ineligible", 1),))
    assert [change.criterion_id for change in run.rows[0].changes] == ["I10.1"]


def test_criteria_that_come_or_go_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ship(monkeypatch, WIDER)
    story = with_platelets("180")

    (row,) = run_of(story, registry.resolve("1.2")).rows

    assert (row.before, row.after) == ("eligible", "incomplete")
    assert [(one.criterion_id, one.before, one.after) for one in row.changes] == [
        ("E13", "not_asked", "unknown"),
        ("E3", "not_met", "not_asked"),
    ]


def test_everybody_in_screening_is_examined_and_nobody_else(amended: ProtocolVersion) -> None:
    ward = make_ward()
    story = with_platelets("60", participant_at(State.SCREENING, ward=ward))
    participant_at(State.ENROLLED, ward=ward)
    refer(ward).signs()
    participant_at(State.SCREENING, ward=ward)

    run = run_of(story, amended)

    assert run.examined == 2
    assert run.verdicts == (("eligible", "ineligible", 1), ("incomplete", "incomplete", 1))


def test_whose_version_it_is_already_changes_nothing(amended: ProtocolVersion) -> None:
    story = with_platelets("60")
    activate_protocol(
        site=story.ward.site,
        number="1.1",
        approved_on=story.now.date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )

    run = run_of(story, amended)

    assert (run.already, run.rows) == (1, ())
    assert run.verdicts == (("ineligible", "ineligible", 1),)


def test_what_has_lapsed_today_counts_under_both_versions(amended: ProtocolVersion) -> None:
    story = with_platelets("60")
    story.wait(30)

    assert run_of(story, amended).verdicts == (("incomplete", "incomplete", 1),)


def test_nothing_is_written(amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    story = with_platelets("60")
    monkeypatch.setattr(clock, "now", lambda: story.now)
    before = (EligibilityEvaluation.objects.count(), Entry.objects.count())

    with CaptureQueriesContext(connection) as captured:
        call_command("amendment_dry_run", "1.1", stdout=StringIO())

    assert [one["sql"] for one in captured.captured_queries if not one["sql"].startswith("SELECT")] == []
    assert (EligibilityEvaluation.objects.count(), Entry.objects.count()) == before


# ---- By command


def test_the_command_prints_counts_and_changes(
    amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = with_platelets("60")
    monkeypatch.setattr(clock, "now", lambda: story.now)
    out = StringIO()

    call_command("amendment_dry_run", "1.1", stdout=out)

    assert out.getvalue().splitlines() == [
        "Version 1.1: 1 in screening examined, 1 verdicts change.",
        "  eligible -> ineligible: 1",
        f"{story.participant.code} ({story.ward.site.code}, now under 1.0): eligible -> ineligible",
        "  I10.1: met -> not_met  [60 10^9/L = 60 10⁹/L > 75 10⁹/L]",
    ]


def test_the_command_says_which_versions_there_are() -> None:
    with pytest.raises(CommandError, match=r"no version 9\.9\. Known: 1\.0\."):
        call_command("amendment_dry_run", "9.9")


# ---- The page


def test_a_release_with_one_version_says_so_calmly() -> None:
    shown = browser_of(make_ward().coordinator).get("/screening/amendment/").content.decode()

    assert "This release knows version 1.0 alone" in shown
    assert '<form class="dry-form"' not in shown


@pytest.mark.parametrize("role", ["coordinator", "admin"])
def test_the_page_tells_who_changes(
    amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    story = with_platelets("60")
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk(story, role)

    asked = client.get("/screening/amendment/").content.decode()
    shown = client.get("/screening/amendment/?version=1.1").content.decode()

    assert '<option value="1.1" selected>' in asked
    assert story.participant.code not in asked
    assert story.participant.code in shown
    assert "I10.1" in shown
    assert "Platelets above 75 instead of 50" in shown
    assert "60 10^9/L = 60 10⁹/L &gt; 75 10⁹/L" in shown


def test_the_page_says_when_nobody_changes(amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    story = with_platelets("180")
    monkeypatch.setattr(clock, "now", lambda: story.now)

    assert "Nobody changes" in desk(story, "admin").get("/screening/amendment/?version=1.1").content.decode()


def test_an_unknown_version_is_simply_not_tried(amended: ProtocolVersion) -> None:
    response = browser_of(make_ward().coordinator).get("/screening/amendment/?version=7")

    assert response.status_code == 200
    assert "run" not in response.context


def test_another_site_is_not_examined(amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    story = with_platelets("60")
    monkeypatch.setattr(clock, "now", lambda: story.now)
    stranger = browser_of(make_user(Role.COORDINATOR, make_ward().site))

    shown = stranger.get("/screening/amendment/?version=1.1").content.decode()

    assert story.participant.code not in shown
    assert "Nobody is being screened now." in shown


def test_more_participants_cost_no_more_queries(
    amended: ProtocolVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward = make_ward()
    story = with_platelets("60", participant_at(State.SCREENING, ward=ward))
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = desk(story, "coordinator")
    one = queries_of(client, "/screening/amendment/?version=1.1")
    with_platelets("60", participant_at(State.SCREENING, ward=ward))

    assert queries_of(client, "/screening/amendment/?version=1.1") == one
    assert one <= 8

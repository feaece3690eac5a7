"""Deviations in numbers: months of the site's calendar, one line per category and site, how long it took."""

from datetime import UTC, date, datetime, timedelta

import pytest

from participants.models import Deviation
from participants.queries.deviation_figures import figures_of, months_until
from participants.services.deviations import record_deviation
from tests.factories.accounts import make_site, make_user
from tests.factories.api import Program, statements
from tests.factories.journeys import Story, make_ward, refer
from tests.participants.web import HTMX, browser_of
from trialsite.accounts.permissions import Role
from trialsite.protocol.findings import Category

LATE = timedelta(days=1000)


def _departed(
    story: Story, occurred_at: datetime, category: Category = Category.OTHER, *, grave: bool = False
) -> None:
    record_deviation(
        participant=story.participant,
        category=category,
        description="something",
        is_important=grave,
        occurred_at=occurred_at,
        by=story.ward.nurse,
        at=story.now + LATE,
        reason="",
    )


def test_the_last_twelve_months_end_with_the_present_one() -> None:
    months = months_until(date(2026, 2, 28))
    assert (months[0], months[-1], len(months)) == ("2025-03", "2026-02", 12)
    assert months_until(date(2026, 12, 1))[0] == "2026-01"


@pytest.mark.django_db
def test_a_deviation_counts_in_the_month_of_its_site() -> None:
    story = refer(make_ward())
    _departed(story, datetime(2026, 4, 30, 15, 59, tzinfo=UTC))
    _departed(story, datetime(2026, 4, 30, 16, 0, tzinfo=UTC), grave=True)  # 1 May in Wuhan
    _departed(story, datetime(2026, 5, 2, tzinfo=UTC), Category.PRIVACY)

    told = figures_of(Deviation.objects.all(), datetime(2026, 5, 31, tzinfo=UTC))

    other, privacy = told.by_category
    assert {bar.month: bar.count for bar in other.bars if bar.count} == {"2026-04": 1, "2026-05": 1}
    assert (other.total, other.important, privacy.total) == (2, 1, 1)
    (site,) = told.by_site
    assert (site.key, site.total) == (story.ward.site.code, 3)
    assert [bar.height for bar in site.bars if bar.count] == ["17.0", "34.0"]
    assert (told.total, told.unclosed, told.overdue) == (3, 3, 0)
    assert told.closure_median is None
    assert told.detection_median is not None


@pytest.mark.django_db
def test_the_page_and_the_api_count_the_readers_sites_in_as_many_statements() -> None:
    mine, theirs = refer(make_ward()), refer(make_ward())
    make_site()
    now = mine.now + LATE
    for story in (mine, theirs):
        _departed(story, now - timedelta(days=3))
    program = Program(mine.ward.admin, now)
    statements(program, "deviations/figures/")
    few = statements(program, "deviations/figures/")

    for _ in range(4):
        _departed(mine, now - timedelta(days=40), Category.PRIVACY)

    assert statements(program, "deviations/figures/") == few
    told = program.get("deviations/figures/").json()
    assert (told["total"], [line["key"] for line in told["by_site"]]) == (5, [mine.ward.site.code])
    assert told["detection_median_s"] == timedelta(days=40).total_seconds()
    assert program.get("deviations/figures/", category="privacy").json()["total"] == 4
    assert Program(make_user(Role.AUDITOR), now).get("deviations/figures/").json()["total"] == 6
    text = (
        browser_of(mine.ward.admin)
        .get("/deviations/figures/?category=privacy", headers=HTMX)
        .content.decode()
    )
    assert "40 days" in text
    assert theirs.ward.site.code not in text

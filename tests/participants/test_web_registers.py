"""The trial page, the versions, the register of deviations and the trail: who sees what, and found how."""

from datetime import timedelta
from uuid import uuid4

import pytest

from participants.models import Deviation
from participants.queries.trail import acts, tables, trail_for
from participants.services.deviations import close_deviation, record_deviation
from participants.services.referral import edit_participant
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import HTMX, browser_of, queries_of
from trialsite.accounts.permissions import Role
from trialsite.protocol.findings import Category
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Source

pytestmark = pytest.mark.django_db
ROLES = [role.value for role in Role]


def _deviation(story: Story, *, is_important: bool = False, category: Category = Category.OTHER) -> Deviation:
    return record_deviation(
        participant=story.participant,
        category=category,
        description="something",
        is_important=is_important,
        occurred_at=story.now,
        by=story.ward.nurse,
        at=story.now,
        reason="",
    )


# ---- Trial


@pytest.mark.parametrize("role", ROLES)
def test_the_trial_page_shows_every_item_to_every_role(role: str) -> None:
    ward = make_ward()
    user = make_user(Role.AUDITOR) if role == "auditor" else getattr(ward, role)
    text = browser_of(user).get("/trial/").content.decode()
    version = latest()

    items = [*version.criteria, *version.schedule, *version.clocks, *version.dose_levels, *version.limits]
    assert [one.id for one in items if f">{one.id}<" not in text] == []
    assert all(one.plain_zh in text for one in version.criteria)
    assert version.trial.registry_id in text


def test_the_trial_page_counts_what_is_assumed_and_marks_it() -> None:
    response = browser_of(make_ward().nurse).get("/trial/")
    version = latest()
    counted = dict(response.context["assumed"])

    assert counted["dose levels"] == sum(one.source is Source.ASSUMED for one in version.dose_levels)
    assert {name: number for name, number in counted.items() if number == 1 and name.endswith("s")} == {}
    assert response.content.decode().count('class="source-mark"') > counted["single limits"]


def test_the_trial_page_shows_only_the_readers_sites() -> None:
    one, two = make_ward(), make_ward()
    text = browser_of(one.nurse).get("/trial/").content.decode()

    assert one.site.name in text
    assert f">{two.site.name} " not in text


def test_versions_offer_their_forms_to_the_admin_of_the_site_alone() -> None:
    ward = make_ward()
    form = f"/versions/{ward.site.code}/icf/"

    assert form in browser_of(ward.admin).get("/versions/").content.decode()
    assert form not in browser_of(ward.investigator).get("/versions/").content.decode()


# ---- Deviations


def test_deviations_are_found_by_status_importance_category_and_site() -> None:
    one, two = refer(make_ward()), refer(make_ward())
    important = _deviation(one, is_important=True, category=Category.PRIVACY)
    closed = close_deviation(deviation=_deviation(one), note="done", by=one.ward.nurse, at=one.now)
    elsewhere = _deviation(two)
    client = browser_of(make_user(Role.AUDITOR))

    def found(query: str) -> set[object]:
        return {row.pk for row, _ in client.get(f"/deviations/?{query}").context["rows"]}

    assert found("status=closed") == {closed.pk}
    assert found("important=true") == {important.pk}
    assert found("important=false") == {closed.pk, elsewhere.pk}
    assert found("category=privacy") == {important.pk}
    assert found(f"site={two.ward.site.code}") == {elsewhere.pk}
    assert found(f"code={one.participant.code}") == {important.pk, closed.pk}


def test_deviations_found_together_stand_by_the_day_they_happened() -> None:
    story = refer(make_ward())
    days = [2, 0, 3, 1]
    for day in days:
        record_deviation(
            participant=story.participant,
            category=Category.OTHER,
            description=f"day {day}",
            is_important=False,
            occurred_at=story.now - timedelta(days=day),
            by=story.ward.nurse,
            at=story.now,
            reason="",
        )

    rows = browser_of(story.ward.nurse).get("/deviations/").context["rows"]

    shown = [row.occurred_at for row, _ in rows]
    assert shown == sorted(shown, reverse=True)


def test_the_rows_alone_answer_a_fragment_request() -> None:
    story = refer(make_ward())
    _deviation(story)
    text = browser_of(story.ward.nurse).get("/deviations/", headers=HTMX).content.decode()

    assert story.participant.code in text
    assert "<html" not in text


def test_deviations_of_another_site_are_not_listed() -> None:
    mine, theirs = refer(make_ward()), refer(make_ward())
    _deviation(theirs)

    assert browser_of(mine.ward.nurse).get("/deviations/").context["rows"] == []


def test_an_auditor_reads_deviations_but_is_not_offered_to_close_them() -> None:
    story = refer(make_ward())
    _deviation(story)
    close = f"/participants/{story.participant.code}/deviations/"

    assert close in browser_of(story.ward.nurse).get("/deviations/").content.decode()
    assert close not in browser_of(make_user(Role.AUDITOR)).get("/deviations/").content.decode()


# ---- Trail


def _edited(story: Story) -> None:
    edit_participant(
        participant=story.participant,
        version=story.participant.version,
        birth_year=1975,
        by=story.ward.coordinator,
        at=story.now,
        reason="typing error",
    )


def test_the_trail_shows_old_and_new_who_when_and_why() -> None:
    story = refer(make_ward())
    story.participant.refresh_from_db()
    _edited(story)

    act = acts(
        list(trail_for(story.ward.investigator, code=story.participant.code).order_by("-id")),
        story.ward.investigator,
    )[0]

    assert (act.action, act.reason) == ("participants.particulars_corrected", "typing error")
    assert act.who == story.ward.coordinator.actor_label
    changed = {field.name: (field.old, field.new) for field in act.groups[0].rows[0].fields}
    assert changed["birth_year"] == ("1961", "1975")
    assert act.groups[0].rows[0].code == story.participant.code


def test_the_trail_does_not_repeat_a_role_that_the_name_gives() -> None:
    story = refer(make_ward())
    entries = list(trail_for(story.ward.investigator, code=story.participant.code).order_by("-id"))
    assert acts(entries, story.ward.investigator)[0].role == "coordinator"

    entries[0].actor_label = "Chen Jing (coordinator)"

    assert acts(entries[:1], story.ward.investigator)[0].role == ""


def test_the_trail_is_found_by_code_table_and_person() -> None:
    ward = make_ward()
    one, two = refer(ward), refer(ward)
    one.participant.refresh_from_db()
    _edited(one)
    reader = ward.investigator

    by_code = trail_for(reader, code=one.participant.code.lower())
    assert {entry.participant_id for entry in by_code} == {str(one.participant.pk)}
    assert {entry.table_name for entry in trail_for(reader, table="participants_journeyevent")} == {
        "participants_journeyevent"
    }
    assert trail_for(reader, who=ward.coordinator.username).count() > 0
    assert trail_for(reader, who="nobody at all").count() == 0
    assert trail_for(reader, code=str(uuid4())[:8]).count() == 0
    assert trail_for(reader, code=two.participant.code).count() > 0


def test_the_trail_of_another_site_is_not_readable_by_code_nor_by_leafing() -> None:
    mine, theirs = refer(make_ward()), refer(make_ward())
    reader = mine.ward.investigator

    assert trail_for(reader, code=theirs.participant.code).count() == 0
    foreign = str(theirs.participant.pk)
    assert foreign not in set(trail_for(reader).values_list("participant_id", flat=True))
    assert foreign in set(trail_for(make_user(Role.AUDITOR)).values_list("participant_id", flat=True))


@pytest.mark.parametrize(
    ("role", "status"),
    [("coordinator", 403), ("nurse", 403), ("investigator", 200), ("admin", 200), ("auditor", 200)],
)
def test_the_trail_opens_for_those_who_may_read_it(role: str, status: int) -> None:
    ward = make_ward()
    user = make_user(Role.AUDITOR) if role == "auditor" else getattr(ward, role)

    assert browser_of(user).get("/trail/").status_code == status
    assert browser_of(user).get("/trail/", headers=HTMX).status_code == status


@pytest.mark.parametrize("query", ["table=pg_shadow", "cursor=x", "code=%00", "who=" + "x" * 200])
def test_a_broken_search_of_the_trail_is_answered_with_a_page(query: str) -> None:
    assert browser_of(make_ward().investigator).get(f"/trail/?{query}").status_code == 200


def test_the_trail_costs_the_same_for_2_and_for_30_participants() -> None:
    ward = make_ward()
    client = browser_of(ward.investigator)
    for _ in range(2):
        refer(ward)
    few = queries_of(client, "/trail/")
    for _ in range(28):
        refer(ward)

    assert queries_of(client, "/trail/") == few <= 10


def test_the_trail_pages_through_everything_once() -> None:
    ward = make_ward()
    for _ in range(60):
        refer(ward)
    client, seen, query = browser_of(ward.investigator), [], ""
    for _ in range(10):
        response = client.get(f"/trail/{query}", headers=HTMX)
        seen += [row.row_id for act in response.context["acts"] for group in act.groups for row in group.rows]
        query = response.context["pages"].next
        if not query:
            break

    assert len(seen) == trail_for(ward.investigator).count()


def test_every_table_of_the_trail_has_words() -> None:
    named = dict(tables())

    assert named["participants_journeyevent"] == "Journey event"
    assert "audit_entry" not in named


def test_a_participants_deviation_panel_shows_open_and_important_ones_first() -> None:
    story = participant_at(State.ENROLLED)
    plain = _deviation(story)
    important = _deviation(story.wait(1), is_important=True)
    closed = close_deviation(
        deviation=_deviation(story.wait(1)), note="done", by=story.ward.nurse, at=story.now
    )

    response = browser_of(story.ward.nurse).get(f"/participants/{story.participant.code}/panels/deviations/")

    assert [one.pk for one in response.context["deviations"]] == [important.pk, plain.pk, closed.pk]

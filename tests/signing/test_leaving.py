"""Signatures that leave: the table of them, the manifest in the deviation log, and where both are found."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from participants.filters import DeviationFilter
from participants.models import Deviation
from participants.queries.deviation_figures import figures_of, with_actions
from participants.web.signature_table import SIGNATURES
from participants.web.tables import DEVIATIONS
from tests.factories.handling import is_assessed, is_noticed, is_reported, is_to_be_done
from tests.factories.journeys import make_ward, refer
from tests.participants.test_exports import rows, taken
from tests.participants.web import browser_of
from tests.signing.acts import AT, closed_deviation, proof_of, signed_by
from tests.signing.test_signing import change
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.audit.models import Entry
from trialsite.inspection.files.tables import Table
from trialsite.signing.models import Signature
from trialsite.signing.services.signing import withdraw

pytestmark = pytest.mark.django_db


def told(table: Table, user: User) -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, cells, strict=True)) for cells in table.rows(user, {})]


def test_the_table_tells_of_each_signature_who_what_when_and_whether_it_holds() -> None:
    kept, story = closed_deviation()
    changed, _ = closed_deviation(story)
    back, _ = closed_deviation(story)
    elsewhere, other = closed_deviation()
    investigator = story.ward.investigator
    holding, broken, taken_back = (signed_by(investigator, one) for one in (kept, changed, back))
    theirs = signed_by(other.ward.investigator, elsewhere)
    change(changed, story.ward.admin, closing_note="a secret of the participant")
    withdraw(
        signature=taken_back, proof=proof_of(investigator), by=investigator, at=AT, reason="signed too soon"
    )

    zipped = taken(story.ward.admin, tables=["signatures", "deviations"])

    found = {row["id"]: row for row in rows(zipped, "signatures")}
    assert len(found) == Signature.objects.filter(site=story.ward.site).count() == 4
    assert str(theirs.pk) not in found
    row = found[str(holding.pk)]
    assert row["signed_local"].endswith("Asia/Shanghai (UTC+0800)")
    assert datetime.fromisoformat(row["signed_at"]) == AT
    assert (row["printed_name"], row["role"]) == (investigator.display_name, "investigator")
    assert (row["meaning"], row["meaning_words"]) == ("approval", "I approve this record.")
    assert (row["participant"], row["site"]) == (story.participant.code, story.ward.site.code)
    assert (row["kind"], row["record_id"]) == ("deviation", str(kept.pk))
    assert row["record"] == "Deviation: Vital signs taken with another device"
    assert (row["standing"], row["since_then"]) == ("holds", "")
    assert (row["content_digest"], row["own_digest"]) == (holding.content_digest, holding.own_digest)
    entry = Entry.objects.filter(row_id=str(changed.pk)).latest("id")
    assert found[str(broken.pk)]["standing"] == "changed"
    assert found[str(broken.pk)]["since_then"] == f"deviation.closing_note; first by trail entry {entry.id}"
    assert found[str(taken_back.pk)]["standing"] == "withdrawn"
    assert found[str(taken_back.pk)]["since_then"].endswith("signed too soon")
    (withdrawal,) = (one for one in found.values() if one["withdraws"])
    assert (withdrawal["standing"], withdrawal["withdraws"]) == ("takes one back", str(taken_back.pk))
    assert b"a secret of the participant" not in zipped.read("signatures.json")
    assert {"signatures.csv", "signatures.pdf"} <= set(zipped.namelist())

    log = {row["id"]: row["signatures"] for row in rows(zipped, "deviations")}
    assert log[str(kept.pk)] == (
        f"{investigator.display_name} ({investigator.username}), investigator, {row['signed_local']},"
        " approval: I approve this record. [holds]"
    )
    assert "[changed: deviation.closing_note; first by trail entry" in log[str(changed.pk)]
    assert "[withdrawn: taken back" in log[str(back.pk)]
    assert all(column.share for column in DEVIATIONS.columns if column.name == "signatures")  # it is printed


def test_the_statements_of_both_tables_do_not_grow_with_the_signatures() -> None:
    def statements() -> list[int]:
        counted = []
        for table in (SIGNATURES, DEVIATIONS):
            with CaptureQueriesContext(connection) as captured:
                assert told(table, admin)
            counted.append(len(captured))
        return counted

    one, story = closed_deviation()
    admin = story.ward.admin
    signed_by(story.ward.investigator, one)
    few = statements()
    for _ in range(3):
        another, _ = closed_deviation(story)
        signed_by(story.ward.investigator, another)
    assert statements() == few


def test_the_page_of_a_deviation_and_the_audit_page_lead_to_the_signatures() -> None:
    deviation, story = closed_deviation()
    investigator = story.ward.investigator
    client = browser_of(investigator)
    sign_here = f"/sign/deviation/{deviation.pk}/"
    assert sign_here in client.get(deviation.get_absolute_url()).content.decode()
    signed_by(investigator, deviation)
    text = client.get(deviation.get_absolute_url()).content.decode()
    assert "I approve this record." in text
    assert "Asia/Shanghai (UTC+0800)" in text
    assert sign_here not in text
    draft = client.get(is_noticed(story).get_absolute_url()).content.decode()
    assert 'class="signatures"' not in draft
    assert 'href="/signatures/"' in client.get("/audit/").content.decode().partition("places-group")[2]
    assert "/audit/export/?table_name=signatures" in client.get("/signatures/").content.decode()
    assert "table_name=signatures" not in browser_of(story.ward.nurse).get("/signatures/").content.decode()


@pytest.mark.parametrize(("hour", "count"), [(15, 0), (16, 1)])
def test_an_action_is_overdue_by_the_day_of_its_site(
    hour: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = refer(make_ward())
    deviation = is_noticed(story, is_important=True)
    is_reported(deviation, story)
    is_assessed(deviation, story, is_important=True)
    due_on = is_to_be_done(deviation, story).due_on
    at = datetime(due_on.year, due_on.month, due_on.day, hour, tzinfo=UTC)  # 23:00, or midnight, in Wuhan
    everything = Deviation.objects.all()
    monkeypatch.setattr(clock, "now", lambda: at)
    assert DeviationFilter({"action": "overdue"}, everything).qs.count() == count
    assert figures_of(everything, at).overdue == count
    counted: Any = with_actions(everything, at).get()
    assert (counted.actions_open, counted.actions_overdue) == (1, count)

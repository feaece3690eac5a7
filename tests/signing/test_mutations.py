"""Whatever of a signed record or of a row that belongs to it is changed, added or deleted: the signature says so.

MUTATIONS random changes, a few in the suite, a thousand with `make signatures-at-length`. Each is taken back.
"""

import os
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction

from followup.models import Visit, VisitProcedure
from followup.queries.signables import casebook_models
from infusion.models import Infusion
from participants.models import Deviation
from participants.states import State
from screening.models import EligibilityDecision, EligibilityEvaluation
from tests.factories.journeys import Story, participant_at
from tests.signing.acts import closed_deviation, complete, signed_by
from trialsite.audit.acting import acting
from trialsite.signing.queries import signatures_of
from trialsite.signing.rules import Meaning, Standing

MUTATIONS = int(os.environ.get("SIGNING_MUTATIONS", "60"))
SEED = int(os.environ.get("SIGNING_SEED", "6945523"))
_NOT_TOUCHED = frozenset({"id", "version"})


def changed(value: Any, field: Any, draw: random.Random) -> Any:
    """Return another value of the field."""
    if value is not None and field.null and draw.random() < 0.1:
        return None
    other = [one for one, _ in field.choices or () if one != value]
    if other:
        return draw.choice(other)
    return _CHANGES[next(kind for kind in _CHANGES if isinstance(field, kind))](value)


_CHANGES: dict[Any, Callable[[Any], Any]] = {
    models.BooleanField: lambda value: not value,
    models.DateTimeField: lambda value: (
        (value or datetime.fromisoformat("2026-02-01T00:00+00:00")) + timedelta(seconds=1)
    ),
    models.DateField: lambda value: (value or date(2026, 2, 1)) + timedelta(days=1),
    models.DecimalField: lambda value: (value or Decimal(0)) + Decimal("0.1"),
    models.IntegerField: lambda value: (value or 0) + 1,
    models.JSONField: lambda value: {"was": value},
    models.UUIDField: lambda value: value,
    ArrayField: lambda value: [*(value or []), value[-1] if value else "x"],
    models.CharField: lambda value: ("x" if not (value or "").startswith("x") else "y") + (value or "")[1:],
    models.TextField: lambda value: f"{value or ''}x",
}


@pytest.mark.django_db
def test_every_change_of_what_was_signed_is_flagged() -> None:
    draw = random.Random(SEED)  # noqa: S311  (nothing secret)
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    cases = signed_cases(story)
    missed, done, tried = [], 0, 0
    while done < MUTATIONS and tried < MUTATIONS * 20:
        tried += 1
        record, parts = draw.choice(cases)
        model, keys = draw.choice(parts)
        found = mutate(record, model, draw.choice(keys), story, draw)
        if found is not None:
            done += 1
            missed += [] if found[0] is Standing.CHANGED else [found]
    assert done == MUTATIONS
    assert not missed, missed
    for record, _ in cases:
        assert signatures_of(record)[0].holds


def mutate(record: Any, model: Any, key: Any, story: Story, draw: random.Random) -> tuple[Any, ...] | None:
    """Change, or seldom delete, one row; return how the signature stands then, None where the database refused."""
    fields = [
        one for one in model._meta.concrete_fields if one.name not in _NOT_TOUCHED and not one.remote_field
    ]
    field = draw.choice(fields)
    row = model._base_manager.get(pk=key)
    value = changed(getattr(row, field.attname), field, draw)
    is_deletion = model is VisitProcedure and draw.random() < 0.2
    if not is_deletion and value == getattr(row, field.attname):
        return None
    savepoint = transaction.savepoint()
    try:
        with acting(by=story.ward.admin, at=story.now, action="tests.mutated", reason="a test"):
            rows = model._base_manager.filter(pk=key)
            _ = rows.delete() if is_deletion else rows.update(**{field.name: value})
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        (manifest, *_rest) = signatures_of(record)
        if manifest.standing is Standing.CHANGED:
            assert manifest.differences
            assert manifest.entry is not None
            assert manifest.entry.row_id == str(key)
        return manifest.standing, model.__name__, field.name, is_deletion, value
    except DatabaseError:
        return None
    finally:
        transaction.savepoint_rollback(savepoint)


def signed_cases(story: Story) -> list[tuple[Any, list[tuple[Any, list[Any]]]]]:
    """Signed records of every kind of one participant, each with the rows that belong to it, by model."""
    who, at = story.ward.investigator, story.now
    deviation, _ = closed_deviation(story, at=at)
    decision = EligibilityDecision.objects.get(episode__participant=story.participant)
    infusion = Infusion.objects.get(participant=story.participant)
    *others, visit = complete(story)
    signed_by(who, deviation, at=at)
    signed_by(who, decision, at=at)
    for record in (infusion, visit, *others):
        signed_by(who, record, at=at, meaning=Meaning.RESPONSIBILITY)
    signed_by(who, story.participant, at=at, meaning=Meaning.RESPONSIBILITY)
    of_case = [
        (
            model,
            list(model._base_manager.filter(**{lookup: story.participant.pk}).values_list("pk", flat=True)),
        )
        for model, lookup in casebook_models()
    ]
    return [
        (deviation, [(Deviation, [deviation.pk])]),
        (decision, [(EligibilityDecision, [decision.pk]), (EligibilityEvaluation, [decision.evaluation_id])]),
        (infusion, [(Infusion, [infusion.pk])]),
        (visit, [(Visit, [visit.pk]), (VisitProcedure, list(visit.procedures.values_list("pk", flat=True)))]),
        (
            story.participant,
            [(type(story.participant), [story.participant.pk]), *(one for one in of_case if one[1])],
        ),
    ]

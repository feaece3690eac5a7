"""Keys point down the house, never up; every domain row is a Record; every enum the database knows is checked."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from trialsite.audit.records import Record

# From the ground up; a key may point to its own floor or below.
FLOORS = ["audit", "accounts", "inspection", "participants", "screening", "infusion", "followup"]
DOMAIN = [model for label in FLOORS[1:] for model in apps.get_app_config(label).get_models()]


def _label(model: Any) -> str:
    return str(model._meta.label)


@pytest.mark.parametrize("model", DOMAIN, ids=_label)
def test_foreign_keys_never_point_up_the_house(model: type[models.Model]) -> None:
    floor = FLOORS.index(model._meta.app_label)
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            target = field.remote_field.model._meta.app_label
            assert target in FLOORS[: floor + 1], f"{field} points to {target}"


@pytest.mark.parametrize("model", DOMAIN, ids=_label)
def test_a_domain_row_is_a_record_that_is_never_deleted_by_cascade(model: type[models.Model]) -> None:
    assert issubclass(model, Record)
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            assert field.remote_field.on_delete is models.PROTECT, str(field)


@pytest.mark.parametrize("model", DOMAIN, ids=_label)
def test_instants_and_dates_are_named_for_what_they_are(model: type[models.Model]) -> None:
    for field in model._meta.concrete_fields:
        if isinstance(field, models.DateTimeField):
            assert field.name.endswith("_at"), field.name
        elif isinstance(field, models.DateField):
            assert field.name.endswith("_on"), field.name


@pytest.mark.parametrize("model", DOMAIN, ids=_label)
def test_no_default_ordering_hides_a_sort(model: type[models.Model]) -> None:
    assert not model._meta.ordering

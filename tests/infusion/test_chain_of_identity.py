"""Participant, collection, lot, bag, infusion: one person's cells, and the database itself says so."""

import pytest
from django.db import IntegrityError, connection, transaction

from infusion.models import CellProduct
from infusion.rules.bag_codes import is_valid_bag_code
from participants.states import State
from tests.factories.journeys import make_ward, participant_at, there
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db


def test_each_bag_has_a_code_of_its_own_that_is_never_used_again() -> None:
    story = participant_at(State.MANUFACTURING)
    collection, product = there(story.leukapheresis), there(story.product)

    assert collection.bag_code.startswith("A-")
    assert product.bag_code.startswith("P-")
    assert is_valid_bag_code(collection.bag_code)
    assert is_valid_bag_code(product.bag_code)
    second = CellProduct(
        participant=story.participant,
        leukapheresis=collection,
        lot="other",
        bag_code=product.bag_code,
        manufacturing_started_at=story.now,
        recorded_at=story.now,
    )
    with (
        pytest.raises(IntegrityError, match="product_bag_code_once"),
        acting(by=story.ward.nurse, at=story.now, action="test.tried", reason=""),
    ):
        second.save_new()


def test_not_even_raw_sql_moves_a_product_to_another_participant() -> None:
    ward = make_ward()
    one, other = participant_at(State.INFUSED, ward=ward), participant_at(State.LYMPHODEPLETION, ward=ward)
    theirs, own = there(other.product), there(one.product)
    attempts = [
        (
            "UPDATE infusion_cellproduct SET participant_id = %s WHERE id = %s",
            [other.participant.pk, own.pk],
        ),
        (
            "UPDATE infusion_cellproduct SET leukapheresis_id = %s WHERE id = %s",
            [theirs.leukapheresis_id, own.pk],
        ),
        ("UPDATE infusion_infusion SET product_id = %s WHERE id = %s", [theirs.pk, there(one.infusion).pk]),
        (
            "UPDATE infusion_infusion SET number = 9, participant_id = %s WHERE id = %s",
            [other.participant.pk, there(one.infusion).pk],
        ),
        (
            "UPDATE infusion_leukapheresis SET number = 9, participant_id = %s WHERE id = %s",
            [other.participant.pk, own.leukapheresis_id],
        ),
    ]
    for statement, values in attempts:
        with (
            pytest.raises(IntegrityError, match=r"own_cells|own_product"),
            transaction.atomic(),
            acting(by=ward.nurse, at=one.now, action="test.tried", reason=""),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values)

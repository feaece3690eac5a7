"""Bag codes: what is made is valid, and no slip of the pen, no swap and no other form is."""

from itertools import combinations
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infusion.rules.bag_codes import (
    MOST_LENGTH,
    RANDOM_LENGTH,
    BagKind,
    OwnBagCode,
    is_valid_bag_code,
    make_bag_code,
)
from trialsite.protocol.codes import ALPHABET, is_valid_code

SAMPLES = [
    make_bag_code(BagKind.PRODUCT, "7K3M9WXQ"),
    make_bag_code(BagKind.APHERESIS, "22222222"),
    make_bag_code(BagKind.PRODUCT, "ZZZZZZZZ"),
]
letters = st.text(alphabet=ALPHABET, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)


def test_a_known_code_stays_what_it_was() -> None:
    assert SAMPLES[0] == "P-7K3M-9WXQ-C"


@pytest.mark.parametrize("code", SAMPLES)
def test_every_single_wrong_character_is_noticed(code: str) -> None:
    for place, right in enumerate(code):
        for wrong in set(printable + "０ΑА\u200b") - {right}:
            assert not is_valid_bag_code(code[:place] + wrong + code[place + 1 :])


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(BagKind), letters)
def test_a_made_code_is_valid_and_no_swap_of_any_two_characters_is(kind: BagKind, drawn: str) -> None:
    code = make_bag_code(kind, drawn)
    assert is_valid_bag_code(code)
    assert not is_valid_code(code)  # a wristband is never taken for a bag, nor the other way round
    for here, there in combinations(range(len(code)), 2):
        swapped = list(code)
        swapped[here], swapped[there] = swapped[there], swapped[here]
        assert swapped == list(code) or not is_valid_bag_code("".join(swapped))


@pytest.mark.parametrize(
    "typed",
    ["", "P-7K3M-9WXQ", "P-7K3M-9WXQ-", "p-7k3m-9wxq-c", " P-7K3M-9WXQ-C", "P-7K3M-9WXQ-C\n", "P7K3M9WXQC"],
)
def test_any_other_form_is_not_a_code(typed: str) -> None:
    assert not is_valid_bag_code(typed)


@pytest.mark.parametrize("drawn", ["", "7K3M9WX", "7K3M9WXQQ", "7K3M9WXO", "7k3m9wxq", "7K3M9WXQ\n"])
def test_characters_outside_the_alphabet_or_length_are_refused(drawn: str) -> None:
    with pytest.raises(ValueError, match="takes 8 characters"):
        make_bag_code(BagKind.PRODUCT, drawn)


def test_the_format_of_this_product_draws_a_valid_code() -> None:
    code = OwnBagCode().make(BagKind.APHERESIS, lambda letters: letters[-1])

    assert OwnBagCode().is_valid(code)
    assert code.startswith("A-")
    assert len(code) <= MOST_LENGTH

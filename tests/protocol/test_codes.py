from itertools import permutations
from string import printable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialsite.protocol.codes import ALPHABET, RANDOM_LENGTH, is_valid_code, is_valid_prefix, make_code

prefixes = st.text(ALPHABET, min_size=2, max_size=4)
randoms = st.text(ALPHABET, min_size=RANDOM_LENGTH, max_size=RANDOM_LENGTH)
PLACES = [0, 1, 3, 4, 5, 6, 7, 9]  # of the letters in WH-7K3M9-X
SAMPLES = [
    make_code("WH", "7K3M9"),
    make_code("CQ2", "22222"),
    make_code("ZZZZ", "ZZZZZ"),
    make_code("22", "2Z2Z2"),
]


def test_alphabet_is_prime_in_size_and_has_no_lookalikes():
    assert len(ALPHABET) == len(set(ALPHABET)) == 31
    assert not set("01OIL") & set(ALPHABET)
    assert ALPHABET.isascii()


def test_a_known_code_stays_what_it_was():
    assert make_code("WH", "7K3M9") == "WH-7K3M9-N"


@pytest.mark.parametrize("code", SAMPLES)
def test_every_single_wrong_character_is_noticed(code):
    for place, right in enumerate(code):
        for wrong in set(printable + "０ΑА\u200b") - {right}:
            assert not is_valid_code(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize("place", range(7))
def test_every_swap_of_neighbours_is_noticed_for_every_pair_of_characters(place):
    for first, second in permutations(ALPHABET, 2):
        letters = list("WH7K3M9")
        letters[place : place + 2] = [first, second][: 7 - place]
        code = list(make_code("".join(letters[:2]), "".join(letters[2:])))
        here, next_to_it = PLACES[place], PLACES[place + 1]
        swapped = code.copy()
        swapped[here], swapped[next_to_it] = code[next_to_it], code[here]
        assert swapped == code or not is_valid_code("".join(swapped))


@settings(deadline=None)  # the machine may be busy
@given(prefixes, randoms)
def test_a_made_code_is_valid_and_no_swap_of_any_two_characters_is(prefix, random_letters):
    code = make_code(prefix, random_letters)
    assert is_valid_code(code)
    for place in range(len(code)):
        for other in range(place + 1, len(code)):
            swapped = list(code)
            swapped[place], swapped[other] = swapped[other], swapped[place]
            assert swapped == list(code) or not is_valid_code("".join(swapped))


@settings(deadline=None)  # the machine may be busy
@given(prefixes, randoms, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_a_substitution_anywhere_in_any_code_is_noticed(prefix, random_letters, place, wrong):
    code = make_code(prefix, random_letters)
    place %= len(code)
    changed = code[:place] + wrong + code[place + 1 :]
    assert changed == code or not is_valid_code(changed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "WH-7K3M9",
        "WH-7K3M9-",
        "wh-7k3m9-n",
        " WH-7K3M9-N",
        "WH-7K3M9-N\n",
        "WH7K3M9N",
        "WH–7K3M9–N",
        "W-H7K3M9-N",
        "WH-7K3M-9N",
        "WH-7K3M9-N-C",
        "WHWHW-7K3M9-N",
    ],
)
def test_any_other_form_is_not_a_code(typed):
    assert not is_valid_code(typed)


@pytest.mark.parametrize("prefix", ["", "W", "WL", "wh", "W-", "WHWHW", "武汉", "WH\n"])
def test_a_prefix_outside_the_alphabet_or_length_is_refused(prefix):
    assert not is_valid_prefix(prefix)
    with pytest.raises(ValueError, match="a site prefix has 2 to 4 characters"):
        make_code(prefix, "7K3M9")


@pytest.mark.parametrize("random_letters", ["", "7K3M", "7K3M99", "7K3MO", "7k3m9", "7K3M9\n"])
def test_random_characters_outside_the_alphabet_or_length_are_refused(random_letters):
    with pytest.raises(ValueError, match="takes 5 characters"):
        make_code("WH", random_letters)

"""Bag codes: kind letter, eight random characters in two groups, one check character, as in P-7K3M-9WXQ-C.

The alphabet and the weighted sum are those of the subject codes (`trialsite.protocol.codes`): every wrong
character and every swap of two characters is noticed. A code says nothing about whose bag it is; the record does.
A site that labels bags by another scheme names a `BagCodeFormat` of its own in the setting BAG_CODE_FORMAT.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from trialsite.protocol.codes import ALPHABET

RANDOM_LENGTH = 8
MOST_LENGTH = 40  # of any format: the width of the column

_VALUE_OF = {character: value for value, character in enumerate(ALPHABET)}
_RANDOM = re.compile(f"[{ALPHABET}]{{{RANDOM_LENGTH}}}")
_CODE = re.compile(f"([AP])-([{ALPHABET}]{{4}})-([{ALPHABET}]{{4}})-([{ALPHABET}])")


class BagKind(StrEnum):
    APHERESIS = "A"
    PRODUCT = "P"


class BagCodeFormat(Protocol):
    """How bags are coded. choose: draws one of the characters it is given."""

    def make(self, kind: BagKind, choose: Callable[[str], str]) -> str:
        """Return a code for a bag of this kind, at most MOST_LENGTH characters of printable ASCII."""
        ...

    def is_valid(self, code: str) -> bool:
        """True if form and check characters are right."""
        ...


class OwnBagCode:
    """The format of this product."""

    def make(self, kind: BagKind, choose: Callable[[str], str]) -> str:
        return make_bag_code(kind, "".join(choose(ALPHABET) for _ in range(RANDOM_LENGTH)))

    def is_valid(self, code: str) -> bool:
        return is_valid_bag_code(code)


def make_bag_code(kind: BagKind, random_letters: str) -> str:
    """Return the bag code for a kind and eight characters drawn at random from ALPHABET.

    The caller draws the characters and makes sure that the code was never used.
    Raises ValueError for characters outside the alphabet or of another length.
    """
    if _RANDOM.fullmatch(random_letters) is None:
        raise ValueError(f"a bag code takes {RANDOM_LENGTH} characters of {ALPHABET}")
    check = _check_character(kind.value + random_letters)
    return f"{kind.value}-{random_letters[:4]}-{random_letters[4:]}-{check}"


def is_valid_bag_code(code: str) -> bool:
    """True if form and check character are right. Strict: no lower case, no blanks, no other script."""
    match = _CODE.fullmatch(code)
    if match is None:
        return False
    *characters, check = match.groups()
    return check == _check_character("".join(characters))


def _check_character(characters: str) -> str:
    """Return the character that makes the weighted sum divisible by 31. Weights count from the right, from 2."""
    weighted = sum(
        weight * _VALUE_OF[character] for weight, character in enumerate(reversed(characters), start=2)
    )
    return ALPHABET[-weighted % len(ALPHABET)]

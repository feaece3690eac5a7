"""Subject codes: site prefix, five random characters, one check character, as in WH-7K3M9-N.

The alphabet has no character that is mistaken for another in print (0 O 1 I L are out). That leaves
31 characters, a prime: a weighted sum modulo 31 with a different weight for each position notices
every wrong character and every swap of two characters.
"""

import re

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RANDOM_LENGTH = 5

_VALUE_OF = {character: value for value, character in enumerate(ALPHABET)}
_PREFIX = re.compile(f"[{ALPHABET}]{{2,4}}")
_RANDOM = re.compile(f"[{ALPHABET}]{{{RANDOM_LENGTH}}}")
_CODE = re.compile(f"({_PREFIX.pattern})-({_RANDOM.pattern})-([{ALPHABET}])")


def is_valid_prefix(prefix: str) -> bool:
    """True for 2 to 4 characters of the alphabet: WH, but not WL or wh."""
    return _PREFIX.fullmatch(prefix) is not None


def make_code(prefix: str, random_letters: str) -> str:
    """Return the subject code for a site prefix and five characters drawn at random from ALPHABET.

    The caller draws the characters and makes sure that the code was never used.
    Raises ValueError for a prefix or characters outside the alphabet or of another length.
    """
    if not is_valid_prefix(prefix):
        raise ValueError(f"a site prefix has 2 to 4 characters of {ALPHABET}, not {prefix!r}")
    if _RANDOM.fullmatch(random_letters) is None:
        raise ValueError(f"a subject code takes {RANDOM_LENGTH} characters of {ALPHABET}")
    return f"{prefix}-{random_letters}-{_check_character(prefix + random_letters)}"


def is_valid_code(code: str) -> bool:
    """True if form and check character are right. Strict: no lower case, no blanks, no other script."""
    match = _CODE.fullmatch(code)
    if match is None:
        return False
    prefix, random_letters, check = match.groups()
    return check == _check_character(prefix + random_letters)


def _check_character(characters: str) -> str:
    """Return the character that makes the weighted sum divisible by 31.

    Weights count from the right: 1 for the check character itself, then 2, 3 … up to 10.
    """
    weighted = sum(
        weight * _VALUE_OF[character] for weight, character in enumerate(reversed(characters), start=2)
    )
    return ALPHABET[-weighted % len(ALPHABET)]

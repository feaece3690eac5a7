"""What makes a user name, a site code or a time zone acceptable. Pure: text in, text or a refusal out."""

import hashlib
import hmac
import re
import unicodedata
from zoneinfo import available_timezones

from trialsite.errors import RuleViolated

USERNAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{1,63}$"
SITE_CODE_PATTERN = r"^[A-Z]{2,4}[0-9]{2}$"
SUBJECT_PREFIX_PATTERN = r"^[A-Z0-9]{2,4}$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"


def normalise_username(typed: str) -> str:
    """Return the one spelling under which a user name is stored, compared and counted for lockout.

    Compatibility forms (full-width letters) and case fold together, so a twin cannot be registered.
    """
    folded = unicodedata.normalize("NFKC", typed).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def clean_username(typed: str) -> str:
    """Return the normalised user name. Raises RuleViolated("username-invalid")."""
    return _matching(
        USERNAME_PATTERN,
        normalise_username(typed),
        code="username-invalid",
        message="A user name has 2 to 64 letters a-z, digits, dots, hyphens or underscores, "
        "and starts with a letter or a digit.",
        field="username",
    )


def clean_site_code(typed: str) -> str:
    """Return the site code in capitals. Raises RuleViolated("site-code-invalid")."""
    return _matching(
        SITE_CODE_PATTERN,
        typed.strip().upper(),
        code="site-code-invalid",
        message="A site code is two to four letters and two digits, for example WH01.",
        field="code",
    )


def clean_subject_prefix(typed: str) -> str:
    """Return the prefix of the site's subject codes. Raises RuleViolated("subject-prefix-invalid")."""
    return _matching(
        SUBJECT_PREFIX_PATTERN,
        typed.strip().upper(),
        code="subject-prefix-invalid",
        message="A subject prefix has two to four capital letters or digits.",
        field="subject_prefix",
    )


def clean_country(typed: str) -> str:
    """Return the country code in capitals. Raises RuleViolated("country-invalid")."""
    return _matching(
        COUNTRY_PATTERN,
        typed.strip().upper(),
        code="country-invalid",
        message="Give the country by its two letters, for example CN.",
        field="country",
    )


def clean_time_zone(zone: str) -> str:
    """Return `zone` if it is an IANA area/place name or UTC. Raises RuleViolated("time-zone-unknown")."""
    if zone != "UTC" and ("/" not in zone or zone not in available_timezones()):
        raise RuleViolated(
            "time-zone-unknown",
            "Give the time zone as an IANA name, for example Asia/Shanghai.",
            field="time_zone",
        )
    return zone


def clean_line(text: str, *, field: str, longest: int, required: bool = True) -> str:
    """Return `text` trimmed, as one printable line. Raises RuleViolated("text-invalid")."""
    line = unicodedata.normalize("NFC", text).strip()
    fits = len(line) <= longest and (bool(line) or not required)
    if not fits or any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in line):
        raise RuleViolated(
            "text-invalid",
            f"Write this in one line of {'1' if required else '0'} to {longest} characters.",
            field=field,
        )
    return line


def _matching(pattern: str, text: str, *, code: str, message: str, field: str) -> str:
    if not re.fullmatch(pattern, text):
        raise RuleViolated(code, message, field=field)
    return text


def name_hash(typed: str, key: str) -> str:
    """Return the keyed hash under which a typed user name is logged and counted for lockout."""
    name = normalise_username(typed).encode("utf-8", "surrogatepass")
    return hmac.new(f"sign-in name {key}".encode(), name, hashlib.sha256).hexdigest()

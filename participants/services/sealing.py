"""Sealing of direct identifiers: AES-256-GCM with a key from the environment.

The associated text names table, column and row, so a sealed value cannot be moved to another person.
A value reads `1:<base64 of nonce and ciphertext>`; the number is the key's generation.
"""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from trialsite.errors import DomainError

_GENERATION = "1"
_NONCE_BYTES = 12


def seal(plain: str, bound_to: str) -> str:
    """Return `plain` sealed and bound to the place named by `bound_to`; empty stays empty."""
    if not plain:
        return ""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + _cipher().encrypt(nonce, plain.encode(), bound_to.encode())
    return f"{_GENERATION}:{base64.b64encode(sealed).decode()}"


def unseal(sealed: str, bound_to: str) -> str:
    """Return the plain value. Raises DomainError("identity-unreadable") for a wrong key, place or content."""
    if not sealed:
        return ""
    _, _, body = sealed.partition(":")
    raw = base64.b64decode(body)
    try:
        return _cipher().decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode()).decode()
    except InvalidTag as wrong:
        raise DomainError(
            "identity-unreadable", "The identifiers cannot be opened with the identity key in use."
        ) from wrong


def _cipher() -> AESGCM:
    return AESGCM(base64.b64decode(settings.IDENTITY_KEY))

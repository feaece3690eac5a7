"""The sealer's key: a file that only the sealer's account may read, made once."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


def make_key(path: Path) -> str:
    """Make a new key in a new file, readable by its owner alone; return the public key in hex.

    Raises FileExistsError where there is a file: a key is never replaced by accident.
    """
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return public_hex(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Return the key. Raises ValueError where the file holds none, or others may read it; OSError where there is none."""
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path} can be read by others. Close it: chmod 600 {path}")
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key.")
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

"""Seals over the audit trail, made outside the database with a key it does not know (docs/decisions/0017-seals.md)."""

"""Seals over the audit trail, made outside the database with a key it does not know (docs/decisions/0016-seals.md)."""

"""Tables that leave as files: CSV, JSON and PDF in one archive, with a manifest of hashes."""

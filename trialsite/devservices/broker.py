"""The broker of the zero-setup stack: message queues inside the application's own database."""

import psycopg
from pgmq.install import get_embedded_install_sql, install_pgmq_sql

# One number for all processes, so that two that start together install once. Any constant will do.
_INSTALL_LOCK = 6_945_523


def install_queues(conninfo: str) -> bool:
    """Leave the schema `pgmq` installed; return whether it was absent. The script cannot be run twice."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_INSTALL_LOCK])
        if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'pgmq'").fetchone():
            return False
        install_pgmq_sql(get_embedded_install_sql(), conn=connection)
    return True

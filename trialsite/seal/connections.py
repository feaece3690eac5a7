"""How sealer and check reach the database: as Django does, over connections of their own."""

from django.db import connection
from psycopg.conninfo import make_conninfo

_KNOWN = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey")


def sealer_conninfo() -> str:
    """Return the connection string of the configured database."""
    parameters = connection.get_connection_params()
    return make_conninfo(**{name: parameters[name] for name in _KNOWN if parameters.get(name)})

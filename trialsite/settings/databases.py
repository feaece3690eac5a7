"""From one address to Django's database settings and the broker that lives in the same database."""

from typing import Any, Final
from urllib.parse import unquote

import environ
from psycopg.conninfo import make_conninfo

# Above the longest time limit of a task, so that only a task whose worker died is handed out again.
HIDDEN_SECONDS: Final = 3900


def parse_address(url: str) -> dict[str, Any]:
    """Return Django's words for a PostgreSQL address, socket folders included (`@%2Frun%2Fpg/name`, `?host=/run/pg`)."""
    parsed: dict[str, Any] = environ.Env.db_url_config(url)
    folder = parsed.get("OPTIONS", {}).pop("host", "")
    return {**parsed, "HOST": folder or unquote(parsed["HOST"])}


def database_from(url: str, *, pool: bool) -> dict[str, Any]:
    """Return the settings of one PostgreSQL database: connections are kept and checked, or pooled.

    pool: hand connections out from a pool inside each process; only of use with threaded servers.
    """
    parsed = parse_address(url)
    options: dict[str, Any] = {"connect_timeout": 5, **parsed.get("OPTIONS", {})}
    if pool:
        options["pool"] = True
    return {
        **parsed,
        "CONN_MAX_AGE": 0 if pool else 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def broker_options(broker_url: str, database: dict[str, Any]) -> dict[str, Any]:
    """Return the transport options for `broker_url`; `pgmq://` without a host means `database` itself.

    Long polling is off: it starves beat.
    """
    if broker_url.startswith("amqp"):
        return {"confirm_publish": True}
    if not broker_url.startswith("pgmq:"):
        return {"visibility_timeout": HIDDEN_SECONDS}
    options: dict[str, Any] = {
        "init_extension": False,
        "wait_time_seconds": 0,
        "polling_interval": 0.2,
        "visibility_timeout": HIDDEN_SECONDS,
        "pool_size": 2,
        "pool_timeout": 5,
    }
    if broker_url == "pgmq://":
        options["conn_string"] = make_conninfo(
            host=database["HOST"] or "localhost",
            port=database["PORT"] or 5432,
            dbname=database["NAME"],
            user=database["USER"] or "postgres",
            password=database["PASSWORD"] or "postgres",
        )
    return options

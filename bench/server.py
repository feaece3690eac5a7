"""A PostgreSQL for one measurement, with the memory a server for so many rows is given; gone afterwards."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from trialsite.devservices.folders import StateFolder, state_folder
from trialsite.devservices.postgres import Server

# What every guide sets first: a quarter of the machine's memory. The rest lets forty million rows be filled in minutes
# and keeps the checkpoints of that out of the times.
SHARE_OF_MEMORY = 4
_FOR_MANY_ROWS = {
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@contextmanager
def server_for_many_rows() -> Iterator[str]:
    """Yield the address of its maintenance database, for as long as the block lasts."""
    state = StateFolder(state_folder().root / "bench")
    state_folder().prepare()
    state.prepare()
    server = Server(state, durable=False)
    server.settings = {
        **server.settings,
        **_FOR_MANY_ROWS,
        "shared_buffers": f"{_memory_mib() // SHARE_OF_MEMORY}MB",
    }
    try:
        server.start()
        yield server.url("postgres")
    finally:
        server.end_any()
        shutil.rmtree(state.root)


def _memory_mib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20

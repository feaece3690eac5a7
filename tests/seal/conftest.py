"""The sealed database, made once for the tests of a worker."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.seal.rig import Rig, migrate
from trialsite.seal.connections import sealer_conninfo


@pytest.fixture(scope="session")
def rig(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rig]:
    with django_db_blocker.unblock():
        made = Rig(tmp_path_factory.mktemp("seal"), sealer_conninfo(), f"tamper_{os.getpid()}")
        try:
            made.build(migrate)
            yield made
        finally:
            made.end()

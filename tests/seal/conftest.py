"""The sealed database, made once for the tests of a worker."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.seal.rig import Rig, rig_on_a_server_of_its_own


@pytest.fixture(scope="session")
def rig(django_db_setup: None, django_db_blocker: Any) -> Iterator[Rig]:
    with django_db_blocker.unblock(), rig_on_a_server_of_its_own() as made:
        yield made

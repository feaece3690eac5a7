"""Lays down the people of the fault tests in the rig's database: staff with addresses, participants with one task each."""

import sys
from datetime import timedelta

import django

django.setup()

from tests.factories.accounts import make_user  # noqa: E402
from tests.factories.journeys import _new_ward, refer  # noqa: E402
from trialsite import clock  # noqa: E402
from trialsite.accounts.permissions import Role  # noqa: E402

COORDINATORS = 4


def main(people: int) -> None:
    now = clock.now()
    noon = f"Etc/GMT{now.hour - 12:+d}"  # where it is about noon, so that no mail waits for the morning
    began = now - timedelta(days=1)
    ward = _new_ward(noon, began)
    for _ in range(COORDINATORS - 1):
        make_user(Role.COORDINATOR, ward.site, at=began)
    for _ in range(people):
        refer(ward, at=now)


if __name__ == "__main__":
    main(int(sys.argv[1]))

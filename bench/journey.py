"""What the journey costs: milliseconds and SQL statements, BEGIN and SAVEPOINT included.

    python -m bench.journey [--sizes 1000 10000] [--rounds 15]        (or: make bench)

Works in a database of its own, made and dropped here, on DATABASE_URL's server or the embedded one.
The aims beside the figures are the project's own; docs/performance.md says what they mean.
"""

import argparse
import logging
import os
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

from trialsite.devservices.shared_server import shared_server

_until_the_end = ExitStack()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _until_the_end.enter_context(shared_server())

# E402 from here on: the settings read DATABASE_URL, and models can be imported only after setup().
import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from bench.bare_api import BARE_PATH  # noqa: E402
from bench.scale import copy_participant  # noqa: E402
from participants.states import State  # noqa: E402
from tests.factories.journeys import Story, Ward, make_ward, participant_at, refer  # noqa: E402
from trialsite import clock  # noqa: E402
from trialsite.accounts.services.tokens import create_api_token  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Cost:
    milliseconds: float
    statements: int


def cost_of(act: Callable[[], object]) -> Cost:
    """One timed run with its statements counted; logging them is part of the time of every run alike."""
    with CaptureQueriesContext(connection) as captured:
        started = time.perf_counter()
        act()
        elapsed = time.perf_counter() - started
    return Cost(elapsed * 1000, len(captured))


def middle(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.milliseconds for cost in costs), max(cost.statements for cost in costs)
    )


def show(name: str, cost: Cost, aim: str) -> None:
    print(f"{name:<58}{cost.milliseconds:>9.1f} ms{cost.statements:>5} statements   aim {aim}")


def measure_commands(ward: Ward, rounds: int) -> None:
    """Each act alone, on participants brought to the stage before it outside the measurement."""
    enrolment, visit, form = [], [], []
    for _ in range(rounds):
        story = refer(ward).wait(1)
        parts = [cost_of(story.signs)]
        story.wait(1).starts_screening()
        story.finds_everything_in_order(but={"cardiomyopathy": None})
        form.append(cost_of(lambda story=story: story.finds("cardiomyopathy", {"value": False})))  # type: ignore[misc]
        story.is_confirmed()
        cohort = story.wait(1).cohort_for(story)
        story.level = cohort.dose_level
        parts.append(cost_of(story.enrols_without_slot))
        story.takes_slot(cohort)
        _to_the_infusion(story)
        parts.append(cost_of(story.gets_infusion))
        enrolment.append(Cost(sum(p.milliseconds for p in parts), sum(p.statements for p in parts)))
        story.wait(1)
        visit.append(cost_of(lambda story=story: story.comes_to("V-D1#1")))  # type: ignore[misc]
    show("consent + enrol + infusion + full schedule", middle(enrolment), "<= 33 statements")
    show("record a visit", middle(visit), "<= 16 statements")
    show("record a form", middle(form), "<= 11 statements")


def _to_the_infusion(story: Story) -> None:
    story.wait(3).gives_cells()
    story.wait(1).has_lot_started()
    story.wait(13).has_lot_released()
    story.wait(1).has_infusion_planned(story.now.date().replace(month=2, day=13))
    for day in (1, 2, 3):
        story.wait(1).gets_lymphodepletion(day)
    story.wait(3).is_cleared_for_infusion()
    story.is_made_ready()


OVERDUE_PATH = "/api/v1/worklist/?overdue=true"


def measure_pages(ward: Ward, sizes: Sequence[int], rounds: int) -> None:
    """The overdue work list at each size, the participant page at the largest."""
    template = participant_at(State.INFUSED, ward=ward)
    client = Client()
    client.force_login(ward.coordinator, backend=BACKEND)
    there, found = 0, []
    for size in sizes:
        copy_participant(template.participant.pk, there, size, at=template.now)
        there = size
        client.get("/")  # templates compiled, roles read
        cost = middle([cost_of(lambda: _ok(client, OVERDUE_PATH)) for _ in range(rounds)])
        found.append(cost)
        show(f"overdue work list, {size} participants", cost, "<= 6 statements")
        home = middle([cost_of(lambda: _ok(client, "/")) for _ in range(rounds)])
        show(f"home page with all its lists, {size} participants", home, "constant")
    ratio = found[-1].milliseconds / found[0].milliseconds
    print(f"{'  time from the smallest to the largest':<58}{ratio:>9.2f} x                  aim <= 1.2")
    page = f"/participants/{template.participant.code}/"
    show(
        "participant page",
        middle([cost_of(lambda: _ok(client, page)) for _ in range(rounds)]),
        "<= 10 statements",
    )


def measure_api(ward: Ward, rounds: int) -> None:
    """The participants list against a bare ModelSerializer view: same rows, page size and authentication."""
    at = clock.now()
    issued = create_api_token(
        user=ward.coordinator, name="bench", expires_at=at + timedelta(days=1), by=ward.coordinator, at=at
    )
    client = Client(headers={"Authorization": f"Bearer {issued.raw}"})
    paths = {"ours": "/api/v1/participants/?limit=50", "bare": BARE_PATH}
    times: dict[str, list[float]] = {name: [] for name in paths}
    for path in paths.values():
        _ok(client, path)
    for _ in range(rounds * 10):
        for name, path in paths.items():
            started = time.perf_counter()
            _ok(client, path)
            times[name].append((time.perf_counter() - started) * 1000)
    ours, bare = statistics.median(times["ours"]), statistics.median(times["bare"])
    print(f"{'API list of 50, ours / bare ModelSerializer':<58}{ours:>9.2f} ms / {bare:.2f} ms")
    print(f"{'  its rate':<58}{bare / ours:>9.2f} x                  aim >= 0.8")


def _ok(client: Client, path: str) -> None:
    response = client.get(path)
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--rounds", type=int, default=15)
    wishes = parser.parse_args()
    logging.disable()
    setup_test_environment()
    settings.ROOT_URLCONF = "bench.bare_api"
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        ward = make_ward()
        measure_commands(ward, wishes.rounds)
        measure_pages(ward, wishes.sizes, wishes.rounds)
        measure_api(ward, wishes.rounds)
    finally:
        connection.creation.destroy_test_db("", verbosity=0)
        _until_the_end.close()


if __name__ == "__main__":
    main()

"""What the pages of every day cost: milliseconds of the server, SQL statements, and kilobytes on the wire.

    python -m bench.pages [--people 5000] [--rounds 9]        (or: make bench-pages)

With the demonstration cohort, and again with so many participants more at each site. Works in a database of its own.
The weight is that of the page and of every style sheet, script and font it names, each packed by gzip, as a browser
without anything in its store asks for them; afterwards only the page comes again.
"""

import argparse
import gzip
import logging
import os
import re
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from trialsite.devservices.shared_server import shared_server

_until_the_end = ExitStack()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
if not os.environ.get("DATABASE_URL"):
    os.environ["DATABASE_URL"] = _until_the_end.enter_context(shared_server())

# E402 from here on: the settings read DATABASE_URL, and models can be imported only after setup().
import django  # noqa: E402

django.setup()

from django.contrib.staticfiles import finders  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402

from bench.scale import copy_participant  # noqa: E402
from participants.models import Participant  # noqa: E402
from participants.states import State  # noqa: E402
from trialsite import clock  # noqa: E402
from trialsite.accounts.models import Site, User  # noqa: E402
from trialsite.demo.cohort import load  # noqa: E402
from trialsite.demo.people import MAIN_SITE_LOGINS  # noqa: E402

BACKEND = "django.contrib.auth.backends.ModelBackend"
AIM_MS = {"demonstration": 150, "large": 300}
AIM_FIRST_KB, AIM_AGAIN_KB = 300, 60
_NAMED = re.compile(
    r"""(?:href|src|import|from)\s*=?\s*["']([^"']+\.(?:css|js|svg|woff2))(?:\?[^"'#]*)?[#"']"""
)
_IN_STYLES = re.compile(r"""url\(["']?([^"')]+\.(?:woff2|svg))""")


def pages(infused: Participant) -> dict[str, tuple[str, str]]:
    """Return name → (user name, path)."""
    person = f"/participants/{infused.code}/"
    return {
        "home, coordinator": ("coordinator", "/"),
        "home, nurse": ("nurse", "/"),
        "casebook matrix": ("coordinator", "/casebook/"),
        "participant": ("coordinator", person),
        "participant's timeline": ("coordinator", f"{person}panels/timeline/"),
        "participants": ("coordinator", "/participants/"),
        "screening board": ("coordinator", "/screening/"),
        "study pictures": ("coordinator", "/pictures/"),
        "deviations": ("admin", "/deviations/"),
    }


def measure(size: str, infused: Participant, rounds: int) -> None:
    clients: dict[str, Client] = {}
    for role, name in MAIN_SITE_LOGINS:
        clients[role] = Client()
        clients[role].force_login(User.objects.get(username=name), backend=BACKEND)
    for name, (who, path) in pages(infused).items():
        answer = clients[who].get(path)  # templates compiled, roles read
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}")
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            clients[who].get(path)
            times.append((time.perf_counter() - started) * 1000)
        with CaptureQueriesContext(connection) as captured:
            clients[who].get(path)
        print(
            f"{size:<14}{name:<26}{statistics.median(times):>8.0f} ms   {len(captured):>3} statements   aim {AIM_MS[size]} ms",
            flush=True,
        )


def weigh(infused: Participant) -> None:
    """Print what the first visit of each page brings over the wire, and what a later one does."""
    for name, (who, path) in pages(infused).items():
        if "timeline" in name:
            continue
        client = Client()
        client.force_login(User.objects.get(username=who), backend=BACKEND)
        page = client.get(path).content
        assets = named_in(page.decode())
        again = packed(page)
        first = again + sum(packed(Path(one).read_bytes()) for one in sorted(assets))
        print(
            f"{'weight':<14}{name:<26}{first:>8.0f} KB first (aim {AIM_FIRST_KB}), "
            f"{again:.0f} KB again (aim {AIM_AGAIN_KB}), {len(assets)} files"
        )


def packed(content: bytes) -> float:
    return len(gzip.compress(content, 6)) / 1024


def named_in(page: str) -> set[str]:
    """Return the files of every asset that a page names, and those that they name in turn."""
    found: set[str] = set()
    waiting = [one.removeprefix("/static/") for one in _NAMED.findall(page) if one.startswith("/static/")]
    while waiting:
        name = os.path.normpath(waiting.pop())
        file = finders.find(name)
        if file is None or file in found:
            continue
        found.add(file)
        text = Path(file).read_text(encoding="utf-8") if name.endswith((".js", ".css")) else ""
        inner = _NAMED.findall(text) if name.endswith(".js") else _IN_STYLES.findall(text)
        waiting += [os.path.join(os.path.dirname(name), one) for one in inner if not one.startswith("data:")]
    return found


def main(people: int, rounds: int) -> None:
    logging.disable()
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        load(clock.now(), report=lambda text: None)
        own = Participant.objects.visible_to(User.objects.get(username="coordinator"))
        infused = own.filter(state=State.FOLLOW_UP).order_by("infused_on", "code")[0]
        measure("demonstration", infused, rounds)
        weigh(infused)
        for site in Site.objects.order_by("code"):
            template = Participant.objects.filter(site=site, state=State.FOLLOW_UP).order_by("code")[0]
            copy_participant(template.pk, 0, people, at=clock.now())
        measure("large", infused, rounds)
    finally:
        connection.creation.destroy_test_db("", verbosity=0)
        _until_the_end.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    main(given.people, given.rounds)

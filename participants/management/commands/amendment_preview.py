"""Says what putting another protocol version in force at a site would change in every plan. Nothing is written."""

from argparse import ArgumentParser
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from participants.queries.amendment import AmendedPlan, AmendmentPreview, counted, preview_activation
from trialsite import clock
from trialsite.accounts.models import Site
from trialsite.protocol.registry import numbers


class Command(BaseCommand):
    help = "Print what another protocol version would change for everybody at a site. Writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", help="code of the site, such as WH01")
        parser.add_argument("number", help="the version to try, one that this release knows")

    def handle(self, *args: object, site: str, number: str, **options: object) -> None:
        if number not in numbers():
            raise CommandError(f"This release knows no version {number}. Known: {', '.join(numbers())}.")
        found = Site.objects.filter(code=site.upper()).first()
        if found is None:
            raise CommandError(f"There is no site {site}.")
        now = clock.now()
        for line in report(preview_activation(found, number, activated_at=now, at=now)):
            self.stdout.write(line)


def report(preview: AmendmentPreview) -> Iterator[str]:
    """Yield the counts, then each participant for whom something changes."""
    counts = ", ".join(f"{count} {name}" for name, count in counted(preview.at_once).items())
    people = ngettext("participant", "participants", preview.examined)
    yield f"Version {preview.number}: {preview.examined} {people} examined, {preview.unchanged} unchanged."
    yield f"  at once, for {len(preview.at_once)}: {counts}"
    yield f"  only after a new signature: {len(preview.after_signature)}"
    if preview.without_version:
        yield f"  no version in force: {', '.join(preview.without_version)}"
    for row in preview.rows:
        yield from _lines(row)


def _lines(row: AmendedPlan) -> Iterator[str]:
    since = row.effective_on.isoformat() if row.effective_on else "once signed"
    yield f"{row.participant.code} (now under {row.in_force}), from {since}:"
    for one in row.replan.added:
        yield f"  + {one.key} {one.opens_on} to {one.closes_on}"
    for change in row.replan.changed:
        if change.is_move:
            before, after = change.before, change.after
            yield f"  ~ {after.key} {before.opens_on} to {before.closes_on} -> {after.opens_on} to {after.closes_on}"
    for one in row.replan.removed:
        yield f"  - {one.key} {one.opens_on} to {one.closes_on}"
    for found in row.replan.deviations:
        yield f"  ! {found.title}: {'deviation' if found.before is None else 'none any more'}"

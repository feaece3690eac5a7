"""Tells under which numbers a laboratory knows the participants: a CSV file of two columns."""

import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from participants.models import Participant
from screening.management.people import acting_user
from screening.services.aliases import link_subjects
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import DomainError

HEADER = ["subject", "participant"]


class Command(BaseCommand):
    help = "Link subject numbers of a laboratory to participants, all or none. CSV with: subject,participant"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--user", required=True, help="user name of the person who links")

    def handle(self, *args: object, file: Path, user: str, **options: Any) -> None:
        by = acting_user(user)
        links = _links(file, by)
        try:
            added = link_subjects(links=links, by=by, at=clock.now())
        except DomainError as refused:
            raise CommandError(f"{refused.message} ({refused.code}) Nothing was linked.") from refused
        self.stdout.write(f"{added} linked, {len(links) - added} linked already.")


def _links(file: Path, by: User) -> list[tuple[str, Participant]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.reader(text, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file} cannot be read as CSV in UTF-8: {error}") from error
    if not rows or [name.strip().lower() for name in rows[0]] != HEADER:
        raise CommandError(f"The first line must be: {','.join(HEADER)}")
    known = _participants({row[1].strip() for row in rows[1:] if len(row) == len(HEADER)}, by)
    return [_link(number, row, known) for number, row in enumerate(rows[1:], start=2) if any(row)]


def _participants(codes: set[str], by: User) -> dict[str, Participant]:
    visible = Participant.objects.visible_to(by, Permission.IMPORT_RESULTS)
    return {one.code: one for one in visible.filter(code__in=codes)}


def _link(number: int, row: list[str], known: dict[str, Participant]) -> tuple[str, Participant]:
    if len(row) != len(HEADER):
        raise CommandError(f"Row {number} must have {len(HEADER)} cells.")
    participant = known.get(row[1].strip())
    if participant is None:
        raise CommandError(f"Row {number}: {row[1]!r} is no participant of a site where you may import.")
    return row[0].strip(), participant

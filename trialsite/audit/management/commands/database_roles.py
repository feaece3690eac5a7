"""Rights of the database roles: printed, applied, or checked."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils.translation import ngettext

from trialsite.audit.roles import Roles, powers_of, trail_tables


class Command(BaseCommand):
    """Run it as the owner after every migration; with --check as the application."""

    help = "Print the SQL that gives each database role its rights; --apply runs it, --check tests the present role."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", default="trial_owner")
        parser.add_argument("--application", default="trial_app")
        parser.add_argument("--sealer", default="", help="leave empty where the sealer is not used")
        parser.add_argument(
            "--reader", default="", help="role that may read the trail and the seals, nothing else"
        )
        parser.add_argument("--apply", action="store_true", help="run it, in one transaction")
        parser.add_argument(
            "--check", action="store_true", help="fail if the present role may do what it must not"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            with connection.cursor() as cursor:
                powers = powers_of(cursor)
            if powers:
                raise CommandError(f"The database role of this process {', '.join(powers)}.", returncode=1)
            self.stdout.write("The role of this process may do what the application needs and no more.")
            return
        roles = Roles(**{name: options[name] for name in ("owner", "application", "sealer", "reader")})
        with connection.cursor() as cursor:
            statements = [one.as_string() for one in roles.statements(trail_tables(cursor))]
        if not options["apply"]:
            self.stdout.write(";\n".join(statements) + ";")
            return
        with transaction.atomic(), connection.cursor() as cursor:
            for one in statements:
                cursor.execute(one)
        self.stdout.write(
            f"{len(statements)} {ngettext('statement', 'statements', len(statements))} applied."
        )

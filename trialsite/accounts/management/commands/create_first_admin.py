"""Opens a site: the site itself and the person who manages its users. The first one opens the installation."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trialsite import clock
from trialsite.accounts.permissions import SystemActor
from trialsite.accounts.queries import user_named
from trialsite.accounts.services.bootstrap import open_site
from trialsite.errors import DomainError


class Command(BaseCommand):
    help = (
        "Create a site together with its first administrator. The password is asked for, never an argument."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--display-name", required=True, help="as printed on records")
        parser.add_argument("--site-code", required=True, help="for example WH01")
        parser.add_argument("--site-name", required=True)
        parser.add_argument("--time-zone", required=True, help="for example Asia/Shanghai")
        parser.add_argument("--country", default="CN", help="ISO 3166, for its holidays; CN unless given")
        parser.add_argument("--subject-prefix", required=True, help="start of the site's subject codes")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: object, **options: Any) -> None:
        is_known = user_named(options["username"]) is not None
        password = "" if is_known else _password(from_stdin=options["password_stdin"])
        try:
            user = open_site(
                code=options["site_code"],
                name=options["site_name"],
                time_zone=options["time_zone"],
                subject_prefix=options["subject_prefix"],
                country=options["country"],
                username=options["username"],
                display_name=options["display_name"],
                password=password,
                by=SystemActor("bootstrap"),
                at=clock.now(),
            )
        except DomainError as error:
            raise CommandError(f"{error.message} ({error.code})") from error
        self.stdout.write(f"{user.username} now manages the users of {options['site_code'].upper()}.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Password again: "):
        raise CommandError("The two passwords differ. Nothing was created.")
    return first

"""Under which account the database server runs, and what that account can reach.

PostgreSQL refuses to run as root and needs an account that the system can name.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialsite.devservices.problems import CannotStart


@dataclass(frozen=True)
class Account:
    """The account of the server process. `switch` is set when we are root and must change to it."""

    uid: int
    gid: int
    switch: bool

    @property
    def popen(self) -> dict[str, Any]:
        """The arguments that make `subprocess` run a program under this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_pass(self, folder: Path) -> bool:
        """Say whether this account can enter `folder` by its full path; asked of the system, not guessed."""
        if not self.switch:
            return os.access(folder, os.X_OK)
        probe = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(folder)], cwd="/", check=False, **self.popen
        )
        return probe.returncode == 0


def server_account(cluster: Path) -> Account:
    """Return the account for the server: ourselves, or as root the owner of `cluster`, at first `nobody`."""
    uid = os.geteuid()
    if uid != 0:
        _require_entry(uid)
        return Account(uid, os.getegid(), switch=False)
    owner = cluster.stat().st_uid if cluster.exists() else 0
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            f"PostgreSQL cannot run as root, and the account it would use ({owner or 'nobody'}) is not in /etc/passwd. "
            "Add it, run as a normal user, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def _require_entry(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise CannotStart(
            f"User id {uid} has no entry in /etc/passwd, and PostgreSQL does not start for such a user. "
            "Run as a listed user, add an entry, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None

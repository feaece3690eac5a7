"""Where the stack keeps its state: one folder, ignored by git, and nothing that lasts outside it."""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from trialsite.devservices.problems import CannotStart

PROJECT = Path(__file__).resolve().parent.parent.parent
# A Unix socket's whole path must fit into 108 bytes, the final zero byte included.
SOCKET_PATH_LIMIT = 107
SOCKET_NAME = ".s.PGSQL.5432"
# Connection strings are pieced together by several libraries, not all of which quote.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


@dataclass(frozen=True)
class StateFolder:
    """The folder of one stack and the places inside it."""

    root: Path

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def mail(self) -> Path:
        return self.root / "mail"

    @property
    def beat(self) -> Path:
        return self.root / "beat"

    @property
    def seal(self) -> Path:
        """The sealer's key and its anchors: what the database does not know."""
        return self.root / "seal"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def address(self) -> Path:
        """The file that names the embedded database, for commands run beside the stack."""
        return self.root / "database-url"

    @property
    def database_url(self) -> str:
        """Where the embedded database answers while the stack runs."""
        try:
            return self.address.read_text()
        except FileNotFoundError:
            return f"postgres://postgres@{quote(str(self.postgres / 'socket'), safe='')}/trialsite"

    @property
    def short(self) -> Path:
        """A short, plain folder for what must not lie deep: sockets. Holds nothing that lasts."""
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:10]
        return Path("/tmp") / f"trialsite-{os.geteuid()}-{digest}"  # noqa: S108  (ownership checked in secure())

    def prepare(self) -> None:
        """Create the folders, private to their owner, or say why that is impossible."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # As root the database runs under another account, which must be able to pass through.
            self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.mail, self.beat, self.seal):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
                with tempfile.TemporaryFile(dir=folder):
                    continue
        except OSError as error:
            raise CannotStart(
                f"Cannot write to the state folder {self.root} ({error.strerror}). "
                "Make it writable for this user, or set TRIALSITE_STATE to a folder that is."
            ) from error


def state_folder() -> StateFolder:
    """Return the state folder: TRIALSITE_STATE, or `.state` in the checkout."""
    return StateFolder(Path(os.environ.get("TRIALSITE_STATE") or PROJECT / ".state").absolute())


def fits_a_socket(folder: Path) -> bool:
    """Say whether a socket in `folder` has a path that every client can open."""
    path = folder / SOCKET_NAME
    return len(os.fsencode(path)) <= SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(str(path)) is not None


def secure(folder: Path, *, owner: int, mode: int) -> None:
    """Leave `folder` a real directory of `owner` with exactly `mode`; refuse one that somebody else made.

    The folder mode is the only guard of the database, which trusts whoever can reach its socket.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise CannotStart(f"{folder} belongs to somebody else. Remove it, then start again.")
        if os.geteuid() == 0:
            os.chown(folder, owner, -1, follow_symlinks=False)
        folder.chmod(mode)
    except OSError as error:
        raise CannotStart(
            f"Cannot prepare {folder} ({error.strerror}). Make it writable, then start again."
        ) from error

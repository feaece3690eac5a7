"""Whatever stands in the way is told in one line that says what to do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from trialsite.devservices.folders import PROJECT, StateFolder, fits_a_socket, secure
from trialsite.devservices.preflight import check_broker, external_conninfo, read_wishes, take_port
from trialsite.devservices.problems import CannotStart


def _run_stack(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trialsite.devservices", "run"],
        cwd=PROJECT,
        env={**os.environ, "TRIALSITE_STATE": str(state), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_busy_port_ends_the_start_with_one_line_and_status_2(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ended = _run_stack(tmp_path / "state", TRIALSITE_PORT=str(port))

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert f"Port {port} is not free" in ended.stderr
    assert "TRIALSITE_PORT=" in ended.stderr


def test_unwritable_folder_ends_the_start_with_one_line_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = _run_stack(tmp_path / "file" / "state")

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"Cannot write to the state folder {tmp_path}/file/state" in ended.stderr
    assert "TRIALSITE_STATE" in ended.stderr


@pytest.mark.parametrize(
    ("variable", "content", "line"),
    [
        pytest.param("TRIALSITE_PORT", "http", "TRIALSITE_PORT is 'http', which is no port", id="port-word"),
        pytest.param("TRIALSITE_PORT", "0", "number from 1 to 65535", id="port-zero"),
        pytest.param("TRIALSITE_PORT", "65536", "number from 1 to 65535", id="port-too-high"),
        pytest.param("TRIALSITE_PORT", "²", "number from 1 to 65535", id="port-superscript"),
        pytest.param("DATABASE_URL", "mysql://h/d", "DATABASE_URL is no PostgreSQL address", id="database"),
        pytest.param("CELERY_BROKER_URL", "rabbit", "CELERY_BROKER_URL is no address", id="broker"),
        pytest.param("EMAIL_URL", "localhost:25", "EMAIL_URL is no mail address", id="mail"),
        pytest.param("IDENTITY_KEY", "c2hvcnQ=", "IDENTITY_KEY must be 32 bytes in base64", id="key-short"),
        pytest.param("IDENTITY_KEY", "no base64!", "IDENTITY_KEY must be 32 bytes in base64", id="key-text"),
    ],
)
def test_bad_variable_is_named_with_its_remedy(variable: str, content: str, line: str) -> None:
    with pytest.raises(CannotStart, match=line) as refused:
        read_wishes({variable: content})

    assert "\n" not in str(refused.value)


def test_bare_environment_asks_for_the_embedded_stack_on_port_8000() -> None:
    wishes = read_wishes({})

    assert (wishes.port, wishes.database_url, wishes.email_url, wishes.demo) == (8000, "", "", True)
    assert wishes.embedded_queues


def test_database_that_cannot_be_reached_is_told_without_its_password() -> None:
    with pytest.raises(CannotStart, match="Cannot reach the database of DATABASE_URL") as refused:
        external_conninfo("postgres://me:secret@127.0.0.1:9/none")

    assert "secret" not in str(refused.value)
    assert "unset it to use the embedded database" in str(refused.value)


def test_broker_that_cannot_be_reached_is_told_with_its_remedy() -> None:
    with pytest.raises(CannotStart, match="Cannot reach the broker of CELERY_BROKER_URL"):
        check_broker("amqp://127.0.0.1:9//")


def test_taken_port_is_held_until_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with take_port(port), pytest.raises(CannotStart, match=f"Port {port} is not free"):
        take_port(port)


@pytest.mark.parametrize(
    ("folder", "fits"),
    [
        pytest.param("/s/" + "x" * 90, True, id="107-bytes-with-the-name"),
        pytest.param("/s/" + "x" * 91, False, id="108-bytes-with-the-name"),
        pytest.param("/s/" + "试" * 30, False, id="counted-in-bytes"),
        pytest.param("/srv/my trial", False, id="space"),
        pytest.param("/srv/a,b", False, id="comma-means-two-hosts"),
    ],
)
def test_socket_path_must_fit_and_be_plain(folder: str, fits: bool) -> None:
    assert fits_a_socket(Path(folder)) is fits


def test_state_folders_are_closed_to_others(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")

    state.prepare()

    assert [folder.stat().st_mode & 0o077 for folder in (state.logs, state.mail, state.beat)] == [0, 0, 0]
    assert state.root.stat().st_mode & 0o066 == 0


def test_secured_folder_has_exactly_the_mode(tmp_path: Path) -> None:
    (tmp_path / "socket").mkdir(mode=0o755)

    secure(tmp_path / "socket", owner=os.geteuid(), mode=0o700)

    assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o700


def test_symbolic_link_in_place_of_a_secured_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "socket").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CannotStart, match="belongs to somebody else"):
        secure(tmp_path / "socket", owner=os.geteuid(), mode=0o700)

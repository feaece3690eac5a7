"""The verifier that needs nothing but Python: over psql and over exported files it says what the command says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seal.rig import Copy, Rig
from tests.seal.tampering import change, random
from trialsite.seal import standalone
from trialsite.seal.management.commands.audit_verify import is_signed as by_library
from trialsite.seal.standalone import EXPORT, is_signed, merkle_root, read_anchors, split_rows

FILE = Path(standalone.__file__)


@given(st.binary(max_size=300), st.integers(0, 63), st.integers(1, 255))
@settings(max_examples=20)
def test_signatures_are_judged_as_the_library_judges_them(message: bytes, place: int, change: int) -> None:
    key = Ed25519PrivateKey.generate()
    public, mark = key.public_key().public_bytes_raw(), key.sign(message)
    broken = bytearray(mark)
    broken[place] ^= change
    assert is_signed(public, message, mark)
    for wrong in (
        (public, message + b"x", mark),
        (public, message, bytes(broken)),
        (public[::-1], message, mark),
    ):
        assert not is_signed(*wrong)
        assert not by_library(*wrong)


def test_a_signature_known_from_the_standard() -> None:
    """RFC 8032, 7.1, test 2."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    mark = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert is_signed(public, b"\x72", mark)


def test_the_root_depends_on_every_leaf_and_on_their_order() -> None:
    leaves = [bytes([number]) * 32 for number in range(7)]
    roots = {merkle_root(leaves[:count]) for count in range(8)}
    assert len(roots) == 8
    assert merkle_root(leaves) != merkle_root(leaves[::-1])


@pytest.mark.parametrize("cut", [0, 10, 19, 40])
def test_a_copy_that_is_cut_off_is_refused(cut: int) -> None:
    whole = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\x00\x01\x00\x00\x00\x08" + bytes(8) + b"\xff\xff"
    assert list(split_rows([whole], 1)) == [whole[19:-2]]
    assert list(split_rows([whole[:25], whole[25:]], 1)) == [whole[19:-2]]
    with pytest.raises(ValueError, match="cut off"):
        list(split_rows([whole[: min(cut, len(whole) - 2)]], 1))


def test_a_damaged_anchor_line_is_told() -> None:
    assert read_anchors(["", "{", '{"statement": 1}'])[1] == [
        "line 2 of the anchor file cannot be read",
        "line 3 of the anchor file cannot be read",
    ]


def exported(copy: Copy, folder: Path) -> Path:
    with psycopg.connect(copy.conninfo, options="-c client_encoding=UTF8") as connection:
        for sql, name in EXPORT:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as rows,
            ):  # type: ignore[call-overload]
                (folder / name).write_bytes(b"".join(bytes(one) for one in rows))
    return folder


def run(copy: Copy, *words: str) -> subprocess.CompletedProcess[str]:
    own = ["--public-key", copy.rig.public_key.hex(), "--anchors", str(copy.anchors), *words]
    return subprocess.run(
        [sys.executable, "-I", str(FILE), *own], capture_output=True, text=True, check=False
    )


def test_exported_files_are_checked_where_no_database_is(rig: Rig, tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    with rig.trial(900) as copy:
        sound = run(copy, "--folder", str(exported(copy, tmp_path)), "--state", str(state))
        assert sound.returncode == 0, sound.stdout + sound.stderr
        assert "63 entries in 5 batches checked" in sound.stdout
        assert "NOT COVERED YET: 3 entries since" in sound.stdout
        assert state.exists()

        expected = change(copy, random.Random(1))
        found = run(copy, "--folder", str(exported(copy, tmp_path)), "--state", str(state))
        assert found.returncode == 1
        assert "NOT AS SEALED  entry" in found.stdout
        report = copy.verify()
        assert expected(report)
        assert all(str(one) in found.stdout for one in report.findings if one.kind == "altered")


@pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed here")
def test_psql_is_enough_to_reach_the_database(rig: Rig) -> None:
    with rig.trial(901) as copy:
        found = run(copy, "--psql", f"psql '{copy.conninfo}'")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Everything sealed is as it was sealed." in found.stdout


def test_the_commands_that_export_are_printed() -> None:
    out = subprocess.run(
        [sys.executable, "-I", str(FILE), "--print-export"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    ).stdout
    assert [line.split()[-1] for line in out.splitlines()] == ["entries.bin", "leaves.bin", "batches.bin"]

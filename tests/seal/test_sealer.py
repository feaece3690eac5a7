"""The sealer: only what can no longer change, gapless, with one key, in two places, and never quietly anew."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.seal.rig import AT, Rig, act
from trialsite.seal.keys import make_key, public_hex, read_key
from trialsite.seal.sealer import Sealer, SealRefused
from trialsite.seal.standalone import statement


def test_an_entry_is_sealed_only_when_every_older_transaction_has_ended(rig: Rig) -> None:
    """Numbers are given out before the commit: the later one may be there first."""
    with rig.trial(910) as copy, copy.superuser() as quick, psycopg.connect(copy.conninfo) as slow:
        slow.execute(
            "SELECT set_config('trialsite.actor_id', 'slow', true), set_config('trialsite.action', 'a.b', true)"
        )
        slow.execute("SELECT set_config('trialsite.acted_at', '2026-06-01T08:00Z', true)")
        slow.execute("UPDATE ward SET name = 'slow' WHERE id = 1")
        act(quick, "quick", "UPDATE ward SET name = 'quick' WHERE id = 2")
        sealer = Sealer(copy.conninfo, rig.key, copy.anchors)

        held = sealer.seal_once(AT + timedelta(hours=1))
        assert (held.entries, held.waiting_since is not None) == (3, True)
        report = copy.verify()
        assert (report.findings, report.uncovered) == ([], 1)

        slow.commit()
        assert sealer.seal_once(AT + timedelta(hours=1)).entries == 2
        assert sealer.seal_once(AT + timedelta(hours=1)).batches == 0
        report = copy.verify()
        assert (report.findings, report.uncovered, report.entries) == ([], 0, 65)


def test_an_anchor_that_a_crash_left_out_is_appended_by_the_next_round(rig: Rig) -> None:
    with rig.trial(911) as copy:
        copy.seal(60)
        lines = copy.anchors.read_text().splitlines(keepends=True)
        copy.anchors.write_text("".join(lines[:-1]))
        late = copy.verify(now=AT + timedelta(minutes=11, seconds=30))
        assert [one.where for one in late.findings] == []
        assert late.notices == ["batch 6 is not anchored yet"]
        assert [one.where for one in copy.verify().findings] == ["anchor 6"]

        copy.seal(65)
        assert copy.anchors.read_text().splitlines(keepends=True) == lines
        assert copy.verify().findings == []


def test_a_sealer_never_goes_on_over_seals_that_are_not_its_own(rig: Rig, tmp_path: Path) -> None:
    with rig.trial(912) as copy:
        stranger = Sealer(copy.conninfo, Ed25519PrivateKey.generate(), tmp_path / "other.jsonl")
        with pytest.raises(SealRefused, match="not signed with this key"):
            stranger.seal_once(AT)
        with copy.unguarded() as connection:
            connection.execute("DELETE FROM audit_seal_batch")
            connection.execute("DELETE FROM audit_seal_leaf")
        with pytest.raises(SealRefused, match="holds no seal"):
            copy.seal(60)


def test_an_explained_change_of_triggers_is_a_notice_and_no_finding(rig: Rig) -> None:
    with rig.trial(913) as copy:
        with copy.superuser() as connection:
            connection.execute("CREATE TABLE lately (id integer)")
        Sealer(copy.conninfo, rig.key, copy.anchors).seal_once(
            AT + timedelta(hours=1), explanation="release 2"
        )
        report = copy.verify()
    assert report.findings == []
    assert report.notices == ["batch 6: triggers, functions or rights changed: release 2"]


def test_two_processes_find_the_same_as_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trialsite.seal.standalone.SLICE", 20)
    with rig.trial(914) as copy:
        one, two = copy.verify(), copy.verify(workers=2)
    assert (one.entries, one.findings) == (two.entries, two.findings) == (63, [])


def test_a_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    made = make_key(path)
    assert made == public_hex(read_key(path))
    with pytest.raises(FileExistsError):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(ValueError, match="chmod 600"):
        read_key(path)


@pytest.mark.django_db(transaction=True)
def test_the_commands_seal_and_verify(
    settings: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CommandError, match="AUDIT_SEAL_KEY_FILE"):
        call_command("audit_seal", "--once")
    call_command("audit_seal", "--new-key", str(tmp_path / "key.pem"))
    settings.AUDIT_SEAL_PUBLIC_KEY = capsys.readouterr().out.strip()  # type: ignore[attr-defined]
    settings.AUDIT_SEAL_KEY_FILE = str(tmp_path / "key.pem")  # type: ignore[attr-defined]
    settings.AUDIT_SEAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")  # type: ignore[attr-defined]
    call_command("audit_seal", "--once")
    call_command("audit_verify", "--state", str(tmp_path / "seen.json"), "--workers", "1")
    assert "Everything sealed is as it was sealed." in capsys.readouterr().out
    (tmp_path / "anchors.jsonl").unlink()
    with pytest.raises(CommandError, match="1 finding"):
        call_command("audit_verify", "--state", str(tmp_path / "seen.json"), "--workers", "1")


def test_sound_batches_are_checked_as_a_whole_and_no_entry_by_itself(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[object] = []
    monkeypatch.setattr("trialsite.seal.standalone._check_entries", lambda *given: looked_at.append(given))
    with rig.trial(915) as copy:
        report = copy.verify()
        assert (report.findings, report.entries, report.uncovered) == ([], 63, 3)
        assert looked_at == []
        with copy.unguarded() as connection:
            connection.execute("UPDATE audit_entry SET reason = 'forged' WHERE id = 5")
        assert next(one.kind for one in copy.verify().findings) == "digest"  # where the entries do not say it
    assert len(looked_at) == 1


@pytest.mark.parametrize("slice_of", [1, 13, 30, 100_000])
@pytest.mark.parametrize("largest", [5, 12, 100_000])
def test_batches_of_one_round_and_of_slow_transactions_raise_no_alarm(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, slice_of: int, largest: int
) -> None:
    """Several batches share a horizon, and the numbers of one lie between those of another."""
    monkeypatch.setattr("trialsite.seal.standalone.SLICE", slice_of)
    monkeypatch.setattr("trialsite.seal.sealer.LARGEST", largest)
    with rig.trial(916) as copy, psycopg.connect(copy.conninfo) as slow, copy.superuser() as quick:
        slow.execute(
            """SELECT set_config('trialsite.actor_id', 'slow', true), set_config('trialsite.action', 'a.b', true),
            set_config('trialsite.acted_at', '2026-06-01T08:00Z', true)"""
        )
        slow.execute("UPDATE ward SET name = 'slow' WHERE id < 9")
        for number in range(9, 16):
            act(quick, "quick", "UPDATE ward SET name = 'quick' WHERE id = %s", number)
        copy.seal(60)
        slow.execute("UPDATE ward SET name = 'slow' WHERE id > 16")
        slow.commit()
        copy.seal(65)
        act(quick, "quick", "UPDATE ward SET name = 'quick' WHERE id = 1")
        copy.seal(70)
        monkeypatch.setattr("trialsite.seal.standalone._check_entries", None)  # not called: everything fits
        report = copy.verify()
    assert (report.findings, report.uncovered) == ([], 0)


def test_seals_of_the_former_format_are_checked_entry_by_entry(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = {"entries", "leaves", "lowest", "highest", "since"}

    def without(told: dict[str, object]) -> bytes:
        return statement({name: value for name, value in told.items() if name not in former})

    monkeypatch.setattr("trialsite.seal.sealer.statement", without)
    with rig.trial(917) as copy:
        copy.seal(60)
        assert copy.verify().findings == []
        with copy.unguarded() as connection:
            connection.execute("UPDATE audit_entry SET reason = 'forged' WHERE id = 5")
        assert [one.where for one in copy.verify().findings] == ["entry 5"]

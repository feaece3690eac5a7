"""A process that dies while somebody signs: signed and in the trail, or neither."""

import os
import signal
from pathlib import Path

import pytest
from django.db import connections

from participants.models import Deviation
from tests.signing.acts import AT, closed_deviation, signed_by
from trialsite import failpoints
from trialsite.accounts.models import User
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.signing.models import Signature, SigningStatement

POINTS = ("signing-before-signature", "signing-after-signature", "signing-committed")


@pytest.mark.django_db(transaction=True)
def test_a_killed_signing_left_either_both_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failpoints, "_FOLDER", str(tmp_path))
    for point in POINTS:
        deviation, story = closed_deviation()
        (tmp_path / point).touch()
        connections.close_all()  # a connection cannot be shared between processes
        child = os.fork()
        if child == 0:
            _change_and_sign(deviation, story.ward.investigator)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        signed = Signature.objects.filter(record_id=deviation.pk)
        entries = Entry.objects.filter(
            table_name="signing_signature", row_id__in=[str(one.pk) for one in signed]
        )
        present = Deviation.objects.get(pk=deviation.pk)
        if point == "signing-committed":
            assert (signed.count(), entries.count(), present.reason) == (1, 1, "looked at again")
        else:
            assert (signed.count(), present.reason) == (0, deviation.reason)
            assert not SigningStatement.objects.filter(user=story.ward.investigator).exists()
            assert not Entry.objects.filter(action="signing.tried").exists()


def _change_and_sign(deviation: Deviation, investigator: User) -> None:
    """Do both in one act, in a process of its own; whatever happens, it ends here."""
    try:
        with acting(by=investigator, at=AT, action="signing.tried"):
            deviation.reason = "looked at again"
            deviation.save_changes(["reason"])
            signed_by(investigator, deviation)
        failpoints.failpoint("signing-committed")
    finally:
        os._exit(1)

"""The table of signatures that may leave: each with its manifest, whether it still holds, and what changed."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.inspection.files.tables import Cells, Column, Sought, Table
from trialsite.signing.kinds import kind_named
from trialsite.signing.models import Signature
from trialsite.signing.queries import Manifest, signatures_of_many
from trialsite.signing.rules import Standing

_BATCH = 200
_COLUMNS = (
    Column(name="signed_local", heading="Signed", share=15),
    Column(name="printed_name", heading="Printed name", share=11),
    Column(name="role", heading="Role", share=9),
    Column(name="meaning", heading="Meaning", share=9),
    Column(name="meaning_words", heading="In words", share=15),
    Column(name="record", heading="Record", share=18),
    Column(name="participant", heading="Participant", share=12),
    Column(name="site", heading="Site", share=6),
    Column(name="reason", heading="Reason", share=11),
    Column(name="standing", heading="Holds", share=9),
    Column(name="since_then", heading="What changed", share=18),
    Column(name="content_digest", heading="SHA-256 of the content", share=17),
    Column(name="signed_at", heading="Signed (UTC)"),
    Column(name="zone", heading="Zone"),
    Column(name="user_name", heading="User name"),
    Column(name="kind", heading="Kind"),
    Column(name="record_id", heading="Record id"),
    Column(name="withdraws", heading="Takes back"),
    Column(name="own_digest", heading="SHA-256 of the signature"),
    Column(name="id", heading="Id"),
)


def _rows(user: User, sought: Sought) -> Iterator[Cells]:
    codes = Participant.objects.filter(pk=OuterRef("participant_id")).values("code")[:1]
    found = Signature.objects.visible_to(user, Permission.VIEW_TRAIL).select_related("site")
    listed = found.defer("content", "bound").annotate(code=Subquery(codes)).order_by("signed_at", "id")
    rows = listed.iterator(chunk_size=_BATCH)
    while batch := list(islice(rows, _BATCH)):
        manifests = _manifests(batch)
        for one in batch:
            yield _cells(one, manifests.get(one.pk))


def _manifests(batch: Sequence[Signature]) -> Mapping[UUID, Manifest]:
    """Return the manifest of each signature of the batch but of those that take one back; a few queries for each kind."""
    found: dict[UUID, Manifest] = {}
    for name in {one.kind for one in batch}:
        kind = kind_named(name)
        if kind is None:
            continue
        records = kind.model._base_manager.filter(pk__in={one.record_id for one in batch if one.kind == name})
        for those in signatures_of_many(records).values():
            found |= {one.signature.pk: one for one in those}
    return found


def _cells(row: Any, manifest: Manifest | None) -> Cells:
    """The row as it is told; one whose record or kind is not known here cannot be verified."""
    told = manifest or Manifest(signature=row, standing=Standing.UNVERIFIABLE)
    return (
        told.local_time,
        row.printed_name,
        row.role,
        row.meaning,
        row.meaning_words,
        row.shown.partition("\n")[0],
        row.code,
        row.site.code if row.site else None,
        row.reason,
        "takes one back" if row.withdraws_id else told.standing,
        told.since_then,
        row.content_digest,
        row.signed_at,
        row.zone,
        row.user_name,
        row.kind,
        row.record_id,
        row.withdraws_id,
        row.own_digest,
        row.pk,
    )


SIGNATURES = Table(
    name="signatures",
    title="Electronic signatures",
    permission=Permission.VIEW_TRAIL,
    columns=_COLUMNS,
    rows=_rows,
    order=40,
)

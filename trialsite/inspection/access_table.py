"""The access review as a table that may leave: one row for each role somebody holds."""

from collections.abc import Iterator
from typing import Any

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.inspection.access import roles_held
from trialsite.inspection.files.tables import Cells, Column, Sought, Table

_COLUMNS = (
    Column(name="name", heading="Name", share=14),
    Column(name="username", heading="User name", share=12),
    Column(name="is_active", heading="Active", share=6),
    Column(name="role", heading="Role", share=10),
    Column(name="site", heading="Site", share=7),
    Column(name="since_at", heading="Since", share=17),
    Column(name="last_sign_in_at", heading="Last sign-in", share=17),
    Column(name="last_refused_at", heading="Last refused", share=17),
    Column(name="reads", heading="Opened", share=6),
    Column(name="identity_reads", heading="Of which identifiers", share=8),
)


def _rows(user: User, sought: Sought) -> Iterator[Cells]:
    row: Any
    for row in roles_held(user).iterator(chunk_size=500):
        yield (
            row.user.display_name,
            row.user.username,
            row.user.is_active,
            row.role,
            row.site.code if row.site else "every site",
            row.recorded_at,
            row.last_in_at,
            row.last_refused_at,
            row.reads,
            row.identity_reads,
        )


ACCESS = Table(
    name="access-review",
    title="Access review",
    permission=Permission.REVIEW_ACCESS,
    columns=_COLUMNS,
    rows=_rows,
    order=50,
)

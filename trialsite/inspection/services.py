"""Recording that somebody reviewed something, and keeping searches under a name."""

from collections.abc import Mapping
from datetime import datetime

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import require, require_anywhere
from trialsite.audit.acting import acting
from trialsite.errors import RuleViolated
from trialsite.inspection.models import REVIEW_PERMISSION, Review, Reviewed, SavedView

NOTE_LIMIT, NAME_LIMIT = 2000, 60


def record_review(
    *,
    kind: Reviewed,
    note: str,
    sought: Mapping[str, str],
    by: User,
    at: datetime,
    site: Site | None = None,
    row_count: int | None = None,
) -> Review:
    """Record that `by` reviewed what the search found; needs the permission to read it (REVIEW_PERMISSION).

    site: None for every site of the reviewer. Raises RuleViolated("note-required").
    """
    permission = REVIEW_PERMISSION[kind]
    if site is None:
        require_anywhere(by, permission)
    else:
        require(by, permission, site.pk)
    note = note.strip()
    if not note:
        raise RuleViolated("note-required", "Say what you looked at and what you found.", field="note")
    review = Review(
        kind=kind.value,
        site=site,
        sought=dict(sought),
        row_count=row_count,
        note=note[:NOTE_LIMIT],
        reviewer=by,
        reviewed_by=by.actor_label,
        reviewed_at=at,
        recorded_at=at,
    )
    with acting(by=by, at=at, action=f"inspection.{kind.value}_reviewed", reason=note[:NOTE_LIMIT]):
        review.save_new()
    return review


def save_view(*, page: str, name: str, sought: Mapping[str, str], by: User, at: datetime) -> SavedView:
    """Keep a search of `page` under `name` for `by` alone; the same name again replaces it.

    Raises RuleViolated("name-required").
    """
    name = " ".join(name.split())[:NAME_LIMIT]
    if not name:
        raise RuleViolated("name-required", "Give the view a name.", field="name")
    with acting(by=by, at=at, action="inspection.view_saved"):
        found = SavedView.objects.select_for_update().filter(owner=by, page=page, name=name).first()
        if found is None:
            found = SavedView(owner=by, page=page, name=name, sought=dict(sought), recorded_at=at)
            found.save_new()
        else:
            found.sought = dict(sought)
            found.save_changes(["sought"])
    return found


def forget_view(*, view: SavedView, by: User, at: datetime) -> None:
    """Remove a saved view of `by`; it removes nothing that belongs to somebody else."""
    with acting(by=by, at=at, action="inspection.view_removed"):
        SavedView.objects.filter(pk=view.pk, owner=by).delete()

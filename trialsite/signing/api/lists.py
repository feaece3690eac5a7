"""Lists of records that are signed: the signatures of a page are read together."""

from collections.abc import Sequence
from typing import Any

from trialsite.api.views import ScopedList
from trialsite.signing.api.shapes import read_together


class SignedList(ScopedList, abstract=True):
    """A list whose shape is `WithSignaturesOut`: a fixed number of queries however many rows."""

    def represent_page(self, page: Sequence[Any]) -> list[dict[str, Any]]:
        rows = list(page)
        read_together(rows)
        return [self.represent(row) for row in rows]

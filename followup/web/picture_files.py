"""Pictures that leave: the drawing as PDF, the rows behind it as CSV."""

from collections.abc import Sequence
from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _

from trialsite.inspection.files.drawn import pictures_pdf
from trialsite.protocol.windows import civil_date
from trialsite.web import sheets
from trialsite.web.pictures.marks import Picture


def csv_file(picture: Picture, name: str) -> HttpResponse:
    """Return the rows behind the picture; every cell is safe to open in a spreadsheet."""
    lines = sheets.csv_lines(picture.table.headings, picture.table.rows)
    return HttpResponse("".join(lines), content_type=sheets.CONTENT_TYPE, headers=_named(f"{name}.csv"))


def pdf_file(pictures: Sequence[Picture], name: str, facts: Sequence[str]) -> HttpResponse:
    """Return the pictures, one on each page."""
    drawn = pictures_pdf(pictures, facts)
    return HttpResponse(drawn, content_type="application/pdf", headers=_named(f"{name}.pdf"))


def drawn_on(at: datetime, zone: str) -> str:
    return _("drawn on %(on)s (%(zone)s)") % {"on": civil_date(at, zone).isoformat(), "zone": zone}


def _named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file}"'}

"""The components as template tags: `{% icon %}`, `{% status_badge %}`, `{% window_bar %}` and the rest."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.contrib.messages import constants as levels
from django.contrib.messages.storage.base import Message
from django.forms import BoundField
from django.forms.widgets import CheckboxSelectMultiple, RadioSelect
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trialsite.protocol.types import Source
from trialsite.web import components
from trialsite.web.forms import BUTTONS_UP_TO
from trialsite.web.frame import Frame, frame_for
from trialsite.web.panels import Panel
from trialsite.web.pictures.marks import Picture
from trialsite.web.pictures.svg import svg_of
from trialsite.web.window_bar import window_bar as lay_out

register = template.Library()

_ALERT_KIND = {levels.SUCCESS: "success", levels.WARNING: "warning", levels.ERROR: "danger"}
_ALERT_ICON = {levels.SUCCESS: "circle-check", levels.WARNING: "alert-triangle", levels.ERROR: "alert-circle"}


@register.simple_tag
def icon(name: str, title: str = "", **attributes: str) -> SafeString:
    """Draw an icon of the sprite. With a title it is read aloud, without one it is decoration."""
    classes = f"icon {attributes.get('class', '')}".strip()
    href = f"{static('web/icons.svg')}#{name}"
    if title:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, title, href
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', classes, href
    )


@register.filter
def words(value: str) -> str:
    """Write a stored value as people read it: `visit_window` as Visit window."""
    return str(value).replace("_", " ").capitalize()


@register.filter
def act_words(action: str) -> str:
    """Write the name of an act as people read it: `infusion.product_released` as Product released."""
    return " ".join(_ACRONYMS.get(word.lower(), word) for word in words(action.rpartition(".")[2]).split())


_ACRONYMS = {"icf": "ICF", "sae": "SAE", "dlt": "DLT"}


@register.filter
def alert_kind(message: Message) -> str:
    return _ALERT_KIND.get(message.level or 0, "info")


@register.filter
def alert_icon(message: Message) -> str:
    return _ALERT_ICON.get(message.level or 0, "info-circle")


@register.simple_tag(takes_context=True)
def page_frame(context: Context) -> Frame | None:
    request: HttpRequest | None = context.get("request")
    return frame_for(request) if request is not None and hasattr(request, "session") else None


@register.inclusion_tag("web/components/status_badge.html")
def status_badge(state: object, *, compact: bool = False) -> dict[str, object]:
    """Show a due state or journey state; compact: the sign alone, its words for screen readers."""
    return {"status": components.status_of(state), "compact": compact}


@register.inclusion_tag("web/components/query_flag.html")
def query_flag(state: str, href: str = "", count: int = 1, *, compact: bool = True) -> dict[str, object]:
    """Show that a question about a field is open, answered or closed, by shape, letter and colour."""
    return {"status": components.QUERY_STATUS[state], "href": href, "count": count, "compact": compact}


@register.inclusion_tag("web/components/record_flag.html")
def record_flag(flags: Any, kind: str, ref: object, *, quiet: bool = False) -> dict[str, object]:
    """Lead from a row to its record field by field, with the flag of what was asked about it.

    quiet: nothing where nothing was asked.

    flags: what answers `of(kind, ref)` with a state and a count, or None; it knows the `code` of the participant.
    """
    flag = flags.of(kind, ref)
    status = components.QUERY_STATUS[flag.state] if flag else None
    href = "" if quiet and flag is None else reverse("record", args=[flags.code, kind, ref])
    return {"status": status, "count": flag.count if flag else 0, "href": href}


@register.inclusion_tag("web/components/window_bar.html")
def window_bar(
    opens_on: date,
    target_on: date,
    closes_on: date | None = None,
    today: date | None = None,
    actual_on: date | None = None,
) -> dict[str, object]:
    return {"bar": lay_out(opens_on, target_on, closes_on, today, actual_on)}


@register.simple_tag
def picture(drawn: Picture) -> SafeString:
    """Draw a picture; the page loads web/pictures.css."""
    return svg_of(drawn)


@register.inclusion_tag("web/components/participant_banner.html")
def participant_banner(banner: components.Banner) -> dict[str, object]:
    return {"banner": banner}


@register.inclusion_tag("web/components/obligation_line.html")
def obligation_line(line: components.DueLine) -> dict[str, object]:
    return {"line": line, "is_assumed": line.source == Source.ASSUMED}


@register.inclusion_tag("web/components/evidence_chip.html")
def evidence_chip(evidence: components.Evidence) -> dict[str, object]:
    return {"evidence": evidence}


@register.inclusion_tag("web/components/source_mark.html")
def source_mark(source: Source | str, *, short: bool = False) -> dict[str, object]:
    """Say that an item is assumed, or that an amendment brought it. An item of the record needs no mark."""
    return {"source": str(source), "short": short}


@register.inclusion_tag("web/components/empty_state.html")
def empty_state(
    title: str, text: str = "", href: str = "", action: str = "", icon: str = "circle-check"
) -> dict[str, object]:
    """Say that there is nothing, and what to do next."""
    return {"title": title, "text": text, "href": href, "action": action, "icon": icon}


@register.inclusion_tag("web/components/timeline.html")
def timeline(events: list[components.TimelineEvent]) -> dict[str, object]:
    return {"events": events}


@register.inclusion_tag("web/components/pagination.html")
def pagination(pages: components.Pages) -> dict[str, object]:
    return {"pages": pages}


@register.inclusion_tag("web/components/panel.html")
def panel(panel: Panel, code: str) -> dict[str, object]:
    """Reserve a card that loads its content by itself."""
    return {"panel": panel, "href": panel.href(code)}


@register.inclusion_tag("web/components/act_button.html")
def act_button(
    href: str, text: str, reason: str = "", kind: str = "primary", icon: str = ""
) -> dict[str, object]:
    """Offer an act; with a `reason` it is shown, but cannot be used, and says why."""
    return {"href": href, "text": text, "reason": reason, "kind": kind, "icon": icon}


@register.simple_tag
def moment(at: datetime | None, zone: str = "UTC") -> str:
    """Show an instant as date and time at the site with the zone; UTC when pointed at.

    Written out here: a template would turn every instant into the zone of the server, and end with a line break
    that shows as a space before a comma.
    """
    if at is None:
        return "–"
    local, utc = at.astimezone(ZoneInfo(zone)), at.astimezone(UTC)
    return format_html(
        '<time class="num" datetime="{}" title="{} UTC">{} <span class="zone">{}</span></time>',
        utc.isoformat(timespec="seconds"),
        utc.isoformat(" ", "minutes")[:16],
        local.isoformat(" ", "minutes")[:16],
        zone,
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """Show a civil date as 2026-11-22, a dash where there is none."""
    if value is None:
        return "–"
    return (value.date() if isinstance(value, datetime) else value).isoformat()


@register.filter
def signed_day(value: int | None) -> str:
    """Show a protocol day as +28, 0 or −5."""
    if value is None:
        return "–"
    return f"+{value}" if value > 0 else str(value).replace("-", "−")


@register.filter
def kind_of(field: BoundField) -> str:
    """Return how a form field is laid out: buttons, choices, check or plain."""
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, RadioSelect):
        return "buttons" if len(list(widget.choices)) <= BUTTONS_UP_TO else "choices"
    return "check" if getattr(widget, "input_type", "") == "checkbox" else "plain"


@register.filter
def attr(field: BoundField, name: str) -> Any:
    """Return an attribute of the field's input, such as `data-unit`."""
    attributes: Mapping[str, Any] = field.field.widget.attrs
    return attributes.get(name, "")

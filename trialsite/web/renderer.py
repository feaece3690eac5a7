"""How every form of the product is drawn: our templates, and the classes of the style sheet on each input.

The classes are put on here and not in each form, so that a form says what it asks and nothing of its looks.
"""

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

_CLASSES = {
    "select": "form-select",
    "checkbox": "form-check-input",
    "radio": "form-check-input",
    "hidden": "",
}


class PageRenderer(TemplatesSetting):
    """Renders forms, fields and error lists with the templates under web/forms."""

    form_template_name = "web/forms/form.html"
    field_template_name = "web/forms/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        widget = context.get("widget")
        if isinstance(widget, dict) and "attrs" in widget:
            _dress(widget)
        return super().render(template_name, context, request=request)


def _dress(widget: dict[str, Any]) -> None:
    """Add the style sheet's class for this kind of input, once; mark it when it is wrong."""
    kind = widget.get("type") or widget["template_name"].rsplit("/", 1)[-1].removesuffix(".html")
    wanted = _CLASSES.get(kind, "form-control")
    classes = widget["attrs"].get("class", "").split()
    if not wanted or wanted in classes:
        return
    classes.append(wanted)
    if widget["attrs"].get("aria-invalid") == "true":
        classes.append("is-invalid")
    widget["attrs"]["class"] = " ".join(classes)

"""The base of every step form, and the fields that know the zone of a site.

A date is entered and shown as 2026-11-22, a time in the site's own zone, which stands beside the field.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import DecimalValidator, MaxValueValidator, MinValueValidator

FIRST_YEAR, LAST_YEAR = 1900, 2200  # a year outside was mistyped
BUTTONS_UP_TO = 7  # so many choices are shown as buttons, more as a list


class DateInput(forms.DateInput):
    """A native date field; the script lets `t` enter today at the site."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    """A native date and time field without seconds; the script adds a `Now` button, unless `data-ahead` says it lies ahead."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class SiteDateField(forms.DateField):
    """A civil date at the site."""

    widget = DateInput
    zone: str = "UTC"


class SiteMomentField(forms.DateTimeField):
    """A wall-clock time at the site, cleaned to an aware UTC instant.

    Where a clock is put back the hour happens twice: the first is taken. Where it is put forward the hour
    does not exist: refused.
    """

    widget = MomentInput
    zone: str = "UTC"

    def prepare_value(self, value: object) -> object:
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        return value

    def to_python(self, value: object) -> datetime | None:
        if value in self.empty_values:
            return None
        return to_instant(_wall_clock(value), self.zone)


def _wall_clock(value: object) -> datetime:
    """Return what was typed as a naive wall-clock time, or refuse it with the form to use."""
    try:
        local = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValidationError("Enter a date and time like 2026-11-22 14:30.", code="invalid") from None
    if local.tzinfo is not None:
        raise ValidationError("Enter the time on the site's clock, without an offset.", code="invalid")
    return local


def to_instant(local: datetime, zone: str) -> datetime:
    """Return the UTC instant of a wall-clock time in `zone`; refuse one that the zone skips, or a mistyped year."""
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValidationError(f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.", code="year")
    instant = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local:
        raise ValidationError(
            "This time does not exist on that day: the clock is put forward.", code="skipped"
        )
    return instant


class StepForm(forms.Form):
    """A form for one act. Shows up to seven choices as buttons; carries the version it was opened on.

    zone: IANA name of the site's zone; `today` (site-local) bounds the fields listed in `not_after_today`.
    """

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    once = forms.UUIDField(required=False, widget=forms.HiddenInput)

    not_after_today: tuple[str, ...] = ()
    is_only_read = False  # for the part beside it: nothing is saved, and nobody proves who they are
    saves = True  # the summary of errors then says that nothing was saved yet

    def __init__(self, *args: Any, zone: str = "UTC", today: date | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.today = today
        for name, field in self.fields.items():
            self._dress(name, field)

    def add_fields(self, fields: Mapping[str, forms.Field]) -> None:
        """Add fields that depend on the participant; they look and speak like the declared ones."""
        for name, field in fields.items():
            self.fields[name] = field
            self._dress(name, field)

    def _dress(self, name: str, field: forms.Field) -> None:
        _localise(field, self.zone)
        _offer_buttons(field)
        _speak_plainly(field)
        if self.today and name in self.not_after_today:
            field.widget.attrs["max"] = _latest(field, self.today)

    def choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Set the choices of a field that depend on the participant or the user."""
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} is not a choice.")
        field.widget = forms.Select(attrs=field.widget.attrs)
        field.choices = choices
        _offer_buttons(field)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.not_after_today:
            entered = cleaned.get(name)
            if self.today and entered and _civil(entered, self.zone) > self.today:
                self.add_error(name, f"This is in the future. At the site it is {self.today.isoformat()}.")
        return cleaned


def _localise(field: forms.Field, zone: str) -> None:
    if isinstance(field, SiteDateField | SiteMomentField):
        field.zone = zone
        field.widget.attrs["data-zone"] = zone


def _offer_buttons(field: forms.Field) -> None:
    """Exchange a short drop-down list for buttons."""
    is_plain = type(field) is forms.ChoiceField and type(field.widget) is forms.Select
    if not is_plain or not isinstance(field, forms.ChoiceField):
        return
    offered = cast(Iterable[tuple[str, str]], field.choices)
    choices = [(value, label) for value, label in offered if value != "" or not field.required]
    if len(choices) <= BUTTONS_UP_TO:
        field.widget = forms.RadioSelect(attrs=field.widget.attrs)
        field.choices = choices


def _speak_plainly(field: forms.Field) -> None:
    """Exchange the stock sentences for short ones, where the form has not set its own."""
    for code, stock, words in _STOCK:
        if str(field.error_messages.get(code, "")) == stock:
            is_choice = isinstance(field, forms.ChoiceField)
            field.error_messages[code] = "Choose one of these." if is_choice else words
    field.validators = [_LIMITS[type(v)](v) if type(v) in _LIMITS else v for v in field.validators]


_STOCK = (
    ("required", "This field is required.", "Fill this in."),
    ("invalid", "Enter a valid date.", "Enter a date like 2026-11-22."),
)
_DIGITS = {
    "invalid": "Enter a number.",
    "max_digits": "At most %(max)s digits in all.",
    "max_decimal_places": "At most %(max)s digits after the point.",
    "max_whole_digits": "At most %(max)s digits before the point.",
}
_LIMITS: dict[type, Callable[[Any], Any]] = {
    MinValueValidator: lambda v: MinValueValidator(v.limit_value, "At least %(limit_value)s."),
    MaxValueValidator: lambda v: MaxValueValidator(v.limit_value, "At most %(limit_value)s."),
    DecimalValidator: lambda v: _PlainDecimal(v.max_digits, v.decimal_places),
}


class _PlainDecimal(DecimalValidator):
    messages = _DIGITS


def _latest(field: forms.Field, today: date) -> str:
    return f"{today.isoformat()}T23:59" if isinstance(field, SiteMomentField) else today.isoformat()


def _civil(entered: date, zone: str) -> date:
    return entered.astimezone(ZoneInfo(zone)).date() if isinstance(entered, datetime) else entered

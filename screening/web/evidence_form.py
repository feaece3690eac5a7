"""The form in which evidence is entered: some items of the catalogue on one page, saved together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from participants.web.forms import ReasonField
from screening.rules.evidence import Entry
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Item
from screening.rules.wire import EvidenceInvalid, read_entry, soft_warnings
from screening.services.evidence import Given
from screening.web.answers import GROUPS
from screening.web.fields import fields_of, has_common_date, has_own_date, is_date_needed
from screening.web.readings import field_at, value_typed
from trialsite.web.forms import SiteDateField, StepForm, to_instant

MAX_ROWS = 200
_AT_THE_TOP = {"taken_at": "time"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks. items: those this person may answer. rows: how many rows each list shows."""

    items: tuple[Item, ...]
    rows: Mapping[str, int]
    is_correction: bool = False

    @property
    def has_specimens(self) -> bool:
        return any(one.test_code for one in self.items)

    @property
    def dated(self) -> str:
        return next((GROUPS[one.group].dated for one in self.items if has_common_date(one)), "")


class EvidenceForm(StepForm):
    """One page of evidence. `given` is what was filled in, once the form is valid."""

    asked: Asked
    not_after_today = ("on",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given: list[Given] = []
        self.filled: dict[str, Sequence[int]] = {}
        self.warned: dict[str, str] = {}
        if self.asked.is_correction:
            for name in ("on", "time", *(f"{one.id}-on" for one in self.asked.items)):
                if name in self.fields:
                    self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.given, self.warned = [], {}
        for item in self.asked.items:
            self._read(item)
        if not self.given and not self.errors:
            raise ValidationError("Nothing was filled in yet.", code="nothing-given")
        return cleaned

    def add_fault(self, path: str, message: str) -> None:
        """Put a refusal at the field it is about; see `field_for`."""
        self.add_error(self.field_for(path), message)

    def field_for(self, path: str) -> str | None:
        """Return the field at a path such as `plat.value.unit`; what is asked once stands at the top of the page."""
        item = BY_ID.get(path.partition(".")[0])
        name = field_at(item, path, self.filled.get(item.id, ())) if item else _AT_THE_TOP.get(path, path)
        if name.endswith("-on") and name not in self.fields:
            name = "on"
        return name if name in self.fields else None

    def _read(self, item: Item) -> None:
        value, filled = value_typed(item, self.cleaned_data.get, self.asked.rows.get(item.id, 0))
        self.filled[item.id] = filled
        typed = {name: self._typed(f"{item.id}-{name}") for name in ("method", "reason", "not_done")}
        if value is None and not typed["not_done"]:
            if typed["reason"]:
                self.add_error(f"{item.id}-reason", "Answer the question as well, or clear the reason.")
            return
        on = self._date_of(item)
        entry = {"value": value, **{name: text for name, text in {**typed, "on": on}.items() if text}}
        try:
            read = read_entry(item, entry, item.id)
        except EvidenceInvalid as faulty:
            for fault in faulty.faults:
                self.add_fault(fault.path, fault.message)
            return
        if self._is_sound(item, read):
            self.given.append(self._given(item, entry))

    def _typed(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "").strip()

    def _date_of(self, item: Item) -> str:
        if self.asked.is_correction:  # the date says which answer is corrected
            return str(self.initial.get(f"{item.id}-on") or "")
        if has_common_date(item):
            on = self.cleaned_data.get("on")
            return on.isoformat() if on else ""
        return self._typed(f"{item.id}-on") if has_own_date(item) else ""

    def _is_sound(self, item: Item, entry: Entry) -> bool:
        """Ask for what the service would ask for, all at once."""
        before = len(self.errors)
        if is_date_needed(item) and entry.on is None and not self.asked.is_correction:
            name = "on" if has_common_date(item) else f"{item.id}-on"
            if name not in self.errors:
                self.add_error(name, "Give the date.")
            return False
        if item.is_judgement and entry.value is not None and not entry.reason:
            self.add_error(f"{item.id}-reason", "Give the reason for this judgement.")
        if item.methods and entry.value is not None and not entry.method:
            self.add_error(f"{item.id}-method", "Say how it was measured.")
        self._warn(item, entry)
        return len(self.errors) == before

    def _warn(self, item: Item, entry: Entry) -> None:
        """An unusual value is asked about once more; the tick counts for this very value."""
        warning = " ".join(soft_warnings(item, entry))
        if not warning:
            return
        self.warned[item.id] = warning
        if self._typed(f"{item.id}-checked") != warning:
            self.add_fault(f"{item.id}.value", warning)

    def _given(self, item: Item, entry: Mapping[str, Any]) -> Given:
        return Given(
            item=item.id,
            entry=entry,
            taken_at=self._taken_at() if item.test_code else None,
            laboratory=self._typed("laboratory") if item.test_code else "",
            source_document=self._typed("source_document"),
            is_confirmed=item.id in self.warned,
        )

    def _taken_at(self) -> datetime | None:
        if self.asked.is_correction:
            return self.initial.get("taken_at")
        on, at = self.cleaned_data.get("on"), self.cleaned_data.get("time")
        return to_instant(datetime.combine(on, at), self.zone) if on and at else None


def form_class(asked: Asked) -> type[EvidenceForm]:
    """Return the form that asks these items."""
    fields: dict[str, Any] = {"asked": asked, **dict(_head(asked))}
    for item in asked.items:
        fields |= dict(fields_of(item, asked.rows.get(item.id, 0)))
    fields["reason"] = ReasonField(
        label="Reason for the change",
        help_text="The former answer stays on record, struck through, with your name and this reason.",
        required=asked.is_correction,
    )
    return type("EvidenceForm", (EvidenceForm,), fields)


def _head(asked: Asked) -> Iterator[tuple[str, forms.Field]]:
    """What stands once on the page for all its items."""
    if asked.dated:
        yield "on", SiteDateField(label=f"Date of the {asked.dated}", required=False)
    if asked.has_specimens:
        widget = forms.TimeInput(attrs={"placeholder": "08:30", "autocomplete": "off"}, format="%H:%M")
        yield "time", forms.TimeField(label="Time", required=False, widget=widget)
        yield "laboratory", forms.CharField(label="Laboratory", required=False, max_length=100)
    yield "source_document", forms.CharField(label="Source document", required=False, max_length=200)

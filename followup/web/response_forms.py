"""The forms of response and survival: lesions at baseline, a scan with a row for each lesion, what became of somebody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField

from followup.rules.response import (
    Baseline,
    Found,
    Lesion,
    LesionKind,
    Method,
    Nature,
    NewLesion,
    NonTargetReading,
    Organ,
    Reading,
    Seen,
    TimePoint,
)
from followup.states import ContactSource, ProgressionBasis
from infusion.web.forms import LineField, NoteField
from participants.web.forms import ReasonField
from screening.web.forms import AmountField
from trialsite.web.forms import SiteDateField, StepForm

ORGANS = [(one.value, one.value.replace("_", " ").capitalize()) for one in Organ]
KINDS = [
    (LesionKind.NON_NODAL.value, "Lesion: longest diameter"),
    (LesionKind.NODAL.value, "Node: short axis"),
]
METHODS = {Method.CT: "CT", Method.MRI: "MRI", Method.CHEST_X_RAY: "Chest X-ray", Method.CALLIPER: "Calliper"}
NATURES = {
    Nature.SOLID: "With borders",
    Nature.EFFUSION: "Effusion",
    Nature.ASCITES: "Ascites",
    Nature.LEPTOMENINGEAL: "Leptomeningeal",
    Nature.LYMPHANGITIC: "Lymphangitic",
    Nature.SCLEROTIC_BONE: "Sclerotic bone",
}
SEEN = {
    Seen.MEASURED: "Measured",
    Seen.ABSENT: "Gone",
    Seen.TOO_SMALL: "Too small",
    Seen.MERGED: "Merged",
    Seen.NOT_ASSESSED: "Not assessed",
}
FOUND = {
    Found.ABSENT: "Gone",
    Found.PRESENT: "Present",
    Found.PROGRESSED: "Progressed",
    Found.NOT_ASSESSED: "Not assessed",
}
MARKER = [("", "Not done"), ("yes", "Normal"), ("no", "Raised")]
BASES = {ProgressionBasis.IMAGING: "A scan shows it", ProgressionBasis.CLINICAL: "Clinical, without a scan"}
SOURCES = {
    ContactSource.VISIT: "Visit",
    ContactSource.TELEPHONE: "Telephone",
    ContactSource.RELATIVE: "Relative",
    ContactSource.OTHER_DOCTOR: "Another doctor",
    ContactSource.REGISTRY: "Registry",
}
_FIRST_ROWS, _MOST_ROWS, _NEW_ROWS = 3, 40, 2
_SIZES = re.compile(r"\d{1,3}(?:\.\d)?(?:\s*\+\s*\d{1,3}(?:\.\d)?){0,9}")


def _choices(words: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(one.value, text) for one, text in words.items()]


class SizesField(forms.CharField):
    """A diameter in mm, or those of the parts of a split lesion: 12 + 9.5."""

    def __init__(self, label: str) -> None:
        attrs = {"data-unit": "mm", "inputmode": "decimal"}
        super().__init__(label=label, max_length=60, required=False, widget=forms.TextInput(attrs=attrs))

    def clean(self, value: Any) -> tuple[Decimal, ...]:
        entered = super().clean(value)
        if not entered:
            return ()
        if not _SIZES.fullmatch(entered):
            raise forms.ValidationError("Give mm with at most one decimal, such as 12.5; parts as 12 + 9.5.")
        return tuple(Decimal(part.strip()) for part in entered.split("+"))


class _ListField(forms.ChoiceField):
    """Stays a list although its choices are few: a row of lesions has no room for buttons."""


class _ReadForm(StepForm):
    """What every scan has: its day, who read it, a remark."""

    assessed_on = SiteDateField(label="Day of the scan")
    reader = LineField("Read by", most=150, required=True)
    note = NoteField(most=1000)

    not_after_today = ("assessed_on",)


# ---- Lesions at baseline


class BaselineForm(_ReadForm):
    """Rows of lesions; one without organ, place and size is left out."""

    template_name = "followup/response/baseline_fields.html"

    marker = forms.ChoiceField(
        label="Tumour marker",
        choices=[("no", "Not raised"), ("yes", "Raised")],
        initial="no",
        help_text="Such as CEA. Where it is raised, a complete response asks for a normal one.",
    )
    reason = ReasonField(help_text="Needed where no target is chosen.")

    def __init__(self, *args: Any, lesions: Sequence[Lesion] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lesions = lesions
        self.count = self._row_count()
        for number in range(self.count):
            one = lesions[number] if number < len(lesions) else None
            self.add_fields({f"lesion-{number}-{name}": field for name, field in _lesion_fields(one).items()})

    def _row_count(self) -> int:
        if not self.is_bound:
            return len(self.lesions) + 1 if self.lesions else _FIRST_ROWS
        sent = str(self.data.get("lesion-rows", ""))
        wanted = int(sent) if sent.isdecimal() else 0
        return max(1, min(wanted + ("add" in self.data), _MOST_ROWS))

    def own_hidden(self) -> list[BoundField]:
        """The hidden fields that belong to no row."""
        return [self["version"], self["once"]]

    def rows(self) -> list[list[BoundField]]:
        names = list(_lesion_fields(None))
        return [[self[f"lesion-{number}-{name}"] for name in names] for number in range(self.count)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "add" in self.data:
            self.add_error(None, "A row was added. Nothing is saved yet.")
        found = [self._lesion(cleaned, number) for number in range(self.count)]
        lesions = [one for one in found if one is not None]
        if not lesions and not self.errors:
            self.add_error("lesion-0-organ", "Enter at least one lesion.")
        if not self.errors:
            cleaned["baseline"] = Baseline(
                on=cleaned["assessed_on"],
                lesions=tuple(labelled(lesions)),
                is_marker_raised=cleaned["marker"] == "yes",
            )
        return {name: one for name, one in cleaned.items() if not name.startswith("lesion-")}

    def _lesion(self, cleaned: Mapping[str, Any], number: int) -> Lesion | None:
        given: dict[str, Any] = {
            name: cleaned.get(f"lesion-{number}-{name}") for name in _lesion_fields(None)
        }
        if not (given["organ"] or given["place"] or given["size_mm"]):
            return None
        prefix = f"lesion-{number}"
        for name in ("role", "organ", "kind"):
            if not given[name] and f"{prefix}-{name}" not in self.errors:
                self.add_error(f"{prefix}-{name}", "Choose one, or empty the row.")
        is_target = given["role"] == "target"
        if is_target and not given["size_mm"] and f"{prefix}-size_mm" not in self.errors:
            self.add_error(f"{prefix}-size_mm", "A target needs its size.")
        if any(name.startswith(prefix + "-") for name in self.errors):
            return None
        return Lesion(
            id=given["label"] or "",
            organ=Organ(given["organ"]),
            place=given["place"] or "",
            kind=LesionKind(given["kind"]),
            is_target=is_target,
            method=Method(given["method"]),
            nature=Nature(given["nature"]),
            slice_mm=given["slice_mm"],
            size_mm=given["size_mm"],
        )


class CorrectBaselineForm(BaselineForm):
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the old values."
    )


def _lesion_fields(one: Lesion | None) -> dict[str, forms.Field]:
    """The fields of one row, with the first values of `one`."""
    first: dict[str, Any] = {
        "label": one.id if one else "",
        "role": "non_target" if one and not one.is_target else "target",
        "organ": one.organ.value if one else "",
        "place": one.place if one else "",
        "kind": one.kind.value if one else LesionKind.NON_NODAL.value,
        "size_mm": one.size_mm if one else None,
        "method": one.method.value if one else Method.CT.value,
        "slice_mm": one.slice_mm if one else None,
        "nature": one.nature.value if one else Nature.SOLID.value,
    }
    fields: dict[str, forms.Field] = {
        "label": forms.CharField(required=False, max_length=20, widget=forms.HiddenInput),
        "role": forms.ChoiceField(
            label="Followed as",
            choices=[("target", "Target"), ("non_target", "Other lesion")],
            required=False,
        ),
        "organ": forms.ChoiceField(label="Organ", choices=[("", "Choose"), *ORGANS], required=False),
        "place": LineField("Where in it", most=100),
        "kind": forms.ChoiceField(label="Measured as", choices=KINDS, required=False),
        "size_mm": AmountField("Size", "mm", digits=5, places=1, least=0.1, most=500, required=False),
        "method": _ListField(label="Method", choices=_choices(METHODS)),
        "slice_mm": AmountField("Slices", "mm", digits=4, places=1, least=0.1, most=50, required=False),
        "nature": _ListField(label="Nature", choices=_choices(NATURES)),
    }
    for name, field in fields.items():
        field.initial = first[name]
    return fields


def labelled(lesions: Sequence[Lesion]) -> Iterator[Lesion]:
    """Give T1, T2 … to targets and N1, N2 … to the others that have no label yet."""
    taken = {one.id for one in lesions if one.id}
    for one in lesions:
        if one.id:
            yield one
            continue
        letter = "T" if one.is_target else "N"
        label = next(name for number in range(1, 200) if (name := f"{letter}{number}") not in taken)
        taken.add(label)
        yield replace(one, id=label)


# ---- A scan


class ScanForm(_ReadForm):
    """A row for each lesion; each row says how it was found."""

    template_name = "followup/response/scan_fields.html"

    marker = forms.ChoiceField(label="Tumour marker", choices=MARKER, required=False, initial="")

    def __init__(
        self,
        *args: Any,
        lesions: Sequence[Lesion] = (),
        new_lesions: Sequence[tuple[str, str]] = (),
        is_marker_raised: bool = False,
        point: TimePoint | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.targets = [one for one in lesions if one.is_target]
        self.others = [one for one in lesions if not one.is_target]
        self.known = list(new_lesions)
        known = {name.upper() for name, _ in new_lesions}
        numbers = (number for number in range(1, 200) if f"X{number}" not in known)
        self.fresh = [f"X{next(numbers)}" for _ in range(_NEW_ROWS)]
        if not is_marker_raised:
            del self.fields["marker"]
        for fields in (self._target_fields(point), self._other_fields(point), self._new_fields(point)):
            self.add_fields(fields)

    def _target_fields(self, point: TimePoint | None) -> dict[str, forms.Field]:
        read = {one.lesion: one for one in point.readings} if point else {}
        fields: dict[str, forms.Field] = {}
        for one in self.targets:
            reading = read.get(one.id)
            whole = [(other.id, other.id) for other in self.targets if other.id != one.id]
            states = {seen: text for seen, text in SEEN.items() if whole or seen is not Seen.MERGED}
            fields[f"seen-{one.id}"] = _choice(
                "Found", _choices(states), reading.seen.value if reading else ""
            )
            fields[f"size-{one.id}"] = SizesField("Short axis" if one.is_nodal else "Longest diameter")
            fields[f"size-{one.id}"].initial = (
                " + ".join(f"{part:f}" for part in reading.parts_mm) if reading else ""
            )
            if whole:
                fields[f"into-{one.id}"] = _choice(
                    "Merged into", [("", "–"), *whole], reading.merged_into if reading else "", _ListField
                )
        return fields

    def _other_fields(self, point: TimePoint | None) -> dict[str, forms.Field]:
        read = {one.lesion: one for one in point.non_targets} if point else {}
        fields: dict[str, forms.Field] = {}
        for one in self.others:
            reading = read.get(one.id)
            fields[f"found-{one.id}"] = _choice(
                "Found", _choices(FOUND), reading.found.value if reading else ""
            )
            if one.is_nodal:
                axis = AmountField(
                    "Short axis", "mm", digits=5, places=1, least=0.1, most=500, required=False
                )
                axis.initial = reading.short_axis_mm if reading else None
                fields[f"axis-{one.id}"] = axis
        return fields

    def _new_fields(self, point: TimePoint | None) -> dict[str, forms.Field]:
        sure = {one.id: "yes" if one.is_unequivocal else "no" for one in point.new_lesions} if point else {}
        places = {one.id: one.place for one in point.new_lesions} if point else {}
        fields: dict[str, forms.Field] = {}
        for label in (*(name for name, _ in self.known), *self.fresh):
            words = [("", "Not seen"), ("no", "Equivocal"), ("yes", "Unequivocal")]
            fields[f"new-{label}"] = _choice("Seen", words, sure.get(label, ""))
            if label in self.fresh:
                place = LineField("Where", most=100)
                place.initial = places.get(label, "")
                fields[f"place-{label}"] = place
        return fields

    def target_rows(self) -> list[tuple[Lesion, list[BoundField]]]:
        names = ("seen", "size", "into")
        return [(one, self._bound(one.id, names)) for one in self.targets]

    def other_rows(self) -> list[tuple[Lesion, list[BoundField]]]:
        return [(one, self._bound(one.id, ("found", "axis"))) for one in self.others]

    def new_rows(self) -> list[tuple[str, str, list[BoundField]]]:
        known = [(label, place, self._bound(label, ("new",))) for label, place in self.known]
        return [*known, *((label, "", self._bound(label, ("new", "place"))) for label in self.fresh)]

    def _bound(self, label: str, names: Sequence[str]) -> list[BoundField]:
        return [self[f"{name}-{label}"] for name in names if f"{name}-{label}" in self.fields]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        readings = tuple(self._reading(cleaned, one) for one in self.targets)
        if not self.errors:
            marker = cleaned.get("marker")
            cleaned["point"] = TimePoint(
                on=cleaned["assessed_on"],
                readings=readings,
                non_targets=tuple(_non_target(cleaned, one) for one in self.others),
                new_lesions=tuple(self._new_lesions(cleaned)),
                is_marker_normal={"yes": True, "no": False}.get(marker) if marker else None,
            )
        kept = ("version", "once", "assessed_on", "reader", "note", "reason", "point")
        return {name: one for name, one in cleaned.items() if name in kept}

    def _reading(self, cleaned: Mapping[str, Any], one: Lesion) -> Reading:
        seen = Seen(cleaned.get(f"seen-{one.id}") or Seen.NOT_ASSESSED)
        sizes, into = cleaned.get(f"size-{one.id}") or (), cleaned.get(f"into-{one.id}") or ""
        if seen is Seen.MEASURED and not (sizes and min(sizes) > 0):
            self._wrong(f"size-{one.id}", "Give its size in mm, above 0.")
        if seen is not Seen.MEASURED and sizes:
            self._wrong(f"size-{one.id}", "Leave the size out, or say that it was measured.")
        if seen is Seen.MERGED and cleaned.get(f"seen-{into}") != Seen.MEASURED:
            self._wrong(f"into-{one.id}", "Name the target that carries the measured whole.")
        return Reading(
            lesion=one.id,
            seen=seen,
            parts_mm=sizes if seen is Seen.MEASURED else (),
            merged_into=into if seen is Seen.MERGED else "",
        )

    def _wrong(self, name: str, words: str) -> None:
        if name in self.fields and name not in self.errors:
            self.add_error(name, words)

    def _new_lesions(self, cleaned: Mapping[str, Any]) -> Iterator[NewLesion]:
        for label in (*(name for name, _ in self.known), *self.fresh):
            if cleaned.get(f"new-{label}"):
                yield NewLesion(
                    id=label,
                    is_unequivocal=cleaned[f"new-{label}"] == "yes",
                    place=cleaned.get(f"place-{label}") or "",
                )


class CorrectScanForm(ScanForm):
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the former readings."
    )


def _non_target(cleaned: Mapping[str, Any], one: Lesion) -> NonTargetReading:
    found = Found(cleaned.get(f"found-{one.id}") or Found.NOT_ASSESSED)
    axis = cleaned.get(f"axis-{one.id}") if found is Found.PRESENT else None
    return NonTargetReading(lesion=one.id, found=found, short_axis_mm=axis)


def _choice(
    label: str,
    choices: list[tuple[str, str]],
    first: str,
    kind: type[forms.ChoiceField] = forms.ChoiceField,
) -> forms.ChoiceField:
    """A choice that is required unless one of its answers is empty."""
    field = kind(label=label, choices=choices, required=all(value for value, _ in choices))
    field.initial = first
    return field


# ---- What became of the participant


class ProgressionForm(StepForm):
    progressed_on = SiteDateField(
        label="Day of the progression", help_text="Of the scan that shows it, or of the judgement."
    )
    basis = forms.ChoiceField(label="On what it rests", choices=_choices(BASES))
    note = NoteField(most=1000)
    reason = ReasonField(help_text="Needed where it is out of order on the journey.")

    not_after_today = ("progressed_on",)

    def clean_basis(self) -> ProgressionBasis:
        return ProgressionBasis(self.cleaned_data["basis"])


class CorrectProgressionForm(ProgressionForm):
    reason = ReasonField(required=True, label="Reason for the correction", help_text="Kept with the old day.")


class NewTherapyForm(StepForm):
    started_on = SiteDateField(label="First day")
    name = LineField("Therapy", most=200, required=True, help_text="Drug or procedure.")
    note = NoteField(most=1000)
    reason = ReasonField(help_text="Needed where it is out of order on the journey.")

    not_after_today = ("started_on",)


class CorrectNewTherapyForm(NewTherapyForm):
    reason = ReasonField(required=True, label="Reason for the correction", help_text="Kept with the old day.")


class SurvivalContactForm(StepForm):
    alive_on = SiteDateField(label="Known to be alive on", help_text="The last day on which it was known.")
    source = forms.ChoiceField(label="Learned by", choices=_choices(SOURCES))
    note = NoteField(most=1000)

    not_after_today = ("alive_on",)

    def clean_source(self) -> ContactSource:
        return ContactSource(self.cleaned_data["source"])


class CorrectSurvivalContactForm(SurvivalContactForm):
    reason = ReasonField(required=True, label="Reason for the correction", help_text="Kept with the old day.")


class TakeBackForm(StepForm):
    reason = ReasonField(
        required=True, label="Why it is taken back", help_text="The entry stays readable, struck through."
    )

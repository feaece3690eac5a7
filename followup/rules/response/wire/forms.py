"""What is sent about lesions, scans and what became of somebody, in words for whoever fills it in.

Source: clinical rules 4.
"""

from collections.abc import Mapping
from typing import Any

from followup.rules.response.endpoints import PlannedScan
from followup.rules.response.lesions import Lesion, LesionKind, Method, Nature, Organ
from followup.rules.response.readings import Found, NewLesion, NonTargetReading, Reading, Seen, TimePoint
from infusion.rules.grading.wire.members import Form, Member, code, flag, form_schema, number, read_form
from screening.rules.wire.faults import EvidenceInvalid, refusal
from screening.rules.wire.members import read_sequence
from screening.rules.wire.scalars import Reader, code_reader, read_day, read_note, read_text
from screening.rules.wire.schema import codes, day, described, text
from trialsite.protocol.registry import latest, numbers

ID_LIMIT = 100
LESION_LIMIT, POINT_LIMIT, PART_LIMIT = 60, 100, 10
_LONGEST_MM = "500"

ORGANS: Mapping[Organ, str] = {one: one.value.replace("_", " ") for one in Organ} | {
    Organ.LYMPH_NODES: "lymph nodes, all of them together",
    Organ.OTHER: "any other; place says which",
}
KINDS: Mapping[LesionKind, str] = {
    LesionKind.NON_NODAL: "not a lymph node: measured by its longest diameter",
    LesionKind.NODAL: "a lymph node: measured by its short axis",
}
METHODS: Mapping[Method, str] = {
    Method.CT: "CT; give the thickness of the slices",
    Method.MRI: "MRI; give the thickness of the slices",
    Method.CHEST_X_RAY: "chest X-ray",
    Method.CALLIPER: "calliper, of a lesion that can be seen or felt",
}
NATURES: Mapping[Nature, str] = {
    Nature.SOLID: "a lesion with borders",
    Nature.EFFUSION: "effusion",
    Nature.ASCITES: "ascites",
    Nature.LEPTOMENINGEAL: "leptomeningeal disease",
    Nature.LYMPHANGITIC: "lymphangitic spread",
    Nature.SCLEROTIC_BONE: "sclerotic bone",
}
SEEN: Mapping[Seen, str] = {
    Seen.MEASURED: "measured; give size_mm, or parts_mm of a lesion that split",
    Seen.ABSENT: "gone: counts 0",
    Seen.TOO_SMALL: "seen, too small to measure: counts 5 mm",
    Seen.MERGED: "grown together with another target, which carries the whole; name it in merged_into",
    Seen.NOT_ASSESSED: "not assessed; never 0",
}
FOUND: Mapping[Found, str] = {
    Found.ABSENT: "gone",
    Found.PRESENT: "still there",
    Found.PROGRESSED: "unequivocal progression of the disease that is no target",
    Found.NOT_ASSESSED: "not assessed",
}


def required(member: Member) -> Member:
    return Member(member.read, member.schema, is_required=True)


def identifier(title: str, about: str) -> Member:
    """Return a member for a name that others refer to."""
    return Member(lambda given: read_text(given, ID_LIMIT), text(title, about, ID_LIMIT))


def own_id(about: str) -> Member:
    return Member(lambda given: read_note(given, ID_LIMIT), text("Id", about, ID_LIMIT, 0))


def civil_day(title: str, about: str) -> Member:
    return Member(read_day, day(title, about))


def size(name: str, title: str, about: str) -> Member:
    return number(name, title, about, "mm", "0.1", _LONGEST_MM)


def rows(form: Form, make: Any, title: str, about: str, limit: int) -> Member:
    """Return a member that is a list of objects, each read into `make(members)`."""
    schema = {
        **described(title, about),
        "type": "array",
        "items": form_schema(form, title, about),
        "maxItems": limit,
    }

    def read(given: object) -> Any:
        return make(read_form(form, given))

    return Member(lambda given: read_sequence(given, read, limit), schema)


def _parts() -> Member:
    one = size("parts_mm", "Part", "Longest diameter of one part.")
    schema = {
        **described("Parts", "Of a lesion that split: the diameters of its parts, which are added."),
        "type": "array",
        "items": one.schema,
        "minItems": 1,
        "maxItems": PART_LIMIT,
    }
    return Member(_read_parts(one.read), schema)


def _read_parts(read: Reader) -> Reader:
    def read_parts(given: object) -> Any:
        found = read_sequence(given, read, PART_LIMIT)
        if not found:
            raise refusal("required", "Give the parts, or leave parts_mm out.")
        return found

    return read_parts


LESION_FORM: Form = {
    "id": required(identifier("Id", "Your name for the lesion; readings refer to it.")),
    "organ": required(code("Organ", "A pair is one organ.", ORGANS)),
    "place": Member(
        lambda given: read_note(given, ID_LIMIT), text("Place", "Where in the organ.", ID_LIMIT, 0)
    ),
    "kind": required(code("Kind", "By which diameter it is measured.", KINDS)),
    "is_target": required(flag("is_target", "Target", "Chosen as a target at baseline.")),
    "method": required(code("Method", "How it was measured at baseline.", METHODS)),
    "slice_mm": number("slice_mm", "Thickness of slices", "Of CT or MRI.", "mm", "0.1", "50"),
    "size_mm": size("size_mm", "Size", "Longest diameter, of a node its short axis; needed of a target."),
    "nature": code("Nature", "Left out: a lesion with borders.", NATURES),
}

_READING_FORM: Form = {
    "lesion": required(identifier("Lesion", "Id of a target.")),
    "seen": required(code("Found", "How it was found.", SEEN)),
    "size_mm": size("size_mm", "Size", "Longest diameter, of a node its short axis."),
    "parts_mm": _parts(),
    "merged_into": identifier("Merged into", "Id of the target that carries the diameter of the whole."),
}

_NON_TARGET_FORM: Form = {
    "lesion": required(identifier("Lesion", "Id of a lesion that is no target.")),
    "found": required(code("Found", "How it was found.", FOUND)),
    "short_axis_mm": size("short_axis_mm", "Short axis", "Of a node; below 10 mm it is normal."),
}

_NEW_FORM: Form = {
    "id": required(identifier("Id", "The same at every time point at which the lesion is seen.")),
    "is_unequivocal": required(
        flag("is_unequivocal", "Unequivocal", "false: it may be something else; progression waits for a yes.")
    ),
    "place": Member(
        lambda given: read_note(given, ID_LIMIT), text("Place", "Where it was seen.", ID_LIMIT, 0)
    ),
}

BASELINE_FORM: Form = {
    "on": required(civil_day("Day", "Of the baseline scan.")),
    "is_marker_raised": flag(
        "is_marker_raised", "Marker raised", "A tumour marker lay above its limit. Left out: no."
    ),
    "lesions": required(
        rows(
            LESION_FORM,
            lambda found: Lesion(**found),
            "Lesions",
            "All lesions, targets and others.",
            LESION_LIMIT,
        )
    ),
}


def _reading(found: dict[str, Any]) -> Reading:
    one, parts = found.pop("size_mm", None), found.pop("parts_mm", None)
    if one is not None and parts is not None:
        raise EvidenceInvalid(refusal("two-sizes", "Give size_mm or parts_mm, not both.").under("parts_mm"))
    return Reading(parts_mm=parts or ((one,) if one is not None else ()), **found)


POINT_FORM: Form = {
    "id": own_id("Your own name for the time point; it comes back with the answer."),
    "on": required(civil_day("Day", "Of the scan.")),
    "readings": rows(_READING_FORM, _reading, "Targets", "A target left out was not assessed.", LESION_LIMIT),
    "non_targets": rows(
        _NON_TARGET_FORM,
        lambda found: NonTargetReading(**found),
        "Other lesions",
        "A lesion left out was not assessed.",
        LESION_LIMIT,
    ),
    "new_lesions": rows(
        _NEW_FORM, lambda found: NewLesion(**found), "New lesions", "Not there at baseline.", LESION_LIMIT
    ),
    "is_marker_normal": flag(
        "is_marker_normal", "Marker normal", "Of a marker raised at baseline. Left out: not documented."
    ),
}

_PLANNED_FORM: Form = {
    "first_on": required(civil_day("First day", "On which it could have taken place.")),
    "last_on": required(civil_day("Last day", "Included.")),
}

RECORD_FORM: Form = {
    "id": own_id("Your own name for the record; it comes back with the answer."),
    "protocol_version": Member(
        code_reader(dict.fromkeys(numbers(), "")),
        {
            **described(
                "Protocol version", f"Whose limits hold. Left out: the latest known, {latest().number}."
            ),
            **codes(numbers()),
        },
    ),
    "infused_on": required(civil_day("Infusion", "Day of the first infusion; everything counts from it.")),
    "as_of": required(civil_day("Data cut-off", "Nothing later is looked at; no clock is read.")),
    "baseline": Member(
        lambda given: read_form(BASELINE_FORM, given),
        form_schema(BASELINE_FORM, "Baseline", "The scan before treatment. Left out: there is none."),
    ),
    "time_points": rows(
        POINT_FORM,
        lambda found: TimePoint(**found),
        "Time points",
        "Scans after baseline, in any order.",
        POINT_LIMIT,
    ),
    "new_therapy_on": civil_day("New therapy", "First day of the first new anticancer therapy."),
    "progressed_on": civil_day("Progression", "As the investigator recorded it, with or without a scan."),
    "died_on": civil_day("Death", "Day of death."),
    "lost_on": civil_day("Lost", "Day from which the participant counts as lost to follow-up."),
    "withdrawn_on": civil_day("Withdrawn", "Day of the withdrawal."),
    "last_alive_on": civil_day("Last known alive", "Last day on which somebody knew."),
    "planned_scans": rows(
        _PLANNED_FORM,
        lambda found: PlannedScan(**found),
        "Planned scans",
        "Windows of the plan; those missed in a row before an event hide it. Left out: none is counted as missed.",
        POINT_LIMIT,
    ),
}

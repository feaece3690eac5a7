"""How a visit took place, and what became of each procedure."""

from enum import StrEnum


class VisitMode(StrEnum):
    ON_SITE = "on_site"
    REMOTE = "remote"
    OTHER_SITE = "other_site"


class Review(StrEnum):
    """Whose reading of the scans it is. Each has lesions of its own; they are never mixed."""

    SITE = "site"
    INDEPENDENT = "independent"


class LesionRole(StrEnum):
    TARGET = "target"
    NON_TARGET = "non_target"
    NEW = "new"


class Marker(StrEnum):
    """A tumour marker as of the scan."""

    NOT_DONE = "not_done"
    NORMAL = "normal"
    RAISED = "raised"


class ProgressionBasis(StrEnum):
    IMAGING = "imaging"
    CLINICAL = "clinical"


class ContactSource(StrEnum):
    """How the site learned that a participant is alive."""

    VISIT = "visit"
    TELEPHONE = "telephone"
    RELATIVE = "relative"
    OTHER_DOCTOR = "other_doctor"
    REGISTRY = "registry"


class ProcedureOutcome(StrEnum):
    """What became of a procedure at a visit (SDTM: performed, --STAT NOT DONE, not applicable)."""

    DONE = "done"
    NOT_DONE = "not_done"
    NOT_APPLICABLE = "not_applicable"

"""How a visit took place, and what became of each procedure."""

from enum import StrEnum


class VisitMode(StrEnum):
    ON_SITE = "on_site"
    REMOTE = "remote"
    OTHER_SITE = "other_site"


class ProcedureOutcome(StrEnum):
    """What became of a procedure at a visit (SDTM: performed, --STAT NOT DONE, not applicable)."""

    DONE = "done"
    NOT_DONE = "not_done"
    NOT_APPLICABLE = "not_applicable"

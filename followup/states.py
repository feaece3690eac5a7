"""How a visit took place."""

from enum import StrEnum


class VisitMode(StrEnum):
    ON_SITE = "on_site"
    REMOTE = "remote"
    OTHER_SITE = "other_site"

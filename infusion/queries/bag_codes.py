"""The format of bag codes that this installation uses."""

import secrets

from django.conf import settings
from django.utils.module_loading import import_string

from infusion.rules.bag_codes import BagCodeFormat, BagKind


def bag_code_format() -> BagCodeFormat:
    """Return the format that the setting BAG_CODE_FORMAT names."""
    chosen: BagCodeFormat = import_string(settings.BAG_CODE_FORMAT)()
    return chosen


def draw_bag_code(kind: BagKind) -> str:
    """Return a code drawn at random; the unique index is the judge should two draws ever meet."""
    return bag_code_format().make(kind, secrets.choice)

"""Shapes of the casebook: a row for each participant, a cell for each visit."""

from typing import Any

from rest_framework import serializers

from followup.api.serializers import CODE
from followup.queries.casebook import CasebookRow, Column
from trialsite.api.fields import EnumField
from trialsite.api.serializers import OutSerializer
from trialsite.protocol.types import DueState


class CellOut(OutSerializer):
    """One visit of one participant, of its last series."""

    item_id = serializers.CharField(help_text="Row of the schedule, such as `V-D28`.")
    key = serializers.CharField(help_text="Key of the visit, such as `V-D28#1`.")
    title = serializers.CharField(help_text="Title of the visit.")
    state = EnumField(DueState, help_text="What became of it by now.")
    opens_on = serializers.DateField(help_text="First day of its window, at the site.")
    closes_on = serializers.DateField(allow_null=True, help_text="Last day of its window, at the site.")
    done_on = serializers.DateField(allow_null=True, help_text="Day on which it took place, or null.")
    visit_id = serializers.UUIDField(allow_null=True, help_text="Id of the visit on record, or null.")
    open_procedures = serializers.IntegerField(help_text="Procedures owed and without an answer.")
    open_deviations = serializers.IntegerField(help_text="Open deviations about the visit.")


class CasebookRowOut(OutSerializer):
    """What became of every visit of one participant, in the order of the protocol."""

    participant = serializers.CharField(help_text=CODE)
    site = serializers.CharField(help_text="Code of the site.")
    day = serializers.IntegerField(allow_null=True, help_text="Day of the protocol today, 0 = infusion.")
    series = serializers.IntegerField(help_text="Which infusion the visits count from, 0 before any.")
    cells = CellOut(many=True, help_text="One for each visit that is planned or took place.")


def row_values(row: CasebookRow, columns: tuple[Column, ...]) -> dict[str, Any]:
    """Return a row as CasebookRowOut reads it, with the visits of `columns`."""
    names = ("key", "title", "state", "opens_on", "closes_on", "done_on", "visit_id")
    counted = ("open_procedures", "open_deviations")
    cells = [(one.item_id, row.cells[one.item_id]) for one in columns if one.item_id in row.cells]
    return {
        "participant": row.participant.code,
        "site": row.participant.site.code,
        "day": row.day,
        "series": row.series,
        "cells": [
            {"item_id": item_id, **{name: getattr(cell, name) for name in (*names, *counted)}}
            for item_id, cell in cells
        ],
    }

"""Shape of a picture: what it shows in words, and the rows behind it."""

from typing import Any

from rest_framework import serializers

from trialsite.api.serializers import OutSerializer
from trialsite.web.pictures.marks import Picture


class PictureColumnOut(OutSerializer):
    """One column of the rows."""

    name = serializers.CharField(help_text="Name of the value in each row.")
    heading = serializers.CharField(help_text="The same for people.")


class PictureOut(OutSerializer):
    """A picture: the very rows that the page draws. `withheld` stands where a number was left out so that nobody is recognised."""

    name = serializers.CharField(help_text="Name of the picture.")
    title = serializers.CharField(help_text="Title of the picture.")
    words = serializers.CharField(help_text="What it shows, as sentences.")
    note = serializers.CharField(help_text="How to read it; empty for none.")
    header = PictureColumnOut(many=True, help_text="What a row holds, in order.")
    rows = serializers.JSONField(help_text="Objects with the names of the header.")


def picture_values(picture: Picture) -> dict[str, Any]:
    """Return a picture as PictureOut reads it."""
    names = [one.name for one in picture.table.columns]
    return {
        "name": picture.name,
        "title": picture.title,
        "words": picture.words,
        "note": picture.note,
        "header": [{"name": one.name, "heading": str(one.heading)} for one in picture.table.columns],
        "rows": [dict(zip(names, row, strict=True)) for row in picture.table.rows],
    }

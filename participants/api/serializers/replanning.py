"""Shapes of plans that were replaced, and of what an amendment would make of every plan at a site."""

from rest_framework import serializers

from participants.api.serializers.obligation import PreviewOut
from participants.api.serializers.participant import CODE
from trialsite.api.serializers import OutSerializer


class PlannedLineOut(OutSerializer):
    """One line of a former plan; civil dates at the site."""

    key = serializers.CharField(help_text="Key of the obligation.")
    title = serializers.CharField(help_text="What was due.")
    opens_on = serializers.DateField(help_text="First day of the window.")
    target_on = serializers.DateField(help_text="The day it was scheduled for.")
    closes_on = serializers.DateField(allow_null=True, help_text="Last day of the window.")
    done_on = serializers.DateField(allow_null=True, help_text="When it was done, as known then.")


class MovedLineOut(OutSerializer):
    """What moved when the plan was replaced: target dates, null where it was not planned."""

    title = serializers.CharField(help_text="What was due.")
    before = serializers.DateField(allow_null=True, help_text="Target until then.")
    after = serializers.DateField(allow_null=True, help_text="Target from then on.")


class FormerPlanOut(OutSerializer):
    """A plan until it was replaced, and who replaced it when and why."""

    changed_at = serializers.DateTimeField(help_text="When it was replaced, UTC.")
    who = serializers.CharField(help_text="Who did it.")
    action = serializers.CharField(help_text="Stable name of what was done.")
    why = serializers.CharField(allow_blank=True, help_text="The reason given.")
    moved = MovedLineOut(many=True, help_text="What moved, appeared or went.")
    lines = PlannedLineOut(many=True, help_text="The whole plan until then.")


class FormerPlansOut(OutSerializer):
    """The plans of one participant that were replaced, the last one first; at most 50."""

    results = FormerPlanOut(many=True, help_text="The plans.")


class AmendedPlanOut(OutSerializer):
    """What would change for one participant."""

    participant = serializers.CharField(source="participant.code", help_text=CODE)
    in_force = serializers.CharField(help_text="Version that binds them now.")
    effective_on = serializers.DateField(
        allow_null=True, help_text="From when it binds them; null: once they have signed for it."
    )
    replan = PreviewOut(help_text="What is different then.")


class AmendmentPreviewOut(OutSerializer):
    """What putting a version in force now would change at the site. Nothing was written."""

    number = serializers.CharField(help_text="The version tried.")
    examined = serializers.IntegerField(help_text="Participants of the site.")
    unchanged = serializers.IntegerField(help_text="For how many nothing changes.")
    without_version = serializers.ListField(
        child=serializers.CharField(), help_text="Subject codes for whom no version is in force."
    )
    rows = AmendedPlanOut(many=True, help_text="For whom something changes, or who have to sign for it.")

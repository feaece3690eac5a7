"""Shapes of the contraception ledger in the API."""

from typing import Any

from rest_framework import serializers

from followup.api.serializers import CODE, RECORDED_AT, VERSION
from followup.queries.contraception import SiteLine, Standing
from followup.rules.contraception import Ground
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    EnumField,
    StrictBooleanField,
    StrictDateField,
)
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn
from trialsite.protocol.contraception import Basis

_VOIDED_AT = "When it was taken back, UTC; null while it stands."
_NOTE = "Remark."


def _note() -> CleanCharField:
    return CleanCharField(required=False, allow_blank=True, multiline=True, max_length=500, help_text=_NOTE)


class TakeBackEntryIn(CorrectionIn):
    """Why an entry of the ledger is taken back. It stays readable."""


class MethodIn(ReasonedIn):
    """A method of contraception in use."""

    method = CodeField(r"[A-Z0-9-]+", max_length=30, help_text="Id in the protocol, such as `CM-CONDOM`.")
    started_on = StrictDateField(help_text="First day on which it protects, civil date at the site.")
    stopped_on = StrictDateField(
        required=False, allow_null=True, help_text="Last day on which it was used; null while it goes on."
    )
    effective_last_on = StrictDateField(
        required=False, allow_null=True, help_text="Last day on which it works, where that is known."
    )
    note = _note()


class MethodCorrectionIn(CorrectionIn):
    """What a method and its dates really were. All of it is given; the first entry stays, taken back."""

    method = CodeField(r"[A-Z0-9-]+", max_length=30, help_text="Id in the protocol, such as `CM-CONDOM`.")
    started_on = StrictDateField(help_text="First day on which it protects, civil date at the site.")
    stopped_on = StrictDateField(required=False, allow_null=True, help_text="Last day on which it was used.")
    effective_last_on = StrictDateField(
        required=False, allow_null=True, help_text="Last day on which it works, where that is known."
    )
    note = _note()


class MethodStopIn(ReasonedIn):
    """The last day of a method."""

    stopped_on = StrictDateField(help_text="Last day on which it was used, civil date at the site.")


class MethodOut(OutSerializer):
    """A method of contraception on record."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    method = serializers.CharField(help_text="Id in the protocol.")
    started_on = serializers.DateField(help_text="First day.")
    stopped_on = serializers.DateField(allow_null=True, help_text="Last day on which it was used.")
    effective_last_on = serializers.DateField(allow_null=True, help_text="Last day on which it works.")
    note = serializers.CharField(allow_blank=True, help_text=_NOTE)
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the entry it replaces; null if none."
    )
    voided_at = serializers.DateTimeField(allow_null=True, help_text=_VOIDED_AT)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class StatusIn(ReasonedIn):
    """Whether a woman is of childbearing potential, from a day on."""

    is_possible = StrictBooleanField(help_text="True if she is.")
    ground = EnumField(Ground, required=False, help_text="Why not; required where she is not.")
    since_on = StrictDateField(help_text="From which day on, civil date at the site.")
    note = _note()


class StatusOut(OutSerializer):
    """Childbearing potential as stated."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    is_possible = serializers.BooleanField(help_text="True if she is of childbearing potential.")
    ground = serializers.CharField(allow_blank=True, help_text="Why not; empty where she is.")
    since_on = serializers.DateField(help_text="From which day on.")
    note = serializers.CharField(allow_blank=True, help_text=_NOTE)
    voided_at = serializers.DateTimeField(allow_null=True, help_text=_VOIDED_AT)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class AgreementIn(ReasonedIn):
    """The agreement to contraception, asked again."""

    confirmed_on = StrictDateField(help_text="Civil date at the site.")
    is_agreed = StrictBooleanField(help_text="False if refused.")
    note = _note()


class AgreementOut(OutSerializer):
    """An answer to the question about contraception."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    confirmed_on = serializers.DateField(help_text="When it was asked.")
    is_agreed = serializers.BooleanField(help_text="False if refused.")
    note = serializers.CharField(allow_blank=True, help_text=_NOTE)
    voided_at = serializers.DateTimeField(allow_null=True, help_text=_VOIDED_AT)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ContactRefusalIn(ReasonedIn):
    """The participant wants no more contact: reminders stop, the period runs on."""

    refused_at = AwareDateTimeField(help_text="When it was said.")


class ContactOut(OutSerializer):
    """The participant whose contact status changed."""

    code = serializers.CharField(help_text=CODE)
    version = serializers.IntegerField(help_text=VERSION)


class SpanOut(OutSerializer):
    """Days, both ends included."""

    first_on = serializers.DateField(help_text="First day.")
    last_on = serializers.DateField(allow_null=True, help_text="Last day; null where no end is known.")


class NamedMethodOut(OutSerializer):
    """A method that was named at screening and is not in the ledger yet."""

    answer = serializers.CharField(help_text="The answer of screening, such as hormonal.")
    named_on = serializers.DateField(help_text="Day the answer is about, or was entered.")
    methods = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of the methods it may mean; one of them is recorded."
    )


class LedgerOut(OutSerializer):
    """The contraception period, its gaps and how the participant stands today; null before consent."""

    participant = serializers.CharField(help_text=CODE)
    time_zone = serializers.CharField(help_text="IANA zone of the site's civil dates.")
    today = serializers.DateField(help_text="Today at the site.")
    period = SpanOut(allow_null=True, help_text="From consent to the last covered day.")
    basis = EnumField(Basis, allow_null=True, help_text="Which rule gives the last day.")
    basis_in_words = serializers.CharField(allow_blank=True, help_text="The same with its dates.")
    gaps = SpanOut(many=True, help_text="Days of the period that no method covers.")
    open_gap = SpanOut(allow_null=True, help_text="The gap today lies in.")
    covered_until = serializers.DateField(
        allow_null=True, help_text="Last day before the next gap to come; null where none is known."
    )
    contact_refused_on = serializers.DateField(allow_null=True, help_text="Since when reminders are stopped.")
    named_at_screening = NamedMethodOut(
        many=True, help_text="Methods that screening names and the ledger does not have yet."
    )


class SiteLineOut(OutSerializer):
    """How one participant stands."""

    participant = serializers.CharField(help_text=CODE)
    standing = serializers.ChoiceField(
        choices=[one.name.lower() for one in Standing], help_text="The most pressing come first."
    )
    gap_since = serializers.DateField(allow_null=True, help_text="First day of the gap today lies in.")
    covered_until = serializers.DateField(allow_null=True, help_text="Last day before the next gap to come.")
    last_on = serializers.DateField(allow_null=True, help_text="Last covered day of the period.")


class SiteLinesOut(OutSerializer):
    """Everybody whose period runs."""

    results = SiteLineOut(many=True, help_text="One line for each participant.")


def site_line_values(line: SiteLine) -> dict[str, Any]:
    """Return a line as SiteLineOut reads it."""
    return {
        "participant": line.participant.code,
        "standing": line.standing.name.lower(),
        "gap_since": line.ledger.open_gap.first_on if line.ledger.open_gap else None,
        "covered_until": line.ledger.covered_until,
        "last_on": line.ledger.period.last_on,
    }

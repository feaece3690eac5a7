"""Confidential cases, for the staff of the trial, and the reports on them."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from infusion.models.confidential import CaseFinding, Concerns, FollowUpStep, Specimen, TestOutcome
from trialsite.api.fields import AwareDateTimeField, CleanCharField, CodeField, EnumField, StrictDateField
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn

CONCERNS = "Whom it concerns: `participant` or `partner`."
AWARE_AT = "When the site learned of it; its clock of 24 hours starts here."
EXPECTED_ON = "Estimated day, civil date at the site; null where not known."


class ConfidentialCaseIn(ReasonedIn):
    """A confidential case. Its report is owed within 24 hours of learning of it."""

    concerns = EnumField(Concerns, help_text=CONCERNS)
    aware_at = AwareDateTimeField(help_text=AWARE_AT)
    expected_on = StrictDateField(required=False, allow_null=True, help_text=EXPECTED_ON)


class ConfidentialCaseOut(OutSerializer):
    """A confidential case."""

    id = serializers.UUIDField(help_text="Id of the case.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    concerns = serializers.CharField(help_text=CONCERNS)
    aware_at = serializers.DateTimeField(help_text=AWARE_AT)
    expected_on = serializers.DateField(allow_null=True, help_text=EXPECTED_ON)
    voided_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was taken back, UTC; null while it stands."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ConfidentialReportIn(ReasonedIn):
    """The report of a confidential case that left the site."""

    sent_at = AwareDateTimeField(help_text="When it was sent.")
    recipient = CleanCharField(help_text="To whom it was sent.")
    reference = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="The recipient's reference."
    )


class ConfidentialReportOut(OutSerializer):
    """The evidence that the report left; only this stops the clock."""

    id = serializers.UUIDField(help_text="Id of the report.")
    case = serializers.UUIDField(source="case_id", help_text="Id of the case.")
    sent_at = serializers.DateTimeField(help_text="When it was sent, UTC.")
    recipient = serializers.CharField(help_text="To whom it was sent.")
    reference = serializers.CharField(allow_blank=True, help_text="The recipient's reference.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class TakeBackIn(CorrectionIn):
    """Why an entry is taken back. It stays readable."""


class ConfidentialFollowUpIn(ReasonedIn):
    """What became of a case: its outcome first, later the child at 12 months."""

    finding = EnumField(CaseFinding, help_text="What became of it.")
    found_on = StrictDateField(help_text="Civil date at the site of the end, or of seeing the child.")
    note = CleanCharField(required=False, allow_blank=True, max_length=500, help_text="Remark.")


class ConfidentialFollowUpOut(OutSerializer):
    """What became of a case."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    case = serializers.UUIDField(source="case_id", help_text="Id of the case.")
    step = EnumField(FollowUpStep, help_text="Which of the two it is.")
    finding = EnumField(CaseFinding, help_text="What became of it.")
    found_on = serializers.DateField(help_text="Civil date at the site.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


_TAKEN_ON = "Civil date of the specimen at the site."
_SPECIMEN = "What was tested."
_OUTCOME = "The result; an unclear one answers nothing and stays owed."


class ConfidentialTestIn(ReasonedIn):
    """A confidential test that was done."""

    obligation_key = CodeField(
        r"[A-Za-z0-9._-]+(#[0-9]+)?",
        required=False,
        default="",
        allow_blank=True,
        max_length=80,
        help_text="Key of the test it is, such as `K-D28#1`; empty for the one in whose window it lies.",
    )
    taken_on = StrictDateField(help_text=_TAKEN_ON)
    specimen = EnumField(Specimen, help_text=_SPECIMEN)
    outcome = EnumField(TestOutcome, help_text=_OUTCOME)
    note = CleanCharField(required=False, allow_blank=True, max_length=500, help_text="Remark.")


class ConfidentialTestCorrectionIn(CorrectionIn):
    """What a confidential test really was. All of it is given; the first entry stays, taken back."""

    taken_on = StrictDateField(help_text=_TAKEN_ON)
    specimen = EnumField(Specimen, help_text=_SPECIMEN)
    outcome = EnumField(TestOutcome, help_text=_OUTCOME)
    note = CleanCharField(required=False, allow_blank=True, max_length=500, help_text="Remark.")


class ConfidentialTestOut(OutSerializer):
    """A confidential test."""

    id = serializers.UUIDField(help_text="Id of the test.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    obligation_key = serializers.CharField(
        allow_blank=True, help_text="Key of the test it is; empty where it names none."
    )
    taken_on = serializers.DateField(help_text=_TAKEN_ON)
    specimen = EnumField(Specimen, help_text=_SPECIMEN)
    outcome = EnumField(TestOutcome, help_text=_OUTCOME)
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the entry it replaces; null if none."
    )
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class TestAskedIn(ReasonedIn):
    """A confidential test that is asked for, whatever was planned."""

    __test__ = False  # not a class of tests

    asked_at = AwareDateTimeField(help_text="When it was asked for; it is owed within three days.")


class TestAskedOut(OutSerializer):
    """The participant of whom a test was asked."""

    __test__ = False  # not a class of tests

    code = serializers.CharField(help_text=CODE)
    version = serializers.IntegerField(help_text=VERSION)

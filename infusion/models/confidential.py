"""What only the staff of the trial may read: a pregnancy of the participant or of a partner, and its reports.

Tables, events, routes and acts carry a name that says nothing of it, for they stand in addresses, logs and lists.
"""

from django.db import models
from django.db.models import Q

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


def _void_has_reason(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(voided_at__isnull=True) ^ ~Q(void_reason=""))


class Concerns(models.TextChoices):
    PARTICIPANT = "participant", "The participant"
    PARTNER = "partner", "A partner of the participant"


class ConfidentialCase(Record):
    """concerns: who is pregnant. aware_at: when the site learned of it. expected_on: estimated day of birth, if known.

    A case that was none stays, voided. The trail shows that these columns changed, not what they hold.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="confidential_cases")
    concerns = models.CharField(max_length=12, choices=Concerns.choices)
    aware_at = models.DateTimeField()
    expected_on = models.DateField(null=True, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["ConfidentialCase"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "concerns", "aware_at"],
                condition=Q(voided_at__isnull=True),
                name="confidential_case_once",
            ),
            _void_has_reason("confidential_case_void_has_reason"),
        ]

    def __str__(self) -> str:
        return f"Confidential case {self.pk}"


class ConfidentialReportQuerySet(OfParticipantQuerySet["ConfidentialReport"]):
    site_path = "case__participant__site"


class ConfidentialFollowUpQuerySet(OfParticipantQuerySet["ConfidentialFollowUp"]):
    site_path = "case__participant__site"


class ConfidentialReport(Record):
    """Evidence that the report of a case left; only this stops its clock."""

    case = models.OneToOneField(ConfidentialCase, on_delete=models.PROTECT, related_name="report")
    sent_at = models.DateTimeField()
    recipient = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)

    objects = ConfidentialReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="confidential_report_recipient", condition=~Q(recipient=""))
        ]

    def __str__(self) -> str:
        return f"Confidential report {self.sent_at.isoformat()}"


class FollowUpStep(models.TextChoices):
    OUTCOME = "outcome", "Outcome"
    CHILD = "child", "Child at 12 months"


class CaseFinding(models.TextChoices):
    """What became of it: those of the outcome, then those of the child at 12 months."""

    LIVE_BIRTH = "live_birth", "Live birth, child healthy"
    LIVE_BIRTH_ABNORMAL = "live_birth_abnormal", "Live birth, child with an abnormality"
    MISCARRIAGE = "miscarriage", "Miscarriage"
    STILLBIRTH = "stillbirth", "Stillbirth"
    ECTOPIC = "ectopic", "Ectopic pregnancy"
    TERMINATION = "termination", "Termination"
    UNKNOWN = "unknown", "Not to be learned"
    CHILD_HEALTHY = "child_healthy", "Healthy"
    CHILD_ABNORMAL = "child_abnormal", "With an abnormality"
    CHILD_DIED = "child_died", "Died"
    CHILD_UNKNOWN = "child_unknown", "Not to be learned"


OF_THE_CHILD = frozenset(
    {
        CaseFinding.CHILD_HEALTHY,
        CaseFinding.CHILD_ABNORMAL,
        CaseFinding.CHILD_DIED,
        CaseFinding.CHILD_UNKNOWN,
    }
)
BORN_ALIVE = frozenset({CaseFinding.LIVE_BIRTH, CaseFinding.LIVE_BIRTH_ABNORMAL})


class ConfidentialFollowUp(Record):
    """What became of a case. found_on: civil date at the site of the birth or end, or of seeing the child.

    One that was wrong stays, voided. The trail shows that these columns changed, not what they hold.
    """

    case = models.ForeignKey(ConfidentialCase, on_delete=models.PROTECT, related_name="follow_ups")
    step = models.CharField(max_length=8, choices=FollowUpStep.choices)
    finding = models.CharField(max_length=20, choices=CaseFinding.choices)
    found_on = models.DateField()
    note = models.CharField(max_length=500, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = ConfidentialFollowUpQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "step"],
                condition=Q(voided_at__isnull=True),
                name="confidential_follow_up_once",
            ),
            _void_has_reason("confidential_follow_up_void_has_reason"),
        ]

    def __str__(self) -> str:
        return f"Confidential follow-up {self.pk}"


class TestOutcome(models.TextChoices):
    """An unclear result answers nothing: the test is still owed."""

    __test__ = False  # not a class of tests

    NEGATIVE = "negative", "Negative"
    POSITIVE = "positive", "Positive"
    UNCLEAR = "unclear", "Unclear"


class Specimen(models.TextChoices):
    BLOOD = "blood", "Blood"
    URINE = "urine", "Urine"


class ConfidentialTest(Record):
    """A pregnancy test after screening. obligation_key: the one it is for, K-D28#1, or "" for the window of its day.

    taken_on: civil date of the specimen at the site. A corrected one stays, voided; `corrects` leads back to it.
    The trail shows that the result changed, not what it is.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="confidential_tests")
    obligation_key = models.CharField(max_length=80, blank=True)
    taken_on = models.DateField()
    specimen = models.CharField(max_length=5, choices=Specimen.choices)
    outcome = models.CharField(max_length=8, choices=TestOutcome.choices)
    note = models.CharField(max_length=500, blank=True)
    entered_by = models.CharField(max_length=150)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["ConfidentialTest"].as_manager()

    class Meta:
        constraints = [_void_has_reason("confidential_test_void_has_reason")]
        indexes = [models.Index(fields=["participant", "taken_on"])]

    def __str__(self) -> str:
        return f"Confidential test {self.pk}"

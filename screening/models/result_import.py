"""Files of laboratory results on their way in: received, checked, imported."""

from django.conf import settings
from django.db import models

from screening.states import ImportState
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class ResultImportQuerySet(SiteScopedQuerySet["ResultImport"]):
    pass


class ResultImport(Record):
    """One file. digest: SHA-256. rows_expected: a guess for the progress bar; rows_read: how far the work is.

    counts: rows by what becomes of them. faults, notes: the first of them, with row, subject, test and words;
    the report lists every row. progressed_at: when the work last gave a sign of life. attempts: how often it was
    begun without coming to an end.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="result_imports")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=150)
    digest = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    encoding = models.CharField(max_length=10)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in ImportState], default=ImportState.WAITING.value
    )
    rows_expected = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    refusal = models.CharField(max_length=500, blank=True)
    counts = models.JSONField(default=dict)
    faults = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    progressed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    imported_by = models.CharField(max_length=150, blank=True)

    objects = ResultImportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["site", "recorded_at"])]
        constraints = [
            models.CheckConstraint(
                name="result_import_state_known", condition=models.Q(state__in=[s.value for s in ImportState])
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def import_state(self) -> ImportState:
        return ImportState(self.state)


class PieceKind(models.TextChoices):
    FILE = "file", "The file as received"
    REPORT = "report", "The report, row by row (gzip)"


class ResultImportPieceQuerySet(SiteScopedQuerySet["ResultImportPiece"]):
    site_path = "result_import__site"


class ResultImportPiece(Record):
    """A piece of the file or of its report. In the database every web server and worker finds it."""

    result_import = models.ForeignKey(ResultImport, on_delete=models.PROTECT, related_name="pieces")
    kind = models.CharField(max_length=6, choices=PieceKind.choices)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    objects = ResultImportPieceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["result_import", "kind", "number"], name="result_import_piece_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

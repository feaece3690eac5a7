"""Data queries: questions on one field of one record, with everything that was said about them.

Not to be confused with the modules `queries`, which read the database.
"""

from django.db import models

from participants.models.participant import Participant
from participants.states import QueryAct, QueryState
from trialsite.accounts.models import Site, User
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class DataQueryState(models.TextChoices):
    """The states of `participants.states`, in words."""

    OPEN = QueryState.OPEN.value, "Open"
    ANSWERED = QueryState.ANSWERED.value, "Answered"
    CLOSED = QueryState.CLOSED.value, "Closed"


class DataQueryQuerySet(SiteScopedQuerySet["DataQuery"]):
    def unsettled(self) -> "DataQueryQuerySet":
        """What still waits for an answer or for whoever asked."""
        return self.exclude(state=DataQueryState.CLOSED)


class DataQuery(Record):
    """kind, ref, field: the record and the field it hangs on, as `participants.queries.data_records` knows them.

    rule_id: of the data rule that asks it, "" where a person does. question, about: as asked last, and the values it
    was asked about. opener: the person who asked. is_settled: closed because the data conform.
    """

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="data_queries", db_index=False
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=30)
    ref = models.CharField(max_length=64)
    field = models.CharField(max_length=60)
    rule_id = models.CharField(max_length=30, blank=True)
    question = models.CharField(max_length=1000)
    about = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=DataQueryState.choices, default=DataQueryState.OPEN)
    opener = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    opened_by = models.CharField(max_length=150)
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    is_settled = models.BooleanField(default=False)

    objects = DataQueryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ref", "rule_id", "field"],
                condition=~models.Q(rule_id=""),
                name="data_query_asked_once",
            ),
            models.CheckConstraint(
                name="data_query_closed_with_time",
                condition=models.Q(state=DataQueryState.CLOSED, closed_at__isnull=False)
                | (~models.Q(state=DataQueryState.CLOSED) & models.Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="data_query_asked_by_one",
                condition=models.Q(rule_id="") ^ models.Q(opener__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["participant", "state"], name="data_query_of_participant"),
            models.Index(fields=["site", "state", "opened_at", "id"], name="data_query_list"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.field}: {self.state}"

    @property
    def query_state(self) -> QueryState:
        return QueryState(self.state)

    @property
    def said(self) -> "list[DataQueryMessage]":
        """What was said, in the order it was fetched in; fetch it with the question."""
        return list(self.messages.all())


class DataQueryMessageQuerySet(SiteScopedQuerySet["DataQueryMessage"]):
    site_path = "data_query__site"


class DataQueryMessage(Record):
    """One thing that was said, or that the data did. Never changed. act: "open" or a `QueryAct`.

    number: in the order of the thread; the version the question had after it.
    """

    OPENED = "open"

    # Its index is the first column of the constraint.
    data_query = models.ForeignKey(
        DataQuery, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    number = models.PositiveIntegerField()
    act = models.CharField(
        max_length=10, choices=[(one, one) for one in ("open", *(a.value for a in QueryAct))]
    )
    text = models.CharField(max_length=1000, blank=True)
    written_by = models.CharField(max_length=150)

    objects = DataQueryMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["data_query", "number"], name="data_query_message_once")
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.written_by}"

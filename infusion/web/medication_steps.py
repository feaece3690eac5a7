"""Concomitant medication: its panel, and the forms to record one and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import AdverseEvent, ConcomitantMedication
from infusion.queries.medications import medication_lines
from infusion.rules.medication import MedicationClass
from infusion.services.medications import end_medication, record_medication
from infusion.web.forms import LineField
from participants.models import Participant
from participants.queries.data_queries import flags_of
from participants.queries.pages import participant_for
from participants.web.forms import ReasonField
from participants.web.targets import OfParticipant
from screening.web.acts import BANNER, ActLink, why_not, with_banner, without
from screening.web.forms import AmountField
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import ProhibitedMedication
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import SiteDateField, StepForm
from trialsite.web.steps import Step

CLASSES = {
    MedicationClass.OTHER: "Other",
    MedicationClass.CORTICOSTEROID: "Systemic corticosteroid",
    MedicationClass.IMMUNOSUPPRESSANT: "Other systemic immunosuppressant",
    MedicationClass.ANTICANCER: "Systemic anticancer drug",
    MedicationClass.INVESTIGATIONAL: "Drug of another trial",
    MedicationClass.LIVE_VACCINE: "Live attenuated vaccine",
}


class MedicationForm(StepForm):
    name = LineField("Medication", most=200, required=True)
    medication_class = forms.ChoiceField(
        label="Class", choices=[(one.value, words) for one, words in CLASSES.items()]
    )
    started_on = SiteDateField(label="First day")
    ended_on = SiteDateField(label="Last day", required=False, help_text="Empty while it goes on.")
    dose = LineField("Dose and route", most=100)
    prednisone_mg_per_day = AmountField(
        "Daily dose as prednisone",
        "mg",
        digits=7,
        places=2,
        required=False,
        help_text="Of a systemic corticosteroid.",
    )
    indication = LineField("Given for", most=200)
    adverse_event = forms.ChoiceField(label="Adverse event it treats", required=False)
    reason = ReasonField(help_text="Needed for what the protocol prohibits. It becomes a deviation.")

    not_after_today = ("started_on", "ended_on")

    def __init__(self, *args: Any, events: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("adverse_event", [("", "None"), *events])


class MedicationEndForm(StepForm):
    ended_on = SiteDateField(label="Last day")
    reason = ReasonField()

    not_after_today = ("ended_on",)


@dataclass(frozen=True, slots=True)
class Chart:
    """A participant, the events that a medication may treat, and what the protocol prohibits."""

    participant: Participant
    events: tuple[tuple[str, str], ...]

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_chart(user: User, code: str) -> Chart:
    participant = participant_for(user, code)
    events = AdverseEvent.objects.filter(participant=participant, voided_at=None).order_by("-onset_at", "id")
    return Chart(participant, tuple((str(one.pk), str(one)) for one in events))


def find_medication(user: User, code: str, *, medication_id: UUID) -> OfParticipant[ConcomitantMedication]:
    participant = participant_for(user, code)
    medication = ConcomitantMedication.objects.filter(participant=participant, pk=medication_id).first()
    if medication is None:
        raise Http404
    return OfParticipant(medication, participant)


def _record(target: Chart, given: dict[str, Any], *, by: User, at: datetime) -> ConcomitantMedication:
    event_id = given.pop("adverse_event")
    event = AdverseEvent.objects.get(pk=event_id) if event_id else None
    kind = MedicationClass(given.pop("medication_class"))
    return record_medication(
        participant=target.participant,
        medication_class=kind,
        adverse_event=event,
        by=by,
        at=at,
        **without(given),
    )


def _end(
    target: OfParticipant[ConcomitantMedication], given: dict[str, Any], *, by: User, at: datetime
) -> ConcomitantMedication:
    return end_medication(medication=target.record, by=by, at=at, version=given["version"], **without(given))


def _why_ended(user: User, target: OfParticipant[ConcomitantMedication]) -> str:
    return "Its last day is on record already" if target.record.ended_on else ""


def _medication_beside(
    request: HttpRequest, target: OfParticipant[ConcomitantMedication]
) -> Mapping[str, object]:
    return {"medication": target.record}


RECORD = Step(
    name="medication-record",
    title="Record a medication",
    permission=Permission.RECORD_SAFETY,
    form_class=MedicationForm,
    find=find_chart,
    run=_record,
    submit="Record medication",
    done="Medication recorded.",
    explanation="What is given beside the trial's own treatment. Prohibited by assumption: live vaccines, other "
    "anticancer and investigational drugs, steroids above 10 mg prednisone a day and other immunosuppressants, "
    "these two not as rescue of an open CRS or ICANS.",
    banner=BANNER,
    form_options=lambda target: {"events": target.events},
    context=with_banner(),
)
END = Step(
    name="medication-end",
    title="Record the end of a medication",
    permission=Permission.RECORD_SAFETY,
    form_class=MedicationEndForm,
    find=find_medication,
    run=_end,
    submit="Save the last day",
    done="Last day recorded.",
    explanation="The last day on which it was given.",
    banner=BANNER,
    blocked=_why_ended,
    context=with_banner(_medication_beside),
    template="infusion/medication_step.html",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicationShown:
    medication: ConcomitantMedication
    class_words: str
    against: Sequence[ProhibitedMedication]
    is_rescue: bool


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the concomitant medication, with what the protocol has against it."""
    user = signed_in(request)
    participant = participant_for(user, code)
    record = ActLink(
        text="Record medication",
        href=reverse("medication-record", args=[code]),
        reason=why_not(user, Permission.RECORD_SAFETY, participant),
        icon="plus",
    )
    lines = [
        MedicationShown(
            medication=one.medication,
            class_words=CLASSES[MedicationClass(one.medication.medication_class)],
            against=one.against,
            is_rescue=one.is_rescue,
        )
        for one in medication_lines(participant, clock.now())
    ]
    context = {
        "participant": participant,
        "lines": lines,
        "acts": [record],
        "may_record": user.access.may(Permission.RECORD_SAFETY, participant.site_id),
        "flags": flags_of(participant),
    }
    return render(request, "infusion/medication_panel.html", context)

"""The acts at the bedside before an infusion: stop checks, and wristband against bag by scan."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from infusion.models import IdentityCheck
from infusion.rules.readiness import StopAnswer
from infusion.services.readiness import confirm_identity, record_stop_checks
from infusion.web.forms import LineField, NoteField
from infusion.web.room_steps import to_room
from infusion.web.targets import InTreatment, find_treatment
from screening.web.acts import BANNER, with_banner
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.protocol.types import StopCheck
from trialsite.web.forms import StepForm
from trialsite.web.steps import Step

_ANSWERS = [
    (StopAnswer.ABSENT.value, "No"),
    (StopAnswer.PRESENT.value, "Yes: stop"),
    (StopAnswer.NOT_ASSESSED.value, "Not assessed"),
]


class StopChecksForm(StepForm):
    """One question for each stop check of the protocol."""

    note = NoteField()

    def __init__(self, *args: Any, stops: tuple[StopCheck, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for stop in stops:
            self.fields[stop.id] = forms.ChoiceField(
                label=stop.question,
                choices=_ANSWERS,
                widget=forms.RadioSelect,
                help_text=stop.note,
                error_messages={"required": "Choose one of these."},
            )
        self.order_fields([stop.id for stop in stops])


class IdentityForm(StepForm):
    """Scanned or typed; Enter after a scan leads on to the next field, then to the button."""

    wristband = LineField("Wristband", most=100, required=True, help_text="Scan the subject code.")
    bag = LineField("Bag", most=100, required=True, help_text="Scan the code on the bag.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("wristband", "bag"):
            self.fields[name].widget.attrs |= {"autocapitalize": "characters", "spellcheck": "false"}
        self.fields["wristband"].widget.attrs["autofocus"] = True


def _stops(target: InTreatment[None]) -> Mapping[str, object]:
    return {"stops": target.treatment.version.stop_checks}


def _answer(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> object:
    known = [stop.id for stop in target.treatment.version.stop_checks]
    answers = {check_id: StopAnswer(given[check_id]) for check_id in known if given.get(check_id)}
    note = given.get("note", "")
    return record_stop_checks(participant=target.participant, answers=answers, note=note, by=by, at=at)


def _confirm(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> IdentityCheck:
    product = target.treatment.released
    if product is None:
        raise RuleViolated("no-product", "No released product is at hand.")
    return confirm_identity(
        participant=target.participant,
        product=product,
        wristband=given["wristband"],
        bag=given["bag"],
        by=by,
        at=at,
    )


def why_not_compare(target: InTreatment[None]) -> str:
    return "" if target.treatment.released else "No released product is at hand"


STOP_CHECKS = Step(
    name="stop-checks",
    title="Answer the stop checks",
    permission=Permission.RECORD_INFUSION,
    form_class=StopChecksForm,
    find=find_treatment,
    run=_answer,
    submit="Save answers",
    done="Stop checks answered.",
    explanation="What is present stops the infusion. The last answer to each question counts. "
    "The questions are assumed; the sponsor must confirm them.",
    banner=BANNER,
    form_options=_stops,
    context=with_banner(),
    next_url=to_room,
    template="infusion/bedside_step.html",
)

IDENTITY = Step(
    name="identity-check",
    title="Compare wristband and bag",
    permission=Permission.RECORD_INFUSION,
    form_class=IdentityForm,
    find=find_treatment,
    run=_confirm,
    submit="Confirm",
    done="Comparison recorded. The ladder shows whether wristband and bag match.",
    explanation="Two different persons compare, each signed in under the own name. A mismatch is recorded and "
    "stops the infusion until two persons have compared anew.",
    banner=BANNER,
    blocked=lambda user, target: why_not_compare(target),
    context=with_banner(),
    next_url=to_room,
    template="infusion/bedside_step.html",
)

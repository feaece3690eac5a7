"""The forms of this app: consent, identity, particulars, how participation ends, versions."""

from collections.abc import Sequence
from typing import Any

from django import forms

from participants.models import DispositionKind, IcfApproval, Sex, Signer
from participants.queries.words import ARMS
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm

_YES_NO = [("yes", "Yes"), ("no", "No")]
_REASON_HELP = "Needed only if something departs from the order or the protocol; the form then says what."


class ReasonField(forms.CharField):
    """Why an entry is made as it is."""

    def __init__(
        self, *, required: bool = False, label: str = "Reason", help_text: str = _REASON_HELP
    ) -> None:
        super().__init__(
            required=required,
            label=label,
            help_text=help_text,
            max_length=500,
            widget=forms.Textarea(attrs={"rows": 2}),
        )


def _text(
    label: str, *, most: int, help_text: str = "", required: bool = False, rows: int = 0
) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(
        label=label, max_length=most, help_text=help_text, required=required, widget=widget
    )


class ReferForm(StepForm):
    referred_at = SiteMomentField(
        label="First contact", help_text="When the site was asked to see this person."
    )
    sex = forms.ChoiceField(label="Sex", choices=Sex.choices, required=False)
    birth_year = forms.IntegerField(
        label="Year of birth",
        required=False,
        min_value=1900,
        max_value=2100,
        help_text="The year only. The full date belongs to the direct identifiers.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": "1961"}),
    )
    intended_arm = forms.ChoiceField(label="Intended arm", choices=list(ARMS.items()), required=False)
    referral_source = _text("Referred by", most=200, help_text="The ward or hospital. No patient names.")

    not_after_today = ("referred_at",)


class EditForm(StepForm):
    sex = forms.ChoiceField(label="Sex", choices=Sex.choices, required=False)
    birth_year = forms.IntegerField(
        label="Year of birth",
        required=False,
        min_value=1900,
        max_value=2100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    referral_source = _text("Referred by", most=200)
    reason = ReasonField(required=True, label="Reason for the change", help_text="Kept with the old values.")


class ConsentForm(StepForm):
    icf = forms.ChoiceField(label="Version of the consent form", help_text="As printed on the signed form.")
    signed_at = SiteMomentField(label="Time of signature")
    signer = forms.ChoiceField(label="Signed by", choices=Signer.choices, initial=Signer.PARTICIPANT)
    representative_relation = _text(
        "Relation of the representative", most=100, help_text="Only if a representative signed."
    )
    impartial_witness = _text(
        "Impartial witness", most=100, help_text="Initials; only if the participant cannot read."
    )
    obtained_by = _text("Obtained by", most=150, help_text="Empty: you.")
    copy_handed_over = forms.BooleanField(label="The participant has a signed copy", required=False)
    reason = ReasonField()

    not_after_today = ("signed_at",)

    def __init__(self, *args: Any, icfs: Sequence[IcfApproval] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["icf"].choices = [  # type: ignore[attr-defined]
            (str(one.icf_id), f"ICF {one.icf.number}, approved {one.approved_on.isoformat()}") for one in icfs
        ]


class CorrectConsentForm(StepForm):
    """Saved only after the dates that move were on screen for the very time that is entered."""

    signed_at = SiteMomentField(label="Time of signature", help_text="As written on the signed form.")
    reason = ReasonField(
        required=True, label="Reason for the correction", help_text="Kept with the old time."
    )

    not_after_today = ("signed_at",)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("signed_at") and self.data.get("previewed") != self.data.get("signed_at"):
            self.add_error(None, "Look at what moves, shown below, then save once more.")
        return cleaned


class IdentityForm(StepForm):
    name = _text("Name", most=100, required=True)
    name_pinyin = _text("Name in pinyin", most=150, help_text="Empty: derived from the Chinese name.")
    national_id = _text("National identity number", most=30)
    phone = _text("Telephone", most=30)
    born_on = SiteDateField(label="Date of birth", required=False)
    reason = ReasonField(label="Reason for the change", help_text="Needed if identifiers are stored already.")

    not_after_today = ("born_on",)


class OpenIdentityForm(StepForm):
    purpose = _text(
        "What do you need the identifiers for?",
        most=300,
        required=True,
        help_text="Recorded with your name and the time before anything is shown.",
    )


class WithdrawForm(StepForm):
    kind = forms.ChoiceField(
        label="Withdrawn from",
        choices=[
            (DispositionKind.WITHDRAWN_FROM_TREATMENT.value, "Treatment only"),
            (DispositionKind.WITHDRAWN_FROM_VISITS.value, "Treatment and visits"),
            (DispositionKind.WITHDRAWN_FROM_DATA_USE.value, "Use of data as well"),
        ],
    )
    occurred_at = SiteMomentField(label="When it was declared")
    decided_by = forms.ChoiceField(
        label="Decided by",
        choices=[(name, name.capitalize()) for name in ("participant", "investigator", "sponsor")],
    )
    explanation = _text(
        "In their words", most=500, rows=3, help_text="Nobody has to give a reason for withdrawing."
    )
    reason = ReasonField()

    not_after_today = ("occurred_at",)


class LostForm(StepForm):
    occurred_at = SiteMomentField(label="Given up for lost on", help_text="The time of the last attempt.")
    contact_attempts = forms.IntegerField(
        label="Documented attempts to reach the participant",
        min_value=0,
        max_value=99,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    explanation = _text("What was tried", most=500, rows=3)
    reason = ReasonField()

    not_after_today = ("occurred_at",)


class TransferForm(StepForm):
    site = forms.ChoiceField(label="Receiving site", help_text="Sites at which you may take somebody over.")
    transferred_at = SiteMomentField(
        label="Handed over", help_text="From then on the new site counts the days."
    )
    reason = ReasonField(required=True, label="Reason")

    not_after_today = ("transferred_at",)

    def __init__(self, *args: Any, sites: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("site", sites)


class DeathForm(StepForm):
    occurred_at = SiteMomentField(label="Time of death")
    cause_of_death = _text("Cause of death", most=200, required=True, help_text='"unknown" while it is open.')
    related_to_treatment = forms.ChoiceField(
        label="Related to the study treatment", choices=[*_YES_NO, ("unknown", "Not known yet")]
    )
    explanation = _text("Circumstances", most=500, rows=3)
    reason = ReasonField()

    not_after_today = ("occurred_at",)


class CloseReferralForm(StepForm):
    occurred_at = SiteMomentField(label="Closed on")
    explanation = _text("Why screening does not go ahead", most=500, rows=3)
    reason = ReasonField()

    not_after_today = ("occurred_at",)


class RegisterIcfForm(StepForm):
    number = _text("Version", most=20, required=True, help_text="As printed on the form, for example 2.1.")
    title = _text("Title", most=200, required=True)
    is_substantive = forms.ChoiceField(
        label="Kind of change",
        choices=[("yes", "Substantive"), ("no", "Editorial")],
        help_text="Substantive: it affects participants, so everybody signs anew.",
    )
    protocol_version = forms.ChoiceField(label="Protocol version")
    summary_of_changes = _text("What changed", most=4000, rows=4)

    def __init__(self, *args: Any, protocols: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["protocol_version"].choices = [(one, one) for one in protocols]  # type: ignore[attr-defined]


class ActivateForm(StepForm):
    """What both activations ask. choice: the version that is put in force."""

    choice = forms.ChoiceField(label="Version")
    approved_on = SiteDateField(label="Approved by the ethics committee on")
    activated_at = SiteMomentField(label="In force at the site from")
    reason = ReasonField(label="Remark", help_text="")

    not_after_today = ("approved_on", "activated_at")

    def __init__(self, *args: Any, versions: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["choice"].choices = list(versions)  # type: ignore[attr-defined]


class ActivateProtocolForm(ActivateForm):
    rounds_begin_at = SiteMomentField(
        label="Bedside rounds are logged here since",
        required=False,
        help_text="Infusions begun before owe no rounds here: theirs are in the records of the ward. Empty: as before, "
        "at first from the beginning.",
    )

    field_order = ("choice", "approved_on", "activated_at", "rounds_begin_at", "reason")

"""The part of a form that signs: who, password, second factor, meaning. Every signed act uses this one."""

from typing import Any

from allauth.core import context
from django import forms
from django.forms.widgets import HiddenInput, PasswordInput

from trialsite.errors import DomainError
from trialsite.signing.models import SigningStatement
from trialsite.signing.proof import asks_everything, has_second_factor, prove
from trialsite.signing.rules import STATEMENT, Meaning, meaning_of
from trialsite.web.forms import StepForm

# Left out of every digest of what was entered, and never shown again: trialsite/web/once.py.
_CREDENTIALS = ("signing_password", "signing_code")


class PasswordField(forms.CharField):
    """Asked for, but an empty one is an attempt too: it is for `prove` to refuse and to log."""

    def validate(self, value: Any) -> None:
        pass


class SignedForm(StepForm):
    """A form whose act is signed. Derive from it, name `meanings`, and pass `signing_of(cleaned)` on to the service.

    Asks the user name and, where there is one, the second factor at the first signing of a session; later the password
    alone; before the very first signing of a person, that it is as good as handwriting. They are checked while the form
    is, which is before the transaction of the act: a wrong password is counted whatever becomes of the rest. So such
    a form has no part beside it that asks anew at each change.
    """

    meanings: tuple[Meaning, ...] = (Meaning.APPROVAL,)

    meaning = forms.ChoiceField(label="Meaning of your signature")
    signer = forms.CharField(
        label="Your user name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    signing_password = PasswordField(
        label="Your password",
        max_length=200,
        strip=False,
        widget=PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    signing_code = forms.CharField(
        label="Code of your second factor",
        max_length=20,
        widget=PasswordInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    states_equivalence = forms.BooleanField(label=STATEMENT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        request = context.request
        self.user = request.user
        is_first = asks_everything(request)
        if not is_first:
            del self.fields["signer"]
        if not (is_first and has_second_factor(self.user)):
            del self.fields["signing_code"]
        if SigningStatement.objects.filter(user=self.user).exists():
            del self.fields["states_equivalence"]
        self._offer(self.meanings)
        # What is signed is entered first, who signs last.
        own = ("meaning", "states_equivalence", "signer", "signing_password", "signing_code")
        self.order_fields([*(name for name in self.fields if name not in own), *own])

    def _offer(self, meanings: tuple[Meaning, ...]) -> None:
        choices = [(one.value, f"{one.value.capitalize()}: {one.words}") for one in meanings]
        if len(choices) == 1:
            self.fields["meaning"] = forms.CharField(initial=choices[0][0], widget=HiddenInput)
            self.only_meaning = choices[0][1]
        else:
            self.choose("meaning", choices)

    def clean_meaning(self) -> str:
        given = str(self.cleaned_data["meaning"])
        if given not in {one.value for one in self.meanings}:
            raise forms.ValidationError("Choose one of these.")
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = {name: cleaned.pop(name, "") for name in ("signer", *_CREDENTIALS)}
        if self.errors:
            return cleaned
        try:
            cleaned["proof"] = prove(
                context.request,
                name=given["signer"],
                password=given["signing_password"],
                code=given["signing_code"],
                token=str(cleaned.get("once") or ""),
            )
        except DomainError as refused:
            field = {"password": "signing_password", "code": "signing_code"}.get(
                refused.field or "", refused.field
            )
            self.add_error(field if field in self.fields else None, refused.message)
        return cleaned


def signing_of(cleaned: dict[str, Any]) -> dict[str, Any]:
    """Take what belongs to the signature out of what a `SignedForm` gave: keyword arguments for `sign`."""
    return {
        "meaning": meaning_of(cleaned.pop("meaning")),
        "proof": cleaned.pop("proof"),
        "states_equivalence": bool(cleaned.pop("states_equivalence", False)),
    }


class SignForm(SignedForm):
    """Signing a record as it is shown. seen: the digest of what is shown; opened_at: when it was."""

    seen = forms.CharField(widget=HiddenInput, max_length=64)
    opened_at = forms.DateTimeField(required=False, widget=HiddenInput)
    reason = forms.CharField(
        label="Reason",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Needed where you reject the record.",
    )

    def __init__(self, *args: Any, meanings: tuple[Meaning, ...], **kwargs: Any) -> None:
        self.meanings = meanings
        super().__init__(*args, **kwargs)
        if Meaning.REJECTION not in meanings:
            del self.fields["reason"]


class WithdrawForm(SignedForm):
    """Taking the own signature back."""

    meanings = (Meaning.WITHDRAWAL,)
    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class LockForm(SignedForm):
    meanings = (Meaning.LOCKING,)
    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class UnlockForm(SignedForm):
    meanings = (Meaning.UNLOCKING,)
    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))

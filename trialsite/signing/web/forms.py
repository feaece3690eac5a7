"""The part of a form that signs: who, password, second factor, meaning. Every signed act uses this one."""

from typing import Any

from allauth.core import context
from django import forms
from django.forms.widgets import HiddenInput, PasswordInput

from trialsite import clock
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission
from trialsite.errors import DomainError
from trialsite.signing.models import SigningStatement
from trialsite.signing.proof import asks_everything, has_second_factor, prove
from trialsite.signing.queries import why_not_sign
from trialsite.signing.rules import STATEMENT, Meaning, meaning_of
from trialsite.web.forms import StepForm

# Left out of every digest of what was entered, and never shown again: trialsite/web/once.py.
_CREDENTIALS = ("signing_password", "signing_code")
# In the order in which they stand at the end of a form.
OF_SIGNATURE = (
    "when_signed",
    "meaning",
    "states_equivalence",
    "signer",
    "signing_password",
    "signing_code",
)


class AskedField(forms.CharField):
    """Asked for, but an empty one is an attempt too: it is for `prove` to refuse and to log."""

    def validate(self, value: Any) -> None:
        pass


class SignedForm(StepForm):
    """A form whose act is signed. Derive from it, name `meanings`, and pass `signing_of(cleaned)` on to the service.

    Asks the user name and, where there is one, the second factor at the first signing of a session; later the password
    alone; before the very first signing of a person, that it is as good as handwriting. They are checked while the form
    is, which is before the transaction of the act: a wrong password is counted whatever becomes of the rest. A part
    beside the form, which asks anew at each change, only reads it (`is_only_read`) and is never sent the components.
    """

    meanings: tuple[Meaning, ...] = (Meaning.APPROVAL,)

    meaning = forms.ChoiceField(label="Meaning of your signature")
    signer = forms.CharField(
        label="Your user name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    signing_password = AskedField(
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
        self.order_fields([*(name for name in self.fields if name not in OF_SIGNATURE), *OF_SIGNATURE])

    def _offer(self, meanings: tuple[Meaning, ...]) -> None:
        choices = [(one.value, f"{one.value.capitalize()}: {one.words}") for one in meanings]
        if len(choices) == 1:
            self.fields["meaning"] = forms.CharField(initial=choices[0][0], widget=HiddenInput)
            self.fields["signing_password"].help_text = f"Meaning of your signature: {choices[0][1]}"
        else:
            self.choose("meaning", choices)

    def signs_now(self, cleaned: dict[str, Any]) -> bool:
        """Return whether the components are checked: always, unless a form leaves the choice."""
        return True

    def clean_meaning(self) -> str:
        given = str(self.cleaned_data["meaning"])
        if given not in {one.value for one in self.meanings}:
            raise forms.ValidationError("Choose one of these.")
        return given

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        given = {name: cleaned.pop(name, "") for name in ("signer", *_CREDENTIALS)}
        if self.errors or self.is_only_read or not self.signs_now(cleaned):
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


class SignedActForm(SignedForm):
    """An act that is signed as it is made. seen: digest of what it rests on, as the page showed it."""

    seen = forms.CharField(widget=HiddenInput, max_length=64)


class MaySignForm(SignedForm):
    """An act that stands also without a signature: whoever may sign it here chooses to sign now or later.

    Nobody else is asked; the record then stands under *To be signed*. site: whose record it becomes. seen: as in
    `SignedActForm`, where there was something to see before.
    """

    permission = Permission.SIGN_DATA
    meanings = (Meaning.RESPONSIBILITY,)

    when_signed = forms.ChoiceField(
        label="Signature",
        choices=[("now", "I sign this record now"), ("later", "It is signed later")],
        initial="now",
    )
    signer = AskedField(
        label="Your user name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    signing_code = AskedField(
        label="Code of your second factor",
        max_length=20,
        widget=PasswordInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    states_equivalence = forms.BooleanField(label=STATEMENT, required=False)
    seen = forms.CharField(widget=HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.user.access.may(self.permission, site.pk) or why_not_sign(self.user, clock.now()):
            for name in OF_SIGNATURE:
                self.fields.pop(name, None)

    @property
    def asks_to_sign(self) -> bool:
        return "when_signed" in self.fields

    def signs_now(self, cleaned: dict[str, Any]) -> bool:
        return cleaned.get("when_signed") == "now"


def signing_if_any(cleaned: dict[str, Any]) -> dict[str, Any] | None:
    """Take what belongs to the signature out of what a `MaySignForm` gave; None where it is not signed now."""
    is_signed = "proof" in cleaned
    cleaned.pop("when_signed", None)
    if is_signed:
        return signing_of(cleaned)
    for name in ("meaning", "states_equivalence"):
        cleaned.pop(name, None)
    return None


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

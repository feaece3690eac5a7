"""The forms of user administration."""

from typing import Any

from django import forms

from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission, Role
from trialsite.web.forms import StepForm

EVERY_SITE = "every"


class RoleForm(StepForm):
    """A role and the site it is held at. Offers the sites whose users `manager` manages."""

    role = forms.ChoiceField(label="Role")
    site = forms.ChoiceField(label="At")

    def __init__(self, *args: Any, manager: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sites = list(Site.objects.where_may(manager, Permission.MANAGE_USERS).order_by("code"))
        self.sites = {str(site.pk): site for site in sites}
        manages_all = Site.objects.count() == len(sites)
        roles = [role for role in Role if manages_all or role is not Role.AUDITOR]
        self.choose("role", [(role.value, role.value.capitalize()) for role in roles])
        places = [(key, f"{site.code} {site.name}") for key, site in self.sites.items()]
        self.choose("site", [*places, *([(EVERY_SITE, "Every site (auditor)")] if manages_all else [])])

    def clean_site(self) -> Site | None:
        """Return the site, None for every site."""
        return self.sites.get(self.cleaned_data["site"])

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class AddUserForm(RoleForm):
    """A new person with a first role."""

    display_name = forms.CharField(
        label="Name", max_length=120, help_text="As it is printed on records and signatures."
    )
    username = forms.CharField(
        label="Username",
        max_length=64,
        help_text="For signing in. It stays with this person and is never given to another.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    email = forms.EmailField(label="E-mail", required=False)
    password = forms.CharField(
        label="First password",
        max_length=128,
        help_text="Hand it over in person; they replace it under Sign-in and security.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    field_order = ("display_name", "username", "email", "role", "site", "password")


class ReasonForm(StepForm):
    """Why."""

    reason = forms.CharField(label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

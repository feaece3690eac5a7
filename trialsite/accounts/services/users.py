"""User accounts: one per person, deactivated when the person leaves, never deleted, never given to another."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Actor, Permission, require_anywhere
from trialsite.accounts.rules import clean_line, clean_username
from trialsite.accounts.services.authority import require_manages, require_other_person, require_reason
from trialsite.accounts.services.passwords import require_strong
from trialsite.accounts.services.uniqueness import one_of_a_kind
from trialsite.audit.acting import acting
from trialsite.errors import Conflict, InvalidTransition, RuleViolated


def create_user(
    *,
    username: str,
    display_name: str,
    password: str,
    email: str = "",
    by: Actor,
    at: datetime,
    reason: str = "",
) -> User:
    """Add a person who can sign in and holds no role yet. Needs MANAGE_USERS at any site.

    Raises RuleViolated("username-invalid", "text-invalid", "email-invalid", "password-weak"),
    Conflict("username-taken"): also where the name belonged to somebody who left.
    """
    require_anywhere(by, Permission.MANAGE_USERS)
    user = User(
        username=clean_username(username),
        display_name=clean_line(display_name, field="display_name", longest=120),
        email=_clean_email(email),
        recorded_at=at,
    )
    require_strong(password, user)
    user.set_password(password)
    taken = Conflict(
        "username-taken",
        "This user name is or was in use. Choose another; names are not reused.",
        field="username",
    )
    with one_of_a_kind(taken), acting(by=by, at=at, action="accounts.user_created", reason=reason):
        user.save_new()
    return user


def deactivate_user(*, user: User, by: Actor, at: datetime, reason: str) -> None:
    """Lock the person out from the next request on; roles and history stay.

    Needs MANAGE_USERS at every site where the person has a role.
    Raises NotPermitted("own-account"), RuleViolated("reason-required"), InvalidTransition("user-inactive").
    """
    _change_active(user, False, "accounts.user_deactivated", by=by, at=at, reason=reason)


def reactivate_user(*, user: User, by: Actor, at: datetime, reason: str) -> None:
    """Let a person who came back sign in again under the same account. Needs what `deactivate_user` needs.

    Raises NotPermitted("own-account"), RuleViolated("reason-required"), InvalidTransition("user-active").
    """
    _change_active(user, True, "accounts.user_reactivated", by=by, at=at, reason=reason)


def set_shared(*, user: User, is_shared: bool, by: Actor, at: datetime, reason: str) -> None:
    """Note whether several people know the password of this account: such an account signs nothing.

    Needs what `deactivate_user` needs. Raises NotPermitted("own-account"), RuleViolated("reason-required"),
    InvalidTransition("user-shared-already").
    """
    require_reason(reason)
    require_other_person(by, user)
    with acting(by=by, at=at, action="accounts.user_shared", reason=reason):
        require_manages(by, user)
        if user.is_shared == is_shared:
            raise InvalidTransition("user-shared-already", "This is what is on record already.")
        user.is_shared = is_shared
        user.save_changes(["is_shared"])


def _change_active(user: User, active: bool, action: str, *, by: Actor, at: datetime, reason: str) -> None:
    require_reason(reason)
    require_other_person(by, user)
    with acting(by=by, at=at, action=action, reason=reason):
        require_manages(by, user)
        if user.is_active == active:
            state = "active" if active else "inactive"
            raise InvalidTransition(f"user-{state}", f"This account is {state} already.")
        user.is_active = active
        user.save_changes(["is_active"])


def _clean_email(email: str) -> str:
    address = email.strip()
    if address:
        try:
            validate_email(address)
        except ValidationError as error:
            raise RuleViolated("email-invalid", "Enter a valid e-mail address.", field="email") from error
    return address

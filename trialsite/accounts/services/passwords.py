"""Passwords: set by their owner, or once more by an administrator when forgotten."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Actor
from trialsite.accounts.services.authority import require_manages, require_reason
from trialsite.audit.acting import acting
from trialsite.errors import RuleViolated

LONGEST_PASSWORD = 200  # hashing has to read all of it


def set_password(*, user: User, password: str, by: Actor, at: datetime, reason: str = "") -> None:
    """Replace the password; every other session of the user ends with the next request.

    Own password: no permission. Somebody else's: MANAGE_USERS at every site of theirs, and a reason; its owner then
    signs nothing for a day.
    Raises RuleViolated("password-weak", "reason-required").
    """
    require_strong(password, user)
    is_own = by.actor_id == user.actor_id
    if not is_own:
        require_reason(reason)
    action = "accounts.password_changed" if is_own else "accounts.password_reset"
    with acting(by=by, at=at, action=action, reason=reason):
        if not is_own:
            require_manages(by, user)
        user.set_password(password)
        if not is_own:
            user.password_reset_at = at
        user.save_changes(["password"] if is_own else ["password", "password_reset_at"])


def require_strong(password: str, user: User) -> None:
    """Pass if the password meets the password rules. Raises RuleViolated("password-weak")."""
    if len(password) > LONGEST_PASSWORD:
        raise RuleViolated(
            "password-weak", f"A password has at most {LONGEST_PASSWORD} characters.", field="password"
        )
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise RuleViolated("password-weak", " ".join(error.messages), field="password") from error

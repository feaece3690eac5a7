"""The stored nouns of this app: sites, users, roles at sites, API tokens, sign-ins."""

from trialsite.accounts.models.api_token import ApiToken
from trialsite.accounts.models.membership import Membership
from trialsite.accounts.models.sign_in_record import SignInOutcome, SignInRecord
from trialsite.accounts.models.site import Site
from trialsite.accounts.models.user import User

__all__ = ["ApiToken", "Membership", "SignInOutcome", "SignInRecord", "Site", "User"]

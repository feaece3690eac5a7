"""Who may come in: passwords, second factor, lockout, sessions."""

from datetime import timedelta

import environ

# How many proxies of our own stand in front; one entry of X-Forwarded-For is believed for each.
TRUSTED_PROXY_COUNT = environ.Env().int("TRUSTED_PROXY_COUNT", default=0)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # asked first: a locked account is not even compared
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "trialsite.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None  # addresses are for reminders; nobody signs in or resets by mail
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
# Locking an account is the lockout's work below, which is counted in the database. These only slow a flood;
# a whole ward may sign in from one address at the change of shift.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "120/m/ip"}

MFA_ADAPTER = "trialsite.accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "trialsite"
MFA_FORMS = {
    "authenticate": "trialsite.accounts.web.forms.AuthenticateForm",
    "reauthenticate": "trialsite.accounts.web.forms.ReauthenticateForm",
}

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = ["username", ["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # else an attacker keeps a person out for good
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "trialsite.accounts.door.lockout_name"
AXES_CLIENT_IP_CALLABLE = "trialsite.accounts.door.client_ip"
AXES_LOCKOUT_CALLABLE = "trialsite.accounts.door.locked_page"
AXES_SENSITIVE_PARAMETERS = ["login", "username", "ip_address", "code"]
AXES_DISABLE_ACCESS_LOG = True  # our own sign-in record is under the trail
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_IDLE_LIMIT = timedelta(minutes=15)
SESSION_IDLE_LIMIT_BY_ROLE: dict[str, timedelta] = {}  # {"auditor": timedelta(minutes=30)}
SESSION_ABSOLUTE_LIMIT = timedelta(hours=12)
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE_LIMIT.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

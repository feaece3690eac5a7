"""Settings that every environment shares; what differs by environment is read in the modules beside this one."""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

INSTALLED_APPS = [
    "trialsite.accounts",
    "trialsite.audit",
    "trialsite.web",
    "trialsite.api",
    "trialsite.health",
    "trialsite.inspection",
    "participants",
    "screening",
    "infusion",
    "followup",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "trialsite.audit.middleware.RequestIdMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "trialsite.web.middleware.PagesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "trialsite.accounts.session_limits.SessionLimitsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "trialsite.urls"
WSGI_APPLICATION = "trialsite.wsgi.application"
AUTH_USER_MODEL = "accounts.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "trialsite.accounts.context.session_expiry",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Where people reach the pages; links in mails start with it.
PUBLIC_URL = env("PUBLIC_URL", default="http://localhost:8000").rstrip("/")

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Serving: the pages and their assets come from this origin only; nothing inline, nothing framed.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# Files of laboratory results: what the browser may send, and what the command reads from the disk.
RESULT_UPLOAD_MAX_BYTES = env.int("RESULT_UPLOAD_MAX_MB", default=64) * 1_000_000
RESULT_FILE_MAX_BYTES = env.int("RESULT_FILE_MAX_MB", default=1000) * 1_000_000

# How bags are coded: a class that fulfils infusion.rules.bag_codes.BagCodeFormat.
BAG_CODE_FORMAT = env("BAG_CODE_FORMAT", default="infusion.rules.bag_codes.OwnBagCode")
# How their labels are laid out: a class that fulfils infusion.rules.labels.BagLabelFormat.
BAG_LABEL_FORMAT = env("BAG_LABEL_FORMAT", default="infusion.rules.labels.OwnBagLabel")

CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SAMESITE = "Lax"

# What the mail server may take for each of its answers; a slow one costs a minute, not a worker.
EMAIL_TIMEOUT = 10

# Sent by the sweep, never by a request. No broker result is ever read.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "trialsite.health.beat:BeatingScheduler"
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_ANNOTATIONS = {
    "participants.tasks.reconcile_everybody": {"soft_time_limit": 3500, "time_limit": 3600},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Logs say which code, table or task; never a name, a form field or a row (see logs.py).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "trialsite.settings.logs.WithoutRowDetail",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}

from trialsite.settings.accounts import *  # noqa: E402, F403  (settings are layered by star import)
from trialsite.settings.api import *  # noqa: E402, F403  (settings are layered by star import)
from trialsite.settings.web import *  # noqa: E402, F403  (settings are layered by star import)

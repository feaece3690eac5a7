"""Production: refuses to start on a missing secret, and speaks only over TLS. docs/deploy.md has every variable."""

import base64
import binascii

from django.core.exceptions import ImproperlyConfigured

from trialsite.settings.base import *  # noqa: F403  (settings are layered by star import)
from trialsite.settings.base import env
from trialsite.settings.databases import broker_options, database_from


def _required(name: str, remedy: str) -> str:
    value = str(env(name, default="")).strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {remedy}")
    return value


def _secret_key() -> str:
    remedy = "Set it to at least 50 random characters and keep it out of the repository."
    key = _required("SECRET_KEY", remedy)
    if len(key) < 50 or len(set(key)) < 5 or key.startswith("development-only"):
        raise ImproperlyConfigured(f"SECRET_KEY is too weak. {remedy}")
    return key


def _identity_key() -> str:
    remedy = "Set it to 32 random bytes in base64: openssl rand -base64 32."
    key = _required("IDENTITY_KEY", remedy)
    try:
        length = len(base64.b64decode(key, validate=True))
    except binascii.Error as error:
        raise ImproperlyConfigured(f"IDENTITY_KEY is not base64. {remedy}") from error
    if length != 32:
        raise ImproperlyConfigured(f"IDENTITY_KEY holds {length} bytes, not 32. {remedy}")
    if base64.b64decode(key).startswith(b"development-only"):
        raise ImproperlyConfigured(f"IDENTITY_KEY is the development key. {remedy}")
    return key


def _allowed_hosts() -> list[str]:
    remedy = "Set it to the host names that users type, with commas between them."
    hosts = [host.strip() for host in _required("ALLOWED_HOSTS", remedy).split(",") if host.strip()]
    if "*" in hosts or not hosts:
        raise ImproperlyConfigured(f"ALLOWED_HOSTS must name hosts, not all of them. {remedy}")
    return hosts


if env("FAILPOINT", default=""):
    raise ImproperlyConfigured("FAILPOINT kills processes, for tests alone. Unset it.")

DEBUG = False
SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = _allowed_hosts()
CSRF_TRUSTED_ORIGINS = [f"https://{host.lstrip('.')}" for host in ALLOWED_HOSTS]
IDENTITY_KEY = _identity_key()

_required("DATABASE_URL", "Set it to postgres://user:password@host:5432/name.")
if not env("DATABASE_URL").startswith(("postgres://", "postgresql://")):
    raise ImproperlyConfigured(
        "DATABASE_URL must be a PostgreSQL address: postgres://user:password@host:5432/name."
    )
DATABASES = {
    "default": database_from(env("DATABASE_URL"), pool=env.bool("DATABASE_POOL", default=False)),
}

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="pgmq://")
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL, DATABASES["default"])
if CELERY_BROKER_URL.startswith("amqp"):
    # Quorum queues survive the loss of a broker node.
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_WORKER_DETECT_QUORUM_QUEUES = True
CELERY_BEAT_SCHEDULE_FILENAME = env(
    "CELERY_BEAT_SCHEDULE_FILENAME", default="/var/lib/trialsite/beat-schedule"
)

vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"trialsite@{ALLOWED_HOSTS[0].lstrip('.')}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# The proxy ends TLS and must set (and never pass on) this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
LANGUAGE_COOKIE_SECURE = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

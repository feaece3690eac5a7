"""Development and demonstration: everything on this machine, started by `make run`."""

from trialsite.devservices.folders import state_folder
from trialsite.settings.base import *  # noqa: F403  (settings are layered by star import)
from trialsite.settings.base import env
from trialsite.settings.databases import broker_options, database_from

STATE = state_folder()

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="development-only-secret-key-not-for-production-use-0123456789")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
# 32 bytes, base64: opens the direct identifiers. Development value; production refuses to start without its own.
IDENTITY_KEY = env("IDENTITY_KEY", default="ZGV2ZWxvcG1lbnQtb25seS1pZGVudGl0eS1rZXktMzI=")
INSTALLED_APPS = [*INSTALLED_APPS, "trialsite.devservices", "trialsite.demo"]

_database = env("DATABASE_URL", default="") or STATE.database_url
DATABASES = {"default": database_from(_database, pool=env.bool("DATABASE_POOL", default=False))}

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="pgmq://")
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL, DATABASES["default"])
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE.beat / "schedule")

# `make run` gives the address of its mail sink; without it, mail is written to the same folder directly.
EMAIL_FILE_PATH = str(STATE.mail)
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
if env("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
DEFAULT_FROM_EMAIL = "trialsite@localhost"

# Assets are served from where they lie, so there is nothing to collect and nothing to go stale.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

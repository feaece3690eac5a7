"""The test suite: real PostgreSQL, cheap password hashes, mail and messages kept in memory."""

from trialsite.settings.dev import *  # noqa: F403  (settings are layered by star import)
from trialsite.settings.dev import DATABASES, env

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DATABASES["default"]["TEST"] = {"NAME": env("TRIALSITE_TEST_DB", default="test_trialsite")}
DATABASES["default"]["CONN_MAX_AGE"] = 0

REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])

CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True

# Each test client starts the middleware anew: files are looked up when asked for, not listed at every start.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_MAX_AGE = 600  # a browser asks for each once, not once for each page

"""The test suite: real PostgreSQL, cheap password hashes, mail kept in memory."""

from trialsite.settings.dev import *  # noqa: F403  (settings are layered by star import)
from trialsite.settings.dev import DATABASES, env

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DATABASES["default"]["TEST"] = {"NAME": env("TRIALSITE_TEST_DB", default="test_trialsite")}

"""Development and demonstration: everything on this machine, started by `make run`."""

from trialsite.settings.base import *  # noqa: F403  (settings are layered by star import)
from trialsite.settings.base import env

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="development-only-secret-key-not-for-production-use-0123456789")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
DATABASES = {"default": env.db("DATABASE_URL", default="postgres://postgres@%2Ftmp%2Fdevpg/trialsite")}
# 32 bytes, base64: opens the direct identifiers. Development value; production refuses to start without its own.
IDENTITY_KEY = env("IDENTITY_KEY", default="ZGV2ZWxvcG1lbnQtb25seS1pZGVudGl0eS1rZXktMzI=")

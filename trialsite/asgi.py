"""ASGI entry point, for servers that want it. Nothing in trialsite is asynchronous."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.production")
application = get_asgi_application()

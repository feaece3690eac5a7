"""The API's own app: one table, no trail."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "trialsite.api"
    label = "api"
    verbose_name = "API"

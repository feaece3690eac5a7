from django.apps import AppConfig


class HealthConfig(AppConfig):
    name = "trialsite.health"
    label = "health"

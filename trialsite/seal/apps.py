from django.apps import AppConfig


class SealConfig(AppConfig):
    name = "trialsite.seal"
    label = "seal"

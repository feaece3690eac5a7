"""Users, sites, site roles, the permission table, sign-in."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "trialsite.accounts"
    label = "accounts"
    verbose_name = "Accounts"

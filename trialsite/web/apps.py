"""Registers what the shared part of the interface itself adds to the navigation."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "trialsite.web"
    label = "web"

    def ready(self) -> None:
        from trialsite.accounts.permissions import Permission
        from trialsite.web.navigation import NavItem, register_nav

        register_nav(
            NavItem(
                name="users",
                title="Users",
                url_name="web:users",
                permission=Permission.MANAGE_USERS,
                icon="users-group",
                order=90,
                is_further=True,
            )
        )

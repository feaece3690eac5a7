from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.web import contraception, panels

        panels.register()
        contraception.register()

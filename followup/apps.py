from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.queries.data_kinds import KINDS
        from followup.web import contraception, panels
        from participants.queries.data_records import register_records

        register_records(*KINDS)
        panels.register()
        contraception.register()

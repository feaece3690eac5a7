from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.queries import data_kinds, signables
        from followup.web import contraception, panels
        from participants.queries.data_records import register_records
        from trialsite.signing.kinds import register

        register_records(*data_kinds.KINDS)
        panels.register()
        contraception.register()
        for kind in signables.KINDS:
            register(kind)

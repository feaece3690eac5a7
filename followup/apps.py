from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.queries.signables import KINDS
        from followup.web import contraception, panels
        from trialsite.signing.kinds import register

        panels.register()
        contraception.register()
        for kind in KINDS:
            register(kind)

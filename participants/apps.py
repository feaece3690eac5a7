from django.apps import AppConfig


class ParticipantsConfig(AppConfig):
    name = "participants"

    def ready(self) -> None:
        from participants.queries.signables import DEVIATION
        from participants.web import entries, panels
        from trialsite.protocol.registry import shipped
        from trialsite.protocol.validate import validate
        from trialsite.signing.kinds import register

        for version in shipped():
            validate(version)  # a faulty protocol never starts
        panels.register()
        entries.register()
        register(DEVIATION)

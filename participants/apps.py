from django.apps import AppConfig


class ParticipantsConfig(AppConfig):
    name = "participants"

    def ready(self) -> None:
        from participants.queries.data_kinds import KINDS
        from participants.queries.data_records import register_records
        from participants.queries.gates_again import register_gate, signature_gate
        from participants.queries.signables import DEVIATION
        from participants.services.data_checks import follow_values
        from participants.services.followers import register_follower_of_values
        from participants.web import entries, panels
        from trialsite.protocol.registry import shipped
        from trialsite.protocol.types import EventKind
        from trialsite.protocol.validate import validate
        from trialsite.signing.kinds import register

        for version in shipped():
            validate(version)  # a faulty protocol never starts
        register_records(*KINDS)
        register_follower_of_values(follow_values)
        panels.register()
        entries.register()
        register(DEVIATION)
        register_gate(EventKind.CONSENTED, signature_gate)

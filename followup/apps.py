from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.queries import data_kinds, signables
        from followup.web import contraception, panels
        from participants.queries.data_records import register_records
        from participants.queries.gates_again import holding_gate, register_gate
        from trialsite.protocol.types import Act, EventKind
        from trialsite.signing.kinds import register

        register_records(*data_kinds.KINDS)
        panels.register()
        contraception.register()
        for kind in signables.KINDS:
            register(kind)
        register_gate(EventKind.VISIT_PERFORMED, holding_gate(Act.VISIT))

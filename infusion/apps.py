from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        from infusion.queries import data_kinds, signables
        from infusion.queries.later_tests import later_tests
        from infusion.queries.readiness import corrected_gate
        from infusion.services.laboratory_grades import follow_values
        from infusion.web import panels
        from participants.queries.data_records import register_records
        from participants.queries.gates_again import holding_gate, register_gate
        from participants.services.followers import register_follower_of_values
        from screening.queries.later_tests import register_later_tests
        from trialsite.protocol.types import Act, EventKind
        from trialsite.signing.kinds import register

        register_records(*data_kinds.KINDS)
        panels.register()
        register_follower_of_values(follow_values)
        for kind in signables.KINDS:
            register(kind)
        register_later_tests(later_tests)
        register_gate(EventKind.INFUSED, corrected_gate)
        register_gate(EventKind.LEUKAPHERESIS_PERFORMED, holding_gate(Act.LEUKAPHERESIS))

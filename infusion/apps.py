from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        from infusion.queries.signables import KINDS
        from infusion.services.laboratory_grades import follow_values
        from infusion.web import panels
        from participants.services.followers import register_follower_of_values
        from trialsite.signing.kinds import register

        panels.register()
        register_follower_of_values(follow_values)
        for kind in KINDS:
            register(kind)

from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        from infusion.queries.data_kinds import KINDS
        from infusion.services.laboratory_grades import follow_values
        from infusion.web import panels
        from participants.queries.data_records import register_records
        from participants.services.followers import register_follower_of_values

        register_records(*KINDS)
        panels.register()
        register_follower_of_values(follow_values)

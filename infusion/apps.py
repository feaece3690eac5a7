from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        from infusion.services.laboratory_grades import follow_values
        from infusion.web import panels
        from participants.services.followers import register_follower_of_values

        panels.register()
        register_follower_of_values(follow_values)

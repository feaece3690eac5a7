from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        from infusion.queries.later_tests import later_tests
        from infusion.services.laboratory_grades import follow_values
        from infusion.web import panels
        from participants.services.followers import register_follower_of_values
        from screening.queries.later_tests import register_later_tests

        panels.register()
        register_follower_of_values(follow_values)
        register_later_tests(later_tests)

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "screening"

    def ready(self) -> None:
        from participants.services.followers import register_follower
        from screening.queries.signables import ELIGIBILITY_DECISION
        from screening.services.evaluations import follow_change
        from screening.web import entries, panels
        from trialsite.signing.kinds import register

        panels.register()
        entries.register()
        register_follower(follow_change)
        register(ELIGIBILITY_DECISION)

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    name = "screening"

    def ready(self) -> None:
        from participants.services.followers import register_follower
        from screening.queries.confidential import is_confidential
        from screening.services.evaluations import follow_change
        from screening.web import entries, panels
        from trialsite.accounts.permissions import Permission
        from trialsite.inspection.redaction import hide

        panels.register()
        entries.register()
        register_follower(follow_change)
        hide("screening_evidence", "entry", needs=Permission.RECORD_SAFETY, concerns=is_confidential)

from django.apps import AppConfig


class FollowupConfig(AppConfig):
    name = "followup"

    def ready(self) -> None:
        from followup.web import contraception, panels
        from trialsite.accounts.permissions import Permission
        from trialsite.inspection.redaction import hide

        panels.register()
        contraception.register()
        hide("followup_childbearingstatus", "is_possible", "ground", "note", needs=Permission.RECORD_SAFETY)

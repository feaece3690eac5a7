from django.apps import AppConfig


class SigningConfig(AppConfig):
    name = "trialsite.signing"
    label = "signing"

    def ready(self) -> None:
        from trialsite.audit.trail import with_every_trail
        from trialsite.signing.guard import guard_sql
        from trialsite.signing.kinds import register
        from trialsite.signing.lock_kind import LOCK_KIND
        from trialsite.signing.web import entries

        register(LOCK_KIND)
        entries.register()
        with_every_trail(guard_sql)

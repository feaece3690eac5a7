from django.apps import AppConfig


class InspectionConfig(AppConfig):
    name = "trialsite.inspection"
    label = "inspection"
    verbose_name = "Inspection"

    def ready(self) -> None:
        from trialsite.inspection import entries

        entries.register()

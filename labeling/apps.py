from django.apps import AppConfig


class LabelingConfig(AppConfig):
    name = "labeling"
    verbose_name = "Crowd labelling"

    def ready(self) -> None:
        from emotion import donations
        from labeling import services

        donations.set_keeper(services.keep_donation)

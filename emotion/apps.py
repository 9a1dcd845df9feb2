from django.apps import AppConfig


class EmotionConfig(AppConfig):
    name = "emotion"
    verbose_name = "Emotion prediction"

    def ready(self) -> None:
        from emotion.errors import RULES
        from web import problems

        problems.register(RULES)

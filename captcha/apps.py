from django.apps import AppConfig


class CaptchaConfig(AppConfig):
    name = "captcha"
    verbose_name = "CAPTCHA"

    def ready(self) -> None:
        from captcha.errors import RULES
        from web import problems

        problems.register(RULES)

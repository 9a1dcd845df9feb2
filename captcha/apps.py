from django.apps import AppConfig


class CaptchaConfig(AppConfig):
    name = "captcha"
    verbose_name = "CAPTCHA"

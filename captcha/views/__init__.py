from captcha.views.audio import audio
from captcha.views.challenge import answer, start
from captcha.views.demo import demo
from captcha.views.siteverify import siteverify
from captcha.views.widget import api_js, widget

__all__ = ["answer", "api_js", "audio", "demo", "siteverify", "start", "widget"]

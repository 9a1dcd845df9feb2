from captcha.views.audio import audio
from captcha.views.challenge import answer, start
from captcha.views.demo import demo
from captcha.views.scripts import api_js, pinned_api_js, work_js
from captcha.views.siteverify import siteverify
from captcha.views.widget import widget

__all__ = [
    "answer",
    "api_js",
    "audio",
    "demo",
    "pinned_api_js",
    "siteverify",
    "start",
    "widget",
    "work_js",
]

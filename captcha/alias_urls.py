"""The addresses of other CAPTCHA services, which some of their clients have built in.

Included at the root, so that such a client needs another host name only.
"""

from django.urls import path

from captcha import views

VERIFICATIONS = {
    "recaptcha/api/siteverify": "recaptcha",
    "siteverify": "hcaptcha",
    "turnstile/v0/siteverify": "turnstile",
}
SCRIPTS = ("recaptcha/api.js", "recaptcha/enterprise.js", "1/api.js", "turnstile/v0/api.js")

urlpatterns = [
    *(
        path(address, views.siteverify, {"vendor": vendor})
        for address, vendor in VERIFICATIONS.items()
    ),
    *(path(address, views.api_js) for address in SCRIPTS),
]

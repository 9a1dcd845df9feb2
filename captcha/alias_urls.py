"""The addresses of other CAPTCHA services, which some of their clients have built in.

Included at the root, so that such a client needs another host name only.
"""

from django.urls import path

from captcha import views

urlpatterns = [
    *(
        path(address, views.siteverify)
        for address in (
            "recaptcha/api/siteverify",
            "siteverify",
            "turnstile/v0/siteverify",
        )
    ),
    *(
        path(address, views.api_js)
        for address in ("recaptcha/api.js", "1/api.js", "turnstile/v0/api.js")
    ),
]

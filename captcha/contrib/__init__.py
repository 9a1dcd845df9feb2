"""Fields for Django and Django REST framework that carry and verify a response token.

`captcha.contrib.sites` and the fields need Django alone, so that another project may use them over
HTTP; `LocalSite` is for a project that runs this CAPTCHA as one of its own apps.
"""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    # Before those of `emotion`, which answers for every other address under /api/.
    path("", include("synthesis.urls")),
    path("", include("emotion.urls")),
    path("captcha/", include("captcha.urls")),
    path("", include("captcha.alias_urls")),
    path("portal/", admin.site.urls),
]

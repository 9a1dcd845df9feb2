from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("emotion.urls")),
    path("captcha/", include("captcha.urls")),
    path("", include("captcha.alias_urls")),
    path("portal/", admin.site.urls),
]

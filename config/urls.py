from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from config import api, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("synthesis.urls")),
    # Before `emotion`, whose page of the analysis it opens for donations.
    path("", include("labeling.urls")),
    path("", include("emotion.urls")),
    path("captcha/", include("captcha.urls")),
    path("", include("captcha.alias_urls")),
    path("portal/", admin.site.urls),
    path("api/docs/", views.api_docs, name="api-docs"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/health", api.HealthView.as_view(), name="health"),
    # Last: it answers for every other address under /api/.
    re_path(r"^api/", api.UnknownEndpointView.as_view()),
]

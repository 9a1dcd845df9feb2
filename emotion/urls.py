from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from emotion import api, views

app_name = "emotion"

urlpatterns = [
    path("", views.home, name="home"),
    path("analyze/", views.analyze, name="analyze"),
    path("live/", views.live, name="live"),
    path("api/docs/", views.api_docs, name="api-docs"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/health", api.HealthView.as_view(), name="health"),
    path("api/predict/audio", api.PredictAudioView.as_view(), name="predict-audio"),
    re_path(r"^api/", api.UnknownEndpointView.as_view()),
]

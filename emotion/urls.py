from django.urls import path, re_path

from emotion import views

app_name = "emotion"

urlpatterns = [
    path("", views.home, name="home"),
    path("analyze/", views.analyze, name="analyze"),
    path("live/", views.live, name="live"),
    path("api/health", views.HealthView.as_view(), name="health"),
    path("api/predict/audio", views.PredictAudioView.as_view(), name="predict-audio"),
    re_path(r"^api/", views.UnknownEndpointView.as_view()),
]

from django.urls import path

from emotion import api, views

app_name = "emotion"

urlpatterns = [
    path("analyze/", views.analyze, name="analyze"),
    path("live/", views.live, name="live"),
    path("api/predict/audio", api.PredictAudioView.as_view(), name="predict-audio"),
]

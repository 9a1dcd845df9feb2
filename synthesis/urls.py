from django.urls import path

from synthesis import api, views

app_name = "synthesis"

urlpatterns = [
    path("voices/", views.voices, name="voices"),
    path("voices/<uuid:batch>/", views.spoken, name="spoken"),
    path("api/voices", api.VoicesView.as_view(), name="voice-list"),
    path("api/pool", api.PoolView.as_view(), name="pool"),
    path("api/synthesize", api.SynthesizeView.as_view(), name="synthesize"),
    path("api/synthesize/<uuid:pk>", api.SpeechView.as_view(), name="speech"),
    path("api/synthesize/<uuid:pk>/audio", api.SpeechAudioView.as_view(), name="audio"),
]

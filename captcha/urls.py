from django.urls import path

from captcha import views

app_name = "captcha"

urlpatterns = [
    path("api.js", views.api_js, name="api_js"),
    path("api/challenge", views.start, name="start"),
    path("api/challenge/<uuid:challenge_id>/answer", views.answer, name="answer"),
    path("api/siteverify", views.siteverify, name="siteverify"),
    path("audio/<str:audio_token>", views.audio, name="audio"),
    path("widget/", views.widget, name="widget"),
    path("demo/", views.demo, name="demo"),
]

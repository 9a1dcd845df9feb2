from django.urls import path, re_path

from captcha import views

app_name = "captcha"

urlpatterns = [
    path("api.js", views.api_js, name="api_js"),
    re_path(r"^api\.(?P<version>[0-9a-f]{12})\.js$", views.pinned_api_js, name="pinned_api_js"),
    path("work.js", views.work_js, name="work_js"),
    path("api/challenge", views.start, name="start"),
    path("api/challenge/<uuid:challenge_id>/answer", views.answer, name="answer"),
    path("api/siteverify", views.siteverify, name="siteverify"),
    path("audio/<str:audio_token>", views.audio, name="audio"),
    path("widget/", views.widget, name="widget"),
    path("demo/", views.demo, name="demo"),
]

from django.urls import path

from labeling import views

app_name = "labeling"

urlpatterns = [path("analyze/", views.analyze, name="analyze")]

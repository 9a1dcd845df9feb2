"""Pages that speak for the whole installation."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from emotion.models import Emotion, ModelVersion


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page: what there is, and which model serves."""
    context = {"model": ModelVersion.objects.live().first(), "emotions": Emotion}
    return render(request, "config/home.html", context)


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """The page that draws the OpenAPI schema."""
    return render(request, "config/api_docs.html")

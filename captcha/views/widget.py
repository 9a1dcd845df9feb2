import hashlib
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path

from csp.constants import NONE, SELF
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import condition, require_safe

from captcha.hostnames import hostname_of_origin
from captcha.models import Site
from emotion.models import Emotion

# Short, because the address never changes; browsers ask again with the ETag.
API_JS_CACHE = "public, max-age=300, stale-while-revalidate=86400"
THEMES = ("auto", "light", "dark")


@lru_cache(maxsize=1)
def _api_js() -> tuple[bytes, str]:
    """Return the embedding script and its ETag, read once a process."""
    path = finders.find("captcha/api.js")
    if path is None:
        raise FileNotFoundError("static/captcha/api.js is missing from this installation")
    script = Path(path).read_bytes()
    return script, f'"{hashlib.sha256(script).hexdigest()[:32]}"'


@require_safe
@condition(etag_func=lambda request: _api_js()[1])
def api_js(request: HttpRequest) -> HttpResponse:
    """Send the script that sites embed."""
    response = HttpResponse(_api_js()[0], content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = API_JS_CACHE
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"  # for crossorigin scripts with an integrity
    return response


@never_cache
@require_safe
@xframe_options_exempt
def widget(request: HttpRequest) -> HttpResponse:
    """Send the page inside the widget's frame, to the hosts of its site only."""
    origin = request.GET.get("origin", "")
    hostname = hostname_of_origin(origin)
    site = _site_with(request.GET.get("sitekey", ""))
    problem = _problem_of(site, hostname)
    theme = request.GET.get("theme", "auto")
    context = {
        "problem": problem,
        "origin": origin if hostname else "",
        "hostname": hostname,
        "sitekey": site.sitekey if site else "",
        "theme": theme if theme in THEMES else "auto",
        "emotions": Emotion.choices,
    }
    response = render(
        request,
        "captcha/widget.html",
        context,
        status=HTTPStatus.FORBIDDEN if problem else HTTPStatus.OK,
    )
    # A page that only says what is wrong may stand anywhere: the site's developer must see it.
    ancestors = ["*"] if problem or site is None else [SELF, *site.frame_ancestors()]
    _protect(response, ancestors)
    return response


def _site_with(sitekey: str) -> Site | None:
    if not (sitekey.isascii() and sitekey.isalnum()):  # PostgreSQL takes no null character
        return None
    return Site.objects.active().prefetch_related("hostnames").filter(sitekey=sitekey).first()


def _problem_of(site: Site | None, hostname: str) -> str:
    if site is None:
        return "sitekey"
    return "" if hostname and site.allows(hostname) else "hostname"


def _protect(response: HttpResponse, ancestors: list[str]) -> None:
    # `_csp_replace` is what django-csp's own decorators set; theirs are fixed at import.
    response._csp_replace = {  # type: ignore[attr-defined]
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "media-src": ["blob:"],
        "img-src": [NONE],
        "font-src": [NONE],
        "frame-src": [NONE],
        "worker-src": [NONE],
        "form-action": [NONE],
        "frame-ancestors": ancestors,
    }
    # So that pages which isolate themselves (COEP: require-corp) can embed the widget.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cross-Origin-Embedder-Policy"] = "require-corp"

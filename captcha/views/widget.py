from collections.abc import Sequence
from http import HTTPStatus

from csp.constants import NONE, SELF
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from captcha import services
from captcha.hostnames import hostname_of_origin
from captcha.languages import EMOTION_NAMES, in_visitors_language, keep_to
from captcha.models import Challenge, Site
from captcha.test_keys import TestSite

THEMES = ("auto", "light", "dark")
# What widget.js imports, fetched at once with it.
MODULES = ("challenge.js", "page.js", "panel.js", "player.js", "proof.js", "server.js")
SIZES = ("normal", "compact", "flexible", "invisible")


@never_cache
@require_safe
@xframe_options_exempt
@in_visitors_language
def widget(request: HttpRequest) -> HttpResponse:
    """Send the page inside the widget's frame, to the hosts of its site only."""
    origin = request.GET.get("origin", "")
    hostname = hostname_of_origin(origin)
    site = services.find_site(sitekey=request.GET.get("sitekey", ""))
    problem = _problem_of(site, hostname)
    if isinstance(site, Site):
        keep_to(site.language_choices())
    kinds = kinds_of(site)
    context = {
        "problem": problem,
        "origin": origin if hostname else "",
        "hostname": hostname,
        "sitekey": site.sitekey if site else "",
        "theme": _one_of(THEMES, request.GET.get("theme")),
        "size": _one_of(SIZES, request.GET.get("size")),
        "emotions": EMOTION_NAMES,
        "kinds": kinds,
        "is_silent": site is not None and site.is_scored,
        "modules": MODULES,
        "kind": _one_of(kinds, request.GET.get("kind")),
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


def _one_of(allowed: Sequence[str], wish: str | None) -> str:
    return wish if wish and wish in allowed else allowed[0]


def kinds_of(site: Site | TestSite | None) -> Sequence[str]:
    """Return the kinds of challenge that a site offers, the first by default."""
    return site.kinds() if site else [Challenge.Kind.AUDIO.value]


def _problem_of(site: Site | TestSite | None, hostname: str) -> str:
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
        "worker-src": [SELF],
        "form-action": [NONE],
        "frame-ancestors": ancestors,
    }
    # So that pages which isolate themselves (COEP: require-corp) can embed the widget.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cross-Origin-Embedder-Policy"] = "require-corp"

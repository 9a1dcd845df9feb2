"""The scripts that sites embed or the widget's frame starts, by addresses that never change."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

# Short, because the address never changes; browsers ask again with the ETag.
EVERGREEN = "public, max-age=300, stale-while-revalidate=86400"
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Script:
    """One script with the names that its content gives it."""

    content: bytes

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @property
    def version(self) -> str:
        """The part of an immutable address; the one that `collectstatic` gives its copy."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()[:12]

    @property
    def integrity(self) -> str:
        """The value of a script element's attribute `integrity`."""
        return f"sha384-{b64encode(hashlib.sha384(self.content).digest()).decode()}"


@lru_cache(maxsize=4)
def script(name: str) -> Script:
    """Return a script of this installation, read once a process."""
    path = finders.find(f"captcha/{name}")
    if path is None:
        raise FileNotFoundError(f"static/captcha/{name} is missing from this installation")
    return Script(Path(path).read_bytes())


@gzip_page
@require_safe
@condition(etag_func=lambda request: script("api.js").etag)
def api_js(request: HttpRequest) -> HttpResponse:
    """Send the script that sites embed, as it is now."""
    return _sent(script("api.js"), EVERGREEN)


@gzip_page
@require_safe
def pinned_api_js(request: HttpRequest, version: str) -> HttpResponse:
    """Send one version of the script, for pages that name its hash in `integrity`."""
    current = script("api.js")
    return _sent(current if version == current.version else _earlier(version), IMMUTABLE)


def _earlier(version: str) -> Script:
    # `collectstatic` never deletes, so what an earlier release sent is still there.
    path = Path(settings.STATIC_ROOT) / "captcha" / f"api.{version}.js"
    if not path.is_file():
        raise Http404(f"There is no version {version} of api.js here")
    return Script(path.read_bytes())


@require_safe
@condition(etag_func=lambda request: script("work.js").etag)
def work_js(request: HttpRequest) -> HttpResponse:
    """Send the worker of the proof of work, which the isolated frame takes with COEP only."""
    response = _sent(script("work.js"), EVERGREEN)
    response["Cross-Origin-Embedder-Policy"] = "require-corp"
    response["Content-Security-Policy"] = "default-src 'none'"
    return response


def _sent(sent: Script, cache_control: str) -> HttpResponse:
    response = HttpResponse(sent.content, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = cache_control
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Access-Control-Allow-Origin"] = "*"  # for crossorigin scripts with an integrity
    return response

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from captcha import services
from captcha.forms import DemoForm
from captcha.hostnames import hostname_of_origin
from captcha.models import Site

ACTION = "demo"
REFUSALS = {
    "missing-input-response": "Please confirm that you are human before you send the form.",
    "timeout-or-duplicate": (
        "This confirmation was used already or is older than two minutes. Please confirm again."
    ),
}
OTHER_REFUSAL = "The confirmation was not accepted. Please confirm again."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def demo(request: HttpRequest) -> HttpResponse:
    """Show a form that the widget protects, and accept it once for each solved challenge."""
    site = Site.objects.active().filter(is_demo=True).first()
    if site is None:
        return _page(request, None, DemoForm(), HTTPStatus.SERVICE_UNAVAILABLE)
    if request.method != "POST":
        return _page(request, site, DemoForm())
    form = DemoForm(request.POST)
    if not form.is_valid():
        return _page(request, site, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    # The token last: an invalid form must not use it up.
    refusal = _refusal(request, site)
    if refusal:
        return _page(request, site, form, HTTPStatus.UNPROCESSABLE_ENTITY, refusal=refusal)
    return _page(request, site, DemoForm(), accepted=form.cleaned_data)


def _refusal(request: HttpRequest, site: Site) -> str:
    """Verify as every site's server should: the token, then the host and action it is bound to."""
    token = request.POST.get("inflect-captcha-response", "")
    verification = services.verify_token(token=token, site=site)
    if not verification.success:
        return REFUSALS.get(verification.error_codes[0], OTHER_REFUSAL)
    own_hostname = hostname_of_origin(f"http://{request.get_host()}")
    if verification.hostname != own_hostname or verification.action != ACTION:
        return OTHER_REFUSAL
    return ""


def _page(
    request: HttpRequest,
    site: Site | None,
    form: DemoForm,
    status: HTTPStatus = HTTPStatus.OK,
    **context: object,
) -> HttpResponse:
    context |= {"site": site, "form": form, "action": ACTION}
    return render(request, "captcha/demo.html", context, status=status)

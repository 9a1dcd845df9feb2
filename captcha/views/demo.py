from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from captcha.contrib.forms import CaptchaField
from captcha.contrib.sites import LocalSite
from captcha.forms import DemoForm, DemoLookForm
from captcha.hostnames import hostname_of_origin
from captcha.languages import in_visitors_language
from captcha.models import Site
from captcha.views.scripts import script
from captcha.views.widget import kinds_of

ACTION = "demo"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@in_visitors_language
def demo(request: HttpRequest) -> HttpResponse:
    """Show a form that the widget protects, and accept it once for each solved challenge."""
    site = Site.objects.active().filter(is_demo=True).first()
    if site is None:
        return _page(request, None, DemoForm(), HTTPStatus.SERVICE_UNAVAILABLE)
    look = DemoLookForm(request.GET, kinds=kinds_of(site))
    captcha = _captcha_field(request, site, look.look())
    if request.method != "POST":
        return _page(request, site, DemoForm(captcha=captcha), look=look)
    form = DemoForm(request.POST, captcha=captcha)
    if not form.is_valid():
        return _page(request, site, form, HTTPStatus.UNPROCESSABLE_ENTITY, look=look)
    fresh = DemoForm(captcha=captcha)
    return _page(request, site, fresh, look=look, accepted=form.cleaned_data)


def _captcha_field(request: HttpRequest, site: Site, look: dict[str, str]) -> CaptchaField:
    """The field that any site would write, bound to this page's host and action."""
    attrs = {f"data-{'language' if name == 'hl' else name}": look[name] for name in look}
    return CaptchaField(
        LocalSite(site.sitekey),
        action=ACTION,
        hostnames=[hostname_of_origin(f"http://{request.get_host()}")],
        attrs=attrs,
    )


def _page(
    request: HttpRequest,
    site: Site | None,
    form: DemoForm,
    status: HTTPStatus = HTTPStatus.OK,
    **context: object,
) -> HttpResponse:
    context |= {
        "site": site,
        "form": form,
        "is_invisible": request.GET.get("size") == "invisible",
        "api_js": script("api.js"),
        "server": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "captcha/demo.html", context, status=status)

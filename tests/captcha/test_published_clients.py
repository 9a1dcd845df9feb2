"""Published client libraries of three services, unchanged: they verify here and show our widget.

Only addresses and keys are set, as a site owner would; a library that has its service's host built
in finds our server there by the name service of this test.
"""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import pyturnstile
import trustme
from django import forms
from django.template import Context, Engine
from django_recaptcha.fields import ReCaptchaField
from django_recaptcha.widgets import ReCaptchaV2Checkbox, ReCaptchaV3
from hcaptcha_field import hCaptchaField
from playwright.sync_api import expect

from captcha import services
from captcha.models import Site
from tests.captcha.conftest import HOSTNAME

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

CLOUDFLARE = "challenges.cloudflare.com"


@pytest.fixture
def https(live_server, tmp_path, monkeypatch, settings) -> Iterator[str]:
    """The live server behind TLS, as host and port; the libraries trust its certificate."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", CLOUDFLARE).configure_cert(context)
    settings.ALLOWED_HOSTS = ["localhost", CLOUDFLARE]
    behind = urlsplit(live_server.url)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    forwarder = threading.Thread(
        target=forward, args=(listener, context, (behind.hostname, behind.port)), daemon=True
    )
    forwarder.start()
    resolve = socket.getaddrinfo

    def resolved(host, wanted_port, *args, **kwargs):
        if host == CLOUDFLARE:
            return resolve("127.0.0.1", port, *args, **kwargs)
        return resolve(host, wanted_port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    yield f"localhost:{port}"
    listener.close()


def forward(listener: socket.socket, context: ssl.SSLContext, target: tuple[str, int]) -> None:
    """Take TLS off and pass everything on, until the listener is closed."""
    with suppress(OSError):
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=pass_on, args=(plain, context, target), daemon=True).start()


def pass_on(plain: socket.socket, context: ssl.SSLContext, target: tuple[str, int]) -> None:
    with (
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as near,
        socket.create_connection(target) as far,
    ):
        while data := received(near, far):
            source, chunk = data
            (far if source is near else near).sendall(chunk)


def received(near: ssl.SSLSocket, far: socket.socket) -> tuple[socket.socket, bytes] | None:
    """The next bytes of either side and whose they are; None at an end, or after 10 s."""
    ready = [near] if near.pending() else select.select([near, far], [], [], 10)[0]
    chunk = ready[0].recv(65_536) if ready else b""
    return (ready[0], chunk) if chunk else None


@pytest.fixture
def scored_site(db) -> Site:
    return services.create_site(name="Scored", hostnames=[HOSTNAME], mode="scored")


def test_django_recaptcha_verifies_once(https, settings, site, secret, token):
    settings.RECAPTCHA_DOMAIN = https

    class Form(forms.Form):
        captcha = ReCaptchaField(public_key=site.sitekey, private_key=secret)

    assert Form({"g-recaptcha-response": token}).is_valid()
    assert "Error verifying" in str(Form({"g-recaptcha-response": token}).errors)
    assert not Form({"g-recaptcha-response": "garbled"}).is_valid()


def test_django_recaptcha_takes_the_score_of_version_3(https, settings, scored_site):
    settings.RECAPTCHA_DOMAIN = https
    secret = services.issue_secret(site=scored_site)

    class Form(forms.Form):
        captcha = ReCaptchaField(
            public_key=scored_site.sitekey,
            private_key=secret,
            widget=ReCaptchaV3(action="login", required_score=0.5),
        )

    def sent(action: str) -> Form:
        return Form({"captcha": services.mint_token(site=scored_site, action=action)})

    assert sent("login").is_valid()
    assert not sent("signup").is_valid()


def test_django_hcaptcha_field_verifies_once(live_server, settings, site, secret, token):
    settings.HCAPTCHA_VERIFY_URL = f"{live_server.url}/siteverify"
    settings.HCAPTCHA_SITEKEY, settings.HCAPTCHA_SECRET = site.sitekey, secret

    class Form(forms.Form):
        captcha = hCaptchaField()

    assert Form({"h-captcha-response": token}).is_valid()
    assert not Form({"h-captcha-response": token}).is_valid()


def test_django_hcaptcha_field_refuses_a_token_of_another_site(
    live_server, settings, other_site, token
):
    settings.HCAPTCHA_VERIFY_URL = f"{live_server.url}/siteverify"
    settings.HCAPTCHA_SITEKEY = other_site.sitekey
    settings.HCAPTCHA_SECRET = services.issue_secret(site=other_site)

    class Form(forms.Form):
        captcha = hCaptchaField()

    assert not Form({"h-captcha-response": token}).is_valid()


def turnstile_field(settings, live_server, site, secret):
    """The library reads its settings once, at import."""
    settings.TURNSTILE_JS_API_URL = f"{live_server.url}/turnstile/v0/api.js"
    settings.TURNSTILE_VERIFY_URL = f"{live_server.url}/turnstile/v0/siteverify"
    settings.TURNSTILE_SITEKEY, settings.TURNSTILE_SECRET = site.sitekey, secret
    from importlib import reload

    from turnstile import fields, widgets
    from turnstile import settings as read

    for module in (read, widgets, fields):
        reload(module)
    return fields.TurnstileField


def test_django_turnstile_verifies_once(live_server, settings, site, secret, token):
    field = turnstile_field(settings, live_server, site, secret)

    class Form(forms.Form):
        captcha = field()

    assert Form({"cf-turnstile-response": token}).is_valid()
    assert not Form({"cf-turnstile-response": token}).is_valid()


def test_pyturnstile_verifies_at_its_services_own_address(https, site, secret):
    token = services.mint_token(site=site, hostname=HOSTNAME, action="login")
    found = pyturnstile.validate(
        token,
        secret,
        idempotency_key="0b3d7a10-4c55-4b2a-9a90-111111111111",
        expected_hostname=HOSTNAME,
        expected_action="login",
    )
    assert found.success
    refused = pyturnstile.validate(token, secret)
    assert not refused.success
    assert refused.error_codes == ["timeout-or-duplicate"]


FIELDS = {
    "hcaptcha": ("hcaptcha_field", "h-captcha-response"),
    "turnstile": ("turnstile", "cf-turnstile-response"),
    "recaptcha": ("django_recaptcha", "g-recaptcha-response"),
}


@pytest.mark.parametrize("service", FIELDS)
def test_the_librarys_own_markup_shows_our_widget(
    service, page, https, live_server, settings, site, secret, pools
):
    app, field_name = FIELDS[service]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, app]
    settings.RECAPTCHA_DOMAIN = https
    settings.HCAPTCHA_JS_API_URL = f"{live_server.url}/1/api.js"
    settings.HCAPTCHA_SITEKEY = site.sitekey
    fields = {
        "hcaptcha": lambda: hCaptchaField(),
        "turnstile": lambda: turnstile_field(settings, live_server, site, secret)(),
        "recaptcha": lambda: ReCaptchaField(
            public_key=site.sitekey, private_key=secret, widget=ReCaptchaV2Checkbox()
        ),
    }
    form = type("Form", (forms.Form,), {"captcha": fields[service]()})
    renderer = forms.renderers.DjangoTemplates()
    markup = form(renderer=renderer).as_p()
    # The certificate of this test is unknown to the browser; the script is the same.
    markup = markup.replace(f"https://{https}", live_server.url)
    template = Engine().from_string("<!doctype html><title>Shop</title><form>{{ form }}</form>")
    body = template.render(Context({"form": markup}, autoescape=False))
    page.route(
        f"http://{HOSTNAME}/", lambda route: route.fulfill(body=body, content_type="text/html")
    )
    page.goto(f"http://{HOSTNAME}/")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#start")).to_be_enabled()
    expect(page.locator(f"input[name={field_name}]")).to_have_count(1)

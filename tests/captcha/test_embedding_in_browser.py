"""Pages written for the known services, in a real browser: only the script's address is ours.

Each page stands on a foreign host with a strict policy and makes the calls that the services'
documentation and published clients make.
"""

from dataclasses import dataclass

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from captcha import services
from captcha.models import Challenge
from captcha.views.scripts import script
from tests.captcha.browsing import answer, start

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = """<!doctype html><html lang="en"><title>Shop</title>
<script src="/shop.js"></script>{head}<form id="form">{form}</form>"""
NOTING = """window.heard = [];
window.note = (name) => (...values) => { heard.push([name, ...values]); };
"""


@dataclass
class Shop:
    """A foreign page that embeds the widget."""

    page: Page
    server: str
    sitekey: str

    def open(self, *, head: str, form: str, source: str = "") -> FrameLocator:
        values = {"{server}": self.server, "{sitekey}": self.sitekey}
        bodies = {
            "/": (PAGE.format(head=head, form=form), "text/html"),
            "/shop.js": (NOTING + source, "text/javascript"),
        }
        for path, (body, content_type) in bodies.items():
            for name, value in values.items():
                body = body.replace(name, value)
            self._serve(path, body, content_type)
        self.page.goto("http://shop.example/")
        return self.page.frame_locator("iframe")

    def _serve(self, path: str, body: str, content_type: str) -> None:
        policy = f"default-src 'none'; script-src 'self' {self.server}; frame-src {self.server}"
        self.page.route(
            f"http://shop.example{path}",
            lambda route: route.fulfill(
                body=body,
                content_type=content_type,
                headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"},
            ),
        )

    def heard(self, *names: str) -> list:
        """What was called, in its order, once the last of these has been."""
        self.page.wait_for_function(
            "name => heard.some((call) => call[0] === name)", arg=names[-1], timeout=15_000
        )
        return self.page.evaluate("heard")

    def fields(self) -> dict[str, str]:
        read = "[...new FormData(document.querySelector('form')).entries()]"
        return dict(self.page.evaluate(read))


@pytest.fixture
def shop(page, live_server, site, pools) -> Shop:
    return Shop(page, live_server.url, site.sitekey)


def solve(page: Page, widget: FrameLocator) -> None:
    start(page, widget)
    answer(page, widget, [None, None, None])


# The element, and the field that its service's server reads.
ELEMENTS = {
    "inflect-captcha": ("/captcha/api.js", "inflect-captcha-response"),
    "g-recaptcha": ("/recaptcha/api.js", "g-recaptcha-response"),
    "h-captcha": ("/1/api.js", "h-captcha-response"),
    "cf-turnstile": ("/turnstile/v0/api.js", "cf-turnstile-response"),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_an_element_of_each_service_becomes_a_widget(shop, page, complaints, secret, name):
    path, field = ELEMENTS[name]
    widget = shop.open(
        head=f'<script src="{{server}}{path}" async defer></script>',
        form=f'<div class="{name}" data-sitekey="{{sitekey}}" data-callback="solved"></div>',
        source="window.solved = note('solved');",
    )
    solve(page, widget)
    [[_, token]] = shop.heard("solved")
    assert shop.fields()[field] == token
    assert page.locator(f"#{field}").input_value() == token
    assert services.verify(secret=secret, token=token).success
    assert complaints == []


EXPLICIT = {
    "grecaptcha": "/recaptcha/api.js?onload=loaded&render=explicit",
    "hcaptcha": "/1/api.js?onload=loaded&render=explicit&recaptchacompat=off",
    "turnstile": "/turnstile/v0/api.js?onload=loaded&render=explicit",
    "inflect": "/captcha/api.js?onload=loaded&render=explicit",
}


@pytest.mark.parametrize("name", EXPLICIT)
def test_each_service_is_rendered_read_and_reset_by_its_own_name(
    shop,
    page,
    complaints,
    name,
):
    widget = shop.open(
        head=f'<script src="{{server}}{EXPLICIT[name]}" async></script>',
        form='<div id="box"></div>',
        source=f"""window.loaded = () => {{
          window.id = {name}.render("box", {{
            sitekey: "{{sitekey}}", theme: "dark", callback: note("solved"),
            "expired-callback": note("expired"), "error-callback": note("failed"),
          }});
        }};""",
    )
    solve(page, widget)
    [[_, token]] = shop.heard("solved")
    assert page.evaluate(f"{name}.getResponse(id)") == token
    assert page.evaluate(f"{name}.getResponse()") == token
    assert page.evaluate(f"{name}.isExpired(id)") is False
    page.evaluate(f"{name}.reset(id)")
    assert page.evaluate(f"{name}.getResponse(id)") == ""
    expect(widget.locator("#card")).to_have_attribute("data-state", "idle")
    page.evaluate(f"{name}.remove(id)")
    expect(page.locator("iframe")).to_have_count(0)
    assert shop.fields() == {}
    assert complaints == []


def test_without_compatibility_hcaptcha_leaves_the_other_name_alone(shop, page):
    shop.open(
        head='<script src="{server}/1/api.js?recaptchacompat=off" async></script>',
        form='<div class="h-captcha" data-sitekey="{sitekey}"></div>',
    )
    expect(page.locator("iframe")).to_have_count(1)
    assert page.evaluate("typeof window.grecaptcha") == "undefined"
    assert set(shop.fields()) == {"inflect-captcha-response", "h-captcha-response"}


def test_execute_opens_an_invisible_widget_and_resolves_to_response_and_key(
    shop,
    page,
    complaints,
    secret,
):
    widget = shop.open(
        head='<script src="{server}/1/api.js" async></script>',
        form="""<div class="h-captcha" data-sitekey="{sitekey}" data-size="invisible"
          data-open-callback="opened" data-callback="solved"></div>
          <button type="button" id="go">Go</button>""",
        source="""window.opened = note("opened"); window.solved = note("solved");
        addEventListener("click", () => {
          hcaptcha.execute(undefined, { async: true }).then(note("resolved"), note("rejected"));
        });""",
    )
    expect(page.locator("iframe")).to_be_hidden()
    page.locator("#go").click()
    expect(widget.locator("#play")).to_be_focused()
    assert widget.locator("#play").get_attribute("data-heard") == "false"
    answer(page, widget, [None, None, None])
    heard = shop.heard("resolved")
    assert [name for name, *_ in heard] == ["opened", "solved", "resolved"]
    resolved = heard[-1][1]
    assert services.verify(secret=secret, token=resolved["response"]).success
    assert resolved["key"] == page.evaluate("hcaptcha.getRespKey()")
    expect(page.locator("iframe")).to_be_hidden()
    expect(page.locator("#go")).to_be_focused()
    assert complaints == []


def test_closing_an_invisible_widget_rejects_and_says_so(shop, page):
    widget = shop.open(
        head='<script src="{server}/1/api.js" async></script>',
        form="""<div class="h-captcha" data-sitekey="{sitekey}" data-size="invisible"
          data-close-callback="dismissed"></div><button type="button" id="go">Go</button>""",
        source="""window.dismissed = note("closed");
        addEventListener("click", () => {
          hcaptcha.execute(undefined, { async: true }).catch(note("rejected"));
        });""",
    )
    page.locator("#go").click()
    expect(widget.locator("#play")).to_be_focused()
    page.keyboard.press("Escape")
    assert shop.heard("rejected") == [["closed"], ["rejected", "challenge-closed"]]
    expect(page.locator("iframe")).to_be_hidden()


@pytest.mark.parametrize("place", ["page", "frame"])
def test_escape_closes_a_dialog_wherever_the_focus_is(shop, page, place):
    widget = shop.open(
        head='<script src="{server}/1/api.js" async></script>',
        form="""<div class="h-captcha" data-sitekey="{sitekey}" data-size="invisible"
          data-close-callback="dismissed"></div><button type="button" id="go">Go</button>""",
        source="""window.dismissed = note("closed");
        addEventListener("click", () => hcaptcha.execute());""",
    )
    page.locator("#go").click()
    expect(widget.locator("#play")).to_be_focused()
    if place == "page":
        page.locator("#go").focus()
    else:
        widget.locator("#play").evaluate("button => button.blur()")
    page.keyboard.press("Escape")
    assert shop.heard("closed") == [["closed"]]
    expect(page.locator("iframe")).to_be_hidden()


def test_a_sitekey_is_executed_with_an_action_as_in_version_3(
    shop,
    page,
    complaints,
    secret,
):
    widget = shop.open(
        head='<script src="{server}/recaptcha/api.js?render={sitekey}"></script>',
        form='<button type="button" id="go">Go</button>',
        source="""addEventListener("click", () => grecaptcha.ready(() => {
          grecaptcha.execute("{sitekey}", { action: "checkout" }).then(note("token"));
        }));""",
    )
    page.locator("#go").click()
    expect(widget.locator("#play")).to_be_focused()
    answer(page, widget, [None, None, None])
    [[_, token]] = shop.heard("token")
    assert services.verify(secret=secret, token=token).action == "checkout"
    expect(page.locator("iframe")).to_have_count(0)
    assert complaints == []


def test_a_button_starts_the_check_and_passes_the_token_on(shop, page, complaints):
    widget = shop.open(
        head='<script src="{server}/recaptcha/api.js" async></script>',
        form="""<button class="g-recaptcha" data-sitekey="{sitekey}" data-callback="solved"
          data-action="submit">Send</button>""",
        source="window.solved = note('solved');",
    )
    expect(page.locator("iframe")).to_have_count(1)
    page.get_by_role("button", name="Send").click()
    expect(widget.locator("#play")).to_be_focused()
    answer(page, widget, [None, None, None])
    [[_, token]] = shop.heard("solved")
    assert shop.fields()["g-recaptcha-response"] == token
    assert Challenge.objects.get().action == "submit"
    assert complaints == []


def test_the_names_of_fields_and_the_bound_data_are_those_of_turnstile(
    shop,
    page,
    secret,
):
    widget = shop.open(
        head='<script src="{server}/turnstile/v0/api.js" async></script>',
        form="""<div class="cf-turnstile" data-sitekey="{sitekey}" data-action="login"
          data-cdata="order 7" data-response-field-name="proof" data-size="flexible"
          data-language="de" data-before-interactive-callback="before"
          data-after-interactive-callback="after"></div>""",
        source="window.before = note('before'); window.after = note('after');",
    )
    expect(widget.locator("#start-label")).to_have_text("Ich bin ein Mensch")
    assert page.locator("iframe").get_attribute("title") == "Prüfung: Mensch?"
    solve(page, widget)
    assert shop.heard("after") == [["before"], ["after"]]
    verified = services.verify(secret=secret, token=shop.fields()["proof"])
    assert (verified.action, verified.cdata) == ("login", "order 7")
    assert "cf-turnstile-response" not in shop.fields()


def test_a_client_that_waits_for_the_id_of_turnstiles_script_finds_it(shop, page):
    shop.open(head='<script src="{server}/turnstile/v0/api.js?render=explicit"></script>', form="")
    expect(page.locator("script#cf-turnstile-script")).to_have_count(1)


def test_calls_that_came_before_the_script_are_made_up_for(shop, page):
    shop.open(
        head='<script src="{server}/recaptcha/api.js?render=explicit" async defer></script>',
        form="",
        source="""window.grecaptcha = { ready(callback) {
          window.___grecaptcha_cfg = { fns: [callback] };
        } };
        grecaptcha.ready(() => note("ready")(typeof grecaptcha.render));""",
    )
    assert shop.heard("ready") == [["ready", "function"]]


def test_two_scripts_of_different_services_serve_one_page(shop, page, complaints):
    shop.open(
        head="""<script src="{server}/1/api.js?render=explicit&onload=first"></script>
          <script src="{server}/turnstile/v0/api.js?render=explicit&onload=second"></script>""",
        form='<div id="a"></div><div id="b"></div>',
        source="""window.first = () => note("first")(hcaptcha.render("a", {sitekey: "{sitekey}"}));
        window.second = () => note("second")(turnstile.render("#b", {sitekey: "{sitekey}"}));""",
    )
    assert len(shop.heard("first", "second")) == 2
    expect(page.locator("iframe")).to_have_count(2)
    assert complaints == []


def test_the_pinned_script_runs_under_its_integrity(shop, page, complaints):
    api_js = script("api.js")
    widget = shop.open(
        head=f"""<script src="{{server}}/captcha/api.{api_js.version}.js"
          integrity="{api_js.integrity}" crossorigin="anonymous" defer></script>""",
        form='<div class="inflect-captcha" data-sitekey="{sitekey}"></div>',
    )
    expect(widget.locator("#start")).to_be_enabled()
    assert complaints == []


def test_resetting_the_form_resets_the_widget(shop, page):
    widget = shop.open(
        head='<script src="{server}/captcha/api.js" defer></script>',
        form='<div class="inflect-captcha" data-sitekey="{sitekey}"></div>',
    )
    solve(page, widget)
    expect(widget.locator("#card")).to_have_attribute("data-state", "verified")
    page.evaluate("document.querySelector('form').reset()")
    expect(widget.locator("#card")).to_have_attribute("data-state", "idle")
    assert shop.fields()["inflect-captcha-response"] == ""


def test_a_compact_widget_opens_above_the_page_and_closes_again(shop, page):
    widget = shop.open(
        head='<script src="{server}/captcha/api.js" defer></script>',
        form='<div class="inflect-captcha" data-sitekey="{sitekey}" data-size="compact"></div>',
    )
    frame = page.locator("iframe")
    expect(widget.locator("#start")).to_be_enabled()
    assert frame.bounding_box()["width"] <= 160
    start(page, widget)
    expect(widget.locator("#close")).to_be_visible()
    assert frame.bounding_box()["width"] > 300
    widget.locator("#close").click()
    expect(widget.locator("#panel")).to_be_hidden()
    page.wait_for_function("document.querySelector('iframe').offsetWidth <= 160")


def test_a_frame_that_is_moved_forgets_its_token(shop, page):
    widget = shop.open(
        head='<script src="{server}/captcha/api.js" defer></script>',
        form="""<div class="inflect-captcha" data-sitekey="{sitekey}"
          data-expired-callback="expired"></div><p id="there"></p>""",
        source="window.expired = note('expired');",
    )
    solve(page, widget)
    expect(widget.locator("#card")).to_have_attribute("data-state", "verified")
    page.evaluate("there.append(document.querySelector('.inflect-captcha'))")
    assert shop.heard("expired") == [["expired"]]
    assert shop.fields()["inflect-captcha-response"] == ""


@pytest.mark.parametrize("wish", ["auto", "manual", "never"])
def test_a_turnstile_that_asks_nothing_renews_itself_unless_told_otherwise(
    shop, page, site, settings, wish
):
    settings.CAPTCHA_TOKEN_LIFE_S = 2
    site.mode = "scored"
    site.save()
    shop.open(
        head='<script src="{server}/turnstile/v0/api.js" defer></script>',
        form="""<div class="cf-turnstile" data-sitekey="{sitekey}" data-callback="token"
          data-expired-callback="expired" data-refresh-expired="WISH"></div>""".replace(
            "WISH", wish
        ),
        source="window.token = note('token'); window.expired = note('expired');",
    )
    page.evaluate("turnstile.execute()")
    shop.heard("expired")
    page.wait_for_timeout(4000)
    heard = [name for name, *_ in page.evaluate("heard")]
    assert (heard.count("token") > 1) == (wish == "auto")


def test_an_element_whose_id_is_a_services_name_is_no_obstacle(shop, page):
    shop.open(
        head='<script src="{server}/turnstile/v0/api.js" defer></script>',
        form='<div id="turnstile" class="cf-turnstile" data-sitekey="{sitekey}"></div>',
    )
    expect(page.locator("#turnstile iframe")).to_have_count(1)
    assert page.evaluate("turnstile.getResponse('#turnstile')") == ""


def test_a_button_leaves_missing_fields_to_the_browser_and_sends_the_form_when_passed(shop, page):
    widget = shop.open(
        head='<script src="{server}/captcha/api.js" defer></script>',
        form="""<label>Text <input name="text" required></label>
          <button class="inflect-captcha" data-sitekey="{sitekey}">Send</button>""",
        source="""addEventListener("submit", (event) => {
          event.preventDefault();
          note("sent")(new FormData(event.target).get("inflect-captcha-response").length);
        });""",
    )
    expect(page.locator("iframe")).to_have_count(1)
    button = page.get_by_role("button", name="Send")
    button.click()
    expect(page.get_by_label("Text")).to_be_focused()
    assert not Challenge.objects.exists()
    page.keyboard.type("Hello")
    button.click()
    expect(widget.locator("#play")).to_be_focused()
    answer(page, widget, [None, None, None])
    assert shop.heard("sent") == [["sent", 64]]


def test_what_is_gone_may_be_removed_and_reset_again(shop, page):
    shop.open(
        head='<script src="{server}/captcha/api.js?render=explicit" defer></script>',
        form='<div id="box"></div>',
    )
    page.wait_for_function("window.inflect")
    page.evaluate("""() => {
      const id = turnstile.render("#box", { sitekey: "{sitekey}" });
      turnstile.remove(id);
      turnstile.remove(id);
      turnstile.reset();
    }""")
    expect(page.locator("iframe")).to_have_count(0)

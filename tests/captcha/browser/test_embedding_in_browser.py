"""Pages written for the known services, in a real browser: only the script's address is ours.

Each page stands on a foreign host with a strict policy and makes the calls that the services'
documentation and published clients make.
"""

import pytest
from playwright.sync_api import expect

from captcha import services
from captcha.models import Challenge
from tests.captcha.browser.browsing import answer
from tests.captcha.browser.shop import solve

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

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

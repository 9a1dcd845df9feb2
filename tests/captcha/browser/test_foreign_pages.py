"""The widget on pages of other people that move, reset and hide it."""

import pytest
from playwright.sync_api import expect

from captcha.models import Challenge
from captcha.views.scripts import script
from tests.captcha.browser.browsing import answer, start
from tests.captcha.browser.shop import solve

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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

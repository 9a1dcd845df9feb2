"""The widget in a real browser, by keyboard, on the demo page and on a foreign site."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from captcha import services
from captcha.models import ChallengeItem, ResponseToken
from emotion.ml.labels import EMOTIONS
from labeling.models import Vote
from tests.captcha.browser.browsing import answer, right_digit, start

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def demo(page, complaints, live_server, pools, settings) -> FrameLocator:
    """The frame of the widget on the demo page."""
    settings.ALLOWED_HOSTS = ["localhost"]
    services.ensure_demo_site()
    page.goto(f"{live_server.url}/captcha/demo/")
    return page.frame_locator("iframe")


def test_an_answer_that_comes_too_early_waits_in_the_widget(page, demo, settings, complaints):
    settings.CAPTCHA_LEAST_LISTENING = 1.0
    start(page, demo)
    page.keyboard.press("1")
    expect(demo.locator("#count")).to_have_text("2 / 3")
    assert complaints == []


def test_the_form_is_sent_by_keyboard_alone_once(page, demo, complaints):
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Message").fill("Hello")
    start(page, demo)
    answer(page, demo, [None, None, None])
    expect(demo.locator("#start-label")).to_have_text("Verified")
    expect(demo.locator("#start")).to_be_focused()
    assert Vote.objects.get().emotion == "sad"
    assert complaints == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Accepted. Thank you, Ada.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("used already")


def test_a_failure_says_so_and_offers_new_clips(page, demo, complaints):
    start(page, demo)
    answer(page, demo, ["0", "0", "0"])
    expect(demo.locator("#notice-text")).to_contain_text("did not match")
    expect(demo.locator("#retry")).to_be_focused()
    page.keyboard.press("Enter")
    expect(demo.locator("#count")).to_have_text("1 / 3")
    assert complaints == []
    assert not Vote.objects.exists()


def test_space_plays_the_clip_again_and_the_answer_buttons_stay_unpressed(page, demo):
    start(page, demo)
    assert demo.locator("#play").get_attribute("data-heard") == "false"
    page.keyboard.press("Space")
    expect(demo.locator("#play")).to_have_attribute("data-playing", "true")
    expect(demo.locator("#play")).to_have_attribute("data-playing", "false")
    page.keyboard.press("ArrowDown")
    expect(demo.get_by_role("button", name="Angry")).to_be_focused()
    page.keyboard.press("Space")
    expect(demo.locator("#play")).to_have_attribute("data-playing", "true")
    assert not ChallengeItem.objects.exclude(answer="").exists()


def test_a_lost_connection_keeps_the_answer(page, demo):
    start(page, demo)
    page.context.set_offline(True)
    page.keyboard.press("4")
    expect(demo.locator("#notice-text")).to_contain_text("No connection")
    page.context.set_offline(False)
    page.keyboard.press("Enter")
    expect(demo.locator("#count")).to_have_text("2 / 3")
    assert ChallengeItem.objects.get(position=1).answer == "happy"


def test_an_answer_that_is_sent_again_is_not_taken_for_the_next_clip(page, demo):
    start(page, demo)
    page.route("**/captcha/audio/*", lambda route: route.abort())
    page.keyboard.press("4")
    expect(demo.locator("#notice-text")).to_contain_text("No connection")
    page.unroute("**/captcha/audio/*")
    page.keyboard.press("Enter")
    expect(demo.locator("#count")).to_have_text("2 / 3")
    expect(demo.locator("#card")).to_have_attribute("aria-busy", "false")
    assert list(ChallengeItem.objects.exclude(answer="").values_list("position", "answer")) == [
        (1, "happy")
    ]


def test_a_skipped_dummy_clip_files_no_vote_and_the_visitor_passes(page, demo, complaints):
    start(page, demo)
    for number in (1, 2, 3):
        expect(demo.locator("#count")).to_have_text(f"{number} / 3")
        expect(demo.locator("#card")).to_have_attribute("aria-busy", "false")
        item = ChallengeItem.objects.get(position=number)
        page.keyboard.press(right_digit() if item.play_clip else "0")
    expect(demo.locator("#start-label")).to_have_text("Verified")
    assert not Vote.objects.exists()
    assert complaints == []


def test_clip_and_answers_are_one_stop_of_the_tab_key(page, demo):
    start(page, demo)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    expect(demo.get_by_role("button", name="I cannot tell")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(demo.get_by_role("button", name="Fearful")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(demo.locator("#start")).to_be_focused()
    page.keyboard.press("Tab")
    expect(demo.get_by_role("button", name="Fearful")).to_be_focused()


def test_every_step_is_announced(page, demo):
    start(page, demo)
    status = demo.get_by_role("status")
    expect(status).to_have_text("Clip 1 of 3")
    page.keyboard.press("0")
    expect(status).to_have_text("Clip 2 of 3")
    answer_rest = ["0", "0"]
    for number, digit in enumerate(answer_rest, start=2):
        expect(demo.locator("#count")).to_have_text(f"{number} / 3")
        expect(demo.locator("#card")).to_have_attribute("aria-busy", "false")
        page.keyboard.press(digit)
    expect(status).to_contain_text("did not match")


def test_escape_closes_the_clips_and_starting_again_goes_on_with_them(page, demo):
    start(page, demo)
    answer(page, demo, ["1"])
    expect(demo.locator("#count")).to_have_text("2 / 3")
    page.keyboard.press("Escape")
    expect(demo.locator("#panel")).to_be_hidden()
    start(page, demo)
    expect(demo.locator("#count")).to_have_text("2 / 3")


def test_an_empty_pool_lets_the_device_work_instead(page, complaints, live_server, settings, db):
    settings.ALLOWED_HOSTS = ["localhost"]
    services.ensure_demo_site()
    page.goto(f"{live_server.url}/captcha/demo/")
    widget = page.frame_locator("iframe")
    widget.locator("#start").click()
    expect(widget.locator("#start-label")).to_have_text("Verified")


def test_situations_are_read_and_answered_by_keyboard(page, demo, complaints, live_server):
    page.goto(f"{live_server.url}/captcha/demo/?kind=text")
    widget = page.frame_locator("iframe")
    expect(widget.locator("#start")).to_be_enabled()
    widget.locator("#start").focus()
    page.keyboard.press("Enter")
    for number in (1, 2):
        expect(widget.locator("#count")).to_have_text(f"{number} / 2")
        expect(widget.locator("#card")).to_have_attribute("aria-busy", "false")
        item = ChallengeItem.objects.get(challenge__kind="text", position=number)
        expect(widget.locator("#scenario")).to_have_text(item.scenario)
        page.keyboard.press(str(EMOTIONS.index(item.scenario_emotion) + 1))
    expect(widget.locator("#start-label")).to_have_text("Verified")
    assert complaints == []


def test_the_device_may_compute_instead_of_the_visitor(page, demo, complaints, live_server):
    page.goto(f"{live_server.url}/captcha/demo/?kind=work")
    widget = page.frame_locator("iframe")
    expect(widget.locator("#start")).to_be_enabled()
    widget.locator("#start").focus()
    page.keyboard.press("Enter")
    expect(widget.locator("#start-label")).to_have_text("Verified")
    expect(widget.locator("#start")).to_be_focused()
    assert ResponseToken.objects.get().challenge.kind == "work"
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_page_and_in_its_frame(page, demo, scheme):
    page.emulate_media(color_scheme=scheme)
    expect(demo.locator("#start")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    # By itself, because axe does not look into frames of which it is not part.
    page.goto(page.frames[1].url)
    page.locator("#start").click()
    expect(page.locator("#play")).to_be_focused()
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(("kind", "shown"), [("text", "#scenario"), ("work", "#start-label")])
def test_axe_finds_nothing_in_the_other_kinds(page, demo, kind, shown):
    page.goto(page.frames[1].url.replace("theme=", f"kind={kind}&theme="))
    page.locator("#start").click()
    expect(page.locator(shown)).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_nothing_overflows_on_a_narrow_phone(page, demo):
    page.set_viewport_size({"width": 320, "height": 640})
    start(page, demo)
    for document in page.frames:
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert document.evaluate(overflow) == 0
    heights = "[...document.querySelectorAll('button')].map((button) => button.offsetHeight)"
    shown = [height for height in page.frames[1].evaluate(heights) if height]
    assert min(shown) >= 44


FOREIGN_PAGE = """<!doctype html><title>Shop</title>
<script src="{server}/captcha/api.js" defer></script><script src="/shop.js" defer></script>
<form><div class="g-recaptcha" data-sitekey="{sitekey}" data-callback="solved"
  data-expired-callback="expired" data-error-callback="failed"></div></form>"""
FOREIGN_SCRIPT = """const heard = [];
window.solved = (token) => {
  const field = document.querySelector('input[name="g-recaptcha-response"]');
  heard.push(["solved", token === field.value && token === inflect.getResponse()]);
};
window.expired = () => heard.push(["expired"]);
window.failed = (code) => heard.push(["failed", code]);"""


def open_foreign_page(page: Page, server: str, sitekey: str, host: str) -> FrameLocator:
    """A page of another origin with a strict policy, as an integrator would write it."""
    policy = f"default-src 'none'; script-src 'self' {server}; frame-src {server}"
    page.route(
        f"http://{host}/",
        lambda route: route.fulfill(
            body=FOREIGN_PAGE.format(server=server, sitekey=sitekey),
            content_type="text/html",
            headers={"Content-Security-Policy": policy},
        ),
    )
    page.route(
        f"http://{host}/shop.js",
        lambda route: route.fulfill(body=FOREIGN_SCRIPT, content_type="text/javascript"),
    )
    page.goto(f"http://{host}/")
    return page.frame_locator("iframe")


def test_a_foreign_site_gets_the_token_and_hears_of_its_end(
    page, complaints, live_server, site, secret, pools, settings
):
    settings.CAPTCHA_TOKEN_LIFE_S = 2
    widget = open_foreign_page(page, live_server.url, site.sitekey, "shop.example")
    start(page, widget)
    answer(page, widget, [None, None, None])
    expect(widget.locator("#notice-text")).to_contain_text("has expired")
    assert page.evaluate("heard") == [["solved", True], ["expired"]]
    assert page.evaluate("inflect.getResponse()") == ""
    expect(page.locator('input[name="g-recaptcha-response"]')).to_have_value("")
    assert complaints == []


def test_a_site_that_is_not_allowed_is_told_so(page, live_server, site):
    widget = open_foreign_page(page, live_server.url, site.sitekey, "evil.example")
    expect(widget.get_by_role("alert")).to_contain_text("not allowed on evil.example")
    assert page.evaluate("heard") == [["failed", "hostname_not_allowed"]]

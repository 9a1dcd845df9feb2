"""The product from end to end: solve, protect, vote, promote, analyse, listen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from audio import decode, encode_wav
from captcha.models import Challenge, ChallengeItem, ResponseToken
from emotion.models import Emotion
from labeling.models import Clip, Promotion, Vote
from synthesis.models import PlayClip
from tests.end_to_end.conftest import LIVE, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DUMMY_ANSWER = "surprised"  # what all visitors of these tests hear in the dummy clip
DIGITS = {emotion: str(number) for number, emotion in enumerate(Emotion.values, start=1)}


def visitor(open_browser, number: int):
    return open_browser(extra_http_headers={"X-Forwarded-For": f"198.51.100.{number}"})


def current_item(position: int, since) -> ChallengeItem:
    """The clip that the newest challenge asks now, with its answer, out of the database."""
    challenge = Challenge.objects.using(LIVE).filter(created_at__gte=since).latest("created_at")
    return challenge.items.select_related("play_clip").get(position=position)


def right_digit(item: ChallengeItem) -> str:
    return DIGITS[item.play_clip.emotion if item.play_clip else DUMMY_ANSWER]


def wrong_digit(item: ChallengeItem) -> str:
    return str(int(right_digit(item)) % 7 + 1)


def answer_by_keyboard(page, choose_digit) -> None:
    """Tab into the widget, start it with Enter, and answer each clip with a digit."""
    since = timezone.now()
    frame = page.frame_locator("iframe[src*='/captcha/widget/']")
    frame.locator("#start").wait_for()
    while not frame.locator("#start").evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    frame.locator("#panel").wait_for(state="visible")
    position = 1
    while frame.locator("#card").get_attribute("data-state") == "open":
        count = frame.locator("#count").text_content()
        is_busy = frame.locator("#card").get_attribute("aria-busy") == "true"
        if is_busy or not count or not count.startswith(f"{position} /"):
            page.wait_for_timeout(50)
            continue
        page.keyboard.press("Space")  # hear it (again) before answering
        page.keyboard.press(choose_digit(current_item(position, since)))
        position += 1


def fill_form(page, product) -> None:
    page.goto(f"{product.address}/captcha/demo/")
    for field in page.locator("form.captcha-demo__form input:visible, form textarea").all():
        field.fill("Good morning")


def solve(page, product) -> None:
    fill_form(page, product)
    answer_by_keyboard(page, right_digit)
    page.frame_locator("iframe").locator("[data-state=verified]").wait_for()


def test_the_pool_of_a_fresh_installation_speaks_all_seven_emotions(product):
    clips = PlayClip.objects.using(LIVE).all()
    assert {clip.emotion for clip in clips} == set(Emotion.values)
    assert {clip.voice.name for clip in clips} == {"kathleen"}
    waveforms = [decode(product.var / "pools" / "play" / clip.key) for clip in clips[:7]]
    assert all(1 < len(waveform) / 16_000 < 12 for waveform in waveforms)


def test_the_form_accepts_a_solved_captcha_once_and_refuses_the_replay(product, open_browser):
    page = visitor(open_browser, 1)
    solve(page, product)
    token = page.locator("[name=inflect-captcha-response]").input_value()
    assert token
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="Accepted").wait_for()
    assert ResponseToken.objects.using(LIVE).filter(consumed_at__isnull=False).count() == 1
    fill_form(page, product)
    page.evaluate(
        """token => {
            const field = document.querySelector("[name=inflect-captcha-response]");
            field.value = token;
        }""",
        token,
    )
    page.get_by_role("button", name="Send").click()
    page.locator("#refusal").wait_for()


def test_wrong_answers_fail_and_file_no_vote(product, open_browser):
    votes = Vote.objects.using(LIVE).count()
    page = visitor(open_browser, 2)
    fill_form(page, product)
    answer_by_keyboard(page, wrong_digit)
    page.frame_locator("iframe").locator("#notice").wait_for(state="visible")
    assert page.locator("[name=inflect-captcha-response]").input_value() == ""
    assert Vote.objects.using(LIVE).count() == votes


def test_votes_of_visitors_promote_the_clip_and_the_portal_shows_it(product, open_browser):
    clip = Clip.objects.using(LIVE).get()
    number = 10
    while not Promotion.objects.using(LIVE).filter(clip=clip).exists():
        solve(visitor(open_browser, number), product)
        number += 1
        assert number < 20, "ten agreeing votes must promote"
    votes = Vote.objects.using(LIVE).filter(clip=clip)
    assert set(votes.values_list("emotion", flat=True)) == {DUMMY_ANSWER}
    wait_for(
        lambda: Clip.objects.using(LIVE).get().pool == Clip.Pool.LEARNING, 60, "the moved audio"
    )
    page = open_browser()
    page.goto(f"{product.address}/portal/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(product.admin_password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="promoted clips").wait_for()
    page.goto(f"{product.address}/portal/labeling/clip/{clip.pk}/change/")
    body = page.locator("#content").inner_text().lower()
    assert "in the training set" in body
    assert body.count(DUMMY_ANSWER) >= votes.count()
    duration = page.locator("audio").first.evaluate(
        "audio => new Promise(done => { audio.onloadedmetadata = () => done(audio.duration);"
        " audio.preload = 'auto'; audio.load(); })"
    )
    assert duration == pytest.approx(clip.duration_ms / 1000, abs=0.05)


def test_an_uploaded_recording_shows_its_emotion(product, open_browser):
    clip = PlayClip.objects.using(LIVE).filter(emotion="angry").first()
    page = open_browser()
    page.goto(f"{product.address}/analyze/")
    page.locator("#file").set_input_files(product.var / "pools" / "play" / clip.key)
    page.get_by_role("button", name="Analyze").click()
    page.locator("[data-result]").wait_for(state="visible")
    assert page.locator(".verdict__name").text_content() in Emotion.labels


@pytest.mark.corpora
def test_an_acted_recording_shows_the_emotion_that_was_acted(product, open_browser, corpora):
    page = open_browser()
    page.goto(f"{product.address}/analyze/")
    page.locator("#file").set_input_files(corpora / "ravdess" / "03-01-05-02-01-01-12.flac")
    page.get_by_role("button", name="Analyze").click()
    page.locator("[data-result]").wait_for(state="visible")
    assert page.locator(".verdict__name").text_content() == "Angry"


def test_a_microphone_moves_the_live_scores(product, open_browser, tmp_path):
    clip = PlayClip.objects.using(LIVE).first()
    speech = decode(product.var / "pools" / "play" / clip.key, sampling_rate=48_000)
    wav = tmp_path / "microphone.wav"
    wav.write_bytes(encode_wav(speech, 48_000))
    page = open_browser(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}",
        permissions=["microphone"],
    )
    page.goto(f"{product.address}/live/")
    page.get_by_role("button", name="Start listening").click()
    seen = set()
    for _ in range(150):
        seen.add(page.locator("[data-live] [data-score]").first.text_content())
        if len(seen) > 4:
            break
        page.wait_for_timeout(100)
    assert len(seen) > 4, f"the scores stood still: {seen}"


def test_a_sentence_is_heard_in_seven_emotions_by_keyboard(product, open_browser):
    page = open_browser()
    page.goto(f"{product.address}/voices/")
    page.get_by_label("Sentence").focus()
    page.keyboard.type("The train leaves at nine.")
    page.keyboard.press("Tab")
    page.keyboard.type("Victor")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("All are spoken.").wait_for(timeout=60_000)
    players = page.locator("audio")
    assert players.count() == 7
    assert page.get_by_label("Speaker").input_value() == "kathleen/victor"
    durations = [
        player.evaluate(
            """async (player) => {
              player.muted = true;
              await player.play();
              return player.duration;
            }"""
        )
        for player in players.all()
    ]
    assert all(0.8 < duration < 6 for duration in durations)
    assert len({round(duration, 2) for duration in durations}) > 3
    assert Axe().run(page).violations_count == 0


PAGES = ["/", "/analyze/", "/live/", "/voices/", "/captcha/demo/", "/portal/login/"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(product, open_browser, path, scheme):
    page = open_browser(color_scheme=scheme, viewport={"width": 390, "height": 800})
    page.goto(product.address + path)
    page.wait_for_load_state("networkidle")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", PAGES)
def test_pages_fit_a_screen_320_pixels_wide(product, open_browser, path):
    page = open_browser(viewport={"width": 320, "height": 640})
    page.goto(product.address + path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

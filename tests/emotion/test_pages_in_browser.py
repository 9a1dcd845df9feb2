"""The pages in a real browser: keyboard, microphone, colours, and nothing in the console."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from audio import decode, encode_wav
from tests.conftest import CHROMIUM_FLAGS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROJECT_DIR = Path(__file__).resolve().parents[2]
FLAGS = [
    *CHROMIUM_FLAGS,
    "--use-fake-device-for-media-stream",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory, unused_tcp_port_factory) -> Iterator[str]:
    """A web process of its own; its address."""
    port, var = unused_tcp_port_factory(), tmp_path_factory.mktemp("var")
    environment = {
        **os.environ,
        "INFLECT_VAR": str(var),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    for command in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=PROJECT_DIR, env=environment, check=True
        )
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)],
        cwd=PROJECT_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(f"{address}/api/health")
        yield address
    finally:
        server.terminate()
        server.wait(20)


def wait_until_served(address: str) -> None:
    for _ in range(150):
        try:
            urlopen(address, timeout=5).close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"{address} does not answer")


@pytest.fixture(scope="module")
def microphone(tmp_path_factory, speech) -> Path:
    """What the browser's fake microphone hears: speech at 48 kHz, over and over."""
    at_16_khz = encode_wav(speech, 16_000)
    path = tmp_path_factory.mktemp("microphone") / "speech.wav"
    path.write_bytes(encode_wav(decode(at_16_khz, sampling_rate=48_000), 48_000))
    return path


@pytest.fixture
def recording(tmp_path: Path, speech, encode) -> Path:
    path = tmp_path / "speech.flac"
    path.write_bytes(encode(speech, "flac", "flac"))
    return path


@pytest.fixture(scope="module")
def browsers(chromium: str, microphone: Path) -> Iterator[dict[bool, Browser]]:
    """Two browsers: one that may use the microphone without asking, one that is refused it."""
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    with sync_playwright() as playwright:
        launch = playwright.chromium.launch
        trusting = launch(executable_path=chromium, args=[*flags, "--use-fake-ui-for-media-stream"])
        yield {True: trusting, False: launch(executable_path=chromium, args=flags)}


@pytest.fixture
def open_page(site: str, browsers: dict[bool, Browser]) -> Iterator[Callable[..., Page]]:
    """Opens a page by its path; the test fails when anything complains in the console."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(path: str, *, may_listen: bool = True, **options) -> Page:
        contexts.append(browsers[may_listen].new_context(base_url=site, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A refusal that the page explains is logged by the browser all the same.
    assert [text for text in complaints if "415 (Unsupported Media Type)" not in text] == []


def assert_accessible(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], "the page scrolls sideways"


APPEARANCES = {
    "light": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}},
    "forced": {"viewport": {"width": 1280, "height": 800}, "forced_colors": "active"},
}


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_a_result_is_shown_with_scores_and_plots(open_page, recording, appearance):
    page = open_page("/analyze/", **APPEARANCES[appearance])

    page.get_by_label("Recording", exact=True).set_input_files(recording)
    page.get_by_role("button", name="Analyze").click()

    expect(page.get_by_role("status")).to_contain_text("Sounds most like")
    expect(page.get_by_role("row")).to_have_count(8)
    for name in ("Emotion over time", "Waveform of 4.0", "Pitch over", "Level", "Autocorrelation"):
        expect(page.get_by_role("img", name=name)).to_be_visible()
    expect(page.get_by_role("img", name="Spectrogram")).to_be_visible()
    assert page.locator("audio").evaluate("audio => audio.paused")
    assert_accessible(page)


def test_the_recording_plays_and_the_cursor_moves(open_page, recording):
    page = open_page("/analyze/")
    page.get_by_label("Recording", exact=True).set_input_files(recording)
    page.get_by_role("button", name="Analyze").click()
    cursor = page.locator("[data-cursor]")
    expect(cursor).to_be_hidden()
    start = page.locator("[data-tracks]").bounding_box()["x"]

    page.locator("audio").evaluate("audio => audio.play()")
    page.wait_for_timeout(700)

    assert page.locator("audio").evaluate("audio => audio.currentTime") > 0.2
    assert cursor.bounding_box()["x"] > start + 10


def test_a_click_on_the_waveform_moves_to_that_moment(open_page, recording):
    page = open_page("/analyze/")
    page.get_by_label("Recording", exact=True).set_input_files(recording)
    page.get_by_role("button", name="Analyze").click()
    waveform = page.get_by_role("img", name="Waveform")
    box = waveform.bounding_box()

    waveform.click(position={"x": box["width"] / 2, "y": 10})

    assert page.locator("audio").evaluate("audio => audio.currentTime") == pytest.approx(2, abs=0.1)


def test_a_bad_file_is_explained_and_the_old_result_goes(open_page, recording):
    page = open_page("/analyze/")
    page.get_by_label("Recording", exact=True).set_input_files(recording)
    page.get_by_role("button", name="Analyze").click()
    expect(page.locator("[data-result]")).to_be_visible()

    letter = {"name": "letter.wav", "mimeType": "audio/wav", "buffer": b"Dear server"}
    page.get_by_label("Recording", exact=True).set_input_files(letter)
    page.get_by_role("button", name="Analyze").click()

    expect(page.get_by_role("alert")).to_contain_text("cannot be decoded")
    expect(page.locator("[data-result]")).to_be_hidden()
    assert_accessible(page)


def test_the_form_works_with_javascript_off(open_page, recording):
    page = open_page("/analyze/", java_script_enabled=False)

    page.get_by_label("Recording", exact=True).set_input_files(recording)
    page.get_by_role("button", name="Analyze").click()

    expect(page.locator("[data-result]")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(8)


def test_a_recording_from_the_microphone_is_analyzed(open_page):
    page = open_page("/analyze/")

    page.get_by_role("button", name="Record", exact=True).press("Enter")
    expect(page.locator("[data-clock]")).to_have_text("0:03", timeout=15_000)
    page.get_by_role("button", name="Stop and analyze").press("Enter")

    expect(page.locator("[data-result]")).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_focused()


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_the_live_page_follows_a_voice_by_keyboard_alone(open_page, appearance):
    page = open_page("/live/", **APPEARANCES[appearance])
    toggle = page.locator("[data-toggle]")
    for _ in range(12):
        page.keyboard.press("Tab")
        if toggle.evaluate("button => button === document.activeElement"):
            break

    page.keyboard.press("Enter")

    expect(page.locator("[data-history] li").first).to_be_visible(timeout=30_000)
    expect(page.locator("[data-summary]")).to_contain_text("Sounds")
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.locator("[data-state]")).to_have_text("Not listening")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_browser_that_insists_on_its_own_rate_is_brought_down_to_16_khz(open_page, site):
    page = open_page("/")
    page.add_init_script(
        """const Native = AudioContext;
        window.AudioContext = class extends Native {
          constructor(options) {
            if (options?.sampleRate) throw new DOMException("refused", "NotSupportedError");
            super(options);
            window.usedRate = this.sampleRate;
          }
        };"""
    )
    page.goto("/live/")

    page.get_by_role("button", name="Start listening").click()

    expect(page.locator("[data-history] li").first).to_be_visible(timeout=30_000)
    assert page.evaluate("usedRate") > 16_000


@pytest.mark.parametrize(
    ("path", "button"), [("/live/", "Start listening"), ("/analyze/", "Record")]
)
def test_a_refused_microphone_is_explained(open_page, path, button):
    page = open_page(path, may_listen=False)

    page.get_by_role("button", name=button, exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("microphone is blocked")
    expect(page.get_by_role("button", name=button, exact=True)).to_be_enabled()


def test_the_first_tab_leads_past_the_navigation(open_page):
    page = open_page("/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_axe_finds_nothing_on_fresh_pages(open_page, appearance):
    page = open_page("/", **APPEARANCES[appearance])
    for path in ["/", "/analyze/", "/live/"]:  # Swagger UI has findings of its own
        page.goto(path)
        assert_accessible(page)


def test_the_api_can_be_browsed(open_page):
    page = open_page("/api/docs/")

    expect(page.get_by_text("/api/predict/audio")).to_be_visible(timeout=15_000)


def test_a_dropped_file_is_analyzed(open_page, recording):
    page = open_page("/analyze/")
    data = page.evaluate_handle(
        """async (bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "speech.flac"));
          return transfer;
        }""",
        list(recording.read_bytes()),
    )

    page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": data})

    expect(page.locator("[data-result]")).to_be_visible(timeout=15_000)

"""Sites, and pools filled with sounds that are real files in the storages."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client

from audio import encode_wav
from captcha import services
from captcha.models import ChallengeItem, Site
from captcha.work import solve
from emotion.ml.labels import EMOTIONS
from labeling.models import Clip
from synthesis.models import PlayClip, Voice
from tests.conftest import CHROMIUM_FLAGS

HOSTNAME = "shop.example"
BROWSER_FLAGS = [
    *CHROMIUM_FLAGS,
    # The foreign sites are made up, and the server of the test listens on loopback.
    "--disable-features=LocalNetworkAccessChecks",
]


def speechlike(seed: int, *, duration_s: float = 0.6, sampling_rate: int = 16_000) -> np.ndarray:
    """Noise with the slow swell of syllables, silent at the edges: float32, shape (samples,)."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * sampling_rate)) / sampling_rate
    swell = np.abs(np.sin(2 * np.pi * 3 * time)) ** 2
    sound = 0.3 * swell * rng.standard_normal(time.size)
    edge = np.zeros(sampling_rate // 10)
    return np.concatenate([edge, sound, edge]).clip(-1, 1).astype(np.float32)


def stored(pool: str, key: str, waveform: np.ndarray, sampling_rate: int = 16_000) -> str:
    data = encode_wav(waveform, sampling_rate)
    return storages[pool].save(key, ContentFile(data))


@pytest.fixture(autouse=True)
def light_work(settings) -> None:
    """Work that Python does at once."""
    settings.CAPTCHA_WORK_BITS, settings.CAPTCHA_WORK_ALONE_BITS = 4, 6


@pytest.fixture(autouse=True)
def quick_ears(settings) -> None:
    """Answers as quick as a test's."""
    settings.CAPTCHA_LEAST_LISTENING = 0.0


@pytest.fixture
def voice(db) -> Voice:
    return Voice.objects.create(name="tester", sha256="v" * 64, language="en", licence="CC0")


@pytest.fixture
def fill_play_pool(voice) -> Callable[[int], list[PlayClip]]:
    """Put so many clips into the play pool, their emotions in turn."""

    def fill(count: int) -> list[PlayClip]:
        return [
            PlayClip.objects.create(
                sha256=uuid4().hex * 2,
                key=stored(
                    "play", f"{number}.wav", speechlike(number, sampling_rate=22_050), 22_050
                ),
                emotion=EMOTIONS[number % len(EMOTIONS)],
                voice=voice,
                text="The kettle is on the stove.",
                seed=number,
                duration_ms=800,
                level_dbfs=-20.0,
            )
            for number in range(count)
        ]

    return fill


@pytest.fixture
def fill_dummy_pool(db) -> Callable[[int], list[Clip]]:
    def fill(count: int) -> list[Clip]:
        return [
            Clip.objects.create(
                sha256=uuid4().hex * 2,
                key=stored("dummy", f"{number}.wav", 0.2 * speechlike(1000 + number)),
                duration_ms=800,
                origin=Clip.Origin.SYNTHETIC,
                licence="CC0",
                consent="Synthetic voice: no person speaks",
            )
            for number in range(count)
        ]

    return fill


@pytest.fixture
def pools(fill_play_pool, fill_dummy_pool) -> None:
    """Both pools, filled."""
    fill_play_pool(14)
    fill_dummy_pool(3)


@pytest.fixture
def site(db) -> Site:
    return services.create_site(name="Shop", hostnames=[HOSTNAME, "localhost"])


@pytest.fixture
def secret(site) -> str:
    return services.issue_secret(site=site)


@pytest.fixture
def other_site(db) -> Site:
    return services.create_site(name="Somebody else", hostnames=["other.example"])


@pytest.fixture
def token(site) -> str:
    return services.mint_token(site=site, action="login")


class Visitor:
    """Somebody at the widget, who talks to the JSON interface and knows the answers."""

    def __init__(self, site: Site, address: str = "192.0.2.7") -> None:
        self.site = site
        self.client = Client(REMOTE_ADDR=address)
        self.works: dict[str, str] = {}  # solved puzzles by challenge

    def start(self, **fields):
        body = {"sitekey": self.site.sitekey, "hostname": HOSTNAME, **fields}
        response = self.post("/captcha/api/challenge", body)
        described = response.json()
        if described.get("work"):
            self.works[described["challenge"]] = solved(described["work"])
        return response

    def post(self, path: str, body: object):
        return self.client.post(path, body, content_type="application/json")

    def answer(self, challenge: str, number: int, answer: str):
        body = {"item": number, "answer": answer}
        if number > 1 and challenge in self.works:  # no round has a single clip
            body["work"] = self.works[challenge]
        return self.post(f"/captcha/api/challenge/{challenge}/answer", body)

    def prove(self, challenge: str, work: str):
        return self.post(f"/captcha/api/challenge/{challenge}/answer", {"work": work})

    def solve(self, *, wrong: set[int] = frozenset(), dummy: str = "happy", **fields) -> dict:
        """Answer everything; `wrong` numbers the known clips to get wrong, from 0."""
        described = self.start(**fields).json()
        known = 0
        while described["state"] == "open":
            number = described["item"]["number"]
            item = ChallengeItem.objects.get(challenge=described["challenge"], position=number)
            given = dummy
            if item.play_clip:
                given = not_(item.play_clip.emotion) if known in wrong else item.play_clip.emotion
                known += 1
            described = self.answer(described["challenge"], number, given).json()
        return described


def solved(work: dict) -> str:
    """The number that solves a puzzle."""
    return solve(salt=work["salt"], bits=work["bits"])


def not_(emotion: str) -> str:
    """Any other emotion."""
    return EMOTIONS[(EMOTIONS.index(emotion) + 1) % len(EMOTIONS)]


@pytest.fixture
def visitor(site) -> Visitor:
    return Visitor(site)


@pytest.fixture
def visitor_at(site) -> Callable[[str], Visitor]:
    """Make a visitor with an address of his own."""
    return lambda address: Visitor(site, address)


@pytest.fixture(scope="module")
def browser(chromium) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright's loop runs in this thread; the tests' own queries block nobody.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser) -> Iterator:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.set_default_timeout(15_000)
    yield page
    page.close()


@pytest.fixture
def complaints(page) -> list[str]:
    """What the console says of errors, which includes every violation of a policy."""
    heard: list[str] = []
    page.on("console", lambda message: message.type == "error" and heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard

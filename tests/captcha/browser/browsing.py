"""What tests do at the widget in a browser."""

from playwright.sync_api import FrameLocator, Page, expect

from captcha.models import ChallengeItem
from emotion.ml.labels import EMOTIONS


def start(page: Page, widget: FrameLocator) -> None:
    expect(widget.locator("#start")).to_be_enabled()
    widget.locator("#start").focus()
    page.keyboard.press("Enter")
    expect(widget.locator("#play")).to_be_focused()


def right_digit() -> str:
    """The key of the right answer to the clip that is asked now; of any answer to a dummy."""
    item = ChallengeItem.objects.filter(answered_at=None).order_by("position").first()
    return str(EMOTIONS.index(item.play_clip.emotion) + 1) if item.play_clip else "6"


def answer(page: Page, widget: FrameLocator, digits: list[str | None]) -> None:
    """Press a digit for each clip, the right one for None."""
    for number, digit in enumerate(digits, start=1):
        expect(widget.locator("#count")).to_have_text(f"{number} / {max(3, number)}")
        expect(widget.locator("#card")).to_have_attribute("aria-busy", "false")
        page.keyboard.press(digit or right_digit())

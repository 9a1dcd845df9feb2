"""A page of somebody else's that embeds the widget."""

from dataclasses import dataclass

from playwright.sync_api import FrameLocator, Page

from tests.captcha.browser.browsing import answer, start

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


def solve(page: Page, widget: FrameLocator) -> None:
    start(page, widget)
    answer(page, widget, [None, None, None])


# The element, and the field that its service's server reads.

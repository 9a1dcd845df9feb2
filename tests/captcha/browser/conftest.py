import pytest

from tests.captcha.browser.shop import Shop


@pytest.fixture
def shop(page, live_server, site, pools) -> Shop:
    return Shop(page, live_server.url, site.sitekey)

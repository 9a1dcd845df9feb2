"""The translations of the widget and its demo: complete, compiled, and with their placeholders."""

import re
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.conf import settings

from captcha.contrib.checks import MESSAGES
from captcha.languages import EMOTION_NAMES, supported

TEMPLATES = [
    settings.BASE_DIR / "templates" / name
    for name in ("base.html", "captcha/widget.html", "captcha/demo.html")
]
TRANSLATED = re.compile(r'{% translate "(.+?)" %}')
BLOCK = re.compile(r"{% blocktranslate .*?%}(.+?){% endblocktranslate %}", re.DOTALL)
PLACEHOLDER = re.compile(r"{\w+}|%\(\w+\)s")
OTHERS = sorted({"de", "es", "fr", "ko"})


def texts() -> set[str]:
    """Everything that these pages say in words."""
    found = {name for _, name in EMOTION_NAMES} | {str(text) for text in MESSAGES.values()}
    for template in TEMPLATES:
        source = template.read_text()
        found |= set(TRANSLATED.findall(source))
        found |= {re.sub(r"{{ (\w+) }}", r"%(\1)s", text) for text in BLOCK.findall(source)}
    return found


def catalogue(language: str) -> GNUTranslations:
    folder = settings.BASE_DIR / "captcha" / "locale" / language / "LC_MESSAGES"
    with (folder / "django.mo").open("rb") as file:
        return GNUTranslations(file)


def entries(path: Path) -> dict[str, str]:
    """Read a catalogue's source, the simple subset that has no plurals and no contexts."""
    pairs: dict[str, str] = {}
    for block in path.read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        parts = {"msgid": "", "msgstr": ""}
        current = "msgid"
        for line in lines:
            if line.startswith("msg"):
                current, line = line.split(" ", 1)
            parts[current] += line.strip()[1:-1].replace('\\"', '"').replace("\\n", "\n")
        pairs[parts["msgid"]] = parts["msgstr"]
    return pairs


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_its_placeholders(language):
    translations = catalogue(language)
    found = texts()
    assert len(found) > 50
    for text in sorted(found):
        translated = translations._catalog.get(text, "")
        assert translated, f"{language}: {text!r} has no translation"
        assert sorted(PLACEHOLDER.findall(translated)) == sorted(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_that_of_its_source(language):
    folder = settings.BASE_DIR / "captcha" / "locale" / language / "LC_MESSAGES"
    source = entries(folder / "django.po")
    assert "fuzzy" not in (folder / "django.po").read_text()
    source.pop("")
    compiled = dict(catalogue(language)._catalog)
    compiled.pop("")
    assert compiled == source


def test_every_language_of_the_settings_has_a_catalogue_or_is_english():
    assert set(settings.CAPTCHA_LANGUAGES) == {"en", *OTHERS}


@pytest.mark.parametrize(
    ("wish", "code"),
    [("de", "de"), ("DE_at", "de"), ("ko-KR", "ko"), ("zh-Hans", ""), ("", ""), ("\x00", "")],
)
def test_a_wish_is_served_by_the_nearest_language(wish, code):
    assert supported(wish) == code


def test_the_widget_speaks_german(client, site):
    query = {"sitekey": site.sitekey, "origin": "https://shop.example", "hl": "de"}
    html = client.get("/captcha/widget/", query).content.decode()
    assert "Ich bin ein Mensch" in html
    assert "Wütend" in html


def test_the_demo_speaks_the_language_of_the_browser_and_says_so(client, db):
    response = client.get("/captcha/demo/", headers={"Accept-Language": "fr-CA, en;q=0.5"})
    assert '<html lang="fr">' in response.content.decode()
    assert "Un formulaire à l’écoute" in response.content.decode()


def test_other_pages_stay_english(client, db):
    response = client.get("/", headers={"Accept-Language": "de"})
    assert '<html lang="en">' in response.content.decode()

import pytest

from tests.processes import read_settings
from web.rates import Rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("60/min", Rate(60, 60)),
        ("5/minute", Rate(5, 60)),
        ("5/m", Rate(5, 60)),
        ("5/s", Rate(5, 1)),
        ("7/second", Rate(7, 1)),
        ("3/hour", Rate(3, 3600)),
        ("3/h", Rate(3, 3600)),
        ("9/day", Rate(9, 86_400)),
        ("9/d", Rate(9, 86_400)),
    ],
)
def test_a_rate_is_read(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "60", "60/", "/min", "0/min", "-1/m", "6/week", "1.5/s", "60 / min", "{}"]
)
def test_what_is_no_rate_is_refused_with_how_to_write_one(text):
    with pytest.raises(ValueError, match="write calls/period, e.g. 60/min"):
        Rate.parse(text)


@pytest.mark.parametrize(
    "setting",
    [
        "INFLECT_API_RATE",
        "INFLECT_API_KEY_RATE",
        "INFLECT_DONATION_RATE",
        "INFLECT_VOICES_RATE",
        "INFLECT_CAPTCHA_CHALLENGE_RATE",
        "INFLECT_CAPTCHA_ANSWER_RATE",
    ],
)
@pytest.mark.parametrize(("value", "refused"), [("5/minute", ""), ("5/fortnight", "is no rate")])
def test_every_setting_takes_the_same_rates(setting, value, refused, tmp_path):
    done = read_settings(**{setting: value, "INFLECT_VAR": str(tmp_path)})

    assert (done.returncode != 0) == bool(refused), done.stderr
    assert refused in done.stderr
    assert not refused or f"{setting}: " in done.stderr

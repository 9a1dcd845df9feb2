"""The proof of work, beside the clips and alone."""

import hashlib

import pytest

from captcha import services
from captcha.models import Challenge, ChallengeItem, ResponseToken, Site
from captcha.work import is_solved, solve
from synthesis.models import PlayClip, Rendition
from tests.captcha.conftest import HOSTNAME, Visitor, not_, solved

pytestmark = pytest.mark.django_db


@pytest.fixture
def work_site(db) -> Site:
    options = {"offers_audio": False, "offers_text": False, "offers_work": True}
    return services.create_site(name="Work", hostnames=[HOSTNAME], **options)


def test_a_solution_has_the_leading_zero_bits():
    nonce = solve(salt="salt", bits=10)
    found = hashlib.sha256(f"salt:{nonce}".encode()).digest()
    assert f"{int.from_bytes(found):0256b}".startswith("0" * 10)


@pytest.mark.parametrize("nonce", ["", "x", "-1", "1.0", "٣", " 1", "1\n", "9" * 21])
def test_only_a_decimal_number_is_a_solution(nonce):
    assert not is_solved(salt="salt", nonce=nonce, bits=0)


def test_the_last_answer_wants_the_work_and_is_not_lost_without_it(visitor, pools):
    described = visitor.start().json()
    challenge, work = described["challenge"], visitor.works.pop(described["challenge"])
    for item in ChallengeItem.objects.filter(challenge=challenge):
        answer = item.play_clip.emotion if item.play_clip else "happy"
        response = visitor.answer(challenge, item.position, answer)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "work_missing")
    assert Challenge.objects.get().state == "open"
    visitor.works[challenge] = work
    assert visitor.answer(challenge, item.position, answer).json()["state"] == "passed"


@pytest.mark.parametrize("work", ["x", "1" * 20])
def test_a_wrong_solution_is_refused_with_its_answer(visitor, pools, settings, work):
    settings.CAPTCHA_WORK_BITS = 20
    settings.CAPTCHA_WORK_ALONE_BITS = 20
    body = {"sitekey": visitor.site.sitekey, "hostname": HOSTNAME}
    challenge = visitor.post("/captcha/api/challenge", body).json()["challenge"]
    visitor.works[challenge] = work
    visitor.answer(challenge, 1, "happy")
    response = visitor.answer(challenge, 2, "happy")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "work_invalid")
    assert ChallengeItem.objects.exclude(answer="").count() == 1


def test_a_solution_is_good_for_its_own_challenge_only(work_site):
    visitor = Visitor(work_site)
    first, second = visitor.start().json(), visitor.start().json()
    assert first["work"]["salt"] != second["work"]["salt"]


def test_without_bits_no_work_is_asked(visitor, pools, settings):
    settings.CAPTCHA_WORK_BITS = 0
    assert visitor.start().json()["work"] is None
    assert visitor.solve()["state"] == "passed"


def test_a_site_may_want_work_alone(work_site):
    visitor = Visitor(work_site)
    described = visitor.start().json()
    assert described["kind"] == "work"
    assert "item" not in described
    passed = visitor.prove(described["challenge"], solved(described["work"])).json()
    assert passed["state"] == "passed"
    again = visitor.prove(described["challenge"], solved(described["work"])).json()
    assert again["token"] == passed["token"]
    assert ResponseToken.objects.count() == 1


def test_a_challenge_of_work_has_no_clip_to_answer(work_site):
    visitor = Visitor(work_site)
    challenge = visitor.start().json()["challenge"]
    assert visitor.answer(challenge, 1, "happy").status_code == 409


def test_a_kind_that_the_site_does_not_offer_is_refused(visitor, pools):
    response = visitor.start(kind="work")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "kind_not_offered")
    assert visitor.start(kind="nothing").status_code == 400
    assert not Challenge.objects.exists()


def test_visitors_choose_among_what_is_offered(site, visitor, pools):
    Site.objects.update(offers_work=True)
    site.refresh_from_db()
    assert site.kinds() == ["audio", "text", "work"]
    assert visitor.start().json()["kind"] == "audio"
    assert visitor.start(kind="work").json()["kind"] == "work"


def test_the_work_grows_after_three_challenges_and_with_failures(visitor, pools, visitor_at):
    bits = [visitor.start().json()["work"]["bits"] for _ in range(4)]
    assert bits == [4, 4, 4, 5]
    assert visitor_at("198.51.100.7").start().json()["work"]["bits"] == 4
    unlucky = visitor_at("203.0.113.7")
    assert unlucky.solve(wrong={0, 1})["state"] == "failed"
    assert unlucky.start().json()["work"]["bits"] == 5


def test_a_scored_site_asks_for_work_alone_and_scores_a_busy_network_lower(visitor_at, settings):
    scored = services.create_site(name="Scored", hostnames=[HOSTNAME], mode=Site.Mode.SCORED)
    visitor, secret = Visitor(scored), services.issue_secret(site=scored)

    def score() -> float:
        described = visitor.start(action="cart/buy").json()
        passed = visitor.prove(described["challenge"], solved(described["work"])).json()
        verification = services.verify(secret=secret, token=passed["token"])
        assert (verification.success, verification.action) == (True, "cart/buy")
        return verification.score

    scores = [score() for _ in range(4)]
    assert scores[0] == scores[2] == 0.7
    assert scores[3] < scores[2]


def test_who_passes_by_work_alone_after_all_says_nothing_of_a_rendition(
    visitor, pools, voice, monkeypatch
):
    """Programs can work: else they could end what people recognise."""
    monkeypatch.setattr("captcha.services.items.secrets.randbelow", lambda clips: clips - 1)
    for emotion in set(PlayClip.objects.values_list("emotion", flat=True)):
        Rendition.objects.create(voice=voice, speaker="", emotion=emotion)
    described = visitor.start().json()
    PlayClip.objects.filter(state="ready").update(state="retired")  # nothing further can be asked

    for number in (1, 2, 3):
        item = ChallengeItem.objects.get(challenge=described["challenge"], position=number)
        right = item.play_clip.emotion if item.play_clip else "happy"
        answer = right if number == 1 else not_(right)
        described = visitor.answer(described["challenge"], number, answer).json()

    assert (described["state"], described["kind"]) == ("open", "work")
    described = visitor.prove(described["challenge"], solved(described["work"])).json()
    assert described["state"] == "passed"
    assert not Rendition.objects.exclude(times_right=0, times_wrong=0).exists()
    assert PlayClip.objects.filter(times_right=1).count() == 1

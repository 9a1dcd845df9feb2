"""Attacks through the public interface of a real server."""

import json
from io import StringIO
from ipaddress import ip_network

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from audio import decode, encode_wav
from captcha import services
from captcha.audio_items import render_item
from captcha.models import Challenge
from captcha.redteam.attack import Attacker
from captcha.redteam.solvers import SAME, Dictionary, Guesser, Item, Templates, fingerprint
from emotion.ml.training.fitting import RunPlace
from emotion.ml.training.recipes.classic import Classic, classic_features
from emotion.ml.training.recipes.vectors import Vectors
from tests.captcha.conftest import HOSTNAME

pytestmark = pytest.mark.django_db(transaction=True)


def run(live_server, sitekey: str, solver: str, attempts: int = 4) -> dict:
    output = StringIO()
    options = {"server": live_server.url, "sitekey": sitekey, "hostname": HOSTNAME}
    call_command("captcha_redteam", solver=solver, attempts=attempts, stdout=output, **options)
    return json.loads(output.getvalue())


def test_a_guesser_is_counted_as_the_server_counts_him(live_server, site, fill_play_pool):
    fill_play_pool(35)
    report = run(live_server, site.sitekey, "guesser", attempts=6)
    passed = Challenge.objects.filter(state="passed").count()
    assert report["attempts"] == sum(report["outcomes"].values()) == 6
    assert report["pass_rate"][0] == round(passed / 6, 4)
    assert report["kinds"] == {"audio": 6}
    assert report["questions"] >= 12


def test_the_emotion_model_hears_what_the_server_sends(live_server, site, pools):
    report = run(live_server, site.sitekey, "model", attempts=2)
    assert set(report["outcomes"]) <= {"passed", "failed"}


def test_who_used_the_clips_up_is_reported_by_kind(live_server, site, fill_play_pool):
    fill_play_pool(2)
    report = run(live_server, site.sitekey, "guesser", attempts=2)
    assert report["kinds"]["work"] >= 1
    assert report["passed_by"]["work"] == report["kinds"]["work"]
    assert report["hashes_per_pass"] > 0


def test_every_clip_is_waited_for(live_server, site, pools, settings, clock):
    settings.CAPTCHA_LEAST_LISTENING = 0.6
    attacker = Attacker(
        server=live_server.url,
        solver=Guesser(),
        sitekey=site.sitekey,
        hostname=HOSTNAME,
        sleep=clock.let_pass,
    )
    report = attacker.attack(1)
    assert report.outcomes.keys() <= {"passed", "failed"}
    assert report.questions >= 3
    assert report.waited_s == pytest.approx(0.5 * report.questions)  # 0.6 of 0.8 s, in tenths


def test_attempts_from_many_networks_are_many_visitors(live_server, site, fill_play_pool, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    fill_play_pool(35)
    options = {"server": live_server.url, "solver": Guesser(), "sitekey": site.sitekey}
    Attacker(**options, hostname=HOSTNAME, networks=3).attack(6)
    assert Challenge.objects.values("network").distinct().count() == 3


def test_the_classic_model_is_one_that_was_trained(live_server, site, pools, tmp_path):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(70, classic_features(tune(1), 16_000).size))
    labels = np.arange(70) % 7
    vectors = Vectors(labels.astype(np.str_), labels, values)
    Classic().fit(vectors, RunPlace(seed=0)).save(tmp_path)
    output = StringIO()
    call_command(
        "captcha_redteam",
        solver="classic",
        weights=tmp_path,
        attempts=1,
        server=live_server.url,
        sitekey=site.sitekey,
        hostname=HOSTNAME,
        stdout=output,
    )
    assert json.loads(output.getvalue())["questions"] >= 2
    with pytest.raises(CommandError, match="holds no trained classic"):
        call_command("captcha_redteam", solver="classic", weights=tmp_path / "none")
    with pytest.raises(CommandError, match="needs --weights"):
        call_command("captcha_redteam", solver="classic")


def test_who_has_the_grammar_passes_every_time(live_server, site):
    report = run(live_server, site.sitekey, "templates")
    assert report["outcomes"] == {"passed": 4}
    assert report["seconds_per_pass"] > 0


def test_who_computes_passes_where_work_alone_is_offered(live_server, site):
    site.offers_work = True
    site.save()
    assert run(live_server, site.sitekey, "work")["outcomes"] == {"passed": 4}


def test_a_refusal_is_reported_with_its_code(live_server, site):
    report = run(live_server, site.sitekey, "work", attempts=2)
    assert report["outcomes"] == {"kind_not_offered": 2}
    assert report["seconds_per_pass"] is None


def test_without_a_sitekey_the_demo_page_names_one(live_server, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    demo = services.ensure_demo_site()
    attacker = Attacker(server=live_server.url, solver=Guesser())
    assert attacker.sitekey == demo.sitekey


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(CommandError, match="cannot be attacked"):
        call_command("captcha_redteam", solver="work", server="http://127.0.0.1:9")


def tune(number: int) -> np.ndarray:
    """Eight tones of 0.1 s, others for each number: float32, shape (12 800,)."""
    rng = np.random.default_rng(number)
    time = np.arange(1600) / 16_000
    tones = [np.sin(2 * np.pi * pitch * time) for pitch in rng.uniform(150, 4000, 8)]
    return (0.3 * np.concatenate(tones)).astype(np.float32)


def served(number: int, serving: int) -> np.ndarray:
    data = encode_wav(tune(number), 16_000)
    return decode(render_item(data, seed=f"{serving:064x}"), sampling_rate=16_000)


def test_a_fingerprint_knows_a_clip_at_its_next_serving_and_no_other():
    prints = [[fingerprint(served(number, serving)) for serving in (1, 2)] for number in range(8)]
    for number, (first, second) in enumerate(prints):
        assert first @ second > SAME
        others = [other[0] @ first for place, other in enumerate(prints) if place != number]
        assert max(others) < SAME


def test_the_dictionary_answers_from_memory_what_it_passed_with():
    solver, item, answers = Dictionary(seed=1), Item(), ["angry", "happy", "sad"]
    sounds = [encode_wav(served(3, serving), 16_000) for serving in range(6)]
    first = solver.answer(item, sounds[0], answers)
    solver.learn(passed=True)
    assert {solver.answer(item, sound, answers) for sound in sounds[1:]} == {first}
    assert solver.facts() == {"heard_before": 0.833, "answered_from_memory": 0.833}


def test_the_dictionary_learns_nothing_from_a_failure():
    solver = Dictionary(seed=1)
    sound = encode_wav(served(3, 1), 16_000)
    given = set()
    for _ in range(40):
        given.add(solver.answer(Item(), sound, ["angry", "happy"]))
        solver.learn(passed=False)
    assert given == {"angry", "happy"}


def test_a_text_of_no_template_is_guessed():
    item = {"text": "Something else.", "language": "en"}
    assert Templates().answer(item, b"", ["sad"]) == "sad"

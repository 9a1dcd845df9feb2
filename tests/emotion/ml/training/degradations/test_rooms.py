import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.ml.training.degradations.lines import low_passed
from emotion.ml.training.degradations.rooms import diffuse_response, in_room, shoebox_response

RATE = 16_000


def decay_s(response: np.ndarray) -> float:
    """RT60 by Schroeder's integral, from the fall between -5 and -25 dB."""
    energy = np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1]
    curve = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(curve < -5), np.argmax(curve < -25)
    return 3 * (last - first) / RATE


@pytest.mark.parametrize("wanted_s", [0.3, 0.6, 0.9])
def test_noise_of_a_room_decays_in_its_time(wanted_s):
    responses = [
        diffuse_response(np.random.default_rng(seed), decay_s=wanted_s, direct_db=-20)
        for seed in range(8)
    ]
    low = [decay_s(low_passed(response[1:], 500)) for response in responses]
    assert np.mean(low) == pytest.approx(wanted_s, rel=0.1)
    assert np.mean([decay_s(response[1:]) for response in responses]) < wanted_s


@pytest.mark.parametrize("direct_db", [-5, 0, 10])
def test_the_direct_sound_stands_over_the_rest_as_asked(direct_db):
    response = diffuse_response(np.random.default_rng(0), decay_s=0.5, direct_db=direct_db)
    assert response[0] == 1.0
    assert not response[1:32].any()  # nothing comes back within 2 ms
    rest_db = 10 * np.log10(np.sum(response[1:].astype(np.float64) ** 2))
    assert rest_db == pytest.approx(-direct_db, abs=0.01)


@pytest.mark.parametrize("wanted_s", [0.3, 0.6])
def test_mirror_images_decay_about_as_sabine_says(wanted_s):
    """Sabine's formula assumes a diffuse field, which a shoebox is not: a factor, not a figure."""
    found = [
        decay_s(shoebox_response(np.random.default_rng(seed), decay_s=wanted_s, distance_m=1.5))
        for seed in range(6)
    ]
    assert 0.6 * wanted_s < np.mean(found) < 1.5 * wanted_s


def test_a_microphone_further_away_hears_more_of_the_room():
    def rest(distance_m: float) -> float:
        rooms = (
            shoebox_response(np.random.default_rng(seed), decay_s=0.4, distance_m=distance_m)
            for seed in range(6)
        )
        return float(np.mean([np.sum(room[1:] ** 2) for room in rooms]))

    assert rest(2.0) > 3 * rest(0.5)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.floats(0.15, 0.9), st.floats(0.3, 2.5))
def test_any_room_is_heard_as_finite_sound_that_does_not_clip(seed, wanted_s, distance_m):
    rng = np.random.default_rng(seed)
    response = shoebox_response(rng, decay_s=wanted_s, distance_m=distance_m, order=6)
    assert response[0] == 1.0
    clap = np.zeros(4000, np.float32)
    clap[100:140] = 0.9
    wet = in_room(clap, response)
    assert wet.size == 4000 + RATE // 5 or wet.size == clap.size + response.size - 1
    assert np.abs(wet).max() <= 0.951
    assert np.isfinite(wet).all()


def test_a_room_without_walls_changes_nothing():
    clap = np.zeros(4000, np.float32)
    clap[100] = 0.5
    np.testing.assert_allclose(in_room(clap, np.ones(1, np.float32)), clap, atol=1e-7)

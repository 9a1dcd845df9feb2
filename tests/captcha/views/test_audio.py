"""One-time audio addresses, and that known and dummy clips sound from the same mould."""

import io
import wave
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.storage import storages
from django.utils import timezone

from audio import TooLongError, UndecodableError, decode, encode_wav, rms_dbfs
from captcha.audio_items import LEVEL_DBFS, LEVEL_SPREAD_DB, PADDING_S, render_item
from captcha.keys import derive
from captcha.models import Challenge, ChallengeItem
from synthesis.models import PlayClip

SEED = "5" * 64


@pytest.fixture
def address(visitor, pools) -> str:
    return visitor.start().json()["item"]["audio"]


def test_the_address_gives_a_plain_wav_that_nobody_keeps(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "audio/wav"
    assert int(response["Content-Length"]) == len(response.content)
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "ETag" not in response
    with wave.open(io.BytesIO(response.content)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert file.getnframes() * 2 + 44 == len(response.content)  # no chunk besides


def test_the_address_works_three_times_with_the_same_sound(client, address):
    sounds = [client.get(address) for _ in range(4)]
    assert [sound.status_code for sound in sounds] == [200, 200, 200, 404]
    assert len({sound.content for sound in sounds[:3]}) == 1
    assert sounds[3].json()["error"]["code"] == "audio_gone"
    assert ChallengeItem.objects.get(position=1).fetches == 3


def test_the_address_ends_with_the_answer(client, visitor, address):
    visitor.answer(str(Challenge.objects.get().pk), 1, "happy")
    assert client.get(address).status_code == 404


def test_the_address_of_a_later_clip_is_not_open_yet(client, address):
    challenge = Challenge.objects.get()
    assert client.get(f"/captcha/audio/{derive('audio', challenge.pk, 2)}").status_code == 404


def test_the_address_ends_with_the_challenge(client, address):
    ended = timezone.now() - timedelta(seconds=1)
    Challenge.objects.update(created_at=ended - timedelta(minutes=10), expires_at=ended)
    assert client.get(address).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["f" * 64, "x", "..%2f..%2fsecret_key", "f" * 5000, "%00"])
def test_an_unknown_address_gives_nothing(client, token):
    assert client.get(f"/captcha/audio/{token}").status_code == 404


def test_other_methods_count_no_fetch(client, address):
    assert client.head(address).status_code == 405
    assert client.post(address).status_code == 405
    assert not ChallengeItem.objects.exclude(fetches=0).exists()


def test_the_address_is_stored_as_a_digest_only(address):
    token = address.rsplit("/", 1)[1]
    assert not ChallengeItem.objects.filter(audio_sha256=token).exists()


def test_a_clip_without_its_file_is_an_error_in_json_and_in_the_log(
    client, visitor, fill_play_pool, caplog
):
    fill_play_pool(2)
    for clip in PlayClip.objects.all():
        storages["play"].delete(clip.key)
    response = client.get(visitor.start().json()["item"]["audio"])
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "audio_unavailable"
    assert any(record.levelname == "ERROR" for record in caplog.records)


def tone(duration_s: float, level: float, *, silence_s: float = 0.0, rate: int = 16_000) -> bytes:
    time = np.arange(round(duration_s * rate)) / rate
    silence = np.zeros(round(silence_s * rate))
    sound = np.concatenate([silence, level * np.sin(2 * np.pi * 220 * time), silence])
    return encode_wav(sound.astype(np.float32), rate)


@pytest.mark.parametrize("level", [0.01, 0.1, 0.9])
@pytest.mark.parametrize("silence_s", [0.0, 0.5])
@pytest.mark.parametrize("rate", [16_000, 22_050])
def test_level_edges_and_rate_of_the_source_do_not_show(level, silence_s, rate):
    rendered = decode(render_item(tone(1.0, level, silence_s=silence_s, rate=rate), seed=SEED))
    padding = round(PADDING_S * 16_000)
    spoken = rendered[padding:-padding]
    assert rms_dbfs(spoken) == pytest.approx(LEVEL_DBFS, abs=LEVEL_SPREAD_DB + 0.5)
    assert rms_dbfs(rendered[: padding - 800]) == pytest.approx(-62, abs=1)  # the noise floor
    assert rms_dbfs(rendered[800 - padding :]) == pytest.approx(-62, abs=1)
    assert spoken.size / 16_000 == pytest.approx(1.0, abs=0.13)  # 2 % of speed, kept margins


def test_every_serving_sounds_a_little_different():
    source = tone(1.0, 0.2)
    first, second = (decode(render_item(source, seed=seed * 64)) for seed in "12")
    assert first.size != second.size
    assert render_item(source, seed="1" * 64) == render_item(source, seed="1" * 64)


def test_the_speed_stays_within_two_percent():
    source = tone(2.0, 0.2)
    for seed in "0123456789abcdef":
        rendered = decode(render_item(source, seed=seed * 64))
        speech_s = rendered.size / 16_000 - 2 * PADDING_S
        assert 2.0 / 1.021 < speech_s < 2.0 / 0.979


def test_digital_silence_is_rendered_without_error():
    silence = encode_wav(np.zeros(8_000, np.float32), 16_000)
    assert decode(render_item(silence, seed=SEED)).size > 8_000


def test_a_file_that_is_no_audio_or_too_long_is_an_error():
    with pytest.raises(UndecodableError):
        render_item(b"not audio at all", seed=SEED)
    with pytest.raises(TooLongError):
        render_item(tone(31.0, 0.1), seed=SEED)

"""POST /api/predict/audio: what it answers to good, bad and hostile uploads."""

import io
import struct
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from audio import encode_wav
from emotion import inference
from emotion.ml.labels import EMOTIONS
from emotion.ml.speech import predictor
from web.throttles import AddressThrottle

URL = "/api/predict/audio"


def post(content: bytes, *, name: str = "recording.wav", client: APIClient | None = None):
    upload = SimpleUploadedFile(name, content, content_type="application/octet-stream")
    return (client or APIClient()).post(URL, {"file": upload}, format="multipart")


def refusal(response) -> tuple[int, str]:
    """Return status and code, after checking that the body has the one documented shape."""
    body = response.json()
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"]


def float_wav(samples: np.ndarray) -> bytes:
    data = samples.astype("<f4").tobytes()
    header = struct.pack("<HHIIHH", 3, 1, 16_000, 64_000, 4, 32)  # IEEE float, mono
    chunks = b"fmt " + struct.pack("<I", len(header)) + header
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def silent_video() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container_format", "codec", "sampling_rate", "channels"),
    [
        ("wav", "pcm_s16le", 192_000, 1),
        ("flac", "flac", 16_000, 1),
        ("mp3", "libmp3lame", 44_100, 1),
        ("ogg", "vorbis", 44_100, 2),
        ("ogg", "libopus", 48_000, 1),
        ("webm", "libopus", 48_000, 2),
        ("mp4", "aac", 44_100, 1),
    ],
)
def test_a_recording_of_each_format_gets_seven_scores(
    speech, encode, container_format, codec, sampling_rate, channels
):
    content = encode(
        speech, container_format, codec, sampling_rate=sampling_rate, channels=channels
    )

    response = post(content, name="anything.bin")

    assert response.status_code == 200
    answer = response.json()
    assert tuple(answer["scores"]) == EMOTIONS
    assert sum(answer["scores"].values()) == pytest.approx(1, abs=0.001)
    assert answer["emotion"] == max(answer["scores"], key=answer["scores"].get)
    assert answer["duration_s"] == pytest.approx(speech.size / 16_000, abs=0.15)
    assert 1.5 < answer["voiced_s"] <= answer["duration_s"]
    assert answer["model"].keys() == {"name", "version"}


def noise(seconds: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.05, seconds * 16_000).astype("f4")


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [(np.zeros(16_000, np.float32), "silence"), (noise(2), "no_speech")],
    ids=["silence", "noise"],
)
def test_what_is_no_speech_has_no_emotion_but_a_reason(waveform, reason):
    response = post(encode_wav(waveform, 16_000))

    assert response.status_code == 200
    answer = response.json()
    assert (answer["emotion"], answer["scores"], answer["reason"]) == (None, None, reason)
    assert answer["duration_s"] == waveform.size / 16_000
    assert answer["timeline"]["moments"] == []


def test_a_timeline_covers_the_recording(speech, encode):
    timeline = post(encode(speech, "wav", "pcm_s16le")).json()["timeline"]

    assert timeline["window_s"] == 1.5
    assert timeline["step_s"] == pytest.approx(0.5)
    moments = timeline["moments"]
    assert moments[0]["start_s"] == 0
    assert moments[-1]["end_s"] == pytest.approx(4.0)
    for moment in moments:
        assert (moment["emotion"] is None) == (moment["scores"] is None)
        if moment["scores"]:
            assert tuple(moment["scores"]) == EMOTIONS


def with_references(content: bytes, references: list[bytes]):
    files = [SimpleUploadedFile("r.wav", each) for each in references]
    data = {"file": SimpleUploadedFile("a.wav", content), "reference": files}
    return APIClient().post(URL, data, format="multipart")


def test_references_of_the_speaker_adapt_the_scores(speech, encode):
    content = encode(speech, "wav", "pcm_s16le")

    plain, adapted = (with_references(content, n * [content]) for n in (0, 3))

    assert plain.json()["references"] == 0
    assert adapted.json()["references"] == 3
    assert adapted.json()["scores"] != plain.json()["scores"]


@pytest.mark.parametrize(
    ("references", "expected"),
    [
        (11 * [b"x"], (400, "too_many_references")),
        ([b"a letter"], (415, "audio_undecodable")),
        ([encode_wav(np.zeros(16_000, np.float32), 16_000)], (422, "reference_silent")),
    ],
    ids=["many", "text", "silent"],
)
def test_a_bad_reference_is_refused(speech, encode, references, expected):
    content = encode(speech, "wav", "pcm_s16le")

    assert refusal(with_references(content, references)) == expected


def test_eight_channels_are_mixed_down(speech, encode):
    assert post(encode(speech, "wav", "pcm_s16le", channels=8)).status_code == 200


def test_a_truncated_recording_is_judged_by_what_is_there(speech, encode):
    content = encode(speech, "flac", "flac")

    response = post(content[: len(content) * 2 // 3])

    assert response.status_code == 200
    assert response.json()["duration_s"] < speech.size / 16_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (422, "audio_empty")),
        (b"Dear server, this is a letter.\n" * 50, (415, "audio_undecodable")),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), (415, "audio_undecodable")),
        (bytes(range(256)) * 40, (415, "audio_undecodable")),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", (415, "audio_undecodable")),
        (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n", (415, "audio_undecodable")),
        (silent_video(), (422, "audio_missing")),
        (float_wav(np.full(16_000, np.nan)), (422, "audio_not_finite")),
        (encode_wav(np.zeros(1, np.float32), 16_000), (422, "speech_too_short")),
    ],
    ids=[
        "empty",
        "text",
        "image",
        "bytes",
        "header",
        "playlist",
        "video",
        "nan",
        "one-sample",
    ],
)
@pytest.mark.parametrize("name", ["recording.wav", "recording.flac", "recording"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_a_file_without_usable_speech_is_refused_whatever_its_name(
    content, expected, name, in_memory, settings
):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10**6 if in_memory else 0

    assert refusal(post(content, name=name)) == expected


def test_a_recording_over_the_longest_duration_is_refused(speech, encode, settings):
    settings.PREDICT_MAX_DURATION_S = 2.0

    assert refusal(post(encode(speech, "wav", "pcm_s16le"))) == (422, "audio_too_long")


def test_a_small_file_that_unpacks_to_hours_is_refused(encode):
    silence = np.zeros(16_000 * 900, np.float32)
    content = encode(silence, "flac", "flac")
    assert len(content) < 200_000

    assert refusal(post(content)) == (422, "audio_too_long")


def test_a_body_that_is_declared_too_large_is_refused_before_it_is_read(settings):
    settings.PREDICT_MAX_BYTES = 1000

    assert refusal(post(bytes(200_000))) == (413, "audio_too_large")


def test_a_file_that_grows_too_large_is_refused_while_it_is_read(settings):
    settings.PREDICT_MAX_BYTES = 1000

    # Below the allowance for multipart headers, so that only the count of bytes can stop it.
    assert refusal(post(bytes(1001))) == (413, "audio_too_large")


def test_two_files_count_together(settings):
    settings.PREDICT_MAX_BYTES = 1000
    files = {
        name: SimpleUploadedFile(name, bytes(600), content_type="audio/wav")
        for name in ("file", "other")
    }

    response = APIClient().post(URL, files, format="multipart")

    assert refusal(response) == (413, "audio_too_large")


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        ({}, "multipart", (400, "file_missing")),
        ({"file": "a text field"}, "multipart", (400, "file_missing")),
        ({"file": "x"}, "json", (415, "unsupported_media_type")),
    ],
)
def test_a_request_without_a_file_is_refused(data, kind, expected):
    assert refusal(APIClient().post(URL, data, format=kind)) == expected


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nnothing of the kind"),
    ],
)
def test_a_malformed_form_is_refused(content_type, body):
    response = APIClient().generic("POST", URL, body, content_type=content_type)

    assert response.status_code == 400
    assert refusal(response)[1] in {"request_malformed", "file_missing"}


def test_too_large_text_fields_are_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = APIClient().post(URL, {"note": "x" * 2000}, format="multipart")

    assert refusal(response) == (413, "request_too_large")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_method_is_refused(method):
    assert refusal(getattr(APIClient(), method)(URL)) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/api/", "/api/predict", "/api/predict/audio/", "/api/x/y"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_answers_in_the_same_shape(path, method):
    assert refusal(getattr(APIClient(), method)(path)) == (404, "not_found")


def test_a_caller_over_the_rate_is_told_when_to_come_back(monkeypatch):
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", {"anon": "2/min"})
    client = APIClient()
    for _ in range(2):
        post(b"", client=client)

    response = post(b"", client=client)

    assert refusal(response) == (429, "rate_limited")
    assert 0 < int(response.headers["Retry-After"]) <= 61


def test_a_forged_forwarding_header_does_not_reset_the_rate(monkeypatch):
    monkeypatch.setattr(AddressThrottle, "THROTTLE_RATES", {"anon": "1/min"})
    post(b"")

    response = APIClient().post(URL, HTTP_X_FORWARDED_FOR="198.51.100.7")

    assert refusal(response) == (429, "rate_limited")


def test_a_full_queue_answers_busy_at_once(speech, encode, all_threads_busy):
    response = post(encode(speech, "wav", "pcm_s16le"))

    assert refusal(response) == (503, "server_busy")
    assert response.headers["Retry-After"] == "1"


def test_missing_weights_are_told_without_naming_files(speech, encode, monkeypatch, tmp_path):
    monkeypatch.setattr(predictor, "SHIPPED", tmp_path / "nothing")
    inference._load_predictor.cache_clear()

    response = post(encode(speech, "wav", "pcm_s16le"))

    assert refusal(response) == (503, "model_unavailable")
    assert str(tmp_path) not in response.content.decode()


def test_an_unforeseen_error_is_logged_and_answered_in_the_same_shape(
    speech, encode, monkeypatch, caplog
):
    def fail(*_, **__):
        raise ZeroDivisionError("a secret of the server")

    monkeypatch.setattr(predictor.EmotionPredictor, "predict", fail)

    response = post(encode(speech, "wav", "pcm_s16le"))

    assert refusal(response) == (500, "internal_error")
    assert "secret" not in response.content.decode()
    assert "a secret of the server" in caplog.text


def test_a_client_that_takes_no_json_is_told_so():
    response = APIClient().get("/api/health", HTTP_ACCEPT="image/png")

    assert refusal(response) == (406, "not_acceptable")


def test_an_upload_leaves_no_file_behind(speech, encode, settings, tmp_path: Path, monkeypatch):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 0
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert post(encode(speech, "wav", "pcm_s16le")).status_code == 200

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.corpora
@pytest.mark.parametrize(("code", "emotion"), [("05", "angry"), ("04", "sad"), ("03", "happy")])
def test_a_clip_of_an_actor_is_recognised(corpora: Path, code, emotion):
    clip = next(corpora.joinpath("ravdess").rglob(f"03-01-{code}-02-01-01-01.flac"))

    assert post(clip.read_bytes()).json()["emotion"] == emotion

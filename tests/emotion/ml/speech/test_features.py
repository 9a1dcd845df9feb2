import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import decode
from emotion.ml.errors import InvalidWaveformError, SilentError, TooShortError
from emotion.ml.speech.extraction import extract
from emotion.ml.speech.features import (
    LEVEL_RMS,
    FeatureConfig,
    active_frames,
    at_least,
    framed,
    hann,
    hz_to_mel,
    log_mel,
    mel_filters,
    mel_to_hz,
    power_spectrogram,
    prepare,
)
from emotion.ml.training.corpora import load_corpus

CONFIG = FeatureConfig()
RATE = CONFIG.sampling_rate


def voice(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """A buzz with moving pitch and loudness in a little noise, float32 (samples,)."""
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(160 + 30 * np.sin(2 * np.pi * 2 * time)) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 12))
    loudness = 0.1 * (1.2 + np.sin(2 * np.pi * 4 * time))
    noise = np.random.default_rng(seed).standard_normal(time.size) * 0.002
    return (loudness * buzz + noise).astype(np.float32)


def test_the_shapes_follow_duration():
    features = extract(voice(1.0), CONFIG)
    assert features.log_mel.shape == (98, 64)  # 1 + (16 000 - 400) // 160
    assert features.log_mel.dtype == features.functionals.dtype == np.float32
    assert features.functionals.shape == extract(voice(0.3), CONFIG).functionals.shape


@pytest.mark.parametrize("gain", [0.01, 0.3, 5.0])
def test_gain_changes_nothing(gain):
    plain, scaled = extract(voice(), CONFIG), extract(voice() * np.float32(gain), CONFIG)
    np.testing.assert_allclose(scaled.log_mel, plain.log_mel, atol=1e-2)
    np.testing.assert_allclose(scaled.functionals, plain.functionals, rtol=1e-2, atol=2e-2)


def test_an_offset_changes_nothing():
    plain, shifted = extract(voice(), CONFIG), extract(voice() + np.float32(0.2), CONFIG)
    np.testing.assert_allclose(shifted.log_mel, plain.log_mel, atol=1e-2)


@pytest.mark.parametrize(("before_s", "after_s"), [(0.5, 0.0), (0.0, 0.7), (1.0, 2.0)])
def test_padding_with_zeros_adds_no_more_than_a_frame_at_each_end(before_s, after_s):
    padded = np.pad(voice(), (int(before_s * RATE), int(after_s * RATE)))
    plain, trimmed = extract(voice(), CONFIG).log_mel, extract(padded, CONFIG).log_mel
    added = len(trimmed) - len(plain)
    assert 0 <= added <= 2
    first = min(added, int(before_s > 0))
    np.testing.assert_allclose(trimmed[first + 2 : first + 96], plain[2:96], atol=0.1)


def test_prepared_speech_has_one_level():
    speech = prepare(voice() * np.float32(0.02), CONFIG)
    assert np.sqrt(np.mean(speech**2)) == pytest.approx(LEVEL_RMS, rel=0.02)
    assert speech.mean() == pytest.approx(0, abs=1e-6)


def test_a_click_before_speech_is_not_the_loudest_part():
    clicked = np.pad(voice(), (RATE // 2, 0))
    clicked[100] = 0.5
    assert prepare(clicked, CONFIG).size <= voice().size + RATE // 2
    assert prepare(clicked, CONFIG).size >= voice().size * 0.9


@settings(max_examples=25)
@given(
    before=st.integers(0, 8000),
    after=st.integers(0, 8000),
    gain=st.floats(0.01, 5.0),
    offset=st.floats(-0.3, 0.3),
)
def test_prepared_speech_depends_on_nothing_but_the_speech(before, after, gain, offset):
    padded = np.pad(voice(0.5), (before, after)) * gain + offset
    speech = prepare(padded.astype(np.float32), CONFIG)
    hop = CONFIG.hop_length
    assert 0 <= speech.size - voice(0.5).size <= 3 * hop
    assert speech.mean() == pytest.approx(0, abs=1e-5)
    heard = active_frames(speech, hop)
    rms = np.sqrt(np.mean(np.square(speech.reshape(-1, hop)[heard])))
    assert rms == pytest.approx(LEVEL_RMS, rel=0.05)


def test_a_pause_within_speech_stays_and_does_not_count_for_the_level():
    paused = np.concatenate([voice(0.5), np.zeros(RATE, np.float32), voice(0.5)])
    speech = prepare(paused, CONFIG)
    assert speech.size == pytest.approx(paused.size, abs=3 * CONFIG.hop_length)
    alone = prepare(voice(0.5), CONFIG)
    assert np.abs(speech).max() == pytest.approx(np.abs(alone).max(), rel=0.1)


def test_frames_further_below_the_loudest_than_the_range_are_no_speech():
    sound = np.concatenate([voice(0.3), voice(0.3) * np.float32(10 ** (-50 / 20)), voice(0.3)])
    active = active_frames(sound, CONFIG.hop_length)
    assert active[:28].all()
    assert not active[32:58].any()
    assert active[62:].all()


@given(size=st.integers(0, 500), length=st.integers(1, 100), hop=st.integers(1, 100))
def test_frames_are_stretches_of_the_waveform_a_hop_apart(size, length, hop):
    waveform = np.arange(1, size + 1, dtype=np.float32)
    frames = framed(waveform, length, hop)
    assert len(frames) == 1 + max(0, size - length) // hop
    for index, frame in enumerate(frames):
        expected = waveform[index * hop : index * hop + length]
        np.testing.assert_array_equal(frame[: expected.size], expected)
        assert not frame[expected.size :].any()  # only where the waveform is shorter than a frame


@given(st.integers(1, 600))
def test_hann_windows_half_a_window_apart_add_up_to_one(half):
    window = hann(2 * half)
    np.testing.assert_allclose(window[:half] + window[half:], 1.0, atol=1e-6)


@given(st.floats(0.0, 8000.0))
def test_the_way_to_mel_leads_back(hz):
    assert mel_to_hz(hz_to_mel(np.array([hz])))[0] == pytest.approx(hz, rel=1e-9, abs=1e-6)


def test_the_mel_scale_is_that_of_htk():
    np.testing.assert_allclose(
        hz_to_mel(np.array([0.0, 700.0, 1000.0])), [0.0, 781.173, 999.986], atol=1e-3
    )
    hz = np.array([60.0, 440.0, 7600.0])
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(hz)), hz)


def test_each_filter_peaks_at_its_centre_and_neighbours_sum_to_one():
    filters = mel_filters(CONFIG)
    corners = mel_to_hz(np.linspace(*hz_to_mel(np.array([60.0, 7600.0])), CONFIG.n_mels + 2))
    bins = np.arange(257) * RATE / 512
    between = (bins >= corners[1]) & (bins <= corners[-2])
    np.testing.assert_allclose(filters[between].sum(axis=1), 1.0, atol=1e-5)
    assert filters[bins < 60].max() == 0
    assert filters[bins > 7600].max() == 0
    highest = filters[:, -1].argmax()
    assert abs(bins[highest] - corners[-2]) <= RATE / 512


def test_a_sine_has_the_closed_form_power_and_mel():
    """A sine of amplitude a on bin k has power a² / 4 there and a² / 16 beside it (Hann)."""
    config = FeatureConfig(window_length=512)
    k, amplitude = 64, 0.2
    sine = amplitude * np.cos(2 * np.pi * k * np.arange(4096) / 512)
    power = power_spectrogram(sine.astype(np.float32), config)
    np.testing.assert_allclose(power[:, k], amplitude**2 / 4, rtol=1e-4)
    np.testing.assert_allclose(power[:, k + 1], amplitude**2 / 16, rtol=1e-4)
    expected = amplitude**2 * np.array([1 / 16, 1 / 4, 1 / 16]) @ mel_filters(config)[k - 1 : k + 2]
    floor = 10 ** (config.floor_db / 10)
    np.testing.assert_allclose(
        log_mel(power, config)[3],
        10 * np.log10(expected / LEVEL_RMS**2 + floor),  # the floor is relative to the level
        atol=0.02,
    )


def test_log_mel_never_falls_below_its_floor():
    nothing = np.zeros((3, 257), dtype=np.float32)
    np.testing.assert_allclose(log_mel(nothing, CONFIG), CONFIG.floor_db, atol=1e-3)


@given(st.integers(1, 20), st.integers(0, 60))
def test_repeated_frames_are_the_frames_over_and_over(length, wanted):
    frames = np.arange(2.0 * length, dtype=np.float32).reshape(length, 2)
    enough = at_least(frames, wanted)
    assert len(enough) == max(length, wanted)
    np.testing.assert_array_equal(enough, frames[np.arange(len(enough)) % length])


def test_few_frames_are_repeated_from_the_start():
    frames = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(at_least(frames, 5)[:, 0], [0, 2, 4, 0, 2])
    assert at_least(frames, 2) is frames


def test_less_than_a_tenth_of_a_second_is_refused():
    with pytest.raises(TooShortError, match=r"99\.9 ms: send at least 100 ms"):
        extract(voice(0.2)[:1599], CONFIG)
    assert np.isfinite(extract(voice(0.2)[:1600], CONFIG).functionals).all()


def test_silence_is_refused_with_or_without_an_offset():
    for level in (0.0, 0.5):
        with pytest.raises(SilentError, match="-70 dBFS"):
            extract(np.full(RATE, level, dtype=np.float32), CONFIG)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(bad):
    waveform = voice()
    waveform[5] = bad
    with pytest.raises(InvalidWaveformError, match="finite"):
        extract(waveform, CONFIG)


@pytest.mark.parametrize("shape", [(2, 16000), (16000, 1)])
def test_several_channels_are_refused(shape):
    with pytest.raises(InvalidWaveformError, match="mono"):
        extract(np.ones(shape, dtype=np.float32), CONFIG)


@pytest.mark.parametrize("seconds", [0.1, 0.13, 0.5, 3.0])
@pytest.mark.parametrize("kind", ["noise", "impulse", "square", "tone"])
def test_features_of_any_sound_are_finite(seconds, kind):
    count = int(seconds * RATE)
    sound = {
        "noise": np.random.default_rng(1).uniform(-1, 1, count),
        "impulse": np.eye(1, count, count // 2)[0],
        "square": np.sign(np.sin(np.arange(count) / 20)),
        "tone": np.sin(2 * np.pi * 3000 * np.arange(count) / RATE),
    }[kind]
    features = extract(sound.astype(np.float32), CONFIG)
    assert np.isfinite(features.log_mel).all()
    assert np.isfinite(features.functionals).all()


def test_training_and_serving_see_the_same_features(tones, examples):
    """One implementation: what training reads from its cache is what a server computes."""
    clips = load_corpus("emodb", tones)
    for index, clip in enumerate(clips):
        served = extract(decode(clip.path), FeatureConfig())
        np.testing.assert_allclose(examples.log_mels["plain"][index], served.log_mel, atol=1e-4)
        np.testing.assert_allclose(
            examples.functionals["plain"][index], served.functionals, atol=1e-4, rtol=1e-4
        )

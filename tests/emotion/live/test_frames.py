import pytest

from emotion.live.frames import FrameError, FrameGate, MessageTooLargeError, RateError

SECOND = 32_000  # bytes of 16-bit samples at 16 kHz
BLOCK = SECOND // 10


def test_real_time_passes_for_ever():
    gate = FrameGate(now_s=0.0)

    for block in range(1, 1001):
        gate.check(bytes(BLOCK), now_s=block * 0.1)

    assert gate.frames == 1000
    assert gate.duration_s == pytest.approx(100)


def test_a_small_burst_passes_and_more_does_not():
    gate = FrameGate(now_s=0.0)
    gate.check(bytes(2 * SECOND), now_s=0.0)

    with pytest.raises(RateError):
        gate.check(bytes(BLOCK), now_s=0.05)

    gate.check(bytes(BLOCK), now_s=0.1)
    assert gate.frames == 2


def test_a_pause_does_not_earn_more_than_one_longest_frame():
    gate = FrameGate(now_s=0.0)
    gate.check(bytes(10 * SECOND), now_s=3600.0)
    gate.check(bytes(2 * SECOND), now_s=3600.0)

    with pytest.raises(RateError):
        gate.check(bytes(BLOCK), now_s=3600.0)


@pytest.mark.parametrize("size", [0, 1, BLOCK + 1, 10 * SECOND + 2])
def test_a_frame_of_a_wrong_size_is_dropped(size):
    gate = FrameGate(now_s=-100.0)

    with pytest.raises(FrameError) as refusal:
        gate.check(bytes(size), now_s=0.0)

    assert refusal.value.code == "invalid_audio_frame"
    assert not refusal.value.ends_session
    assert gate.frames == 0


def test_an_enormous_message_ends_the_session():
    with pytest.raises(MessageTooLargeError) as refusal:
        FrameGate(now_s=0.0).check(bytes(1024 * 1024 + 1), now_s=0.0)

    assert refusal.value.ends_session

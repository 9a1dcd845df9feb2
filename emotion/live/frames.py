"""What may come in of a live session: whole samples, short enough, at the speed of speech."""

from audio.voice_activity import SAMPLING_RATE_HZ

BYTES_PER_SAMPLE = 2  # signed 16-bit little-endian PCM
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_FRAME_S = 10.0
# A client may be so far ahead of real time: its clock and ours differ, and networks bunch frames.
BURST_S = 2.0


class FrameError(Exception):
    """A message that is not taken; `ends_session` tells whether the session can go on."""

    code = "invalid_audio_frame"
    ends_session = False


class RateError(FrameError):
    """Audio that comes faster than it can have been spoken."""

    code = "rate_limited"


class MessageTooLargeError(FrameError):
    """More than any frame may have."""

    code = "message_too_large"
    ends_session = True


class FrameGate:
    """Lets frames in that are whole samples, short enough and no faster than real time."""

    def __init__(self, *, now_s: float) -> None:
        self._refilled_at_s = now_s
        self._credit_s = BURST_S
        self.frames = 0
        self.duration_s = 0.0

    def check(self, frame: bytes, *, now_s: float) -> None:
        """Count a frame.

        Args:
            frame: The bytes of one message.
            now_s: A monotonic clock.

        Raises:
            FrameError: The frame must be dropped.
        """
        duration_s = len(frame) / BYTES_PER_SAMPLE / SAMPLING_RATE_HZ
        _check_shape(frame, duration_s)
        self._refill(now_s)
        if duration_s > self._credit_s:
            raise RateError(
                f"{duration_s:.2f} s of audio came too early: send it at the speed of speech"
            )
        self._credit_s -= duration_s
        self.frames += 1
        self.duration_s += duration_s

    def _refill(self, now_s: float) -> None:
        earned_s = now_s - self._refilled_at_s
        self._credit_s = min(self._credit_s + earned_s, MAX_FRAME_S + BURST_S)
        self._refilled_at_s = now_s


def _check_shape(frame: bytes, duration_s: float) -> None:
    if len(frame) > MAX_MESSAGE_BYTES:
        raise MessageTooLargeError(
            f"The message has {len(frame)} bytes: at most {MAX_MESSAGE_BYTES} are allowed"
        )
    if not frame or len(frame) % BYTES_PER_SAMPLE:
        raise FrameError(
            f"The frame has {len(frame)} bytes: send whole 16-bit samples, about 100 ms of them"
        )
    if duration_s > MAX_FRAME_S:
        raise FrameError(
            f"The frame has {duration_s:.1f} s of audio: send at most {MAX_FRAME_S:g} s at once"
        )

"""Writes of this app."""

from synthesis.services.answers import (
    Renditions,
    lock_renditions,
    person_rates,
    record_answers,
)
from synthesis.services.clips import (
    ClipOverError,
    add_dummy_clip,
    add_play_clip,
    delete_over,
    draw_play_clips,
    remove_orphaned_audio,
    retire_play_clips,
    review_play_clip,
)
from synthesis.services.pool import Need, count_refusal, gate_limits, next_need, satisfy
from synthesis.services.speech import (
    SpeechRefused,
    TooManyWaiting,
    delete_old_speech,
    request_speech,
    speak_next,
)
from synthesis.services.voices import register_voice, set_spoken

__all__ = [
    "ClipOverError",
    "Need",
    "Renditions",
    "SpeechRefused",
    "TooManyWaiting",
    "add_dummy_clip",
    "add_play_clip",
    "count_refusal",
    "delete_old_speech",
    "delete_over",
    "draw_play_clips",
    "gate_limits",
    "lock_renditions",
    "next_need",
    "person_rates",
    "record_answers",
    "register_voice",
    "remove_orphaned_audio",
    "request_speech",
    "retire_play_clips",
    "review_play_clip",
    "satisfy",
    "set_spoken",
    "speak_next",
]

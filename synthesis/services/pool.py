"""What the pools lack, and speaking it."""

import random
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from emotion.ml.speech.predictor import EmotionPredictor
from labeling.models import Clip
from synthesis.ml.speaking.gate import GateLimits, judge_clip
from synthesis.ml.speaking.texts import random_sentence
from synthesis.models import PlayClip, Refusal, Rendition, Voice
from synthesis.services.clips import add_dummy_clip, add_play_clip

if TYPE_CHECKING:  # web processes serve clips and never load what speaks
    from synthesis.ml.speaking.engine import SpeechEngine

# Dummy clips that come right after the first clip of every emotion, so that a whole challenge can
# be served within seconds of the first start.
FIRST_DUMMY_CLIPS = 4


@dataclass(frozen=True)
class Need:
    """One clip that a pool lacks."""

    pool: Literal["play", "dummy"]
    voice: Voice
    speaker: str
    emotion: str


def next_need() -> Need | None:
    """Return what the pools lack most, or None.

    The first clip of every emotion comes first, then a few dummy clips, then the play pool's target
    for each emotion of each speaker, then the dummy pool's. What the gate refused a moment ago has
    to wait.
    """
    now = timezone.now()
    renditions = Rendition.objects.pooled(settings.PLAY_VOICES).select_related("voice")
    due = [rendition for rendition in renditions if rendition.is_due(now)]
    if not due:
        return None
    random.shuffle(due)  # which of equals comes first
    stock = PlayClip.objects.in_stock()
    by_emotion = PlayClip.objects.ready_by_emotion()

    def scarcity(rendition: Rendition) -> tuple[int, int]:
        own = stock[rendition.voice_id, rendition.speaker, rendition.emotion]
        return own, by_emotion[rendition.emotion]

    due.sort(key=scarcity)
    missing = [rendition for rendition in due if not any(scarcity(rendition))]
    dummies = Clip.objects.filter(origin=Clip.Origin.SYNTHETIC).count()
    if missing:
        return _play(missing[0])
    if dummies < min(FIRST_DUMMY_CLIPS, settings.DUMMY_POOL_TARGET):
        return _dummy(due)
    if scarcity(due[0])[0] < settings.PLAY_POOL_TARGET:
        return _play(due[0])
    return _dummy(due) if dummies < settings.DUMMY_POOL_TARGET else None


def _play(rendition: Rendition) -> Need:
    return Need("play", rendition.voice, rendition.speaker, rendition.emotion)


def _dummy(renditions: list[Rendition]) -> Need:
    chosen = secrets.choice(renditions)
    return Need("dummy", chosen.voice, chosen.speaker, chosen.emotion)


def satisfy(
    *, need: Need, engine: "SpeechEngine", judge: EmotionPredictor, seed: int
) -> PlayClip | Clip | None:
    """Speak a sentence into a pool.

    Args:
        need: What `next_need` named.
        engine: Of the need's voice.
        judge: An emotion model that never heard synthetic speech.
        seed: Draws the sentence and its prosody.

    Returns:
        The clip; None if the gate refused it, which is counted.

    Raises:
        SynthesisError: If the voice fails.
    """
    text = random_sentence(random.Random(seed), need.voice.language)
    utterance = engine.speak(text, need.emotion, seed=seed, speaker=need.speaker)
    if need.pool == "dummy":
        return add_dummy_clip(utterance=utterance, voice=need.voice, text=text, seed=seed)
    judgement = judge_clip(
        utterance.waveform,
        utterance.sampling_rate,
        need.emotion,
        judge=judge,
        limits=gate_limits(),
    )
    if judgement.reason:
        count_refusal(need=need, reason=judgement.reason)
        return None
    return add_play_clip(
        utterance=utterance,
        voice=need.voice,
        emotion=need.emotion,
        text=text,
        seed=seed,
        speaker=need.speaker,
        score=judgement.score,
    )


def gate_limits() -> GateLimits:
    """What this installation's play pool asks of a clip."""
    return GateLimits(
        shortest_s=settings.PLAY_CLIP_SHORTEST_S,
        longest_s=settings.PLAY_CLIP_LONGEST_S,
        least_score=settings.PLAY_CLIP_LEAST_SCORE,
    )


@transaction.atomic
def count_refusal(*, need: Need, reason: str) -> None:
    """Note that a clip was refused; the next of its kind has to wait, the longer the more often."""
    kind: dict[str, Any] = {
        "voice": need.voice,
        "speaker": need.speaker,
        "emotion": need.emotion,
    }
    row, _ = Refusal.objects.get_or_create(**kind, reason=reason)
    now = timezone.now()
    Refusal.objects.filter(pk=row.pk).update(count=F("count") + 1, last_at=now)
    Rendition.objects.filter(**kind).update(
        refused=F("refused") + 1, refused_in_a_row=F("refused_in_a_row") + 1, tried_at=now
    )

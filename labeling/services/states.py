"""What votes and moderators' decisions share: a locked clip, its state, and its log."""

from uuid import UUID

from django.contrib.auth.models import User

from emotion.models import Emotion
from labeling.models import Clip, ClipEvent
from labeling.services.errors import ClipNotFound, UnknownEmotion


def locked(clip_id: UUID) -> Clip:
    """Return a clip that nobody else changes until this transaction ends."""
    try:
        return Clip.objects.select_for_update().get(pk=clip_id)
    except Clip.DoesNotExist as error:
        raise ClipNotFound(f"There is no clip {clip_id}") from error


def check_emotion(emotion: str) -> None:
    """Refuse a label that is none of the seven."""
    if emotion not in Emotion.values:
        raise UnknownEmotion(f"Unknown emotion {emotion!r}: use one of {', '.join(Emotion.values)}")


def set_state(clip: Clip, state: str, emotion: str = "") -> None:
    """Write a decision on a locked clip; the revision tells who saw it before."""
    clip.state, clip.emotion, clip.revision = state, emotion, clip.revision + 1
    clip.save(update_fields=["state", "emotion", "revision"])


def log(clip: Clip, kind: str, actor: User | None = None, /, **detail: object) -> None:
    """Add a line to the audit log; without an actor the votes or the system did it."""
    ClipEvent.objects.create(clip=clip, kind=kind, actor=actor, detail=detail)

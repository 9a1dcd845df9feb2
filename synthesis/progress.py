"""How far the play pool is filled."""

from dataclasses import dataclass

from django.conf import settings

from emotion.models import Emotion
from synthesis.models import PlayClip, Rendition


@dataclass(frozen=True)
class PoolProgress:
    """Clips in stock against the target.

    Attributes:
        clips: Ready to be served.
        target: Wanted in all.
        emotions: Emotions that have a ready clip.
    """

    clips: int
    target: int
    emotions: int

    @property
    def is_first_filling(self) -> bool:
        """Not a whole challenge's choice yet: each emotion needs a clip, and half the clips."""
        return self.emotions < len(Emotion) or 2 * self.clips < self.target

    @property
    def is_speaking(self) -> bool:
        return self.target > 0


def pool_progress() -> PoolProgress:
    """Count the play pool."""
    renditions = Rendition.objects.pooled(settings.PLAY_VOICES).count()
    ready = PlayClip.objects.ready_by_emotion()
    return PoolProgress(
        clips=ready.total(),
        target=renditions * settings.PLAY_POOL_TARGET,
        emotions=len(+ready),
    )

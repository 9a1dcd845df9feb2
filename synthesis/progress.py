"""How far the play pool is filled."""

from dataclasses import dataclass

from django.conf import settings

from emotion.models import Emotion
from synthesis.models import PlayClip, Rendition


@dataclass(frozen=True)
class PoolProgress:
    """Clips in stock against the target.

    Attributes:
        clips: Spoken and not served up, those included that wait for a moderator.
        target: Wanted in all.
        emotions: Emotions that have such a clip.
    """

    clips: int
    target: int
    emotions: int

    @property
    def is_filling(self) -> bool:
        """Too little to choose from: an emotion has no clip, or half of the clips are missing."""
        if not self.target:  # the pool is switched off
            return False
        return self.emotions < len(Emotion) or 2 * self.clips < self.target


def pool_progress() -> PoolProgress:
    """Count the play pool."""
    renditions = Rendition.objects.pooled(settings.PLAY_VOICES).count()
    stock = PlayClip.objects.in_stock()
    return PoolProgress(
        clips=stock.total(),
        target=renditions * settings.PLAY_POOL_TARGET,
        emotions=len({emotion for _, _, emotion in stock}),
    )

from labeling.models.clips import Clip
from labeling.models.events import ClipEvent
from labeling.models.promotions import Promotion
from labeling.models.votes import Vote

__all__ = ["Clip", "ClipEvent", "Promotion", "Vote"]

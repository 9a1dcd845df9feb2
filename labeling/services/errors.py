"""What can be wrong with a call of a service; views turn these into codes and statuses."""


class ClipNotFound(LookupError):
    """No clip with this id."""


class UnknownEmotion(ValueError):
    """A label that is none of the seven."""


class UnusableClip(ValueError):
    """A recording that nobody could judge: silent or too short."""


class StaleDecision(RuntimeError):
    """The clip changed since the moderator looked at it."""

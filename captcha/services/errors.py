"""What can be wrong with a call of a service; views turn these into codes and statuses."""


class SiteNotFound(LookupError):
    """No active site has this sitekey."""


class HostnameNotAllowed(PermissionError):
    """The widget of this site may not run on this host."""


class ChallengeNotFound(LookupError):
    """No challenge with this id."""


class OutOfOrder(ValueError):
    """An answer to a clip that was not asked yet, or that there is not."""


class PoolEmpty(RuntimeError):
    """The play pool has too few clips for a challenge at the moment."""


class KindNotOffered(PermissionError):
    """A kind of challenge that this site does not offer."""


class WorkMissing(RuntimeError):
    """The answer that decides came without the proof of work; it was not noted."""


class WorkInvalid(ValueError):
    """A number that does not solve the puzzle."""


class AnswerNotOffered(ValueError):
    """An answer that this site's challenges do not have."""


class TooEarly(RuntimeError):
    """An answer before the clip can have been heard; it was not noted."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"Listen first: this answer can be taken in {wait_s:.1f} s")
        self.wait_s = wait_s

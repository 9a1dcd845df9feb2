from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from captcha.models import Challenge


@dataclass(frozen=True)
class Progress:
    """Where a challenge stands, in the words that its visitor may know.

    Attributes:
        state: One of `Challenge.State`.
        position, total: The clip to answer next, from 1, and the clips asked so far; 0 when over.
        audio_token: The last part of that clip's address.
        listen_s: How long that clip has to be listened to before its answer is taken.
        answers: What may be answered, in the order in which it is shown.
        token: The response token, when passed.
        expires_at: When the challenge ends or, once passed, the token.
        kind: One of `Challenge.Kind`.
        salt, bits: The proof of work that is still due; 0 bits for none.
        text, language: What is to be read in place of a clip.
    """

    challenge_id: UUID
    state: str
    expires_at: datetime
    kind: str = Challenge.Kind.AUDIO
    salt: str = ""
    bits: int = 0
    text: str = ""
    language: str = ""
    position: int = 0
    total: int = 0
    audio_token: str = ""
    listen_s: float = 0.0
    answers: tuple[str, ...] = ()
    token: str = ""

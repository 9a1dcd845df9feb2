from synthesis.models.play_clips import PlayClip, Refusal
from synthesis.models.speech import SpeechRequest
from synthesis.models.voices import Rendition, Voice

__all__ = ["PlayClip", "Refusal", "Rendition", "SpeechRequest", "Voice"]

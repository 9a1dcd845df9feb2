"""The way past torchaudio's native extension, for everything here that imports Coqui."""

from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports

__all__ = ["ensure_torchaudio_imports"]

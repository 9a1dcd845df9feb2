"""Log-mel spectrograms of all variations on one device, and the batches that training draws."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotion.ml.speech.features import at_least
from emotion.ml.training.examples import PLAIN, Examples


@dataclass(frozen=True)
class AugmentationConfig:
    """What a spectrogram goes through on its way into a batch.

    Attributes:
        variations: Names of the variations and how often each is drawn, relative to the others.
        crops: Lengths in frames; one of them is drawn for each batch.
        pitch: The frequency axis is scaled by 1 ± this, as another vocal tract and pitch would
            (vocal tract length perturbation, Jaitly and Hinton 2013).
        pace: The time axis is scaled by 1 ± this.
        tilt_db: The spectrum is tilted by at most so much at both ends.
        gain_db: The level is moved by at most this.
        masks: Stripes in time and in frequency each (SpecAugment, Park et al. 2019).
    """

    variations: tuple[tuple[str, float], ...] = (
        (PLAIN, 3.0),
        ("slower", 2.0),
        ("faster", 2.0),
        ("noisy", 1.0),
        ("noisy slower", 1.0),
        ("noisy faster", 1.0),
        ("room", 0.7),
        ("telephone", 0.3),
    )
    crops: tuple[int, ...] = (128, 192)
    pitch: float = 0.08
    pace: float = 0.1
    tilt_db: float = 4.0
    gain_db: float = 3.0
    masks: int = 2


class LogMelBank:
    """All spectrograms of a set of clips, padded by repetition, ready to be cut into batches."""

    def __init__(self, examples: Examples, config: AugmentationConfig, device: str) -> None:
        self.config = config
        self.labels = torch.from_numpy(examples.labels).to(device)  # (clips,)
        names = [name for name, _ in config.variations]
        lists = [examples.log_mels[name] for name in names]
        lengths = torch.tensor([[len(mel) for mel in mels] for mels in lists])
        longest, bands = int(lengths.max()), lists[0][0].shape[1]
        # Half precision rounds by 0.02 dB at most, far below every variation, in half the memory.
        padded = np.empty((len(names), len(lists[0]), longest, bands), np.float16)
        for row, mels in enumerate(lists):
            for column, mel in enumerate(mels):
                padded[row, column] = np.resize(mel, (longest, bands))
        self.lengths = lengths.to(device)  # (variations, clips)
        self.mels = torch.from_numpy(padded).to(device)  # (variations, clips, frames, bands)
        self.whole = examples.log_mels[PLAIN]
        weights = torch.tensor([weight for _, weight in config.variations], dtype=torch.float32)
        self._edges = (weights / weights.sum()).cumsum(0)[:-1].to(device)

    def batch(self, indices: Tensor, crop: int) -> Tensor:
        """Draw a varied crop of each clip by torch's own source of chance.

        Args:
            indices: Of clips, shape (batch,), on the bank's device.
            crop: Length in frames.

        Returns:
            In dB, shape (batch, crop, bands).
        """
        variation = torch.bucketize(torch.rand(len(indices), device=indices.device), self._edges)
        cut = self._resampled(indices, variation, crop)
        return self._masked(self._recoloured(cut))

    def clip(self, index: int, min_frames: int) -> Tensor:
        """Return one plain clip whole, at least `min_frames` long. (1, frames, bands)"""
        return torch.from_numpy(at_least(self.whole[index], min_frames))[None].to(self.mels.device)

    def _resampled(self, indices: Tensor, variation: Tensor, crop: int) -> Tensor:
        """Read the spectrograms along scaled axes by bilinear interpolation."""
        config, device, bands = self.config, indices.device, self.mels.shape[3]
        length = self.lengths[variation, indices].float()
        pace = 1 + _symmetric(len(indices), config.pace, device)
        room = (length - crop * pace).clamp(min=0)
        start = torch.rand(len(indices), device=device) * room
        time = start[:, None] + torch.arange(crop, device=device) * pace[:, None]
        time = torch.remainder(time, (length - 1).clamp(min=1)[:, None])  # short clips repeat
        scale = 1 + _symmetric(len(indices), config.pitch, device)
        shift = _symmetric(len(indices), 1.0, device)
        band = torch.arange(bands, device=device) * scale[:, None] + shift[:, None]
        band = band.clamp(0, bands - 1)  # (batch, bands)
        early, low = time.floor().long(), band.floor().long().clamp(max=bands - 2)
        late = (early + 1).clamp(max=self.mels.shape[2] - 1)
        rest_t, rest_b = (time - early)[:, :, None], (band - low)[:, None, :]

        def read(frames: Tensor) -> Tensor:
            rows = variation[:, None, None], indices[:, None, None], frames[:, :, None]
            below, above = (self.mels[(*rows, (low + step)[:, None, :])].float() for step in (0, 1))
            return below * (1 - rest_b) + above * rest_b

        return read(early) * (1 - rest_t) + read(late) * rest_t

    def _recoloured(self, mels: Tensor) -> Tensor:
        batch, device = len(mels), mels.device
        slope = torch.linspace(-1, 1, mels.shape[2], device=device)
        tilt = _symmetric(batch, self.config.tilt_db, device)[:, None, None] * slope
        return mels + tilt + _symmetric(batch, self.config.gain_db, device)[:, None, None]

    def _masked(self, mels: Tensor) -> Tensor:
        """Replace stripes of at most an eighth of time and of frequency by the mean."""
        mean = mels.mean(dim=(1, 2), keepdim=True)
        for _ in range(self.config.masks):
            in_time = _stripe(mels.shape[1], len(mels), mels.device)[:, :, None]
            in_band = _stripe(mels.shape[2], len(mels), mels.device)[:, None, :]
            mels = torch.where(in_time | in_band, mean, mels)
        return mels


def _symmetric(count: int, width: float, device: torch.device) -> Tensor:
    return (2 * torch.rand(count, device=device) - 1) * width


def _stripe(size: int, batch: int, device: torch.device) -> Tensor:
    """Mark a random stretch of at most an eighth. (batch, size)"""
    width = torch.rand(batch, device=device) * size / 8
    start = torch.rand(batch, device=device) * (size - width)
    place = torch.arange(size, device=device)
    return (place >= start[:, None]) & (place < (start + width)[:, None])

"""`timedist`: one small CNN over rolling windows of a spectrogram, then two LSTM layers.

Four local feature learning blocks (convolution, normalisation, ELU, pooling) are applied to every
window alike, and two LSTM layers read their outputs in order.

Source:
    Zhao, Mao and Chen, "Speech emotion recognition using deep 1D & 2D CNN LSTM networks", 2019.
"""

import torch
from torch import Tensor, nn

from emotion.ml.labels import EMOTIONS
from emotion.ml.training.fitting import FitConfig
from emotion.ml.training.recipes.networks import LogMelRecipe

WINDOW_FRAMES = 48
STEP_FRAMES = 24
CHANNELS = (32, 64, 96, 128)
POOLS = ((2, 2), (2, 2), (2, 2), (2, 2))
UNITS = 128


class TimeDistributed(nn.Module):
    """Score log-mel frames of any number from `WINDOW_FRAMES` up."""

    def __init__(self, bands: int = 64) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for inputs, outputs, pool in zip((1, *CHANNELS), CHANNELS, POOLS, strict=False):
            blocks += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ELU(),
                nn.MaxPool2d(pool),
                nn.Dropout(0.2),
            ]
        self.blocks = nn.Sequential(*blocks)
        width = CHANNELS[-1] * (bands // 16) * (WINDOW_FRAMES // 16)
        self.lstm = nn.LSTM(width, UNITS, num_layers=2, batch_first=True, dropout=0.2)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(UNITS, len(EMOTIONS)))

    def forward(self, log_mel: Tensor) -> Tensor:  # (batch, frames, bands) in dB
        scaled = (log_mel + 38.0) / 15.0
        windows = scaled.unfold(1, WINDOW_FRAMES, STEP_FRAMES)  # (batch, windows, bands, 48)
        batch, count = windows.shape[:2]
        flat = windows.transpose(2, 3).reshape(batch * count, 1, WINDOW_FRAMES, -1)
        described = self.blocks(flat).reshape(batch, count, -1)  # (batch, windows, width)
        states: Tensor = self.lstm(described)[0]  # (batch, windows, 128)
        logits: Tensor = self.head(torch.mean(states, dim=1))
        return logits  # (batch, 7)


def RECIPE() -> LogMelRecipe:  # noqa: N802 - each recipe's module names its constructor so
    config = FitConfig(epochs=50, learning_rate=1e-3, weight_decay=0.02, min_frames=WINDOW_FRAMES)
    return LogMelRecipe("timedist", TimeDistributed, config)

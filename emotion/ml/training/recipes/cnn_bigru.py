"""`cnn_bigru`: convolutions over a mel spectrogram, then a bidirectional GRU, then the maximum.

A common recipe of the field: 64 mel bands, convolutions of 64, 128 and 256 channels, a GRU of 256
units in both directions, max-pooling over time.
"""

import torch
from torch import Tensor, nn

from emotion.ml.labels import EMOTIONS
from emotion.ml.training.fitting import FitConfig
from emotion.ml.training.recipes.networks import LogMelRecipe

CHANNELS = (64, 128, 256)
UNITS = 256


class CnnBiGru(nn.Module):
    """Score log-mel frames of any number."""

    def __init__(self, bands: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((1, *CHANNELS), CHANNELS, strict=False):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Dropout(0.2),
            ]
        self.convolutions = nn.Sequential(*layers)
        width = CHANNELS[-1] * (bands // 2 ** len(CHANNELS))
        self.gru = nn.GRU(width, UNITS, batch_first=True, bidirectional=True)
        self.head = nn.Sequential(nn.Dropout(0.4), nn.Linear(2 * UNITS, len(EMOTIONS)))

    def forward(self, log_mel: Tensor) -> Tensor:  # (batch, frames, bands) in dB
        x = self.convolutions(((log_mel + 38.0) / 15.0)[:, None])  # (batch, 256, frames/8, bands/8)
        x = x.transpose(1, 2).flatten(2)  # (batch, frames/8, channels * bands)
        states: Tensor = self.gru(x)[0]  # (batch, frames/8, 512)
        logits: Tensor = self.head(torch.amax(states, dim=1))
        return logits  # (batch, 7)


def RECIPE() -> LogMelRecipe:  # noqa: N802 - each recipe's module names its constructor so
    config = FitConfig(epochs=50, learning_rate=1e-3, weight_decay=0.02)
    return LogMelRecipe("cnn_bigru", CnnBiGru, config)

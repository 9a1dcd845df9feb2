"""Griffin-Lim as a Coqui vocoder: from the mel spectrogram of the acoustic model to sound.

Coqui's own Griffin-Lim draws its phases from numpy's global generator and takes several times as
long. This one is seeded, and accelerated by momentum.
"""

import numpy as np
import torch
from torch import Tensor, nn

from synthesis.ml.speaking.spectrum import HOP_LENGTH, N_FFT, WINDOW_LENGTH, mel_basis

N_ITERATIONS = 40
MOMENTUM = 0.99  # Perraudin, Balazs and Sondergaard, "A fast Griffin-Lim algorithm", 2013
N_UPDATES = 15  # of the non-negative inverse of the mel filters


class GriffinLim(nn.Module):
    """Inverts log-mel spectrograms of `synthesis.ml.speaking.spectrum`.

    Attributes:
        seed: Of the starting phases; set before each call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seed = 0
        basis = torch.from_numpy(mel_basis())
        self.basis = nn.Parameter(basis, requires_grad=False)  # (mels, bins)
        self.inverse = nn.Parameter(torch.linalg.pinv(basis), requires_grad=False)
        self.window = nn.Parameter(torch.hann_window(WINDOW_LENGTH), requires_grad=False)

    @torch.inference_mode()
    def inference(self, log_mel: Tensor) -> Tensor:
        """Turn one log-mel spectrogram into a waveform.

        Args:
            log_mel: Shape (1, mels, frames).

        Returns:
            Shape (1, 1, samples).
        """
        return self._waveform(self._amplitudes(torch.exp(log_mel[0])))[None, None]

    def _amplitudes(self, mel: Tensor) -> Tensor:
        """Invert the mel filters without negative amplitudes (Lee and Seung's updates)."""
        amplitudes = (self.inverse @ mel).clamp(min=1e-6)
        target = self.basis.T @ mel
        gram = self.basis.T @ self.basis
        for _ in range(N_UPDATES):
            amplitudes = amplitudes * target / (gram @ amplitudes).clamp(min=1e-10)
        return amplitudes

    def _waveform(self, amplitudes: Tensor) -> Tensor:
        """Search for phases that belong to a signal with these amplitudes, (bins, frames)."""
        rng = np.random.default_rng(self.seed)
        phases = torch.from_numpy(rng.uniform(0, 2 * np.pi, amplitudes.shape)).float()
        spectrum = torch.polar(amplitudes, phases)
        previous = torch.zeros_like(spectrum)
        for _ in range(N_ITERATIONS):
            consistent = self._transform(self._inverse_transform(spectrum))
            accelerated = consistent + MOMENTUM * (consistent - previous)
            spectrum = amplitudes * accelerated / accelerated.abs().clamp(min=1e-12)
            previous = consistent
        return self._inverse_transform(spectrum)

    def _transform(self, waveform: Tensor) -> Tensor:
        return torch.stft(
            waveform, N_FFT, HOP_LENGTH, WINDOW_LENGTH, self.window, return_complex=True
        )

    def _inverse_transform(self, spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, N_FFT, HOP_LENGTH, WINDOW_LENGTH, self.window)

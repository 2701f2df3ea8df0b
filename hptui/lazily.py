"""Names of a package that are loaded when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def attributes(package: str, **homes: str) -> Callable[[str], Any]:
    """A `__getattr__` for the package: each name stands in the module that is its home."""

    def get(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    return get

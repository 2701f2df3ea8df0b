"""Lazy loading of a package's public names."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy_attributes(package: str, **modules: str) -> Callable[[str], Any]:
    """Return a `__getattr__` for `package` that loads each name from its module on first access."""

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(modules[name]), name)

    return load

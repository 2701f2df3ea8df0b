"""sqlite-utils, without pandas: it imports that wherever it finds it, for the name of a type that no store holds.

That would cost every runner, and every verb that writes, 0.3 s and 35 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database", "Migrations"]


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Imports inside do not find a module, unless it is there already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # how Python says "cannot be imported"
    try:
        yield
    finally:
        del sys.modules[module]


with _without("pandas"):
    from sqlite_utils import Database, Migrations

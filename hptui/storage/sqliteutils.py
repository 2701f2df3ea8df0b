"""sqlite-utils, imported without pandas.

It imports pandas if that is installed, for the name of a type that no store holds, which would cost every runner and
every verb that writes 0.3 s and 35 MB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Database", "Migrations"]


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Make imports of a module fail inside the block, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # None in sys.modules makes Python refuse the import
    try:
        yield
    finally:
        del sys.modules[module]


with _without("pandas"):
    from sqlite_utils import Database, Migrations

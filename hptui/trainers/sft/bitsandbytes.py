"""Hiding of the libraries bitsandbytes and scipy from a process that will be forked.

On import bitsandbytes queries the capability of every GPU, and after that no forked child can use CUDA. peft would
import it. A trial that needs it calls `allow_bitsandbytes` in its own process. transformers imports scipy for losses of
image models, which takes a third of a second.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

LIBRARY, NOT_NEEDED = "bitsandbytes", "scipy"
"""Names of the hidden libraries: the first stays hidden, the second is only not imported yet."""


def import_without_bitsandbytes(*modules: str) -> None:
    """Import modules while bitsandbytes, and scipy unless it is there already, appear to be missing."""
    if LIBRARY in sys.modules:
        return
    hidden = [name for name in (LIBRARY, NOT_NEEDED) if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # None in sys.modules makes an import fail
    try:
        for module in modules:
            importlib.import_module(module)
        for check in _cached_checks(LIBRARY, "bnb"):
            check()  # the answer is cached, so bitsandbytes stays hidden after this block
    finally:
        for name in hidden:
            del sys.modules[name]
        for check in _cached_checks(NOT_NEEDED):
            check.cache_clear()


def allow_bitsandbytes() -> None:
    """Clear the cached checks, so that libraries look for bitsandbytes again."""
    for check in _cached_checks(LIBRARY, "bnb"):
        check.cache_clear()


def _cached_checks(*words: str) -> Iterator[Any]:
    """Yield the cached functions of peft and transformers that look for a library with one of these names."""
    for module in ("peft.import_utils", "transformers.utils.import_utils"):
        for name, value in vars(sys.modules.get(module, object)).items():
            if any(word in name for word in words) and hasattr(value, "cache_clear"):
                yield value

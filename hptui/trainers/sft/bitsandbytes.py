"""Hiding of the library bitsandbytes from a process that will be forked.

On import it queries the capability of every GPU, and after that no forked child can use CUDA. peft would import it. A
trial that needs it calls `reveal` in its own process.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

LIBRARY = "bitsandbytes"
"""Name of the hidden library."""


def import_without_bitsandbytes(*modules: str) -> None:
    """Import modules while bitsandbytes appears to be missing."""
    if LIBRARY in sys.modules:
        return
    sys.modules[LIBRARY] = None  # type: ignore[assignment]  # None in sys.modules makes an import fail
    try:
        for module in modules:
            importlib.import_module(module)
        for check in _cached_checks():
            check()  # the answer is cached, so bitsandbytes stays hidden after this block
    finally:
        del sys.modules[LIBRARY]


def allow_bitsandbytes() -> None:
    """Clear the cached checks, so that libraries look for bitsandbytes again."""
    for check in _cached_checks():
        check.cache_clear()


def _cached_checks() -> Iterator[Any]:
    """Yield the cached functions of peft and transformers that look for bitsandbytes."""
    for module in ("peft.import_utils", "transformers.utils.import_utils"):
        for name, value in vars(sys.modules.get(module, object)).items():
            if ("bnb" in name or LIBRARY in name) and hasattr(value, "cache_clear"):
                yield value

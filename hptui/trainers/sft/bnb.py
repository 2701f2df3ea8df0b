"""bitsandbytes is kept out of a process that will be forked: imported, it asks every GPU for its capability, and after
that no forked child can use CUDA. peft would import it. A trial that needs it reveals it in its own process.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

NAME = "bitsandbytes"


def import_hidden(*modules: str) -> None:
    """Import modules that then believe that there is no bitsandbytes."""
    if NAME in sys.modules:
        return
    sys.modules[NAME] = None  # type: ignore[assignment]  # Python's own way to say: this cannot be imported
    try:
        for module in modules:
            importlib.import_module(module)
        for question in _questions():
            question()  # they remember the answer
    finally:
        del sys.modules[NAME]


def reveal() -> None:
    """Have everybody look again whether bitsandbytes is there."""
    for question in _questions():
        question.cache_clear()


def _questions() -> Iterator[Any]:
    for module in ("peft.import_utils", "transformers.utils.import_utils"):
        for name, value in vars(sys.modules.get(module, object)).items():
            if ("bnb" in name or NAME in name) and hasattr(value, "cache_clear"):
                yield value

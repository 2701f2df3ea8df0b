"""Loads numpy and scipy with one thread of linear algebra: matrices here are small, and threads only wait for each
other while trials train on the same cores."""

from __future__ import annotations

import os
import sys

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What the libraries read when they are loaded. Trials inherit none of it."""


def load() -> None:
    """Import numpy and scipy.linalg, if nobody has yet."""
    if "numpy" in sys.modules:
        return
    given = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    try:
        import numpy  # noqa: F401  numpy and scipy: not at start
        import scipy.linalg  # noqa: F401
    finally:
        for name, value in given.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

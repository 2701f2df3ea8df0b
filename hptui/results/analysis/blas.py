"""Loads numpy and scipy with one thread of linear algebra: matrices here are small, and threads only wait for each
other while trials train on the same cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def one_thread() -> Iterator[None]:
    """Run linear algebra in one thread, also where numpy was loaded before with more, if threadpoolctl is there."""
    load()
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-not-found,unused-ignore]  # not at start
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield

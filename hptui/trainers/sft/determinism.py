"""`deterministic = true`: the same bits every time, or an error; only answers may use what has no deterministic form.

With `warn_only`, torch's attention kernels stay on their faster forms, which are not deterministic: so the training and
its evaluations of the loss run in the strict mode. Source: torch.use_deterministic_algorithms, and the kernels' texts.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from hptui.core.errors import UserError

NO_FORM = re.compile(r"(\S+) does not have a deterministic implementation")
"""What torch says of an operation, as an error or a warning; the group is the operation."""
OTHER_FORM = re.compile(r"(.+?) defaults to a non-deterministic algorithm")
"""What it warns of a kernel that would have a deterministic form."""


def make_repeatable() -> None:
    """Make torch compute the same bits every time, or raise."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a property of the module
    torch.backends.cudnn.benchmark = False


def refusal(error: BaseException) -> UserError | None:
    """Return the user's error in place of torch's refusal of an operation; None for any other error."""
    match = NO_FORM.search(str(error)) if isinstance(error, RuntimeError) else None
    if match is None:
        return None
    return UserError(
        f"deterministic = true: torch has no deterministic form of {match[1]} here", hint="set deterministic = false"
    )


@contextmanager
def allow_variation(report: Callable[[set[str]], None]) -> Iterator[None]:
    """Let operations without a deterministic form run in the block.

    `report` gets the names of those that ran. Without `deterministic = true` the block runs as it is.
    """
    if not torch.are_deterministic_algorithms_enabled():
        yield
        return
    operations: set[str] = set()
    show = warnings.showwarning

    def record(message: Warning | str, *rest: Any, **more: Any) -> None:
        match = NO_FORM.search(str(message)) or OTHER_FORM.search(str(message))
        if match:
            operations.add(match[1])
        else:
            show(message, *rest, **more)

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("always", NO_FORM.pattern)
            warnings.filterwarnings("always", OTHER_FORM.pattern)
            warnings.showwarning = record
            yield
    finally:
        torch.use_deterministic_algorithms(True)
    if operations:
        report(operations)

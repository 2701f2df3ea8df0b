"""Counts what makes a program wait for a GPU, on a machine without one.

Every read of a tensor's value, and every operation whose result has a size that depends on values, would wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

READS = {
    getattr(torch.Tensor, name)
    for name in ("cpu", "tolist", "item", "numpy", "__float__", "__int__", "__bool__", "__index__")
}
SIZES = {"nonzero", "masked_select", "unique_dim", "_unique2", "unique_consecutive", "repeat_interleave", "bincount"}


class _Reads(TorchFunctionMode):
    def __init__(self, counts: Counter[str], ignored: set[int]) -> None:
        super().__init__()
        self.counts, self.ignored = counts, ignored

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in READS and id(args[0]) not in self.ignored:
            self.counts[func.__name__] += 1
        return func(*args, **(kwargs or {}))


class _Operations(TorchDispatchMode):
    def __init__(self, counts: Counter[str]) -> None:
        super().__init__()
        self.counts = counts

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.removeprefix("aten::")
        by_mask = name in ("index", "index_put_", "index_put") and any(
            isinstance(index, torch.Tensor) and index.dtype == torch.bool for index in args[1] or ()
        )
        if name in SIZES or name == "equal" or by_mask:
            self.counts[name] += 1
        return func(*args, **(kwargs or {}))


@contextmanager
def counted(ignored: Iterator[torch.Tensor] | tuple[torch.Tensor, ...] = ()) -> Iterator[Counter[str]]:
    """Yield the counts of a block. `ignored` are tensors that lie on the host on any machine."""
    counts: Counter[str] = Counter()
    with _Reads(counts, {id(tensor) for tensor in ignored}), _Operations(counts):
        yield counts

"""The flat parameter of an adapter: where its matrices lie, and their names and shapes as peft has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hptui.core.dataclass import dataclass
from hptui.trainers.sft.memory import GIB
from hptui.trainers.sft.packed.dropout import PEFT_PREFIX


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear layer of the base model that can get an adapter."""

    name: str
    inputs: int
    outputs: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Matrices A (rank, inputs) and B (outputs, rank) of each layer, one after another. Rank 0: the layer has none."""

    linears: tuple[Linear, ...]
    ranks: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(rank * (x.inputs + x.outputs) for x, rank in zip(self.linears, self.ranks, strict=True))

    def places(self) -> list[tuple[int, int]]:
        """Return where A and B of each layer begin."""
        begins, begin = [], 0
        for linear, rank in zip(self.linears, self.ranks, strict=True):
            begins.append((begin, begin + rank * linear.inputs))
            begin += rank * (linear.inputs + linear.outputs)
        return begins

    def views(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Return A and B of each layer as parts of a tensor whose last dimension is flat."""
        lead, ranked = flat.shape[:-1], list(zip(self.linears, self.ranks, strict=True))
        parts = iter(torch.split(flat, [rank * size for x, rank in ranked for size in (x.inputs, x.outputs)], -1))
        return [
            (next(parts).view(*lead, rank, x.inputs), next(parts).view(*lead, x.outputs, rank)) for x, rank in ranked
        ]

    def names(self) -> list[str]:
        """Return the names of the matrices that exist, as peft has them, in its order."""
        matrices = ("lora_A", "lora_B")
        named = zip(self.linears, self.ranks, strict=True)
        return [f"{PEFT_PREFIX}{x.name}.{matrix}.default.weight" for x, rank in named if rank for matrix in matrices]

    def named_views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return the matrices that exist, by name, as parts of a flat tensor."""
        pairs = (pair for pair, rank in zip(self.views(flat), self.ranks, strict=True) if rank)
        return dict(zip(self.names(), (matrix for pair in pairs for matrix in pair), strict=True))

    def places_in(self, wider: Layout, *, turned: bool = False) -> Tensor:
        """Return the index of each parameter in a layout with at least these ranks; `turned`: B transposed."""
        parts = []
        own = zip(self.linears, self.ranks, wider.ranks, wider.places(), strict=True)
        for linear, rank, room, (a, b) in own:
            parts.append(torch.arange(a, a + rank * linear.inputs))
            outputs, columns = torch.arange(linear.outputs)[:, None], torch.arange(rank)[None]
            places = outputs + columns * linear.outputs if turned else outputs * room + columns
            parts.append((b + places).reshape(-1))
        return torch.cat(parts)


def union(layouts: Sequence[Layout]) -> Layout:
    """Return the smallest layout that has room for each of these."""
    return Layout(layouts[0].linears, tuple(max(ranks) for ranks in zip(*(x.ranks for x in layouts), strict=True)))


class FlatAdapter:
    """The weights of one trial's adapter and their gradient, each in one flat tensor.

    Optimizers that look at the shape of a matrix, or at blocks of it, get the matrices as parameters of their own,
    which are parts of the flat tensor.
    """

    def __init__(
        self, layout: Layout, *, scale: float, dropout: float, device: torch.device, dtype: torch.dtype, whole: bool
    ) -> None:
        self.layout, self.scale, self.dropout, self.whole = layout, scale, dropout, whole
        self.flat = torch.zeros(layout.size, device=device, dtype=dtype)
        self.gradient = torch.zeros_like(self.flat)
        self.has_gradient = False
        self.matrices = layout.views(self.flat)
        self.gradients = layout.views(self.gradient)
        self.names = layout.names()
        parts = [self.flat] if whole else list(layout.named_views(self.flat).values())
        self.parameters = [nn.Parameter(part) for part in parts]
        self._parts_of_gradient = [self.gradient] if whole else list(layout.named_views(self.gradient).values())
        self.clear_gradient()

    @property
    def nbytes(self) -> int:
        """Bytes of the weights."""
        return self.flat.numel() * self.flat.element_size()

    def clear_gradient(self) -> None:
        """Set the gradient to 0."""
        self.gradient.zero_()
        self.has_gradient = False
        for parameter, gradient in zip(self.parameters, self._parts_of_gradient, strict=True):
            parameter.grad = gradient

    @property
    def decayed(self) -> list[nn.Parameter]:
        """All parameters: they are matrices."""
        return self.parameters

    def gradient_gib(self) -> float:
        """Return the memory of the gradient, in GiB."""
        return self.gradient.numel() * self.gradient.element_size() / GIB

    def initialise(self) -> None:
        """Draw the first weights from torch's global generator, in the order in which peft draws them."""
        with torch.no_grad():
            for linear, rank, (a, b) in zip(self.layout.linears, self.layout.ranks, self.matrices, strict=True):
                if not rank:
                    continue
                first = nn.Linear(linear.inputs, rank, bias=False)  # it draws, as peft's does
                nn.Linear(rank, linear.outputs, bias=False)
                nn.init.kaiming_uniform_(first.weight, a=math.sqrt(5))
                a.copy_(first.weight)
                b.zero_()

    def weights(self) -> dict[str, Tensor]:
        """Return the matrices by name, not copied."""
        return self.layout.named_views(self.flat)

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Copy matrices by name into the adapter."""
        with torch.no_grad():
            for name, matrix in self.weights().items():
                matrix.copy_(weights[name])

    def cut(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of an optimizer as one over peft's matrices has it."""
        if not self.whole:
            return dict(state)
        cut: dict[int, dict[str, Any]] = {n: {} for n in range(len(self.names))}
        for key, value in state["state"].get(0, {}).items():
            parts: Sequence[Any] = [value] * len(self.names)
            if isinstance(value, Tensor) and value.shape == self.flat.shape:
                parts = list(self.layout.named_views(value).values())
            elif isinstance(value, Tensor):  # a count of steps, which each matrix has for itself
                parts = [value.clone() for _ in self.names]
            for n, part in enumerate(parts):
                cut[n][key] = part
        groups = [{**group, "params": list(cut)} for group in state["param_groups"]]
        return {"state": {n: values for n, values in cut.items() if values}, "param_groups": groups}

    def join(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state of an optimizer over peft's matrices as this adapter's optimizer has it."""
        if not self.whole:
            return dict(state)
        joined: dict[str, Any] = {}
        for key, first in state["state"].get(0, {}).items():
            values = [state["state"][n][key] for n in range(len(self.names))]
            is_part = isinstance(first, Tensor) and first.dim() > 0
            joined[key] = torch.cat([value.reshape(-1) for value in values]) if is_part else first
        groups = [{**group, "params": [0]} for group in state["param_groups"]]
        return {"state": {0: joined} if joined else {}, "param_groups": groups}

"""The products of adapters with their tokens: those of one trial, or of several that have equally many tokens at once.

Products are formed so that their long side, the tokens, comes last: on a CPU that is several times faster where the
rank is small. The gradient of B comes out transposed there, and is turned once at the end of a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.sft.packed.dropout import DropoutKey, Masks
from hptui.trainers.sft.packed.layout import FlatAdapter, Layout, Linear, union

MAX_PLANS = 256
"""Plans of copies that are remembered; a long study with more combinations of ranks begins again."""


@dataclass(slots=True)
class Span:
    """One trial's part of a pass: its adapter, its tokens, and the key of its dropout (None in an evaluation).

    In a generation `begin` and `end` count rows, each of which has as many tokens as the others. `shape` are the rows
    and the length of its own micro-batch where it lies in a larger one, of the shape `room`.
    """

    adapter: FlatAdapter
    begin: int
    end: int
    key: DropoutKey | None
    shape: tuple[int, int] | None = None
    room: tuple[int, int] | None = None

    @property
    def dropout(self) -> float:
        """Share of the inputs that are dropped in this pass."""
        return 0.0 if self.key is None else self.adapter.dropout

    @property
    def scale(self) -> float:
        """What the product of the matrices is multiplied by, with inputs of which a share is dropped."""
        return self.adapter.scale / (1 - self.dropout)

    def mask(self, masks: Masks, name: str, like: Tensor) -> Tensor:
        """Return which inputs of a layer are kept; `like` are those inputs."""
        kept = torch.ones(like.shape, device=like.device, dtype=torch.bool)
        if self.dropout and self.key is not None:
            (rows, length), room = self.shape or (1, len(like)), self.room or (1, len(like))
            drawn = masks.draw(self.dropout, self.key, name, like[: rows * length])
            kept.view(*room, -1)[:rows, :length] = drawn.view(rows, length, -1)
        return kept


class Adapters(Protocol):
    """Adapters of some trials whose tokens are `begin` to `end` of a pass."""

    begin: int
    end: int

    def add(self, index: int, inputs: Tensor, sums: Tensor) -> Tensor | None:
        """Add a layer's adapters to `sums`; return what the backward pass needs, None where there are none."""
        ...

    def back(self, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, hidden: Tensor) -> None:
        """Take in the gradient of the adapters, and add that of the inputs to `dx`."""
        ...

    def finish(self) -> None:
        """Add the gradients to the trials' own, after the backward pass."""
        ...

    def abandon(self) -> None:
        """Leave the trials' gradients as they were before a backward pass that has failed."""
        ...


class Stack:
    """The matrices of trials with equally many tokens, padded to one rank, as one tensor for each layer.

    They are multiplied by the root of the trial's scale, so that no product needs it, and the gradient needs it once.
    """

    def __init__(self, members: Sequence[Span], compute: torch.dtype, *, learn: bool) -> None:
        adapters = [member.adapter for member in members]
        self._layout, device = union([adapter.layout for adapter in adapters]), adapters[0].flat.device
        self._turned = learn and device.type == "cpu"
        self._flat = torch.empty(len(adapters), self._layout.size, device=device, dtype=compute)
        self._plans = [_plan(adapter.layout, self._layout, device, self._turned) for adapter in adapters]
        self._matrices = self._layout.views(self._flat)
        self.take(members)

    def take(self, members: Sequence[Span]) -> None:
        """Take over the weights of the trials, and their places in a pass."""
        self.members, self.begin, self.end = list(members), members[0].begin, members[-1].end
        self._roots = [member.scale**0.5 for member in members]
        for row, member, plan, root in zip(self._flat, members, self._plans, self._roots, strict=True):
            torch.mul(plan.spread(member.adapter.flat), root, out=row)
            if plan.empty is not None:
                row.index_fill_(0, plan.empty, 0.0)
        self._gradients: list[tuple[Tensor, Tensor] | None] = [None] * len(self._matrices)

    def is_of(self, members: Sequence[Span], compute: torch.dtype) -> bool:
        """Return whether it has the adapters of these trials in this order."""
        if self._flat.dtype != compute or len(members) != len(self.members):
            return False
        return all(own.adapter is other.adapter for own, other in zip(members, self.members, strict=True))

    def add(self, index: int, inputs: Tensor, sums: Tensor) -> Tensor | None:
        """Add a layer's adapters to `sums`; return what the backward pass needs, None where there are none."""
        a, b = self._matrices[index]
        count, rank, width = a.shape
        if not rank:
            return None
        hidden = torch.bmm(a, inputs.view(count, -1, width).transpose(1, 2))
        sums.view(count, -1, sums.shape[-1]).baddbmm_(hidden.transpose(1, 2), b.transpose(1, 2))
        return hidden

    def back(self, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, hidden: Tensor) -> None:
        """Take in the gradient of the adapters, and add that of the inputs to `dx`."""
        a, b = self._matrices[index]
        count, _, width = a.shape
        dy3 = dy.view(count, -1, dy.shape[-1])
        dh = torch.bmm(b.transpose(1, 2), dy3.transpose(1, 2))
        db = torch.bmm(hidden, dy3) if self._turned else torch.bmm(dy3.transpose(1, 2), hidden.transpose(1, 2))
        da = torch.bmm(dh, inputs.view(count, -1, width))
        earlier = self._gradients[index]  # of a layer that the model uses more than once
        self._gradients[index] = (da, db) if earlier is None else (earlier[0] + da, earlier[1] + db)
        if dx is not None:
            dx.view(count, -1, width).baddbmm_(dh.transpose(1, 2), a)

    def finish(self) -> None:
        """Add the gradients to the trials' own, after the backward pass."""
        parts = list[Tensor]()
        for gradients, (a, b) in zip(self._gradients, self._matrices, strict=True):
            parts += [part.flatten(1) for part in gradients or (torch.zeros_like(a), torch.zeros_like(b))]
        self._gradients = []
        for row, member, plan, root in zip(torch.cat(parts, 1), self.members, self._plans, self._roots, strict=True):
            adapter, own = member.adapter, plan.gather(row)
            if adapter.has_gradient:
                adapter.gradient.add_(own, alpha=root)
            else:
                torch.mul(own, root, out=adapter.gradient)

    def abandon(self) -> None:
        """Leave the trials' gradients as they were: nothing was added to them."""
        self._gradients = []


class Direct:
    """One trial, whose own matrices are used, not copied. On a CPU that is slower where gradients are needed."""

    def __init__(self, member: Span, compute: torch.dtype, *, learn: bool) -> None:
        self.member, self.begin, self.end = member, member.begin, member.end
        adapter, layout = member.adapter, member.adapter.layout
        same = adapter.flat.dtype == compute
        self._scale = member.scale
        self._matrices = adapter.matrices if same else layout.views(adapter.flat.to(compute))
        self._direct = learn and same and not adapter.has_gradient
        self._apart: Tensor | None = None
        self._gradients = adapter.gradients
        if learn and not self._direct:
            self._apart = torch.zeros_like(adapter.flat, dtype=compute)
            self._gradients = layout.views(self._apart)

    def add(self, index: int, inputs: Tensor, sums: Tensor) -> Tensor | None:
        """Add a layer's adapter to `sums`; return what the backward pass needs, None where there is none."""
        a, b = self._matrices[index]
        if not len(a):
            return None
        hidden = torch.mm(a, inputs.t())
        sums.addmm_(hidden.t(), b.t(), alpha=self._scale)
        return hidden

    def back(self, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, hidden: Tensor) -> None:
        """Take in the gradient of the adapter, and add that of the inputs to `dx`."""
        (a, b), (da, db), scale = self._matrices[index], self._gradients[index], self._scale
        dh = torch.mm(b.t(), dy.t())
        db.addmm_(dy.t(), hidden.t(), alpha=scale)
        da.addmm_(dh, inputs, alpha=scale)
        if dx is not None:
            dx.addmm_(dh.t(), a, alpha=scale)

    def finish(self) -> None:
        """Add the gradient to the trial's own, after the backward pass."""
        if self._apart is not None:
            self.member.adapter.gradient.add_(self._apart)

    def abandon(self) -> None:
        """Leave the trial's gradient as it was before a backward pass that has failed."""
        if self._direct:
            self.member.adapter.gradient.zero_()


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the parameters of an adapter lie in a row of a stack, and in one of its gradient.

    `sources` is the index of a parameter for each place of the row, `empty` are the places without one; `places` is
    the index in the gradient for each parameter. None: the order is the same.
    """

    sources: Tensor | None
    empty: Tensor | None
    places: Tensor | None

    def spread(self, flat: Tensor) -> Tensor:
        """Return parameters in the order of a row; those of empty places mean nothing."""
        return flat if self.sources is None else flat.index_select(0, self.sources)

    def gather(self, row: Tensor) -> Tensor:
        """Return the parameters of a row in their own order."""
        return row if self.places is None else row.index_select(0, self.places)


_plans: dict[tuple[Any, ...], tuple[_Plan, tuple[Linear, ...]]] = {}  # with the linears, whose address is in the key


def _plan(layout: Layout, wider: Layout, device: torch.device, turned: bool) -> _Plan:
    key = (id(layout.linears), layout.ranks, wider.ranks, device, turned)  # to hash all linears takes long
    known = _plans.get(key)
    if known is None:
        if len(_plans) > MAX_PLANS:
            _plans.clear()
        known = _plans[key] = (_new_plan(layout, wider, device, turned), layout.linears)
    return known[0]


def _new_plan(layout: Layout, wider: Layout, device: torch.device, turned: bool) -> _Plan:
    same = layout.ranks == wider.ranks
    places = None if same and not turned else layout.places_in(wider, turned=turned).int().to(device)
    if same:
        return _Plan(None, None, places)
    sources = torch.full((wider.size,), -1, dtype=torch.int32)
    sources[layout.places_in(wider)] = torch.arange(layout.size, dtype=torch.int32)
    empty = torch.nonzero(sources < 0).reshape(-1)
    return _Plan(sources.clamp_(min=0).to(device), empty.to(device), places)


def grouped(members: Sequence[Span], worthwhile: Callable[[int, int], bool]) -> list[list[Span]]:
    """Return neighbours with equally many tokens in groups.

    `worthwhile` is asked, for one more trial, how many parameters of padding it brings, and how many tokens each has.
    """
    groups = list[list[Span]]()
    for member in members:
        tokens = member.end - member.begin
        if groups and groups[-1][0].end - groups[-1][0].begin == tokens:
            last = groups[-1]
            apart = union([x.adapter.layout for x in last]).size * len(last) + member.adapter.layout.size
            padded = union([x.adapter.layout for x in (*last, member)]).size * (len(last) + 1)
            if worthwhile(padded - apart, tokens):
                last.append(member)
                continue
        groups.append([member])
    return groups


def adapters_of(
    members: Sequence[Span],
    compute: torch.dtype,
    worthwhile: Callable[[int, int], bool],
    known: Sequence[Adapters],
    *,
    learn: bool,
) -> list[Adapters]:
    """Return the adapters of a pass, as few as is worth while. `known` are those of the pass before."""
    made = list[Adapters]()
    for group in grouped(members, worthwhile):
        if len(group) == 1 and not (learn and group[0].adapter.flat.device.type == "cpu"):
            made.append(Direct(group[0], compute, learn=learn))
            continue
        earlier = next((own for own in known if isinstance(own, Stack) and own.is_of(group, compute)), None)
        if learn and earlier is not None:
            earlier.take(group)
        made.append(earlier if learn and earlier is not None else Stack(group, compute, learn=learn))
    return made

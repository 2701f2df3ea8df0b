"""Linear layers with the adapters of several trials: one node of autograd for a layer, whatever the number of trials.

The tokens of all trials lie on one axis, trial after trial. Every product concerns the tokens of one trial or treats
each token by itself, so that no number of one trial enters another. Gradients of adapters are added to the trials' own
flat gradients here, not by autograd, which would hold a tensor for each matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hptui.core.dataclass import dataclass
from hptui.trainers.sft.packed.dropout import DropoutKey, Masks
from hptui.trainers.sft.packed.layout import FlatAdapter, Layout, union

MAX_PADDED_SHARE = 2.0
"""Size of padded adapters, at most, as a multiple of the adapters' own, for products of all trials at once."""


@dataclass(slots=True)
class Span:
    """One trial's part of a pass: its adapter, its tokens, and the key of its dropout (None in an evaluation).

    In a generation `begin` and `end` count rows, each of which has as many tokens as the others.
    """

    adapter: FlatAdapter
    begin: int
    end: int
    key: DropoutKey | None


@dataclass(slots=True)
class Work:
    """The matrices of one trial in the number format of the arithmetic, and where their gradients are added."""

    member: Span
    matrices: list[tuple[Tensor, Tensor]]
    gradients: list[tuple[Tensor, Tensor]]


class PassRoute:
    """Whose tokens a pass has. `compute` is the number format of the adapters' arithmetic."""

    def __init__(self, members: Sequence[Span], compute: torch.dtype, masks: Masks, *, learn: bool) -> None:
        self.members, self.compute, self.masks, self.learn = list(members), compute, masks, learn
        self.total = self.members[-1].end
        self.drops = any(m.key is not None and m.adapter.dropout for m in self.members)
        self._works: list[Work] | None = None
        self._apart: list[tuple[FlatAdapter, Tensor]] = []  # gradients to be added to the trials' own at the end
        self._direct: list[FlatAdapter] = []  # those whose own gradient is written to, which was 0
        self.together = self._stack() if self._is_even() else None
        self.single = self.works[0] if len(self.members) == 1 and not self.drops else None

    def _is_even(self) -> bool:
        """Return whether products of all trials at once are possible, and do not waste much."""
        if len(self.members) == 1 or self.drops or len({m.end - m.begin for m in self.members}) > 1:
            return False
        sizes = [m.adapter.layout.size for m in self.members]
        return union([m.adapter.layout for m in self.members]).size * len(sizes) <= MAX_PADDED_SHARE * sum(sizes)

    def _stack(self) -> Stack:
        return Stack.of([m.adapter for m in self.members], self.compute, learn=self.learn)

    @property
    def works(self) -> list[Work]:
        """What a pass that treats trial after trial needs, made when it is first needed."""
        if self._works is None:
            self._works = [self._work(member) for member in self.members]
        return self._works

    def _work(self, member: Span) -> Work:
        adapter, layout = member.adapter, member.adapter.layout
        same = adapter.flat.dtype == self.compute
        matrices = adapter.matrices if same else layout.views(adapter.flat.to(self.compute))
        if not self.learn:
            return Work(member, matrices, matrices)
        if same and not adapter.has_gradient:
            self._direct.append(adapter)
            return Work(member, matrices, adapter.gradients)
        gradient = torch.zeros_like(adapter.flat, dtype=self.compute)
        self._apart.append((adapter, gradient))
        return Work(member, matrices, layout.views(gradient))

    def finish(self) -> None:
        """Add the gradients that were kept apart to the trials' own, after the backward pass."""
        if self.together is not None:
            self.together.finish()
        for adapter, gradient in self._apart:
            adapter.gradient.add_(gradient)
        for member in self.members:
            member.adapter.has_gradient = True

    def abandon(self) -> None:
        """Leave the trials' gradients as they were before a backward pass that has failed."""
        for adapter in self._direct:
            adapter.gradient.zero_()


@dataclass(slots=True)
class Stack:
    """The matrices of trials with equally many tokens, padded to one rank, as one tensor for each layer."""

    adapters: list[FlatAdapter]
    matrices: list[tuple[Tensor, Tensor]]
    gradients: list[tuple[Tensor, Tensor]]
    scale: Tensor | float
    ranks: tuple[int, ...]
    _gradient: Tensor
    _places: list[Tensor | None] = field(default_factory=list)

    @classmethod
    def of(cls, adapters: list[FlatAdapter], compute: torch.dtype, *, learn: bool) -> Stack:
        """Return the stack of these adapters. `learn`: gradients are needed."""
        layout, device = union([a.layout for a in adapters]), adapters[0].flat.device
        places = [None if a.layout == layout else _places(a.layout, layout, device) for a in adapters]
        flat = torch.zeros(len(adapters), layout.size, device=device, dtype=compute)
        for row, adapter, place in zip(flat, adapters, places, strict=True):
            if place is None:
                row.copy_(adapter.flat)
            else:
                row[place] = adapter.flat.to(compute)
        gradient = torch.zeros_like(flat) if learn else flat
        scales = [a.scale for a in adapters]
        scale: Tensor | float = scales[0]
        if len(set(scales)) > 1:
            scale = torch.tensor(scales, device=device, dtype=compute).view(-1, 1, 1)
        return cls(adapters, layout.views(flat), layout.views(gradient), scale, layout.ranks, gradient, places)

    def finish(self) -> None:
        """Add the gradients to the trials' own."""
        for row, adapter, place in zip(self._gradient, self.adapters, self._places, strict=True):
            adapter.gradient.add_(row if place is None else row[place])


_known_places: dict[tuple[Layout, Layout, torch.device], Tensor] = {}


def _places(layout: Layout, wider: Layout, device: torch.device) -> Tensor:
    key = (layout, wider, device)
    if key not in _known_places:
        if len(_known_places) > 256:  # a long study with many ranks: begin again
            _known_places.clear()
        _known_places[key] = layout.places_in(wider).to(device)
    return _known_places[key]


class Layer:
    """A linear layer of the base model. Its weight is held here: to look it up in a module takes longer."""

    __slots__ = ("bias", "index", "module", "name", "plain", "quantised", "weight")

    def __init__(self, module: nn.Module, index: int, name: str) -> None:
        self.module, self.index, self.name = module, index, name
        self.weight: Any = module.weight
        self.bias: Any = module.bias
        self.quantised = hasattr(self.weight, "quant_state")
        self.plain = type(module).forward

    def output(self, x: Tensor) -> Tensor:
        """Return the layer's output without adapters."""
        if type(self.module) is nn.Linear:
            return F.linear(x, self.weight, self.bias)
        output: Tensor = self.plain(self.module, x)
        return output

    def gradient(self, dy: Tensor) -> Tensor:
        """Return the gradient of the inputs."""
        if not self.quantised:
            return torch.mm(dy, self.weight if self.weight.dtype == dy.dtype else self.weight.to(dy.dtype))
        from bitsandbytes import functional  # only with a model in 4 bits

        whole: Tensor = functional.dequantize_4bit(self.weight.data, self.weight.quant_state)
        return torch.mm(dy, whole.to(dy.dtype))


class AdaptedLinear(torch.autograd.Function):
    """The output of a linear layer and of the trials' adapters on it.

    `anchor` is a tensor that asks for a gradient, so that autograd comes here though no weight is a parameter.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, anchor: Tensor, layer: Layer, route: PassRoute) -> Tensor:
        """Return the output for tokens `x`."""
        inputs = x.reshape(-1, x.shape[-1])
        sums = layer.output(inputs)
        result = sums.dtype
        if not (result == inputs.dtype == route.compute):
            inputs, sums = inputs.to(route.compute), sums.to(route.compute)
        masks = None
        if route.single is not None:
            saved = _forward_single(route.single, layer.index, inputs, sums)
        elif route.together is not None:
            saved = _forward_together(route.together, layer.index, inputs, sums)
        else:
            saved, masks = _forward_each(route, layer, inputs, sums)
        ctx.save_for_backward(*saved)
        ctx.held = layer, route, masks, x.shape, x.dtype
        return (sums if sums.dtype == result else sums.to(result)).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, None, None, None]:
        """Return the gradient of the tokens; those of the adapters are added where they belong."""
        layer, route, masks, shape, dtype = ctx.held
        dy = gradients[0].reshape(-1, gradients[0].shape[-1])
        dx = layer.gradient(dy) if ctx.needs_input_grad[0] else None
        if dy.dtype != route.compute:
            dy = dy.to(route.compute)
        if dx is not None and dx.dtype != route.compute:
            dx = dx.to(route.compute)
        if route.single is not None:
            _backward_single(route.single, layer.index, dy, dx, *ctx.saved_tensors)
        elif route.together is not None:
            _backward_together(route.together, layer.index, dy, dx, *ctx.saved_tensors)
        else:
            _backward_each(route, layer.index, dy, dx, ctx.saved_tensors, masks)
        return (None if dx is None else dx.to(dtype).view(shape)), None, None, None


def _forward_single(work: Work, index: int, inputs: Tensor, sums: Tensor) -> list[Tensor]:
    """Add the adapter of the only trial to `sums`; return what the backward pass needs."""
    a, b = work.matrices[index]
    hidden = F.linear(inputs, a)
    sums.addmm_(hidden, b.t(), alpha=work.member.adapter.scale)
    return [inputs, hidden]


def _backward_single(work: Work, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, hidden: Tensor) -> None:
    (a, b), (da, db), scale = work.matrices[index], work.gradients[index], work.member.adapter.scale
    dh = torch.mm(dy, b)
    db.addmm_(dy.t(), hidden, alpha=scale)
    da.addmm_(dh.t(), inputs, alpha=scale)
    if dx is not None:
        dx.addmm_(dh, a, alpha=scale)


def _forward_together(stack: Stack, index: int, inputs: Tensor, sums: Tensor) -> list[Tensor]:
    """Add the adapters of all trials to `sums`; return what the backward pass needs."""
    if not stack.ranks[index]:
        return [inputs]
    a, b = stack.matrices[index]
    hidden = torch.bmm(inputs.view(len(a), -1, inputs.shape[-1]), a.transpose(1, 2))
    target = sums.view(len(a), -1, sums.shape[-1])
    if isinstance(stack.scale, float):
        target.baddbmm_(hidden, b.transpose(1, 2), alpha=stack.scale)
    else:
        target.baddbmm_(hidden.mul_(stack.scale), b.transpose(1, 2))
    return [inputs, hidden]


def _backward_together(stack: Stack, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, *saved: Tensor) -> None:
    if not stack.ranks[index]:
        return
    (a, b), (da, db), (hidden,) = stack.matrices[index], stack.gradients[index], saved
    dy3 = dy.view(len(a), -1, dy.shape[-1])
    alpha = stack.scale if isinstance(stack.scale, float) else 1.0
    dh = torch.bmm(dy3, b)
    if not isinstance(stack.scale, float):
        dh.mul_(stack.scale)
    db.baddbmm_(dy3.transpose(1, 2), hidden, alpha=alpha)
    da.baddbmm_(dh.transpose(1, 2), inputs.view(len(a), -1, inputs.shape[-1]), alpha=alpha)
    if dx is not None:
        dx.view(len(a), -1, dx.shape[-1]).baddbmm_(dh, a, alpha=alpha)


def _forward_each(
    route: PassRoute, layer: Layer, inputs: Tensor, sums: Tensor
) -> tuple[list[Tensor], list[Tensor | None]]:
    """Add each trial's adapter to its part of `sums`; return what the backward pass needs, and masks."""
    masks: list[Tensor | None] = []
    hidden: list[Tensor] = []
    fed = inputs.clone() if route.drops else inputs  # what the adapters see: without the inputs that are dropped
    times = len(inputs) // route.total
    for work in route.works:
        member, (a, b) = work.member, work.matrices[layer.index]
        begin, end, share = member.begin * times, member.end * times, member.adapter.dropout
        part, mask = fed[begin:end], None
        if member.key is not None and share and len(a):
            mask = route.masks.draw(share, member.key, layer.name, part)
            part.mul_(mask).mul_(1 / (1 - share))
        masks.append(mask)
        hidden.append(F.linear(part, a))
        sums[begin:end].addmm_(hidden[-1], b.t(), alpha=member.adapter.scale)
    return [fed, *hidden], masks


def _backward_each(
    route: PassRoute,
    index: int,
    dy: Tensor,
    dx: Tensor | None,
    saved: tuple[Tensor, ...],
    masks: list[Tensor | None],
) -> None:
    inputs, *hidden = saved
    for work, own, mask in zip(route.works, hidden, masks, strict=True):
        member, (a, b), (da, db) = work.member, work.matrices[index], work.gradients[index]
        if not len(a):
            continue
        scale, part = member.adapter.scale, dy[member.begin : member.end]
        dh = torch.mm(part, b)
        db.addmm_(part.t(), own, alpha=scale)
        da.addmm_(dh.t(), inputs[member.begin : member.end], alpha=scale)
        if dx is None:
            continue
        target = dx[member.begin : member.end]
        if mask is None:
            target.addmm_(dh, a, alpha=scale)
        else:
            target.add_(torch.mm(dh, a).mul_(mask), alpha=scale / (1 - member.adapter.dropout))

"""Linear layers with the adapters of several trials: one node of autograd for a layer, whatever the number of trials.

The tokens of all trials lie on one axis, trial after trial. Every product concerns the tokens of one trial or treats
each token by itself, so that no number of one trial enters another. Gradients of adapters are added to the trials' own
flat gradients here, not by autograd, which would hold a tensor for each matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hptui.trainers.sft.packed.dropout import Masks
from hptui.trainers.sft.packed.evening import Effort
from hptui.trainers.sft.packed.stack import Adapters, Span, adapters_of


class PassRoute:
    """Whose tokens a pass has.

    `compute` is the number format of the adapters' arithmetic; `known` are the adapters of the pass before.
    """

    def __init__(
        self,
        members: Sequence[Span],
        compute: torch.dtype,
        masks: Masks,
        effort: Effort,
        known: Sequence[Adapters] = (),
        *,
        learn: bool,
    ) -> None:
        self.members, self.compute, self.masks = list(members), compute, masks
        self.total = self.members[-1].end
        self.drops = any(member.dropout for member in self.members)
        self.adapters = adapters_of(self.members, compute, effort.joins_adapters, known, learn=learn)

    def mask(self, name: str, inputs: Tensor) -> Tensor:
        """Return which inputs of a layer are kept."""
        masks = [member.mask(self.masks, name, inputs[member.begin : member.end]) for member in self.members]
        return masks[0] if len(masks) == 1 else torch.cat(masks)

    def finish(self) -> None:
        """Add the gradients that were kept apart to the trials' own, after the backward pass."""
        for adapters in self.adapters:
            adapters.finish()
        for member in self.members:
            member.adapter.has_gradient = True

    def abandon(self) -> None:
        """Leave the trials' gradients as they were before a backward pass that has failed."""
        for adapters in self.adapters:
            adapters.abandon()


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
        mask = None
        if route.drops:
            mask = route.mask(layer.name, inputs)
            inputs = inputs * mask
        hidden = _add_adapters(route, layer.index, inputs, sums)
        ctx.save_for_backward(inputs, mask, *hidden)
        ctx.held = layer, route, x.shape, x.dtype
        return (sums if sums.dtype == result else sums.to(result)).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Tensor | None, None, None, None]:
        """Return the gradient of the tokens; those of the adapters are added where they belong."""
        layer, route, shape, dtype = ctx.held
        inputs, mask, *hidden = ctx.saved_tensors
        dy = gradients[0].reshape(-1, gradients[0].shape[-1])
        dx = layer.gradient(dy) if ctx.needs_input_grad[0] else None
        if dy.dtype != route.compute:
            dy = dy.to(route.compute)
        if dx is not None and dx.dtype != route.compute:
            dx = dx.to(route.compute)
        if mask is None or dx is None:
            _add_gradients(route, layer.index, dy, dx, inputs, hidden)
        else:  # the gradient that comes through the adapters passes the inputs that were kept
            through = torch.zeros_like(dx)
            _add_gradients(route, layer.index, dy, through, inputs, hidden)
            dx.add_(through.mul_(mask))
        return (None if dx is None else dx.to(dtype).view(shape)), None, None, None


def _add_adapters(route: PassRoute, index: int, inputs: Tensor, sums: Tensor) -> list[Tensor | None]:
    """Add the trials' adapters to `sums`; return what the backward pass needs."""
    if len(route.adapters) == 1:
        return [route.adapters[0].add(index, inputs, sums)]
    times = len(inputs) // route.total
    cuts = [(own, own.begin * times, own.end * times) for own in route.adapters]
    return [own.add(index, inputs[begin:end], sums[begin:end]) for own, begin, end in cuts]


def _add_gradients(
    route: PassRoute, index: int, dy: Tensor, dx: Tensor | None, inputs: Tensor, hidden: Sequence[Tensor | None]
) -> None:
    for own, kept in zip(route.adapters, hidden, strict=True):
        if kept is None:
            continue
        if len(route.adapters) == 1:
            own.back(index, dy, dx, inputs, kept)
        else:
            begin, end = own.begin, own.end
            own.back(index, dy[begin:end], None if dx is None else dx[begin:end], inputs[begin:end], kept)

"""The computing: losses and gradients of the micro-batches of one or several trials in one pass over one base model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any

import torch
from torch import Tensor, nn

from hptui.core.dataclass import dataclass
from hptui.trainers.data.batches import Batch
from hptui.trainers.sft import memory
from hptui.trainers.sft.forward import sum_losses
from hptui.trainers.sft.masks import known_rows
from hptui.trainers.sft.packed import attention
from hptui.trainers.sft.packed.dropout import DropoutKey, Masks
from hptui.trainers.sft.packed.evening import Effort, padded, rooms
from hptui.trainers.sft.packed.layout import FlatAdapter, Layout, Linear
from hptui.trainers.sft.packed.linear import AdaptedLinear, Layer, PassRoute
from hptui.trainers.sft.packed.stack import Adapters, Span
from hptui.trainers.sft.precision import AUTOCAST, autocast
from hptui.trainers.sft.settings import ModelSettings, adapter_targets


@dataclass(frozen=True, slots=True)
class Part:
    """One trial's micro-batch in a pass.

    `learnt` divides its loss, and `scaled` is applied before the backward pass. In an evaluation `key` is None.
    `shape` are its rows and their length, where the batch has been padded.
    """

    adapter: FlatAdapter
    batch: Batch
    learnt: int = 1
    key: DropoutKey | None = None
    scaled: Callable[[Tensor], Tensor] = field(default=lambda loss: loss)
    shape: tuple[int, int] | None = None

    @property
    def tokens(self) -> int:
        """Number of tokens, padding included."""
        return self.batch.ids.numel()


class PackEngine:
    """A base model whose linear layers can have the adapters of several trials.

    It is installed in the model's own layers: `uninstall` leaves the model as it was.
    """

    def __init__(self, model: Any, precision: str, device: torch.device) -> None:
        self.model, self.precision, self.device = model, precision, device
        self.linears = find_linears(model)
        weights = sum(linear.inputs * linear.outputs for linear in self.linears)
        self._effort = Effort.of(len(self.linears), weights, device)
        self.masks = Masks()
        self._route: PassRoute | None = None
        self._adapters: Sequence[Adapters] = ()
        self._indices: Tensor | None = None
        self._training: bool | None = None
        self._anchor = torch.zeros((), device=device, requires_grad=True)
        self._own_attention = str(model.config._attn_implementation)  # transformers has no public name for it
        self._hook: Any = None
        model.requires_grad_(False)
        self.install()

    # installation ---------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Put the adapters into the model's layers."""
        attention.register()
        self.model.set_attn_implementation(attention.NAME)
        for index, linear in enumerate(self.linears):
            module = self.model.get_submodule(linear.name)
            module.forward = self._adapted(Layer(module, index, linear.name))
        self._hook = self.model.get_output_embeddings().register_forward_pre_hook(self._select)

    def uninstall(self) -> None:
        """Leave the model as it was loaded."""
        for linear in self.linears:
            self.model.get_submodule(linear.name).__dict__.pop("forward", None)
        self._hook.remove()
        self.model.set_attn_implementation(self._own_attention)

    def _adapted(self, layer: Layer) -> Callable[[Tensor], Tensor]:
        def forward(x: Tensor) -> Tensor:
            if self._route is None:
                return layer.output(x)
            adapted: Tensor = AdaptedLinear.apply(x, self._anchor, layer, self._route)  # type: ignore[no-untyped-call]  # of torch
            return adapted

        return forward

    def _select(self, layer: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Give the output layer only the positions with a target, while losses are computed."""
        if self._indices is None or not arguments:
            return None
        hidden, *others = arguments
        return (hidden.reshape(-1, hidden.shape[-1]).index_select(0, self._indices)[None], *others)

    # adapters -------------------------------------------------------------------------------------------------------

    def layout(self, settings: ModelSettings) -> Layout:
        """Return the places of an adapter with these settings."""
        targets = adapter_targets(settings.lora_target)
        ranks = [settings.lora_rank if _is_target(linear.name, targets) else 0 for linear in self.linears]
        return Layout(self.linears, tuple(ranks))

    # passes ---------------------------------------------------------------------------------------------------------

    def learn(self, parts: Sequence[Part], *, measure: bool = False) -> tuple[list[Tensor], float]:
        """Add the gradients of micro-batches to their adapters; return the losses, divided as their parts say.

        The second value is the memory that the forward pass kept for the backward pass, in GiB, if `measure`.
        """
        self._mode(training=True)
        kept = 0.0
        evened, places = self._evened(parts)
        with self._pass(evened, learn=True) as route:
            if measure:
                losses, kept = memory.measure_forward(lambda: self._losses(evened), self.model, self.device)
            else:
                losses = self._losses(evened)
            divided = [losses[n] / part.learnt for n, part in zip(places, parts, strict=True)]
            total = torch.stack([part.scaled(loss) for part, loss in zip(parts, divided, strict=True)]).sum()
            try:
                total.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            except BaseException:
                route.abandon()
                raise
            with torch.no_grad():
                route.finish()
        return [loss.detach() for loss in divided], kept

    @torch.no_grad()
    def measure(self, parts: Sequence[Part]) -> list[Tensor]:
        """Return the summed losses of micro-batches, for evaluations."""
        self._mode(training=False)
        evened, places = self._evened(parts)
        with self._pass(evened, learn=False):
            losses = self._losses(evened)
        return [losses[n] for n in places]

    def _evened(self, parts: Sequence[Part]) -> tuple[list[Part], list[int]]:
        """Return micro-batches in the order of a pass, equal ones together, padded where that is worth while.

        The second value is the place of each.
        """
        shapes = [(part.batch.ids.shape[0], part.batch.ids.shape[1]) for part in parts]
        evened = list(parts)
        for n, room in enumerate(rooms(shapes, self._effort)):
            if room != shapes[n]:
                evened[n] = replace(parts[n], batch=padded(parts[n].batch, room), shape=shapes[n])
        order = sorted(
            range(len(parts)), key=lambda n: (tuple(evened[n].batch.ids.shape), parts[n].adapter.layout.size)
        )
        places = [0] * len(parts)
        for place, n in enumerate(order):
            places[n] = place
        return [evened[n] for n in order], places

    def _mode(self, *, training: bool) -> None:
        if self._training != training:
            self.model.train(training)
            self._training = training

    def forget_mode(self) -> None:
        """Set training or evaluation again at the next pass: others have used the model."""
        self._training = None

    @contextmanager
    def _pass(self, parts: Sequence[Part], *, learn: bool) -> Iterator[PassRoute]:
        members, begin = [], 0
        for part in parts:
            room = (part.batch.ids.shape[0], part.batch.ids.shape[1])
            members.append(Span(part.adapter, begin, begin + part.tokens, part.key, part.shape or room, room))
            begin += part.tokens
        with self.adapted(members, learn=learn) as route:
            try:
                yield route
            finally:
                attention.current.blocks = self._indices = None

    @contextmanager
    def adapted(self, members: Sequence[Span], *, learn: bool = False) -> Iterator[PassRoute]:
        """Let the layers, in this block, add the adapters of trials to their tokens."""
        compute = AUTOCAST.get(self.precision, members[0].adapter.flat.dtype)
        with torch.no_grad():
            self._route = PassRoute(members, compute, self.masks, self._effort, self._adapters, learn=learn)
        self._adapters = self._route.adapters if learn else self._adapters
        try:
            yield self._route
        finally:
            self._route = None

    def forget_adapters(self) -> None:
        """Free what is kept of the adapters from pass to pass: a trial has left."""
        self._adapters = ()

    def _losses(self, parts: Sequence[Part]) -> list[Tensor]:
        batch = _joined(parts).to(self.device)
        shapes = [(part.batch.ids.shape[0], part.batch.ids.shape[1]) for part in parts]
        cut = [part.tokens for part in parts]
        assert batch.places is not None
        places = [
            own.view(shape) if part.batch.places is not None else None
            for own, shape, part in zip(torch.split(batch.places[0], cut), shapes, parts, strict=True)
        ]
        attention.current.blocks = attention.make_blocks(shapes, places)
        self._indices = batch.indices
        with autocast(self.precision, self.device), known_rows(packed=False):
            logits = self.model(input_ids=batch.ids, position_ids=batch.places, use_cache=False).logits
        counts = [part.batch.learnt for part in parts]
        logits = logits.reshape(-1, logits.shape[-1])
        rows = zip(torch.split(logits, counts), torch.split(batch.labels, counts), strict=True)
        return [sum_losses(own, labels) for own, labels in rows]


def _joined(parts: Sequence[Part]) -> Batch:
    """Return the micro-batches as one row of tokens, on the host."""
    begins, begin = [], 0
    for part in parts:
        begins.append(begin)
        begin += part.tokens
    places = [
        torch.arange(batch.ids.shape[1]).expand_as(batch.ids) if batch.places is None else batch.places
        for batch in (part.batch for part in parts)
    ]
    return Batch(
        torch.cat([part.batch.ids.reshape(-1) for part in parts])[None],
        torch.cat([part.batch.indices + begin for part, begin in zip(parts, begins, strict=True)]),
        torch.cat([part.batch.labels for part in parts]),
        torch.cat([own.reshape(-1) for own in places])[None],
        None,
        max(part.batch.longest for part in parts),
        sum(part.batch.tokens for part in parts),
    )


def find_linears(model: Any) -> tuple[Linear, ...]:
    """Return the linear layers that can get an adapter, in the model's order: all but the output layer."""
    output, linears = model.get_output_embeddings(), list[Linear]()
    for name, module in model.named_modules():
        if module is not output and isinstance(module, nn.Linear):  # 4-bit layers are some, too
            linears.append(Linear(name, module.in_features, module.out_features))
    return tuple(linears)


def _is_target(name: str, targets: list[str] | str) -> bool:
    """Return whether a layer is meant, as peft understands names."""
    return isinstance(targets, str) or any(name == target or name.endswith(f".{target}") for target in targets)

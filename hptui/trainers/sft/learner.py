"""What belongs to one trial and changes while it trains: trained weights, optimizer, place, what was seen so far.

A learner never asks whose model it trains a part of: the forward pass is handed in. Everything random is a function of
seed, step and micro-batch, so resuming needs no state of a generator, and company would change nothing.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from hptui.trainers.data.batches import Batch, Order, Rows
from hptui.trainers.optimizers import load_optimizer
from hptui.trainers.sft import memory, optimizers, schedule
from hptui.trainers.sft.settings import Settings

FILE = "state.pt"


@dataclass(slots=True)
class Window:
    """Sums since the last report."""

    loss: float = 0.0
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Best:
    """The best evaluation so far, and how many have passed since."""

    value: float | None = None
    step: int = 0
    since: int = 0


@dataclass(slots=True)
class Place:
    """Where a training stands. `unjudged`: what was due to be measured after the last step was not, yet.

    `metrics`: the last value of each, which the end of a resumed training needs, too.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    rate: float = 0.0
    norm: float = 0.0
    unjudged: bool = False
    metrics: dict[str, float] = field(default_factory=dict)
    window: Window = field(default_factory=Window)
    best: Best = field(default_factory=Best)


class Learner:
    """One trial's training. `total` steps; `loss_of` gives the summed loss of a batch."""

    def __init__(
        self,
        settings: Settings,
        model: nn.Module,
        rows: Rows,
        order: Order,
        total: int,
        loss_of: Callable[[Batch], Tensor],
        device: torch.device,
        scaled: bool = False,
    ) -> None:
        self.settings, self.model, self.rows, self.order, self.total = settings, model, rows, order, total
        self.loss_of, self.device = loss_of, device
        self.named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        self.optimizer = optimizers.make(settings, self.named)
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.place = Place()
        self.kept: dict[str, float] = {}
        self._unread: list[tuple[Tensor, Tensor, int]] = []
        self._began: float | None = None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained."""
        return [parameter for _, parameter in self.named]

    def update(self) -> None:
        """One optimizer step over its micro-batches, each token of them counting alike."""
        place = self.place
        self._began = self._began or time.perf_counter()
        rate = schedule.rate(self.settings, place.step, self.total, self.order.per_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [self.rows.batch(some) for some in self.order.step(place.step)]
        learnt = sum(batch.learnt for batch in batches)
        summed = torch.zeros((), device=self.device)
        self.model.train()
        for part, batch in enumerate(batches):
            torch.manual_seed(seed_of(self.order.seed, place.step, part))
            loss = self._loss(batch.to(self.device)) / learnt
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            summed += loss.detach()
        norm = self._apply()
        place.step, place.rate = place.step + 1, rate
        self._unread.append((summed, norm, sum(batch.tokens for batch in batches)))

    def settle(self) -> None:
        """Read what the updates since the last call came to. This waits for the GPU, so not every update does it."""
        place, window = self.place, self.place.window
        for summed, norm, tokens in self._unread:
            window.loss, place.norm = window.loss + float(summed), float(norm)
            window.steps, window.tokens, place.tokens = window.steps + 1, window.tokens + tokens, place.tokens + tokens
        if self._began is not None:
            seconds = time.perf_counter() - self._began
            window.seconds, place.seconds = window.seconds + seconds, place.seconds + seconds
        self._unread, self._began = [], None

    def _loss(self, batch: Batch) -> Tensor:
        if "activations" in self.kept:
            return self.loss_of(batch)
        loss, self.kept["activations"] = memory.of_forward(lambda: self.loss_of(batch), self.model, self.device)
        return loss

    def _apply(self) -> Tensor:
        self.scaler.unscale_(self.optimizer)
        bound = self.settings.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, bound)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if "optimizer" not in self.kept:
            self.kept["gradients"] = memory.of_gradients(self.model)
            self.kept["optimizer"] = optimizers.state_bytes(self.optimizer) / memory.GIB
        self.optimizer.zero_grad()
        return norm

    # what lasts ---------------------------------------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """The trained weights, as they are kept in the model."""
        return {name: parameter.detach() for name, parameter in self.named}

    def take(self, weights: dict[str, Tensor]) -> None:
        """Have these weights."""
        with torch.no_grad():
            for name, parameter in self.named:
                parameter.copy_(weights[name])

    def save(self, path: Path) -> None:
        """Write the file of a checkpoint."""
        self.settle()
        state = {
            "weights": self.weights(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "place": asdict(self.place),
        }
        with (path / FILE).open("wb") as file:  # a file of Python's reports a full disk as what it is
            torch.save(state, file)

    def restore(self, path: Path) -> None:
        """Become the training that wrote a checkpoint."""
        state = torch.load(path / FILE, map_location=self.device, weights_only=True)
        self.take(state["weights"])
        load_optimizer(self.optimizer, state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        told = state["place"]
        self.place = Place(**{**told, "window": Window(**told["window"]), "best": Best(**told["best"])})


def seed_of(seed: int, step: int, part: int) -> int:
    """The seed of dropout in one micro-batch."""
    digest = hashlib.sha256(f"{seed}/{step}/{part}".encode()).digest()
    return int.from_bytes(digest[:7])

"""The changing state of one trial's training: trained weights, optimizer, position, and the last measurements.

A learner does not own the model: the forward pass is a parameter. All randomness is a function of seed, step and
micro-batch, so resuming needs no state of a generator.
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

from hptui.trainers.checkpoints import load_optimizer
from hptui.trainers.data.batches import Batch, TokenRows, TrainingOrder
from hptui.trainers.sft import memory, optimizer
from hptui.trainers.sft.settings import SftSettings

STATE_FILE = "state.pt"
"""Name of the file in a checkpoint."""


@dataclass(slots=True)
class ReportWindow:
    """Sums since the last report."""

    loss: float = 0.0
    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class BestEvaluation:
    """The best evaluation so far; `since` counts the evaluations after it."""

    value: float | None = None
    step: int = 0
    since: int = 0


@dataclass(slots=True)
class TrainingPosition:
    """The position of a training. `unjudged`: an evaluation was due after the last step and has not been made.

    `skipped` counts the updates that float16 could not hold. `metrics` has the last value of each metric, which a
    resumed training needs at its end.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    rate: float = 0.0
    norm: float = 0.0
    skipped: int = 0
    unjudged: bool = False
    metrics: dict[str, float] = field(default_factory=dict)
    window: ReportWindow = field(default_factory=ReportWindow)
    best: BestEvaluation = field(default_factory=BestEvaluation)


class Learner:
    """One trial's training of `total` steps; `loss_of` returns the summed loss of a batch."""

    def __init__(
        self,
        settings: SftSettings,
        model: nn.Module,
        rows: TokenRows,
        order: TrainingOrder,
        total: int,
        loss_of: Callable[[Batch], Tensor],
        device: torch.device,
        scaled: bool = False,
    ) -> None:
        self.settings, self.model, self.rows, self.order, self.total = settings, model, rows, order, total
        self.loss_of, self.device = loss_of, device
        self.named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        self.optimizer = optimizer.make_optimizer(settings, self.named)
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.place = TrainingPosition()
        self.kept: dict[str, float] = {}
        self._pending: list[tuple[Tensor, Tensor, int]] = []
        self._started: float | None = None
        self._first = 0

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The trained parameters."""
        return [parameter for _, parameter in self.named]

    def update(self) -> None:
        """Take one optimizer step over its micro-batches; each learnt token has the same weight."""
        position = self.place
        self._started = self._started or time.perf_counter()
        rate = optimizer.learning_rate_at(self.settings, position.step, self.total, self.order.per_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [self.rows.batch(indices) for indices in self.order.step(position.step)]
        learnt = sum(batch.learnt for batch in batches)
        total_loss = torch.zeros((), device=self.device)
        self.model.train()
        for part, batch in enumerate(batches):
            torch.manual_seed(dropout_seed(self.order.seed, position.step, part))
            loss = self._loss(batch.to(self.device)) / learnt
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            total_loss += loss.detach()
        norm = self._apply()
        position.step, position.rate = position.step + 1, rate
        self._pending.append((total_loss, norm, sum(batch.tokens for batch in batches)))

    @property
    def tokens(self) -> int:
        """Number of tokens seen, without padding, those of updates that are not settled included."""
        return self.place.tokens + sum(tokens for _, _, tokens in self._pending)

    def settle(self) -> None:
        """Add the updates since the last call to the sums. It waits for the GPU, so not every update calls it."""
        position, window = self.place, self.place.window
        measured = torch.stack([torch.stack(pair) for *pair, _ in self._pending]).tolist() if self._pending else []
        for (loss, norm), (_, _, tokens) in zip(measured, self._pending, strict=True):
            window.loss += loss
            if math.isfinite(norm) or not self.scaler.is_enabled():
                position.norm = norm
            else:
                position.skipped += 1
            window.steps, window.tokens, position.tokens = (
                window.steps + 1,
                window.tokens + tokens,
                position.tokens + tokens,
            )
        if self._started is not None:
            seconds = time.perf_counter() - self._started
            window.seconds, position.seconds = window.seconds + seconds, position.seconds + seconds
        self._pending, self._started = [], None

    def _loss(self, batch: Batch) -> Tensor:
        # The first pass on a GPU also allocates the work space of its libraries, so the second step is measured.
        too_early = self.device.type == "cuda" and self.place.step == self._first and self.total > self._first + 1
        if "activations" in self.kept or too_early:
            return self.loss_of(batch)
        loss, self.kept["activations"] = memory.measure_forward(lambda: self.loss_of(batch), self.model, self.device)
        return loss

    def _apply(self) -> Tensor:
        self.scaler.unscale_(self.optimizer)
        max_norm = self.settings.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, max_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if "optimizer" not in self.kept and self.optimizer.state:  # a step that was skipped has made none
            self.kept["gradients"] = memory.gradients_gib(self.model)
            self.kept["optimizer"] = optimizer.state_bytes(self.optimizer) / memory.GIB
        self.optimizer.zero_grad()
        return norm

    # weights and checkpoints --------------------------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """Return the trained weights, not copied."""
        return {name: parameter.detach() for name, parameter in self.named}

    def take(self, weights: dict[str, Tensor]) -> None:
        """Copy weights into the model."""
        with torch.no_grad():
            for name, parameter in self.named:
                parameter.copy_(weights[name])

    def release(self) -> None:
        """Free the memory of the optimizer's state: the training is over."""
        self.optimizer.state.clear()

    def save(self, path: Path) -> None:
        """Write the file of a checkpoint into the directory `path`."""
        self.settle()
        state = {
            "weights": self.weights(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "place": asdict(self.place),
        }
        with (path / STATE_FILE).open("wb") as file:  # unlike torch's own writer, it raises OSError if the disk is full
            torch.save(state, file)

    def restore(self, path: Path) -> None:
        """Load the state of the training that wrote a checkpoint."""
        # Optimizers keep their counts of steps where they are loaded to, and wait for a GPU to read them.
        state = torch.load(path / STATE_FILE, map_location="cpu", weights_only=True)
        self.take(state["weights"])
        load_optimizer(self.optimizer, state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self._first = state["place"]["step"]
        stored = state["place"]
        self.place = TrainingPosition(
            **{**stored, "window": ReportWindow(**stored["window"]), "best": BestEvaluation(**stored["best"])}
        )


def dropout_seed(seed: int, step: int, part: int) -> int:
    """Return the seed of dropout in one micro-batch."""
    digest = hashlib.sha256(f"{seed}/{step}/{part}".encode()).digest()
    return int.from_bytes(digest[:7])

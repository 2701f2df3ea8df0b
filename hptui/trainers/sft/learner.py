"""The changing state of one trial's training: trained weights, optimizer, position, and the last measurements.

A learner does not own the model: it asks for the gradients of its micro-batches. All randomness is a function of seed,
step and micro-batch, so resuming needs no state of a generator.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, field
from pathlib import Path

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.checkpoints import load_optimizer
from hptui.trainers.data.batches import TokenRows, TrainingOrder
from hptui.trainers.sft import memory, optimizer
from hptui.trainers.sft.requests import LearnRequest
from hptui.trainers.sft.settings import SftSettings
from hptui.trainers.sft.trained import Trained

STATE_FILE = "state.pt"
"""Name of the file in a checkpoint."""
OLD_DROPOUT, DROPOUT = 1, 2
"""Versions of the way in which dropout is drawn: from torch's global generator, and from one for each layer."""


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
    """One trial's training of `total` steps."""

    def __init__(
        self,
        settings: SftSettings,
        trained: Trained,
        rows: TokenRows,
        order: TrainingOrder,
        total: int,
        device: torch.device,
        scaled: bool = False,
    ) -> None:
        self.settings, self.trained, self.rows, self.order, self.total = settings, trained, rows, order, total
        self.device = device
        self.optimizer = optimizer.make_optimizer(settings, trained)
        self.scaler = torch.amp.GradScaler(device.type, enabled=scaled)
        self.place = TrainingPosition()
        self.kept: dict[str, float] = {}
        self.old_dropout = False
        self.clock: Callable[[], float] = time.perf_counter
        self._pending: list[tuple[Tensor, Tensor, int]] = []
        self._started: float | None = None
        self._first = 0

    def update(self) -> Generator[LearnRequest, tuple[Tensor, float], None]:
        """Take one optimizer step over its micro-batches; each learnt token has the same weight."""
        position = self.place
        self._started = self.clock() if self._started is None else self._started
        rate = optimizer.learning_rate_at(self.settings, position.step, self.total, self.order.per_epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = [self.rows.batch(indices) for indices in self.order.step(position.step)]
        learnt = sum(batch.learnt for batch in batches)
        losses = []
        for part, batch in enumerate(batches):
            key, measured = (self.order.seed, position.step, part), self._measures()
            loss, kept = yield LearnRequest(batch, learnt, key, self.scaler.scale, measured)
            if measured:
                self.kept["activations"] = kept
            losses.append(loss)
        norm = self._apply()
        position.step, position.rate = position.step + 1, rate
        self._pending.append((sum(losses[1:], losses[0]), norm, sum(batch.tokens for batch in batches)))

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
            seconds = self.clock() - self._started
            window.seconds, position.seconds = window.seconds + seconds, position.seconds + seconds
        self._pending, self._started = [], None

    def _measures(self) -> bool:
        """Return whether the next forward pass is to be measured: the first that shows what later ones keep."""
        # The first pass on a GPU also allocates the work space of its libraries, so the second step is measured.
        too_early = self.device.type == "cuda" and self.place.step == self._first and self.total > self._first + 1
        return "activations" not in self.kept and not too_early

    def _apply(self) -> Tensor:
        self.scaler.unscale_(self.optimizer)
        max_norm = self.settings.max_grad_norm or math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.trained.parameters, max_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if "optimizer" not in self.kept and self.optimizer.state:  # a step that was skipped has made none
            self.kept["gradients"] = self.trained.gradient_gib()
            self.kept["optimizer"] = optimizer.state_bytes(self.optimizer) / memory.GIB
        self.trained.clear_gradient()
        return norm

    # weights and checkpoints --------------------------------------------------------------------------------------

    def weights(self) -> dict[str, Tensor]:
        """Return the trained weights, not copied."""
        return self.trained.weights()

    def take(self, weights: dict[str, Tensor]) -> None:
        """Copy weights into the trained ones."""
        self.trained.take(weights)

    def release(self) -> None:
        """Free the memory of the optimizer's state: the training is over."""
        self.optimizer.state.clear()

    def save(self, path: Path) -> None:
        """Write the file of a checkpoint into the directory `path`."""
        self.settle()
        state = {
            "weights": self.weights(),
            "optimizer": self.trained.cut(self.optimizer.state_dict()),
            "scaler": self.scaler.state_dict(),
            "place": asdict(self.place),
            "dropout": OLD_DROPOUT if self.old_dropout else DROPOUT,
        }
        with (path / STATE_FILE).open("wb") as file:  # unlike torch's own writer, it raises OSError if the disk is full
            torch.save(state, file)

    def restore(self, path: Path) -> None:
        """Load the state of the training that wrote a checkpoint."""
        # Optimizers keep their counts of steps where they are loaded to, and wait for a GPU to read them.
        state = torch.load(path / STATE_FILE, map_location="cpu", weights_only=True)
        self.take(state["weights"])
        load_optimizer(self.optimizer, self.trained.join(state["optimizer"]))
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


def has_old_dropout(checkpoint: Path | None) -> bool:
    """Return whether a training began with dropout from torch's global generator, and must keep it."""
    if checkpoint is None:
        return False
    state = torch.load(checkpoint / STATE_FILE, map_location="cpu", weights_only=True, mmap=True)
    return bool(state.get("dropout", OLD_DROPOUT) == OLD_DROPOUT)

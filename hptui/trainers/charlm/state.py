"""The changing state of a `charlm` training, which a checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hptui.trainers.charlm.model import CharLM
from hptui.trainers.optimizers import load_optimizer

STATE_FILE = "state.pt"
"""Name of the file in a checkpoint."""


@dataclass
class TrainingState:
    """Model, optimizer, step and early-stopping state of a training. Random generators belong to torch."""

    model: CharLM
    optimizer: torch.optim.Optimizer
    device: torch.device
    keep_best: bool
    step: int = 0
    best: float = math.inf
    best_weights: dict[str, Tensor] | None = None
    without_progress: int = 0

    def save(self, path: Path) -> None:
        """Write the file of a checkpoint into the directory `path`."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "best_weights": self.best_weights,
            "without_progress": self.without_progress,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }
        # A Python file raises OSError if the disk is full; torch's own writer does not.
        with (path / STATE_FILE).open("wb") as file:
            torch.save(state, file)

    def restore(self, path: Path) -> None:
        """Load the state of the training that wrote a checkpoint."""
        state = torch.load(path / STATE_FILE, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        load_optimizer(self.optimizer, state["optimizer"])
        self.step, self.best, self.without_progress = state["step"], state["best"], state["without_progress"]
        self.best_weights = state["best_weights"]
        torch.set_rng_state(state["rng"].cpu())
        if state["cuda_rng"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu(), self.device)

    def judge(self, loss: float) -> None:
        """Update the best loss, its weights and the count of evaluations without progress."""
        if not loss < self.best:
            self.without_progress += 1
            return
        self.best, self.without_progress = loss, 0
        if self.keep_best:
            self.best_weights = {name: value.clone() for name, value in self.model.state_dict().items()}

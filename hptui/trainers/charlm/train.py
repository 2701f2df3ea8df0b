"""Train one `charlm` trial, read from top to bottom: text, model, steps, checkpoints, sample.

Everything random is a function of the seed: batches of (seed, step), so that resuming needs no place in a data order;
dropout of the generator's state, which a checkpoint holds. A resumed run gives the losses of an undisturbed one, bit by
bit, on the same machine and versions.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hptui.model.errors import UserError
from hptui.trainers.charlm import schedule, text
from hptui.trainers.charlm.model import CharLM
from hptui.trainers.charlm.sample import generate
from hptui.trainers.charlm.settings import Settings
from hptui.trainers.context import TrialContext
from hptui.trainers.outcome import Diverged

STATE = "state.pt"
CHECKPOINT_SECONDS = 60.0
UNBOUNDED = 1e9  # a gradient norm that clipping never reaches


@dataclass
class Run:
    """All that changes while training: what a checkpoint holds."""

    model: CharLM
    optimizer: torch.optim.AdamW
    device: torch.device
    step: int = 0
    best: float = math.inf
    best_weights: dict[str, Tensor] | None = None
    without_progress: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint's only file."""
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
        with (path / STATE).open("wb") as file:
            torch.save(state, file)

    def restore(self, path: Path) -> None:
        """Become the run that wrote a checkpoint."""
        state = torch.load(path / STATE, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best, self.without_progress = state["step"], state["best"], state["without_progress"]
        self.best_weights = state["best_weights"]
        torch.set_rng_state(state["rng"].cpu())
        if state["cuda_rng"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu(), self.device)

    def judge(self, loss: float) -> None:
        """Remember the best weights, and for how long there were no better ones."""
        if loss < self.best:
            self.best, self.without_progress = loss, 0
            self.best_weights = {name: value.clone() for name, value in self.model.state_dict().items()}
        else:
            self.without_progress += 1


def train(settings: Settings, trial: TrialContext) -> Mapping[str, float]:
    """Train, evaluate, and write a sample of text. Ends early when asked to, after a checkpoint."""
    device = prepare_torch(settings, trial)
    trial.phase("text", 300)
    corpus = text.load(settings, trial.directory, trial.cache)
    length = settings.max_seq_len
    per_update = settings.batch_size * settings.gradient_accumulation * length  # characters
    per_epoch = len(corpus.train) / per_update
    total = settings.steps or max(1, round(settings.epochs * per_epoch))
    trial.total_steps = total

    torch.manual_seed(trial.seed)
    model = CharLM(settings, len(corpus.vocabulary)).to(device)
    groups = model.parameter_groups(settings.weight_decay)
    run = Run(model, torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True), device)
    if trial.resume_from:
        run.restore(trial.resume_from)
    tell(settings, trial, run, corpus, total, per_epoch)

    trial.phase("train")
    data, held_out = corpus.train.to(device), corpus.validation.to(device)
    until = min(total, trial.try_steps or total)
    saved, characters, metrics = run.step, 0, dict[str, float]()
    spent, since = 0.0, time.perf_counter()
    while run.step < until and not trial.should_stop:
        lr = schedule.rate(settings, run.step, total, per_epoch)
        loss, norm = update(settings, run, data, trial.seed, lr)
        run.step += 1
        characters += per_update
        last = run.step == until
        new: dict[str, float] = {}
        if run.step % settings.log_every == 0 or last or not math.isfinite(loss):
            spent = time.perf_counter() - since
            new = {"train_loss": loss, "learning_rate": lr, "grad_norm": norm, "tokens_per_second": characters / spent}
        if math.isfinite(loss) and (run.step % settings.eval_every == 0 or last):
            new |= evaluate(settings, run, held_out)
            print(f"step {run.step}/{total}: train_loss {loss:.4f}, val_loss {new['val_loss']:.4f}")
            run.judge(new["val_loss"])
        if new:
            trial.report(run.step, new)
            metrics |= new
            characters, since = 0, time.perf_counter()
        if not math.isfinite(loss):
            raise Diverged(f"train_loss is {loss} at step {run.step} (learning rate {lr:.3g})")
        if settings.early_stopping and run.without_progress >= settings.patience:
            trial.stopped_early(f"val_loss did not improve in {settings.patience} evaluations (best {run.best:.4f})")
            break
        if checkpoint_due(settings, trial, run.step) and not last:
            trial.checkpoint(run.save, run.step)
            saved = run.step
    trial.effective(steps=run.step, epochs=round(run.step / per_epoch, 4), tokens=run.step * per_update)
    if trial.obeyed is not None:
        if trial.obeyed != "prune" and run.step > saved:
            trial.checkpoint(run.save, run.step)
        return metrics
    return finish(settings, trial, run, corpus, metrics)

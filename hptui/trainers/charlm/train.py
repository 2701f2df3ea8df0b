"""Training of one `charlm` trial: text, model, learning-rate schedule, steps, checkpoints, sample.

All randomness is a function of the seed: batches of (seed, step), so that resuming needs no position in a data order;
dropout of the generator's state, which a checkpoint holds. A resumed run gives the losses of an uninterrupted one, bit
by bit, on the same machine with the same versions and number of threads."""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from hptui.core.dataclass import dataclass
from hptui.trainers.charlm import text
from hptui.trainers.charlm.model import CharLM, generate
from hptui.trainers.charlm.settings import CharlmSettings
from hptui.trainers.checkpoints import load_optimizer
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import Diverged

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


def learning_rate_at(settings: CharlmSettings, index: int, total: int, per_epoch: float) -> float:
    """Return the learning rate of update `index` (from 0) of `total`; an epoch has `per_epoch` updates."""
    warmup_steps = settings.warmup_steps
    warmup = min(1.0, (index + 1) / warmup_steps) if warmup_steps else 1.0
    return settings.learning_rate * warmup * _decay_factor(settings, index, total, per_epoch)


def _decay_factor(settings: CharlmSettings, index: int, total: int, per_epoch: float) -> float:
    after_warmup = max(index - settings.warmup_steps, 0)
    if settings.lr_schedule == "cosine":  # to zero at the end
        return 0.5 * (1.0 + math.cos(math.pi * min(after_warmup / max(total - settings.warmup_steps, 1), 1.0)))
    if settings.lr_schedule == "step":
        return math.pow(settings.lr_decay, sum(index >= step for step in settings.lr_steps))
    if settings.lr_schedule == "exponential":
        return math.pow(settings.lr_decay, after_warmup / per_epoch)
    return 1.0


def peak_learning_rate(settings: CharlmSettings, total: int, per_epoch: float) -> float:
    """Return the largest learning rate of a run: below the setting's if the warm-up outlasts it."""
    # After the warm-up no schedule rises; before it, only a drop of `step` can end a rise.
    candidates = {0, min(max(settings.warmup_steps, 1), total) - 1}
    candidates |= {step - 1 for step in settings.lr_steps if 0 < step <= total}
    return max(learning_rate_at(settings, index, total, per_epoch) for index in candidates)


CHECKPOINT_INTERVAL_S = 60.0
"""Seconds between checkpoints, where the settings give no number of steps."""
EVALUATION_BATCH_SIZE = 32
"""Sequences in a batch of validation text: not `batch_size`, so that all trials see the same text."""


def make_repeatable() -> None:
    """Make torch compute the same bits every time. Must be called before CUDA starts."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a property of the module
    torch.backends.cudnn.benchmark = False


class CharlmTrainer:
    """The trainer, for one attempt. Torch is repeatable before the worker records its switches."""

    def __init__(self) -> None:
        make_repeatable()

    def __call__(self, settings: CharlmSettings, trial: TrialContext) -> Mapping[str, float]:
        """Train one trial; see `train`."""
        return train(settings, trial)


def train(settings: CharlmSettings, trial: TrialContext) -> Mapping[str, float]:
    """Train, evaluate and write a sample of text; return the last metrics.

    If asked to stop, save a checkpoint and return.
    """
    make_repeatable()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = torch.device(trial.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    trial.phase("text")
    corpus = text.load(settings, trial.directory, trial.cache)
    run = CharlmTraining(settings, trial, device, corpus)
    trial.phase("train")
    try:
        metrics = run.train()
    finally:
        trial.facts(tokens_seen=run.state.step * run.per_update)
    trial.effective(steps=run.state.step, epochs=run.epochs(run.state.step), tokens=run.state.step * run.per_update)
    if trial.obeyed is not None:
        return metrics
    if run.state.best_weights is not None:
        run.state.model.load_state_dict(run.state.best_weights)
        metrics |= validation_metrics(run.state.best)
    if settings.sample_chars and not trial.try_steps:
        write_sample(settings, trial, run.state.model, corpus)
    return metrics


class CharlmTraining:
    """One training: what stays the same while `state` changes."""

    def __init__(
        self, settings: CharlmSettings, trial: TrialContext, device: torch.device, corpus: text.Corpus
    ) -> None:
        self.settings, self.trial, self.device = settings, trial, device
        self.per_update = settings.batch_size * settings.gradient_accumulation * settings.max_seq_len  # characters
        self.per_epoch = len(corpus.train) / self.per_update  # updates
        self.total = settings.steps or max(1, round(settings.epochs * self.per_epoch))
        trial.total_steps = self.total
        self.data, self.held_out = corpus.train.to(device), corpus.validation.to(device)
        torch.manual_seed(trial.seed)
        model = CharLM(settings, len(corpus.vocabulary)).to(device)
        optimizer = torch.optim.AdamW(model.parameter_groups(settings.weight_decay), settings.learning_rate, fused=True)
        self.state = TrainingState(model, optimizer, device, keep_best=settings.early_stopping)
        if trial.resume_from:
            self.state.restore(trial.resume_from)
        self._record_effective(corpus)

    def epochs(self, steps: int) -> float:
        """Return the number of passes over the text that `steps` updates make."""
        return round(steps / self.per_epoch, 4)

    def _record_effective(self, corpus: text.Corpus) -> None:
        """Record the values that are really used, where they follow from several settings."""
        settings, trial = self.settings, self.trial
        peak = peak_learning_rate(settings, self.total, self.per_epoch)
        if settings.warmup_steps > self.total:
            trial.warn(
                f"the warm-up of {settings.warmup_steps} steps is longer than the run of {self.total}: "
                f"the learning rate reaches {peak:.3g} instead of {settings.learning_rate:.3g}"
            )
        parameters = sum(p.numel() for p in self.state.model.parameters())
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type
        trial.effective(
            batch_size=settings.batch_size * settings.gradient_accumulation,
            learning_rate=peak,
            warmup_steps=min(settings.warmup_steps, self.total),
            steps=self.total,
            epochs=self.epochs(self.total),
            parameters=parameters,
            vocabulary=len(corpus.vocabulary),
            characters=len(corpus.train),
            device=name,
            dtype="bfloat16" if settings.mixed_precision else "float32",
            threads=torch.get_num_threads(),
            deterministic_algorithms=torch.are_deterministic_algorithms_enabled(),
        )
        print(
            f"charlm: {parameters:,} parameters, {self.total} steps on {len(corpus.train):,} characters, {name}"
            + (f", resumed at step {self.state.step}" if self.state.step else "")
        )

    def train(self) -> dict[str, float]:
        """Run the steps up to the last one, early stopping or a request; return the last metrics.

        A checkpoint is saved if the training was asked to stop, other than to be pruned.
        """
        settings, trial, state = self.settings, self.trial, self.state
        last_step = min(self.total, trial.try_steps or self.total)
        metrics: dict[str, float] = {}
        saved_step, unreported, seconds = state.step, 0, 0.0
        while state.step < last_step and not trial.should_stop:
            started = time.perf_counter()
            learning_rate, loss, norm = self.update()
            unreported, seconds = unreported + 1, seconds + time.perf_counter() - started
            last, reported = state.step == last_step, dict[str, float]()
            if state.step % settings.log_every == 0 or last or not math.isfinite(loss):
                speed = unreported * self.per_update / seconds
                reported = {
                    "train_loss": loss,
                    "learning_rate": learning_rate,
                    "grad_norm": norm,
                    "tokens_per_second": speed,
                }
                unreported, seconds = 0, 0.0
            if math.isfinite(loss) and (state.step % settings.eval_every == 0 or last):
                reported |= self.evaluate()
                print(f"step {state.step}/{self.total}: train_loss {loss:.4f}, val_loss {reported['val_loss']:.4f}")
            if reported:
                trial.report(state.step, reported)
                metrics |= reported
            if not math.isfinite(loss):
                raise Diverged(
                    f"train_loss is {loss} at step {state.step}, with a learning rate of {learning_rate:.3g}"
                )
            if settings.early_stopping and state.without_progress >= settings.patience:
                trial.stopped_early(f"val_loss was not below {state.best:.4f} in {settings.patience} evaluations")
                return metrics
            if not last and self.checkpoint_due():
                trial.checkpoint(state.save, state.step)
                saved_step = state.step
        needed = trial.obeyed not in (None, "prune") or trial.try_steps  # a dry run measures how large a checkpoint is
        if needed and state.step > saved_step:
            trial.checkpoint(state.save, state.step)
        return metrics

    def update(self) -> tuple[float, float, float]:
        """Take one optimizer step; return learning rate, mean loss before the step, and gradient norm."""
        settings, state, accumulation = self.settings, self.state, self.settings.gradient_accumulation
        learning_rate = learning_rate_at(settings, state.step, self.total, self.per_epoch)
        for group in state.optimizer.param_groups:
            group["lr"] = learning_rate
        state.model.train()
        losses = []
        for part in range(accumulation):
            with self.precision():
                loss = state.model.loss(*self.batch(part))
            (loss / accumulation).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            losses.append(loss.detach())
        max_norm = settings.gradient_clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(state.model.parameters(), max_norm)
        state.optimizer.step()
        state.optimizer.zero_grad()
        state.step += 1
        loss_read, norm_read = torch.stack([torch.stack(losses).mean(), norm]).tolist()  # one wait for a GPU, not two
        return learning_rate, loss_read, norm_read

    def batch(self, part: int) -> tuple[Tensor, Tensor]:
        """Return characters and the ones that follow them, a function of seed, step and `part` alone.

        Shape: (B, T) each.
        """
        digest = hashlib.sha256(f"{self.trial.seed}/{self.state.step}/{part}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7]))
        length = self.settings.max_seq_len
        starts = torch.randint(len(self.data) - length, (self.settings.batch_size,), generator=generator)
        return windows(self.data, starts, length)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Return the metrics on sequences spread evenly over the validation text, and judge them."""
        settings, length = self.settings, self.settings.max_seq_len
        count = min(settings.eval_batches * EVALUATION_BATCH_SIZE, max(len(self.held_out) // length, 1))
        starts = torch.linspace(0, len(self.held_out) - length - 1, count, dtype=torch.float64).long()
        self.state.model.eval()
        total = 0.0
        for chunk in torch.split(starts, min(settings.batch_size, EVALUATION_BATCH_SIZE)):
            with self.precision():
                total += float(self.state.model.loss(*windows(self.held_out, chunk, length))) * len(chunk)
        self.state.judge(total / count)
        return validation_metrics(total / count)

    @contextlib.contextmanager
    def precision(self) -> Iterator[None]:
        """Compute in bfloat16 for a block, where the settings ask for it and torch deems it safe."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.mixed_precision):
            yield

    def checkpoint_due(self) -> bool:
        """Return whether to save now, by steps or by the clock."""
        every = self.settings.checkpoint_every
        return self.state.step % every == 0 if every else self.trial.checkpoint_due(CHECKPOINT_INTERVAL_S)


def windows(data: Tensor, starts: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Return the sequences at `starts` and their targets, one character on. Shape: (B, T) each."""
    positions = starts.to(data.device)[:, None] + torch.arange(length + 1, device=data.device)  # (B, T + 1)
    sequences = data[positions].long()
    return sequences[:, :-1], sequences[:, 1:]


def validation_metrics(loss: float) -> dict[str, float]:
    """Return the metrics of an evaluation from its mean loss."""
    return {"val_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def write_sample(settings: CharlmSettings, trial: TrialContext, model: CharLM, corpus: text.Corpus) -> None:
    """Write a sample of the trained model's text as an artifact, and print it."""
    trial.phase("sample")
    unknown = sorted(set(settings.prompt) - set(corpus.vocabulary))
    if unknown:
        trial.warn(f"the text has no {' '.join(map(repr, unknown))}: left out of the prompt")
    sample = generate(
        model,
        corpus,
        settings.prompt,
        settings.sample_chars,
        settings.temperature,
        window=settings.max_seq_len,
        seed=trial.seed,
    )
    trial.artifact("sample.txt", "a sample of text").write_text(sample, encoding="utf-8")
    print(f"--- sample\n{sample}\n---")

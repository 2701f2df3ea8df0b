"""Train one `charlm` trial, read from top to bottom: text, model, steps, checkpoints, sample.

Everything random is a function of the seed: batches of (seed, step), so that resuming needs no place in a data order;
dropout of the generator's state, which a checkpoint holds. A resumed run gives the losses of an undisturbed one, bit by
bit, on the same machine with the same versions and number of threads.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from hptui.trainers.charlm import schedule, text
from hptui.trainers.charlm.model import CharLM
from hptui.trainers.charlm.sample import generate
from hptui.trainers.charlm.settings import Settings
from hptui.trainers.charlm.state import State
from hptui.trainers.context import TrialContext
from hptui.trainers.outcome import Diverged

CHECKPOINT_SECONDS = 60.0
EVALUATED = 32
"""Sequences in a batch of validation text: not `batch_size`, so that trials are judged on the same text."""


def make_repeatable() -> None:
    """Have torch compute the same bits every time. To be called before CUDA starts."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a property of the module
    torch.backends.cudnn.benchmark = False


def train(settings: Settings, trial: TrialContext) -> Mapping[str, float]:
    """Train, evaluate, write a sample of text; the last metrics. Asked to stop, it saves a checkpoint and returns."""
    make_repeatable()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = torch.device(trial.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    trial.phase("text")
    corpus = text.load(settings, trial.directory, trial.cache)
    run = Run(settings, trial, device, corpus)
    trial.phase("train")
    metrics = run.train()
    trial.effective(steps=run.state.step, epochs=run.epochs(run.state.step), tokens=run.state.step * run.per_update)
    if trial.obeyed is not None:
        return metrics
    if run.state.best_weights is not None:
        run.state.model.load_state_dict(run.state.best_weights)
        metrics |= validation(run.state.best)
    if settings.sample_chars and not trial.try_steps:
        write_sample(settings, trial, run.state.model, corpus)
    return metrics


class Run:
    """One training: what stays the same while `state` changes."""

    def __init__(self, settings: Settings, trial: TrialContext, device: torch.device, corpus: text.Corpus) -> None:
        self.settings, self.trial, self.device = settings, trial, device
        self.per_update = settings.batch_size * settings.gradient_accumulation * settings.max_seq_len  # characters
        self.per_epoch = len(corpus.train) / self.per_update  # updates
        self.total = settings.steps or max(1, round(settings.epochs * self.per_epoch))
        trial.total_steps = self.total
        self.data, self.held_out = corpus.train.to(device), corpus.validation.to(device)
        torch.manual_seed(trial.seed)
        model = CharLM(settings, len(corpus.vocabulary)).to(device)
        optimizer = torch.optim.AdamW(model.parameter_groups(settings.weight_decay), settings.learning_rate, fused=True)
        self.state = State(model, optimizer, device, keep_best=settings.early_stopping)
        if trial.resume_from:
            self.state.restore(trial.resume_from)
        self._tell(corpus)

    def epochs(self, steps: int) -> float:
        """How many passes over the text so many steps are."""
        return round(steps / self.per_epoch, 4)

    def _tell(self, corpus: text.Corpus) -> None:
        """Record what will really be used, where it follows from several settings."""
        settings, trial = self.settings, self.trial
        peak = schedule.peak(settings, self.total, self.per_epoch)
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
        """The loop. Ends at the last step, early, or when asked to; then with a checkpoint."""
        settings, trial, state = self.settings, self.trial, self.state
        until = min(self.total, trial.try_steps or self.total)
        metrics: dict[str, float] = {}
        saved, unlogged, seconds = state.step, 0, 0.0
        while state.step < until and not trial.should_stop:
            began = time.perf_counter()
            rate, loss, norm = self.update()
            unlogged, seconds = unlogged + 1, seconds + time.perf_counter() - began
            last, found = state.step == until, dict[str, float]()
            if state.step % settings.log_every == 0 or last or not math.isfinite(loss):
                speed = unlogged * self.per_update / seconds
                found = {"train_loss": loss, "learning_rate": rate, "grad_norm": norm, "tokens_per_second": speed}
                unlogged, seconds = 0, 0.0
            if math.isfinite(loss) and (state.step % settings.eval_every == 0 or last):
                found |= self.evaluate()
                print(f"step {state.step}/{self.total}: train_loss {loss:.4f}, val_loss {found['val_loss']:.4f}")
            if found:
                trial.report(state.step, found)
                metrics |= found
            if not math.isfinite(loss):
                raise Diverged(f"train_loss is {loss} at step {state.step}, with a learning rate of {rate:.3g}")
            if settings.early_stopping and state.without_progress >= settings.patience:
                trial.stopped_early(f"val_loss was not below {state.best:.4f} in {settings.patience} evaluations")
                return metrics
            if not last and self.checkpoint_due():
                trial.checkpoint(state.save, state.step)
                saved = state.step
        wanted = trial.obeyed not in (None, "prune") or trial.try_steps  # a try tells how large a checkpoint is
        if wanted and state.step > saved:
            trial.checkpoint(state.save, state.step)
        return metrics

    def update(self) -> tuple[float, float, float]:
        """One optimizer step: the learning rate, the mean loss before it, and the norm of the gradient."""
        settings, state, parts = self.settings, self.state, self.settings.gradient_accumulation
        rate = schedule.rate(settings, state.step, self.total, self.per_epoch)
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        state.model.train()
        losses = []
        for part in range(parts):
            with self.precision():
                loss = state.model.loss(*self.batch(part))
            (loss / parts).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            losses.append(loss.detach())
        bound = settings.gradient_clip or math.inf
        norm = torch.nn.utils.clip_grad_norm_(state.model.parameters(), bound)
        state.optimizer.step()
        state.optimizer.zero_grad()
        state.step += 1
        return rate, float(torch.stack(losses).mean()), float(norm)

    def batch(self, part: int) -> tuple[Tensor, Tensor]:
        """Characters and the ones that follow them, each (B, T): a function of seed, step and part alone."""
        digest = hashlib.sha256(f"{self.trial.seed}/{self.state.step}/{part}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest[:7]))
        length = self.settings.max_seq_len
        starts = torch.randint(len(self.data) - length, (self.settings.batch_size,), generator=generator)
        return windows(self.data, starts, length)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Loss on sequences spread evenly over the validation text."""
        settings, length = self.settings, self.settings.max_seq_len
        count = min(settings.eval_batches * EVALUATED, max(len(self.held_out) // length, 1))
        starts = torch.linspace(0, len(self.held_out) - length - 1, count, dtype=torch.float64).long()
        self.state.model.eval()
        summed = 0.0
        for some in torch.split(starts, min(settings.batch_size, EVALUATED)):
            with self.precision():
                summed += float(self.state.model.loss(*windows(self.held_out, some, length))) * len(some)
        self.state.judge(summed / count)
        return validation(summed / count)

    @contextlib.contextmanager
    def precision(self) -> Iterator[None]:
        """bfloat16 where it is asked for and safe."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.mixed_precision):
            yield

    def checkpoint_due(self) -> bool:
        """Whether to save now, by steps or by the clock."""
        every = self.settings.checkpoint_every
        return self.state.step % every == 0 if every else self.trial.checkpoint_due(CHECKPOINT_SECONDS)


def windows(data: Tensor, starts: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """The sequences at `starts` and, one character on, their targets: (B, T) each."""
    places = starts.to(data.device)[:, None] + torch.arange(length + 1, device=data.device)  # (B, T + 1)
    found = data[places].long()
    return found[:, :-1], found[:, 1:]


def validation(loss: float) -> dict[str, float]:
    """The metrics of an evaluation."""
    return {"val_loss": loss, "perplexity": math.exp(min(loss, 700.0))}


def write_sample(settings: Settings, trial: TrialContext, model: CharLM, corpus: text.Corpus) -> None:
    """Keep what the trained model writes."""
    trial.phase("sample")
    unknown = sorted(set(settings.prompt) - set(corpus.vocabulary))
    if unknown:
        trial.warn(f"the text has no {' '.join(map(repr, unknown))}: left out of the prompt")
    written = generate(
        model,
        corpus,
        settings.prompt,
        settings.sample_chars,
        settings.temperature,
        window=settings.max_seq_len,
        seed=trial.seed,
    )
    trial.artifact("sample.txt", "a sample of text").write_text(written, encoding="utf-8")
    print(f"--- sample\n{written}\n---")

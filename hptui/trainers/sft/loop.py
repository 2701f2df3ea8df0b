"""The loop of one fine-tuning: steps, reports, evaluations, early stopping, checkpoints. It stops when told."""

from __future__ import annotations

import math
from typing import Any

import torch

from hptui.model.counts import spread
from hptui.trainers.context import TrialContext
from hptui.trainers.data import packing
from hptui.trainers.data.batches import Order, Rows
from hptui.trainers.data.pipeline import Data
from hptui.trainers.data.split import sample
from hptui.trainers.evals import Interrupted
from hptui.trainers.outcome import Diverged
from hptui.trainers.sft import evaluate, memory, record
from hptui.trainers.sft.best import Keeper
from hptui.trainers.sft.forward import Forward, precision
from hptui.trainers.sft.learner import Learner, Window
from hptui.trainers.sft.load import Base
from hptui.trainers.sft.settings import Settings

CHECKPOINT_SECONDS = 300.0


class Run:
    """One trial on a model: what stays the same while its learner changes."""

    def __init__(
        self,
        settings: Settings,
        trial: TrialContext,
        device: torch.device,
        data: Data,
        base: Base,
        model: Any,
    ) -> None:
        self.settings, self.trial, self.device, self.data, self.base, self.model = (
            settings,
            trial,
            device,
            data,
            base,
            model,
        )
        self.where = "while the training was set up"
        pad = base.tokenizer.pad_token_id or 0
        self.pad, self.width = pad, settings.max_length if settings.padding == "max_length" else 0
        self.held_out = self._held_out("validation")
        self.precision = precision(settings, device, base.dtype)
        self.forward = Forward(model, self.precision)
        self.keeper = Keeper(settings, trial.dir / "best", trial.warn)
        if trial.role == "base":
            record.base(self)
            return
        rows = self._training_rows()
        self.order = Order(len(rows), settings.batch_size, settings.accumulation, trial.seed)
        self.total = settings.steps or math.ceil(settings.epochs * self.order.per_epoch)
        self.eval_every = settings.eval_every or self.order.per_epoch
        trial.total_steps = self.total
        self.learner = Learner(
            settings, model, rows, self.order, self.total, self.forward, device, scaled=self.precision == "fp16"
        )
        if trial.resume_from:
            self.learner.restore(trial.resume_from)
            self.keeper.rewind(self.learner.place)
        record.start(self)

    def _training_rows(self) -> Rows:
        settings, tokens = self.settings, self.data.tokens["train"]
        chosen = sample(len(tokens), settings.train_samples, settings.split_seed)
        if not settings.packing:
            return Rows(tokens, [[index] for index in chosen], pad=self.pad, width=self.width)
        lengths = tokens.lengths
        bins = packing.pack([int(lengths[index]) for index in chosen], settings.max_length, self.trial.seed)
        return Rows(tokens, [[chosen[n] for n in row] for row in bins], pad=self.pad, width=self.width)

    def _held_out(self, name: str) -> Rows:
        tokens = self.data.tokens[name]
        chosen = sample(len(tokens), self.settings.eval_samples, self.settings.split_seed)
        return Rows(tokens, [[index] for index in chosen], pad=self.pad)

    # the loop -----------------------------------------------------------------------------------------------------

    def train(self) -> dict[str, float]:
        """The steps. Ends at the last one, early, or when asked to; then with a checkpoint."""
        settings, trial, learner, place = self.settings, self.trial, self.learner, self.learner.place
        until = min(self.total, trial.try_steps or self.total)
        trial.phase("train")
        saved = place.step
        going = not place.unjudged or self._measure(last=place.step == until)
        while going and place.step < until and not trial.should_stop:
            if settings.early_stopping and place.best.since >= settings.patience:
                what = f"{settings.early_stopping_metric} was no better than {place.best.value:.6g}"
                trial.stopped_early(f"{what} of step {place.best.step} in {place.best.since} evaluations")
                break
            self.where = f"in step {place.step + 1}"
            learner.update()
            if place.step == 1:
                record.memory(self)
            last = place.step == until
            if place.step % settings.log_every == 0 or last or trial.try_steps:
                self._report(self._log())
            going = self._measure(last)
            if going and not last and self._checkpoint_due():
                self._save()
                saved = place.step
        wanted = trial.obeyed not in (None, "prune") or trial.try_steps  # a try tells how large a checkpoint is
        if wanted and (place.step > saved or place.unjudged):
            self._save()
        learner.settle()
        return dict(place.metrics)

    def _measure(self, last: bool) -> bool:
        """What is due after a step: evaluation, answers. False when asked to stop meanwhile; it is due still, then."""
        settings, place = self.settings, self.learner.place
        answer = settings.generate_every and (
            place.step % settings.generate_every == 0 if not last else settings.judges and settings.judged_by_answers
        )
        found: dict[str, float] = {}
        place.unjudged = True
        try:
            if place.step % self.eval_every == 0 or last:
                found |= self._evaluate()
            if answer:
                found |= self._generate(f"generations-{place.step:08d}.jsonl")
        except Interrupted:
            return False
        place.unjudged = False
        self._report(found)
        self.keeper.judge(found, place, self.learner.weights)
        return True

    def _report(self, found: dict[str, float]) -> None:
        place = self.learner.place
        if found:
            self.trial.report(place.step, found)
            self.learner.place.metrics |= spread(found)
        for name in ("train_loss", "eval_loss"):
            if not math.isfinite(found.get(name, 0.0)):
                raise Diverged(
                    f"{name} is {found[name]} at step {place.step}, with a learning rate of {place.rate:.3g}"
                )

    def _log(self) -> dict[str, float]:
        learner, place = self.learner, self.learner.place
        learner.settle()
        window, place.window = place.window, Window()
        return {
            "train_loss": window.loss / window.steps,
            "learning_rate": place.rate,
            "grad_norm": place.norm,
            "tokens_per_second": window.tokens / max(window.seconds, 1e-9),
            "epoch": round(place.step / self.order.per_epoch, 4),
            **memory.peaks(self.device),
        }

    def _evaluate(self) -> dict[str, float]:
        """Loss on the held-out examples, each of their tokens counting alike."""
        if not len(self.held_out):
            return {}
        self.where = f"in the evaluation at step {self.learner.place.step}"
        self.learner.settle()
        self.trial.phase("evaluate", allow=3600)
        found = evaluate.losses(self.forward, self.held_out, self.settings, self.device, self._keep_going)
        step, loss = self.learner.place.step, found["eval_loss"]
        print(f"step {step}/{self.total}: eval_loss {loss:.4f}", flush=True)
        self.trial.phase("train")
        return found

    def _generate(self, name: str) -> dict[str, float]:
        """What the model answers now."""
        self.where = f"while it generated at step {self.learner.place.step}"
        self.learner.settle()
        self.trial.phase("generate", allow=3600)
        found = evaluate.answers(self, name)
        self.trial.phase("train")
        return found

    def _keep_going(self) -> bool:
        return self.trial.try_steps is not None or not self.trial.should_stop

    def _checkpoint_due(self) -> bool:
        every = self.settings.save_every
        return self.learner.place.step % every == 0 if every else self.trial.checkpoint_due(CHECKPOINT_SECONDS)

    def _save(self) -> None:
        self.where = f"while a checkpoint was written at step {self.learner.place.step}"
        self.trial.checkpoint(self.learner.save, self.learner.place.step)
        self.keeper.tidy(self.learner.place)

    # the end ------------------------------------------------------------------------------------------------------

    def conclude(self) -> dict[str, float]:
        """After the last step: the weights that count, answers, the test set, what it cost."""
        learner, place = self.learner, self.learner.place
        metrics: dict[str, float] = {}
        again: dict[str, float] = {}  # of the best weights: the final value, but none of the last step's curve
        try:
            if (weights := self.keeper.weights(place)) is not None and place.best.step != place.step:
                self._save()  # asked to stop from here on, the trial goes on with this and not with the best weights
                learner.take(weights)
                self.keeper.loaded = True
                again = self._evaluate()
            if self.settings.generate_samples:
                metrics |= self._generate("generations.jsonl")
            metrics |= self._test()
        except Interrupted:
            if not self.keeper.loaded:
                self._save()
            return {}
        metrics |= record.cost(self)
        record.end(self)
        self.keeper.clear()
        # A point of the last step, once measured, is that of the last weights, whichever weights count in the end.
        seen = place.metrics if self.keeper.loaded and self.settings.judged_by_answers else {}
        self.trial.report(place.step, {name: value for name, value in metrics.items() if name not in seen})
        return {**again, **metrics}

    def _test(self) -> dict[str, float]:
        rows = self._held_out("test")
        if not len(rows):
            return {}
        self.where = "in the evaluation on the test set"
        self.trial.phase("test", allow=3600)
        found = evaluate.losses(self.forward, rows, self.settings, self.device, self._keep_going)
        return {"test_loss": found["eval_loss"], "test_perplexity": found["perplexity"]}

    def judge_base(self) -> dict[str, float]:
        """The untouched model on the held-out examples: what training has to beat."""
        self.where = "in the evaluation of the base model"
        metrics: dict[str, float] = {}
        try:
            if len(self.held_out):
                self.trial.phase("evaluate", allow=3600)
                metrics |= evaluate.losses(self.forward, self.held_out, self.settings, self.device, self._keep_going)
            if self.settings.generate_samples:
                self.trial.phase("generate", allow=3600)
                metrics |= evaluate.answers(self, "generations.jsonl")
            metrics |= self._test() | memory.peaks(self.device)
        except Interrupted:
            return metrics
        self.trial.report(0, metrics)
        return metrics

"""The training of one trial: the loop of steps and evaluations, checkpoints, the end. A generator of requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

from hptui.core.format import with_counts
from hptui.trainers.data.batches import TokenRows
from hptui.trainers.evals import Interrupted
from hptui.trainers.failures import Diverged
from hptui.trainers.sft import determinism, evaluate, memory, run, saving
from hptui.trainers.sft.evaluate import BestWeights
from hptui.trainers.sft.learner import Learner, ReportWindow
from hptui.trainers.sft.requests import Request
from hptui.trainers.sft.run import RunFacts
from hptui.trainers.sft.trained import Trained

CHECKPOINT_INTERVAL_S = 300.0
"""Seconds between checkpoints, where the settings give no number of steps."""


class TrainingRun:
    """The training of one trial, or the evaluation of its base model. `where` tells what it does, for an error."""

    def __init__(self, facts: RunFacts, trained: Trained | None, *, old_dropout: bool = False) -> None:
        self.facts, self.settings, self.trial = facts, facts.settings, facts.trial
        self.where = "while the training was set up"
        self.held_out = facts.held_out("validation")
        self.best_weights = BestWeights(facts.settings, facts.trial.dir / "best", facts.trial.warn)
        if trained is None:
            run.record_base_model(facts, len(self.held_out))
            return
        self.plan = plan = run.plan_training(facts)
        self.trial.total_steps = plan.total_steps
        self.learner = Learner(
            facts.settings,
            trained,
            plan.rows,
            plan.order,
            plan.total_steps,
            facts.device,
            scaled=facts.precision == "fp16",
        )
        self.learner.old_dropout = old_dropout
        if facts.trial.resume_from:
            self.learner.restore(facts.trial.resume_from)
            self.best_weights.delete_later(self.learner.place)
        self.use_per_token = run.use_per_token(facts)
        self._memory_recorded = self.learner.place.step > 0  # by an earlier attempt
        run.record_start(facts, plan, len(self.held_out), self.learner.place.step)

    def steps(self, saved: Callable[[], RunFacts]) -> Generator[Request, Any, dict[str, float]]:
        """Train, evaluate, and save the model if set; return the last metrics.

        If asked to stop, save a checkpoint and return. `saved` returns the facts with the model to be saved, which has
        peft's adapter. Raises: OutOfMemory with the peak and the settings that memory depends on.
        """
        try:
            if self.trial.role == "base":
                return (yield from self.evaluate_base_model())
            metrics = yield from self.train()
            if self.trial.try_steps and self.settings.generate_samples:
                self.where = "in the generation of answers"
                yield from evaluate.evaluate_answers(self.facts, evaluate.ANSWERS_FILE)
            if self.trial.obeyed is None and not self.trial.try_steps:
                metrics |= yield from self.finish()
                if self.settings.save_model != "none" and self.trial.obeyed is None:
                    self._save_model(saved, metrics)
            return metrics
        except Exception as error:  # libraries report a lack of memory by errors of several types
            if refused := determinism.refusal(error):
                raise refused from error
            if memory.is_out_of_memory(error):
                raise memory.out_of_memory_error(error, self.where, self.settings, self.facts.device) from error
            raise

    def _save_model(self, saved: Callable[[], RunFacts], metrics: dict[str, float]) -> None:
        self.trial.phase("save", allow=3600)
        self.learner.release()
        trained = run.describe_weights(self.plan, self.learner.place, self.step_of_weights)
        saving.save_model(saved(), metrics, trained)

    # the loop -----------------------------------------------------------------------------------------------------

    def train(self) -> Generator[Request, Any, dict[str, float]]:
        """Run the steps up to the last one, early stopping or a request; return the last metrics.

        A checkpoint is saved if the training was asked to stop, other than to be pruned.
        """
        trial, learner, position = self.trial, self.learner, self.learner.place
        last_step = min(self.plan.total_steps, trial.try_steps or self.plan.total_steps)
        trial.phase("train")
        try:
            saved_step = yield from self._steps(last_step)
        finally:  # whatever ended the training: it has seen what it has seen
            self._record_seen()
        needed = trial.obeyed not in (None, "prune") or trial.try_steps  # a dry run measures how large a checkpoint is
        if needed and (position.step > saved_step or position.unjudged):
            self._save()
        learner.settle()
        return dict(position.metrics)

    def _steps(self, last_step: int) -> Generator[Request, Any, int]:
        """Take the steps and make the evaluations; return the step of the last checkpoint."""
        settings, trial, learner, position = self.settings, self.trial, self.learner, self.learner.place
        saved_step = position.step
        running = not position.unjudged or (yield from self._measure(last=position.step == last_step))
        while running and position.step < last_step and not trial.should_stop:
            if settings.early_stopping and position.best.since >= settings.patience:
                reason = f"{settings.early_stopping_metric} was no better than {position.best.value:.6g}"
                trial.stopped_early(f"{reason} of step {position.best.step} in {position.best.since} evaluations")
                break
            self.where = f"in step {position.step + 1}"
            yield from learner.update()
            if not self._memory_recorded and learner.kept.keys() >= run.MEASURED_PARTS:
                run.record_memory(self.facts, learner.kept)
                self._memory_recorded = True
            last = position.step == last_step
            if position.step % settings.log_every == 0 or last or trial.try_steps:
                self._report(self._log())
            running = yield from self._measure(last)
            if running and not last and self._checkpoint_due():
                self._save()
                saved_step = position.step
        return saved_step

    def _record_seen(self) -> None:
        run.record_seen(self.trial, self.plan, self.learner.place.step, self.learner.tokens)

    def _measure(self, last: bool) -> Generator[Request, Any, bool]:
        """Make the evaluations that are due after a step.

        Return False if asked to stop meanwhile; they stay due for the resumed training.
        """
        settings, position = self.settings, self.learner.place
        generate_now = settings.generate_every and (
            position.step % settings.generate_every == 0 if not last else settings.judges and settings.judged_by_answers
        )
        measured: dict[str, float] = {}
        position.unjudged = True
        try:
            if position.step % self.plan.eval_every == 0 or last:
                measured |= yield from self._evaluate()
            if generate_now:
                measured |= yield from self._generate(f"generations-{position.step:08d}.jsonl")
        except Interrupted:
            return False
        position.unjudged = False
        self._report(measured)
        self.best_weights.judge(measured, position, self.learner.weights)
        return True

    def _report(self, metrics: dict[str, float]) -> None:
        position = self.learner.place
        if metrics:
            self.trial.report(position.step, metrics)
            self.learner.place.metrics |= with_counts(metrics)
        for name in ("train_loss", "eval_loss"):
            if not math.isfinite(metrics.get(name, 0.0)):
                raise Diverged(
                    f"{name} is {metrics[name]} at step {position.step}, with a learning rate of {position.rate:.3g}"
                )

    def _log(self) -> dict[str, float]:
        learner, position = self.learner, self.learner.place
        learner.settle()
        window, position.window = position.window, ReportWindow()
        speed = window.tokens / max(window.seconds, 1e-9)
        return {
            "train_loss": window.loss / window.steps,
            "learning_rate": position.rate,
            "grad_norm": position.norm,
            "tokens_per_second": speed,
            **({"mfu": speed * self.use_per_token} if self.use_per_token else {}),
            "epoch": round(position.step / self.plan.order.per_epoch, 4),
            **run.peak_memory(self.facts),
        }

    def _evaluate(self) -> Generator[Request, Any, dict[str, float]]:
        """Return the loss on the held-out examples, each of their tokens with the same weight."""
        if not len(self.held_out):
            return {}
        self.where = f"in the evaluation at step {self.learner.place.step}"
        self.learner.settle()
        self.trial.phase("evaluate", allow=3600)
        measured = yield from self._loss_on(self.held_out)
        self._record_seen()  # again at the end; a training that is killed keeps what was seen up to here
        step, loss = self.learner.place.step, measured["eval_loss"]
        self.trial.say(f"step {step}/{self.plan.total_steps}: eval_loss {loss:.4f}")
        self.trial.phase("train")
        return measured

    def _generate(self, name: str) -> Generator[Request, Any, dict[str, float]]:
        """Return the metrics of the model's answers, which become the artifact `name`."""
        self.where = f"while it generated at step {self.learner.place.step}"
        self.learner.settle()
        self.trial.phase("generate", allow=3600)
        measured = yield from evaluate.evaluate_answers(self.facts, name)
        self.trial.phase("train")
        return measured

    def _loss_on(self, rows: TokenRows) -> Generator[Request, Any, dict[str, float]]:
        return (yield from evaluate.evaluate_loss(rows, self.settings, self.facts.device, self._keep_going))

    def _keep_going(self) -> bool:
        return self.trial.try_steps is not None or not self.trial.should_stop

    def _checkpoint_due(self) -> bool:
        every = self.settings.save_every
        return self.learner.place.step % every == 0 if every else self.trial.checkpoint_due(CHECKPOINT_INTERVAL_S)

    def _save(self) -> None:
        self.where = f"while a checkpoint was written at step {self.learner.place.step}"
        self.trial.checkpoint(self.learner.save, self.learner.place.step)
        self.best_weights.delete_older(self.learner.place)

    # the end ------------------------------------------------------------------------------------------------------

    @property
    def step_of_weights(self) -> int:
        """Step after which the model had its present weights."""
        position = self.learner.place
        return position.best.step if self.best_weights.loaded else position.step

    def finish(self) -> Generator[Request, Any, dict[str, float]]:
        """Finish after the last step: best weights, answers, test set, cost. Return the final metrics.

        Return {} if asked to stop meanwhile.
        """
        learner, position = self.learner, self.learner.place
        metrics: dict[str, float] = {}
        of_best: dict[str, float] = {}  # of the best weights: final values, no points of the last step
        try:
            if (weights := self.best_weights.weights(position)) is not None and position.best.step != position.step:
                self._save()  # if asked to stop from here on, the trial resumes from this and not from the best weights
                learner.take(weights)
                self.best_weights.loaded = True
                of_best = yield from self._evaluate()
            if self.settings.generate_samples:
                metrics |= yield from self._generate(evaluate.ANSWERS_FILE)
            metrics |= yield from self._test()
        except Interrupted:
            if not self.best_weights.loaded:
                self._save()
            return {}
        metrics |= run.training_cost(self.plan, position)
        run.record_end(self.facts, self.plan, position, self.step_of_weights)
        self.best_weights.clear()
        # Points of the last step that were measured before belong to the last weights: the best weights' values may not
        # replace them.
        already_measured = position.metrics if self.best_weights.loaded and self.settings.judged_by_answers else {}
        self.trial.report(
            position.step, {name: value for name, value in metrics.items() if name not in already_measured}
        )
        return {**of_best, **metrics}

    def _test(self) -> Generator[Request, Any, dict[str, float]]:
        rows = self.facts.held_out("test")
        if not len(rows):
            return {}
        self.where = "in the evaluation on the test set"
        self.trial.phase("test", allow=3600)
        measured = yield from self._loss_on(rows)
        return {"test_loss": measured["eval_loss"], "test_perplexity": measured["perplexity"]}

    def evaluate_base_model(self) -> Generator[Request, Any, dict[str, float]]:
        """Return the metrics of the untrained model on the held-out examples, as a baseline."""
        self.where = "in the evaluation of the base model"
        metrics: dict[str, float] = {}
        try:
            if len(self.held_out):
                self.trial.phase("evaluate", allow=3600)
                metrics |= yield from self._loss_on(self.held_out)
            if self.settings.generate_samples:
                self.trial.phase("generate", allow=3600)
                metrics |= yield from evaluate.evaluate_answers(self.facts, evaluate.ANSWERS_FILE)
            metrics |= (yield from self._test()) | run.peak_memory(self.facts)
        except Interrupted:
            return metrics
        self.trial.report(0, metrics)
        return metrics

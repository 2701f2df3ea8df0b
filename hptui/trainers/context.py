"""What a trainer sees of its trial: its identity, where it may write, what it reports, and whether it should stop."""

from __future__ import annotations

import json
import math
import operator
import os
import sys
import time
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

from hptui.core.format import is_count, names_of_counts, with_counts
from hptui.core.metric_names import is_loss, is_of_evaluation
from hptui.core.trial import Reason
from hptui.store.run_directory import MAX_EVENT_BYTES, EventWriter, RunDir, get_control, split_nonfinite
from hptui.trainers import checkpoints
from hptui.trainers.failures import Diverged, Failure
from hptui.trainers.repeats import StepValues
from hptui.trainers.rung import RungWatch

MAX_VALUES_CHARS = MAX_EVENT_BYTES - 4096
"""Characters of facts or settings in one event, as JSON."""
MAX_NONFINITE_IN_A_ROW = 5
"""Consecutive non-finite values of an objective that end a trial."""


class TrialContext:
    """The interface between a trainer and hptui. What is reported here stays recorded if the process is killed.

    `shares_process`: what the process uses is not this trial's alone.
    """

    shares_process = False

    def __init__(
        self,
        run: RunDir,
        config: Mapping[str, Any],
        events: EventWriter,
        terminated: Callable[[], bool] = lambda: False,
    ) -> None:
        self.number: int = config["trial"]
        self.seed: int = config["seed"]
        self.role: str = config.get("role") or ""
        self.attempt: int = config["attempt"]
        self.objectives: tuple[str, ...] = tuple(config["objectives"])
        self.threads: int = config.get("threads") or 0
        self.gpus_per_trial: int = config.get("gpus_per_trial") or 1
        self.device: str = config.get("device") or ""
        self.try_steps: int | None = config.get("try_steps")
        self.attempt_dir = run.root
        self.dir = Path(config["trial_dir"])
        self.artifacts = Path(config["artifacts"])
        self.cache = Path(config["cache"])
        self.directory = Path(config["directory"] or ".")
        self.reports = 0
        self.early = ""
        self.obeyed: str | None = None
        self._run, self._events, self._terminated = run, events, terminated
        self._checkpoints, self._keep = Path(config["checkpoints"]), config.get("keep_checkpoints") or 1
        self._total: int | None = None
        self._last_step = 0
        self._places: dict[str, StepValues] = {}
        self._nonfinite = dict.fromkeys(self.objectives, 0)
        self._measured: set[str] = set()
        self._saved = time.monotonic()
        checkpoints.remove_leftovers(self._checkpoints)
        elsewhere = [Path(path) for path in config.get("resume_from") or ()]
        self._resume = checkpoints.newest_of(self._checkpoints, elsewhere, self.warn) if self.attempt > 1 else None
        self._origin = _checkpoint_to_continue(Path(config["continues"])) if config.get("continues") else None
        self._resume = self._resume or self._origin
        self.programs: Mapping[str, str] = config.get("programs") or {}
        self.recorded: Mapping[str, Mapping[str, Any]] = config.get("recorded") or {}
        self._counts = {name for name in self.recorded if is_count(name)}
        self._rung = RungWatch.of(config.get("rung"), self.recorded)
        self.resumes_after: int | None = None
        self.about: dict[str, Any] = {}

    @property
    def resume_from(self) -> Path | None:
        """The newest valid checkpoint when the attempt began, or another trial's to continue from.

        Read it, and write nothing there. None where the trial begins from scratch.
        """
        return self._resume.path if self._resume else None

    @property
    def resumed_step(self) -> int | None:
        """The step after which this attempt goes on; None at the start.

        It is that of `resume_from`, or `resumes_after` where the trainer has set it.
        """
        return self._resume.step if self._resume else self.resumes_after

    @property
    def total_steps(self) -> int | None:
        """The number of steps that this trial trains, once known. Progress is relative to it."""
        return self._total

    @total_steps.setter
    def total_steps(self, steps: SupportsIndex) -> None:
        self._total = operator.index(steps)
        self._events.emit("total", steps=self._total)
        if self._rung is not None and self._resume is not None and self._resume is not self._origin:
            self._rung.resumed(self._resume.step, self._total)
        if self._origin is not None and self._total <= self._origin.step:
            raise Failure(
                Reason.SETUP,
                f"it continues at step {self._origin.step}, and ends at step {self._total}: nothing is left to train; "
                "give it more steps or epochs",
            )

    def forget_total(self) -> None:
        """Record that the length is unknown: it was guessed, and the training has gone beyond it."""
        self._total = None
        self._events.emit("total", steps=0)

    def report(
        self,
        step: SupportsIndex,
        metrics: Mapping[str, SupportsFloat] | None = None,
        *,
        progress: float | None = None,
        **more: SupportsFloat,
    ) -> None:
        """Record metrics at a step. `progress` is the share of the budget, 0 to 1.

        Raises: Diverged when an objective was not finite five times in a row; placeholders do not count.
        """
        self.report_reading(operator.index(step), {**(metrics or {}), **more}, progress)

    def report_reading(
        self,
        step: int,
        metrics: Mapping[str, SupportsFloat],
        progress: float | None = None,
        *,
        reading: int = 0,
        replaces: bool = False,
        source_values: Mapping[str, float] | None = None,
    ) -> None:
        """Record metrics as `report` does, several values of a step, too.

        A further value is a point of its own, the same one again is none.
        `reading` counts how often the source was read from its beginning, where it was rewritten; `replaces` puts a
        value in place of the last one of the step. `source_values` are all values of the source at once, where some are
        recorded from another one.

        Raises: Diverged.
        """
        self._last_step = step
        values = with_counts({name: _number(name, value) for name, value in metrics.items()})
        source_values = {**(source_values or {}), **values}
        counts = {name for name in values if is_count(name)}
        subs: dict[str, int] = {}
        for name, value in list(values.items()):
            places = self._places.get(name) or self._places.setdefault(name, StepValues())
            number = (places.replace_last if replaces else places.place)(step, value, reading)
            if number is None:
                del values[name]
            elif number:
                subs[name] = number
        finite, nonfinite = split_nonfinite(values)
        for name in sorted(self._counts.intersection(chain.from_iterable(map(names_of_counts, values))) - counts):
            self.retract(name)  # the counts of an earlier value are not behind one that has none
        self._counts |= counts
        fields: dict[str, Any] = {"step": step, "m": finite}
        if subs:
            fields["sub"] = subs
        if nonfinite:
            fields["nonfinite"] = nonfinite
        if progress is not None:
            fields["progress"] = min(max(float(progress), 0.0), 1.0)
        self._events.emit("metrics", **fields)
        if self._rung is not None:
            self._rung.reported(step, values, fields.get("progress"), self._total)
        self.reports += 1
        self._guard(values, source_values)

    def retract(self, metric: str) -> None:
        """Remove all points of a metric so far, with its counts: it comes from a better source from now on."""
        for name in (metric, *self._counts.intersection(names_of_counts(metric))):
            self._places.pop(name, None)
            self._counts.discard(name)
            self._events.emit("retract", metric=name)

    def _guard(self, values: Mapping[str, float], source_values: Mapping[str, float]) -> None:
        for name in self._nonfinite.keys() & values.keys():
            if math.isfinite(values[name]):
                self._measured.add(name)
            counts = name in self._measured or not _is_placeholder(name, values[name], source_values)
            counts = counts and not math.isfinite(values[name])
            self._nonfinite[name] = self._nonfinite[name] + 1 if counts else 0
            if self._nonfinite[name] >= MAX_NONFINITE_IN_A_ROW:
                raise Diverged(
                    f"{name} was {values[name]} {MAX_NONFINITE_IN_A_ROW} times in a row, last at step {self._last_step}"
                )

    @property
    def stop_verb(self) -> str:
        """The pending request to this trial: pause, stop, prune, kill, or ''."""
        return get_control(self._run)

    @property
    def should_stop(self) -> bool:
        """Whether to finish the step, save a checkpoint and return. Cheap enough for every step."""
        if self._terminated() or os.path.exists(self._run.control):
            verb = self.stop_verb
            if verb or self._terminated():
                self.obeyed = verb
                return True
        if self._rung is not None and self._rung.reached:
            self.obeyed = "rung"
            return True
        return self.tried

    @property
    def passed_rung(self) -> bool:
        """Whether the training was to pause at a rung, and came to its end before it did."""
        return self.obeyed == "rung" and self._rung is not None and not self._rung.reached

    @property
    def tried(self) -> bool:
        """Whether this is a dry run that has reported enough steps."""
        return self.try_steps is not None and self.reports >= self.try_steps

    def stopped_early(self, why: str) -> None:
        """Record, before returning, why the training ended itself early."""
        self.early = why

    def checkpoint(self, save: Callable[[Path], None], step: SupportsIndex | None = None) -> Path:
        """Let `save` write files into a new directory, which becomes a checkpoint as a whole or not at all."""
        number = self._last_step if step is None else operator.index(step)
        self._events.flush(sync=True)  # a checkpoint must never be ahead of the metrics that led to it
        written = checkpoints.write(self._checkpoints, number, save)
        checkpoints.retain(self._checkpoints, 1 if self.obeyed == "rung" else self._keep)
        self._saved = time.monotonic()
        steps = [entry.step for entry in checkpoints.list_checkpoints(self._checkpoints)]
        self._events.emit("checkpoint", step=number, path=self._relative(written.path), bytes=written.bytes, kept=steps)
        return written.path

    def checkpoint_due(self, every_seconds: float) -> bool:
        """Return whether `every_seconds` have passed since the last checkpoint or the start."""
        return time.monotonic() - self._saved >= every_seconds

    def effective(self, **settings: Any) -> None:
        """Record the values that were really used, where they may differ from the settings."""
        self._events.emit("effective", settings=self._fitting(settings))

    def facts(self, **facts: Any) -> None:
        """Record facts that are neither settings nor metrics: counts of parameters, sizes of splits."""
        self._events.emit("facts", facts=self._fitting(facts))

    def environment(self, **facts: Any) -> None:
        """Record facts about the environment in which the training really runs."""
        self._events.emit("environment", environment=self._fitting(facts))

    def _fitting(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as JSON can hold them, without those that make an event too long."""
        plain = {name: _plain(value) for name, value in values.items()}
        sizes = {name: len(json.dumps({name: value})) for name, value in plain.items()}
        while sum(sizes.values()) > MAX_VALUES_CHARS:
            longest = max(sizes, key=sizes.__getitem__)
            self.warn(f"{longest[:200]} is left out: it has {sizes.pop(longest)} characters")
            del plain[longest]
        return plain

    def artifact(self, name: str, label: str = "") -> Path:
        """Return the path of a file to keep with the trial; `name` is a plain file name.

        Raises: ValueError for any other name.
        """
        if not name or name.startswith(".") or Path(name).name != name or not name.isprintable():
            raise ValueError(f"an artifact's name is a plain file name, got {name!r}")
        self.artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.artifacts / name
        self._events.emit("artifact", path=self._relative(path), label=label or name)
        return path

    def keep(self, path: Path, label: str = "") -> None:
        """Record a file that is in the trial's directory already as one of its artifacts."""
        self._events.emit("artifact", path=self._relative(path), label=label or path.name)

    def phase(self, name: str, allow: float = 600.0) -> None:
        """Record which phase begins, and how many seconds without events are normal in it."""
        self._events.emit("phase", name=name, allow=float(allow))

    def warn(self, message: str) -> None:
        """Record a warning, and print it to the log."""
        print(f"warning: {message}", file=sys.stderr, flush=True)
        self._events.emit("warning", message=message[:2000])

    def say(self, text: str) -> None:
        """Print a line to the log."""
        print(text, flush=True)

    def _relative(self, path: Path) -> str:
        """Return a path relative to the trial's directory where it is inside, so that a study may be moved."""
        return str(path.relative_to(self.dir)) if path.is_relative_to(self.dir) else str(path)


def _checkpoint_to_continue(folder: Path) -> checkpoints.Checkpoint:
    """Return the checkpoint that a trial continues from. Raises: Failure if it is damaged or missing."""
    available = checkpoints.list_checkpoints(folder)
    problem = checkpoints.find_damage(available[0]) if available else f"{folder} is empty"
    if problem:
        raise Failure(Reason.SETUP, f"the checkpoint that this trial was to continue from is damaged: {problem}")
    return available[0]


def _is_placeholder(objective: str, value: float, source_values: Mapping[str, float]) -> bool:
    """Return whether an objective is not finite because it was not measured yet.

    The losses of the same report tell: those of a model that has diverged are not finite. Those of training count where
    there are any, as `val_loss` and `val_accuracy` wait for the same evaluation. A training loss is measured at once.
    In a report without a loss, infinity is the start of a best value so far, and NaN the mean of no scores.
    """
    if is_loss(objective) and not is_of_evaluation(objective) and "best" not in objective.lower():
        return False
    losses = [name for name in source_values if name != objective and is_loss(name)]
    deciding = [name for name in losses if not is_of_evaluation(name)] or losses
    if not deciding:
        return math.isinf(value) or not is_loss(objective)
    return all(math.isfinite(source_values[name]) for name in deciding)


def _number(name: str, value: SupportsFloat) -> float:
    try:
        return value if isinstance(value, float) else float(value)  # a ratio keeps its counts
    except (TypeError, ValueError) as error:
        raise TypeError(f"metric {name!r} must be a number, got {type(value).__name__} {str(value)[:80]!r}") from error


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: NumPy and torch scalars as Python's, other objects as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    item = getattr(value, "item", None)
    return _plain(item()) if callable(item) and getattr(value, "ndim", None) == 0 else str(value)

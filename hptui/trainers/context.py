"""What a trainer sees of its trial: who it is, where it may write, what it reports, and whether it should stop."""

from __future__ import annotations

import math
import operator
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

from hptui.model.counts import spread
from hptui.model.trial import Reason
from hptui.storage.rundir import EventWriter, RunDir, get_control, split_nonfinite
from hptui.trainers import checkpoints
from hptui.trainers.outcome import Diverged, Failure

NONFINITE_PATIENCE = 5
"""So many non-finite values of an objective in a row are the end of a trial."""


class TrialContext:
    """The one object between a trainer and hptui. Everything reported here is on record whoever is killed next."""

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
        self._odd = dict.fromkeys(self.objectives, 0)
        self._saved = time.monotonic()
        checkpoints.clean(self._checkpoints)
        self._resume = checkpoints.newest_valid(self._checkpoints, self.warn) if self.attempt > 1 else None
        self._began = _origin(Path(config["continues"])) if config.get("continues") else None
        self._resume = self._resume or self._began
        self.programs: Mapping[str, str] = config.get("programs") or {}
        self.resumes_after: int | None = None
        self.about: dict[str, Any] = {}

    @property
    def resume_from(self) -> Path | None:
        """The newest valid checkpoint of this trial when the attempt began, or the one of another trial that it was to
        continue from; read it, write nothing there.
        """
        return self._resume.path if self._resume else None

    @property
    def resumed_step(self) -> int | None:
        """The step after which this attempt goes on: that of `resume_from`, or what the trainer has found out."""
        return self._resume.step if self._resume else self.resumes_after

    @property
    def total_steps(self) -> int | None:
        """How many steps this trial trains, once known. Progress is judged by it."""
        return self._total

    @total_steps.setter
    def total_steps(self, steps: SupportsIndex) -> None:
        self._total = operator.index(steps)
        self._events.emit("total", steps=self._total)
        if self._began is not None and self._total <= self._began.step:
            raise Failure(
                Reason.SETUP,
                f"it continues at step {self._began.step}, and ends at step {self._total}: nothing is left to train; "
                "give it more steps or epochs",
            )

    def forget_total(self) -> None:
        """The length was guessed, and the training has gone beyond it: it is not known."""
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
        """Record metrics at a step. Raises `Diverged` when an objective has had no number five times in a row."""
        self._last_step = operator.index(step)
        values = spread({name: _number(name, value) for name, value in {**(metrics or {}), **more}.items()})
        plain, odd = split_nonfinite(values)
        fields: dict[str, Any] = {"step": self._last_step, "m": plain}
        if odd:
            fields["nonfinite"] = odd
        if progress is not None:
            fields["progress"] = min(max(float(progress), 0.0), 1.0)
        self._events.emit("metrics", **fields)
        self.reports += 1
        self._guard(values)

    def retract(self, metric: str) -> None:
        """Take back all points of a metric so far: it comes from a better source from now on."""
        self._events.emit("retract", metric=metric)

    def _guard(self, values: Mapping[str, float]) -> None:
        for name in self._odd.keys() & values.keys():
            self._odd[name] = 0 if math.isfinite(values[name]) else self._odd[name] + 1
            if self._odd[name] >= NONFINITE_PATIENCE:
                raise Diverged(
                    f"{name} was {values[name]} {NONFINITE_PATIENCE} times in a row, last at step {self._last_step}"
                )

    @property
    def stop_verb(self) -> str:
        """What the trial was told: pause, stop, prune, kill, or ''."""
        return get_control(self._run)

    @property
    def should_stop(self) -> bool:
        """Whether to finish the step, save a checkpoint and return. Cheap enough for every step."""
        if self._terminated() or os.path.exists(self._run.control):
            verb = self.stop_verb
            if verb or self._terminated():
                self.obeyed = verb
                return True
        return self.tried

    @property
    def tried(self) -> bool:
        """Whether this was only a trial run, and has gone far enough."""
        return self.try_steps is not None and self.reports >= self.try_steps

    def stopped_early(self, why: str) -> None:
        """Say, before returning, that the training ended itself because more of it was not worth it."""
        self.early = why

    def checkpoint(self, save: Callable[[Path], None], step: SupportsIndex | None = None) -> Path:
        """Let `save` write files into a new directory, which becomes a checkpoint as a whole or not at all."""
        number = self._last_step if step is None else operator.index(step)
        self._events.flush(sync=True)  # a checkpoint must never be ahead of the metrics that led to it
        done = checkpoints.write(self._checkpoints, number, save)
        checkpoints.retain(self._checkpoints, self._keep)
        self._saved = time.monotonic()
        kept = [one.step for one in checkpoints.written(self._checkpoints)]
        self._events.emit("checkpoint", step=number, path=self._relative(done.path), bytes=done.bytes, kept=kept)
        return done.path

    def checkpoint_due(self, every_seconds: float) -> bool:
        """Whether the last checkpoint (or the start) is that long ago."""
        return time.monotonic() - self._saved >= every_seconds

    def effective(self, **settings: Any) -> None:
        """Record what was really used, where it may differ from what was asked."""
        self._events.emit("effective", settings={name: _plain(value) for name, value in settings.items()})

    def facts(self, **facts: Any) -> None:
        """Record what was found out that is neither a setting nor a metric: counts of parameters, sizes of splits."""
        self._events.emit("facts", facts={name: _plain(value) for name, value in facts.items()})

    def environment(self, **facts: Any) -> None:
        """Record what was learnt of the surroundings in which the training really runs."""
        self._events.emit("environment", environment={name: _plain(value) for name, value in facts.items()})

    def artifact(self, name: str, label: str = "") -> Path:
        """The path of a file to keep with the trial; `name` is a plain file name."""
        if not name or name.startswith(".") or Path(name).name != name or not name.isprintable():
            raise ValueError(f"an artifact's name is a plain file name, got {name!r}")
        self.artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.artifacts / name
        self._events.emit("artifact", path=self._relative(path), label=label or name)
        return path

    def keep(self, path: Path, label: str = "") -> None:
        """Record a file that lies in the trial's directory already as one of its artifacts."""
        self._events.emit("artifact", path=self._relative(path), label=label or path.name)

    def phase(self, name: str, allow: float = 600.0) -> None:
        """Say what begins now, and how many seconds of silence are no cause for concern."""
        self._events.emit("phase", name=name, allow=float(allow))

    def warn(self, message: str) -> None:
        """Record a warning, and print it into the log."""
        print(f"warning: {message}", file=sys.stderr, flush=True)
        self._events.emit("warning", message=message[:2000])

    def _relative(self, path: Path) -> str:
        """Relative to the trial's directory where it lies inside, so that a study may be moved."""
        return str(path.relative_to(self.dir)) if path.is_relative_to(self.dir) else str(path)


def _origin(place: Path) -> checkpoints.Checkpoint:
    """The checkpoint that a trial was to begin from: it never begins without."""
    found = checkpoints.written(place)
    problem = checkpoints.damage(found[0]) if found else f"{place} is empty"
    if problem:
        raise Failure(Reason.SETUP, f"the checkpoint that this trial was to continue from is damaged: {problem}")
    return found[0]


def _number(name: str, value: SupportsFloat) -> float:
    try:
        return value if isinstance(value, float) else float(value)  # a ratio keeps its counts
    except (TypeError, ValueError) as error:
        raise TypeError(f"metric {name!r} must be a number, got {type(value).__name__} {str(value)[:80]!r}") from error


def _plain(value: Any) -> Any:
    """A setting as JSON can say it: NumPy and torch scalars become Python's, other objects their text."""
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

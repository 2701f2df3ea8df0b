"""Everything that is recorded of a study, for scripts and notebooks: light objects, read when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hptui.model.errors import Unsupported
from hptui.model.trial import Attempt, Trial, Value
from hptui.results.shapes import trial_json
from hptui.results.view import View, best_trials, look
from hptui.storage.paths import StudyDir, find_home
from hptui.storage.reader import Reader

if TYPE_CHECKING:
    from pandas import DataFrame


FIXED = "fixed"
"""What the store remembers of a search space in Python: the names that had one value."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one trial over its steps. `seconds` are since the trial began."""

    metric: str
    steps: list[int]
    values: list[float]
    seconds: list[float]

    def __len__(self) -> int:
        return len(self.steps)

    def to_pandas(self) -> DataFrame:
        """A row per step."""
        columns = {"step": self.steps, self.metric: self.values, "seconds": self.seconds}
        found: DataFrame = _pandas().DataFrame(columns)
        return found


class OpenTrial:
    """One trial as it was when its study was read; curves, log and files are read when they are asked for.

    `params` is what was searched, derived values included; `settings` all that the trial ran with; `metrics` has the
    last value of each metric; `values` the objectives of a complete trial, None of any other.
    """

    def __init__(self, view: View, trial: Trial, fixed: Sequence[str] = ()) -> None:
        self._view, self.record = view, trial
        settings = view.settings(trial)
        space = view.study.space
        names = [*fixed, *(one.name for one in (*space.parameters, *space.derived))]
        self.number, self.name, self.title, self.note = trial.number, trial.name, trial.title, trial.note
        self.status, self.reason = str(trial.status), str(trial.reason) if trial.reason else None
        self.role, self.stage, self.message, self.engine = str(trial.role), trial.stage, trial.message, trial.engine
        self.settings: dict[str, Value] = settings
        self.params = {name: settings[name] for name in dict.fromkeys([*names, *trial.params]) if name in settings}
        self.effective, self.metrics, self.seed = dict(trial.effective), dict(trial.metrics), trial.seed
        self.facts = dict(trial.facts)
        self.values = dict(trial.values) if trial.values is not None else None
        self.seconds, self.started, self.ended = trial.seconds, trial.started, trial.ended
        self.progress, self.total_steps, self.last_step = trial.progress, trial.total_steps, trial.last_step
        self.peak_memory_gb, self.revision = trial.peak_memory_gb, trial.revision

    @property
    def value(self) -> float | None:
        """The value of the first objective; None unless the trial is complete."""
        return (self.values or {}).get(self._view.study.objective.metric)

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self._view.sd.trial(self.number)

    def curve(self, metric: str | None = None) -> Curve:
        """A metric over the steps, by default the first objective. Empty where it was never reported."""
        name = metric or self._view.study.objective.metric
        with Reader(self._view.sd) as reader:
            points = reader.curve(self.number, name)
        steps, values, seconds = (list(column) for column in zip(*points, strict=True)) if points else ([], [], [])
        return Curve(name, steps, values, seconds)

    def curves(self) -> dict[str, Curve]:
        """All metrics that it reported."""
        with Reader(self._view.sd) as reader:
            names = reader.metric_names(self.number)
        return {name: self.curve(name) for name in names}

    def attempts(self) -> list[Attempt]:
        """Its process runs, with what they ran on."""
        with Reader(self._view.sd) as reader:
            return reader.attempts(self.number)

    def artifacts(self) -> list[Path]:
        """The files that it left."""
        with Reader(self._view.sd) as reader:
            return [self._view.sd.artifacts(self.number) / one.path for one in reader.artifacts(self.number)]

    def log(self) -> str:
        """What its newest attempt printed."""
        from hptui.actions.logs import log_of

        return log_of(self._view.sd, self.record).read_text(errors="replace")

    def as_dict(self) -> dict[str, Any]:
        """As `hptui trials --json` has it, with the whole of `params`."""
        return {**trial_json(self.record), "params": self.params}

    def to_pandas(self) -> DataFrame:
        """Its curves side by side: a row per step, a column per metric."""
        pandas = _pandas()
        columns = {name: pandas.Series(one.values, index=one.steps) for name, one in self.curves().items()}
        found: DataFrame = pandas.DataFrame(columns).rename_axis("step")
        return found

    def __repr__(self) -> str:
        return f"<trial {self.number} {self.status}: {self.params} -> {self.values or self.reason}>"


class OpenStudy:
    """A study as it was when it was read; `refresh()` reads it again. It may be running meanwhile."""

    def __init__(self, sd: StudyDir) -> None:
        self.directory, self.name = sd.root, sd.name
        self._sd = sd
        self.refresh()

    def refresh(self) -> OpenStudy:
        """Read the study as it is now."""
        with Reader(self._sd) as reader:
            self._view = look(self._sd, reader)
            self.metrics = reader.metric_names()
            fixed = json.loads(reader.get_meta(FIXED) or "[]")
        view = self._view
        self.state, self.message, self.seconds = str(view.row.state), view.row.message or "", view.row.seconds
        self.trials = [OpenTrial(view, trial, fixed) for trial in view.trials]
        self.objectives = [(one.metric, one.goal) for one in view.study.objectives]
        space = view.study.space
        self.space = {one.name: one.describe() for one in (*space.parameters, *space.derived)}
        return self

    @property
    def specification(self) -> Mapping[str, Any]:
        """The whole study as its file would say it."""
        return self._view.row.spec

    @property
    def best(self) -> OpenTrial | None:
        """The best trial; of several objectives, the one of the Pareto set that is best in the first."""
        found = self.pareto
        if not found:
            return None
        objective = self._view.study.objective
        first = objective.best([one.value for one in found if one.value is not None])
        return next(one for one in found if one.value == first)

    @property
    def pareto(self) -> list[OpenTrial]:
        """The trials that none beats in every objective."""
        numbers = {trial.number for trial in best_trials(self._view.study, self._view.trials)}
        return [one for one in self.trials if one.number in numbers]

    @property
    def baseline(self) -> OpenTrial | None:
        """The trial that ran the trainer's settings as written."""
        return next((one for one in self.trials if one.role == "baseline"), None)

    def trial(self, ref: int | str) -> OpenTrial:
        """A trial by its number, its name, or `best`."""
        from hptui.actions.studies import find_trial

        if ref == "best" and self.best is not None:
            return self.best
        with Reader(self._sd) as reader:
            number = find_trial(reader, str(ref), self._view).number
        return next(one for one in self.trials if one.number == number)

    def __getitem__(self, ref: int | str) -> OpenTrial:
        return self.trial(ref)

    def __iter__(self) -> Iterator[OpenTrial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    def events(self) -> list[tuple[float, str, str]]:
        """What happened: (seconds since the epoch, level, sentence)."""
        with Reader(self._sd) as reader:
            return [(event.at, event.level, event.message) for event in reader.events()]

    def to_pandas(self) -> DataFrame:
        """A row per trial: its status, what was searched, its objectives and the last value of every metric."""
        rows = [
            {
                "number": one.number,
                "name": one.name,
                "status": one.status,
                "reason": one.reason,
                "role": one.role,
                **{f"params.{name}": value for name, value in one.params.items()},
                **{f"value.{name}": (one.values or {}).get(name) for name, _ in self.objectives},
                **{f"metrics.{name}": one.metrics.get(name) for name in self.metrics},
                "seconds": one.seconds,
                "peak_memory_gb": one.peak_memory_gb,
            }
            for one in self.trials
        ]
        found: DataFrame = _pandas().DataFrame(rows).set_index("number") if rows else _pandas().DataFrame()
        return found

    def __repr__(self) -> str:
        return f"<study {self.name}: {self.state}, {len(self)} trials, best {self.best}>"


def open_study(name: str | Path, *, home: str | Path | None = None) -> OpenStudy:
    """Read a study: its name in HOME, its directory, or the study file that it was made from."""
    from hptui.actions.studies import find_study

    return OpenStudy(find_study(find_home(home), str(name)))


def _pandas() -> ModuleType:
    try:
        import pandas
    except ImportError:
        raise Unsupported("pandas is not installed", hint='install it with "pip install pandas"') from None
    found: ModuleType = pandas
    return found

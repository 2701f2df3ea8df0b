"""Recorded studies for scripts and notebooks. Curves, logs and files are read on access."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import Unsupported
from hptui.core.masking import mask, mask_text
from hptui.core.trial import Attempt, Trial, Value
from hptui.results.json_output import trial_json
from hptui.results.masked_view import masked_record
from hptui.results.view import View, best_trials, read_view
from hptui.store.paths import StudyDir, find_home
from hptui.store.reader import StoreReader
from hptui.store.recorded import MetaKey

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class MetricCurve:
    """One metric of a trial over its steps. `seconds` are seconds of training."""

    metric: str
    steps: list[int]
    values: list[float]
    seconds: list[float]

    def __len__(self) -> int:
        return len(self.steps)

    def to_pandas(self) -> DataFrame:
        """Return a DataFrame with a row per step, and columns step, the metric, seconds."""
        columns = {"step": self.steps, self.metric: self.values, "seconds": self.seconds}
        frame: DataFrame = _pandas().DataFrame(columns)
        return frame


class OpenTrial:
    """One trial, as it was when its study was read. Curves, log and files are read on access.

    `params` are the searched settings, derived values included; `settings` all settings of the trial; `metrics` the
    last value of each metric; `values` the objective values of a complete trial, else None. `seconds` is time of
    activity, `started` and `ended` are UTC seconds since the epoch, `peak_memory_gb` is GiB.
    """

    def __init__(self, view: View, trial: Trial, fixed: Sequence[str] = (), *, secrets: bool = False) -> None:
        self._view, self.record, self._secrets = view, trial, secrets
        settings = view.settings(trial)
        space = view.study.space
        names = [*fixed, *(parameter.name for parameter in (*space.parameters, *space.derived))]
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
        """Value of the first objective; None unless the trial is complete."""
        return (self.values or {}).get(self._view.study.objective.metric)

    @property
    def directory(self) -> Path:
        """Directory of the trial's files."""
        return self._view.sd.trial(self.number)

    def curve(self, metric: str | None = None) -> MetricCurve:
        """Return the curve of a metric, by default of the first objective; empty if it was never reported."""
        name = metric or self._view.study.objective.metric
        with StoreReader.open(self._view.sd) as reader:
            points = reader.curve(self.number, name)
        steps, values, seconds = (list(column) for column in zip(*points, strict=True)) if points else ([], [], [])
        return MetricCurve(name, steps, values, seconds)

    def curves(self) -> dict[str, MetricCurve]:
        """Return the curves of all metrics that the trial reported, by name."""
        with StoreReader.open(self._view.sd) as reader:
            names = reader.metric_names(self.number)
        return {name: self.curve(name) for name in names}

    def attempts(self) -> list[Attempt]:
        """Return the process runs of the trial, with facts about their environment."""
        with StoreReader.open(self._view.sd) as reader:
            attempts = reader.attempts(self.number)
        return attempts if self._secrets else [masked_record(attempt) for attempt in attempts]

    def artifacts(self) -> list[Path]:
        """Return the paths of the files that the trial left."""
        with StoreReader.open(self._view.sd) as reader:
            return [self._view.sd.artifacts(self.number) / row.path for row in reader.artifacts(self.number)]

    def log(self) -> str:
        """Return the output of the trial's newest attempt."""
        from hptui.operations.logs import log_of

        return log_of(self._view.sd, self.record).read_text(errors="replace")

    def as_dict(self) -> dict[str, Any]:
        """Return the trial as `hptui trials --json` prints it, with all of `params`."""
        return {**trial_json(self.record), "params": self.params}

    def to_pandas(self) -> DataFrame:
        """Return the trial's curves as a DataFrame: a row per step, a column per metric."""
        pandas = _pandas()
        columns = {name: pandas.Series(curve.values, index=curve.steps) for name, curve in self.curves().items()}
        frame: DataFrame = pandas.DataFrame(columns).rename_axis("step")
        return frame

    def __repr__(self) -> str:
        return f"<trial {self.number} {self.status}: {mask(self.params)} -> {self.values or self.reason}>"


class OpenStudy:
    """A recorded study, as it was when it was read; `refresh()` reads it again. It may be running.

    It is a sequence of trials: `study[7]`, `study["best"]`, `len(study)`, `for trial in study`. `objectives` are
    (metric, goal), `metrics` the names of all reported metrics, `space` the range of each parameter, `state` and
    `message` what the study does, `seconds` its time of activity.
    """

    def __init__(self, sd: StudyDir, *, secrets: bool = False) -> None:
        self.directory, self.name = sd.root, sd.name
        self._sd, self._secrets = sd, secrets
        self.refresh()

    def refresh(self) -> OpenStudy:
        """Read the study again, and return it."""
        with StoreReader.open(self._sd) as reader:
            self._view = read_view(self._sd, reader, secrets=self._secrets)
            self.metrics = reader.metric_names()
            fixed = json.loads(reader.get_meta(MetaKey.FIXED) or "[]")
        view = self._view
        self.state, self.message, self.seconds = str(view.row.state), view.row.message or "", view.row.seconds
        self.trials = [OpenTrial(view, trial, fixed, secrets=self._secrets) for trial in view.trials]
        self.objectives = [(objective.metric, objective.goal) for objective in view.study.objectives]
        space = view.study.space
        self.space = {item.name: item.describe() for item in (*space.parameters, *space.derived)}
        return self

    @property
    def specification(self) -> Mapping[str, Any]:
        """The study file as a JSON object."""
        return self._view.row.spec

    @property
    def best(self) -> OpenTrial | None:
        """The best trial; with several objectives, the trial of the Pareto set that is best in the first."""
        candidates = self.pareto
        if not candidates:
            return None
        objective = self._view.study.objective
        first = objective.best([trial.value for trial in candidates if trial.value is not None])
        return next(trial for trial in candidates if trial.value == first)

    @property
    def pareto(self) -> list[OpenTrial]:
        """The trials that no other dominates in all objectives; with one objective, the best and its equals."""
        numbers = {trial.number for trial in best_trials(self._view.study, self._view.trials)}
        return [trial for trial in self.trials if trial.number in numbers]

    @property
    def baseline(self) -> OpenTrial | None:
        """The trial that ran the trainer's settings as written; None if there is none."""
        return next((trial for trial in self.trials if trial.role == "baseline"), None)

    def trial(self, ref: int | str) -> OpenTrial:
        """Return a trial by its number, its name, or `best`.

        Raises: NotFound, UserError.
        """
        from hptui.operations.find import find_trial

        if ref == "best" and self.best is not None:
            return self.best
        with StoreReader.open(self._sd) as reader:
            number = find_trial(reader, str(ref), self._view).number
        return next(trial for trial in self.trials if trial.number == number)

    def __getitem__(self, ref: int | str) -> OpenTrial:
        return self.trial(ref)

    def __iter__(self) -> Iterator[OpenTrial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    def events(self) -> list[tuple[float, str, str]]:
        """Return what happened, as (UTC seconds since the epoch, level, message)."""
        with StoreReader.open(self._sd) as reader:
            events = [(event.at, event.level, event.message) for event in reader.events()]
        return events if self._secrets else [(at, level, mask_text(message)) for at, level, message in events]

    def to_pandas(self) -> DataFrame:
        """Return a DataFrame with a row per trial.

        Columns are status, `params.NAME`, `value.OBJECTIVE`, the last value of each metric as `metrics.NAME`, seconds,
        memory.
        """
        rows = [
            {
                "number": trial.number,
                "name": trial.name,
                "status": trial.status,
                "reason": trial.reason,
                "role": trial.role,
                **{f"params.{name}": value for name, value in trial.params.items()},
                **{f"value.{name}": (trial.values or {}).get(name) for name, _ in self.objectives},
                **{f"metrics.{name}": trial.metrics.get(name) for name in self.metrics},
                "seconds": trial.seconds,
                "peak_memory_gb": trial.peak_memory_gb,
            }
            for trial in self.trials
        ]
        frame: DataFrame = _pandas().DataFrame(rows).set_index("number") if rows else _pandas().DataFrame()
        return frame

    def __repr__(self) -> str:
        return f"<study {self.name}: {self.state}, {len(self)} trials, best {self.best}>"


def open_study(name: str | Path, *, home: str | Path | None = None, secrets: bool = False) -> OpenStudy:
    """Open a recorded study for reading.

    name: its name in HOME, its directory, or the study file that it was made from. home: the directory that holds the
    studies; by default $HPTUI_HOME, else the nearest `.hptui/`. secrets: give passwords and keys of settings as they
    are, to train with them again; else they are masked, since notebooks show and share what they hold.

    Raises: NotFound.
    """
    from hptui.operations.find import find_study

    return OpenStudy(find_study(find_home(home), str(name)), secrets=secrets)


def _pandas() -> ModuleType:
    try:
        import pandas
    except ImportError:
        raise Unsupported("pandas is not installed", hint='install it with "pip install pandas"') from None
    module: ModuleType = pandas
    return module

"""The columns of a table of trials, by the names that a study file uses: a setting, a metric, a fact of the trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from hptui.model.errors import UserError, did_you_mean
from hptui.model.format import clock, memory, metric, setting
from hptui.model.space import Space
from hptui.model.trial import Role, Trial
from hptui.results.view import View

FACTS = (
    "number",
    "name",
    "status",
    "reason",
    "role",
    "title",
    "message",
    "attempts",
    "engine",
    "seed",
    "stage",
    "replicate_of",
    "note",
)
MEASURED: Mapping[str, Callable[[float], str]] = {
    "seconds": clock,
    "peak_memory_gb": memory,
    "progress": lambda share: f"{share:.0%}",
}


@dataclass(frozen=True, slots=True)
class TrialColumn:
    """A column: its name, its heading, and whether it holds numbers."""

    name: str
    heading: str
    numeric: bool


def varied(view: View) -> list[str]:
    """The settings that the study varies, in all of its stages; without any, those that its trials were given."""
    names = [parameter.name for parameter in view.study.space.parameters]
    names += [d.name for d in view.study.space.derived]
    for stage in view.study.stages:
        searched = stage.space or Space()
        names += [*searched.names, *(d.name for d in searched.derived), *stage.set]
    return list(dict.fromkeys(names or (name for trial in view.trials for name in trial.params)))


def usual(view: View) -> list[str]:
    """What a table shows: the columns of `[report]`, else what is varied, the objectives, time and memory."""
    own = list(view.study.report.columns)
    stages = ["stage"] if any(trial.stage for trial in view.trials) and "stage" not in own else []
    objectives = [objective.metric for objective in view.study.objectives]
    said = own or [*varied(view), *objectives, "seconds", "peak_memory_gb"]
    notes = ["note"] if any(trial.note for trial in view.trials) and "note" not in said else []
    name = ["name"] if any(trial.name for trial in view.trials) else []
    return [
        "number",
        *name,
        *stages,
        "status",
        "reason",
        *(column for column in said if column not in FACTS[:4]),
        *notes,
    ]


def columns_of(view: View, names: Sequence[str]) -> list[TrialColumn]:
    """The columns called `names`; `UserError` for one that neither is a fact, a setting nor a metric.

    A column of `[report]` that no trial has filled yet is one that is empty so far.
    """
    study, found = view.study, []
    settings = {*view.base, *study.space.names, *(name for trial in view.trials for name in trial.params)}
    settings |= {name for trial in view.trials for name in trial.effective}
    metrics = {objective.metric for objective in study.objectives} | set(study.metrics)
    metrics |= {name for trial in view.trials for name in trial.metrics}
    for name in names:
        if name not in (*FACTS, *MEASURED, *study.report.columns) and name not in settings | metrics:
            raise UserError(
                f"there is no column {name!r}", hint=did_you_mean(name, [*FACTS, *MEASURED, *settings, *metrics])
            )
        spec = study.metrics.get(name)
        heading = study.report.columns.get(name) or (spec.heading if spec else "") or HEADINGS.get(name, name)
        found.append(TrialColumn(name, heading, numeric=name not in FACTS[1:]))
    return found


HEADINGS = {"number": "#", "seconds": "time", "peak_memory_gb": "memory"}


def value_of(view: View, trial: Trial, name: str) -> Any:
    """What stands in a column: a fact, the objective's value, a setting as requested, else a metric's last value.

    A setting goes before a metric of its name: `learning_rate` is what the trial was given, not where it ended; one
    that nobody gave is what was used, for a default may say no more than that it follows from others. Only a complete
    trial has a value of the objective; what another showed of it is no result.
    """
    return values_of(view, name)(trial)


def values_of(view: View, name: str) -> Callable[[Trial], Any]:
    """What tells `value_of` of one column for many trials."""
    if name == "seconds":  # the record of an imported trial may not say
        return lambda trial: None if trial.role is Role.IMPORTED and not trial.seconds else trial.seconds
    if name in ("status", "reason", "role"):
        return lambda trial: None if (value := getattr(trial, name)) is None else str(value)
    if name in FACTS or name in MEASURED:
        return attrgetter(name)
    if any(objective.metric == name for objective in view.study.objectives):
        return lambda trial: (trial.values or {}).get(name)
    varies, today, unsaid = view.is_setting(name), view.study.trainer.settings, object()
    default = view.defaults.get(name, unsaid) if varies else unsaid

    def get(trial: Trial) -> Any:
        if name in trial.params and (varies or trial.role is Role.IMPORTED):
            return trial.params[name]
        effective, metrics = trial.effective, trial.metrics
        if varies and trial.role is not Role.IMPORTED:
            own = view.trainers.get(trial.revision, today)
            if name in own:
                return own[name]
            if default is not unsaid:
                return effective.get(name, default)
        if name in metrics:
            return metrics[name]
        return effective[name] if name in effective else trial.final.get(name)

    return get


def shown(view: View, trial: Trial, name: str) -> str:
    """The same for a person: a metric in its own format, in brackets what a trial without a
    value showed of the objective, a setting as `3 → 2` where another value was really used."""
    value = value_of(view, trial, name)
    if value is None:
        so_far = trial.metrics.get(name)
        return "" if so_far is None else f"({metric(so_far, view.study.metrics.get(name))})"
    if name in MEASURED:
        return MEASURED[name](value)
    if name in FACTS:
        return str(value)
    requested = name in view.base or name in trial.params
    if name in (trial.values or {}) or (name in trial.metrics and not requested):
        return metric(value, view.study.metrics.get(name))
    used = trial.effective.get(name, value)
    return setting(value) if used == value else f"{setting(value)} → {setting(used)}"


def rows_of(view: View, trials: Sequence[Trial], names: Sequence[str]) -> list[dict[str, Any]]:
    """Raw values by column name, one row a trial."""
    values = {name: values_of(view, name) for name in names}
    return [{name: get(trial) for name, get in values.items()} for trial in trials]


def ordered(view: View, trials: Sequence[Trial], by: str) -> list[Trial]:
    """Trials sorted by a column, `-column` downwards; a trial without a value comes last."""
    name, down = by.removeprefix("-"), by.startswith("-")
    columns_of(view, [name])
    get = values_of(view, name)
    having = [trial for trial in trials if get(trial) is not None]
    rest = [trial for trial in trials if get(trial) is None]
    return [*sorted(having, key=lambda trial: _key(get(trial)), reverse=down), *rest]


def _key(value: Any) -> tuple[int, float, str]:
    number = isinstance(value, int | float)
    return (0, float(value), "") if number and value == value else (2 if number else 1, 0.0, str(value))

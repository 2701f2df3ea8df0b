"""Columns of a table of trials, by the names that a study file uses: settings, metrics, and facts of a trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, did_you_mean
from hptui.core.format import clock, memory, metric, setting, visible_metrics
from hptui.core.metric_names import identifier
from hptui.core.space import Space
from hptui.core.trial import FROM_TRIAL, SECONDS_ALONE, Role, Trial, TrialStatus
from hptui.results.analysis.cohort import has_two_values, violates_outcome
from hptui.results.packing import has_shares, seconds_alone
from hptui.results.view import View

TRIAL_FACT_COLUMNS = (
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
"""Columns that are attributes of a trial and hold text or whole numbers."""
MEASURED_COLUMNS: Mapping[str, Callable[[float], str]] = {
    "seconds": clock,
    SECONDS_ALONE: clock,
    "peak_memory_gb": memory,
    "progress": lambda share: f"{share:.0%}",
}
"""Columns that are measured numbers of a trial, and how they are formatted."""


SETTING_PREFIX = "setting."
"""What the column of a setting begins with that is called like something else of a trial: `setting.seconds`."""


def setting_column(view: View, name: str) -> str:
    """Return the name of a setting's column: its own, or `setting.NAME` where that means something else."""
    objectives = {objective.metric for objective in view.study.objectives}
    return f"{SETTING_PREFIX}{name}" if name in {*TRIAL_FACT_COLUMNS, *MEASURED_COLUMNS, *objectives} else name


def setting_of_column(view: View, column: str) -> str | None:
    """Return the setting that a column `setting.NAME` is of; None for any other column."""
    name = column.removeprefix(SETTING_PREFIX)
    return name if name != column and setting_column(view, name) == column else None


@dataclass(frozen=True, slots=True)
class TrialColumn:
    """A column of a table of trials; `numeric` columns are aligned right."""

    name: str
    heading: str
    numeric: bool


def varied_settings(view: View) -> list[str]:
    """Return the settings that any stage varies; if there are none, those that trials were given."""
    names = [parameter.name for parameter in view.study.space.parameters]
    names += [d.name for d in view.study.space.derived]
    for stage in view.study.stages:
        searched = stage.space or Space()
        names += [*searched.names, *(d.name for d in searched.derived), *stage.set]
    return list(dict.fromkeys(names or (name for trial in view.trials for name in trial.params)))


def shown_settings(view: View) -> list[str]:
    """Return the varied settings, and others in which trials differ (edited, or given to a trial)."""
    varied = dict.fromkeys(varied_settings(view))
    given = [name for trial in view.trials for name in trial.params]
    revisions = {trial.revision for trial in view.trials} & set(view.trainers)
    edited = [name for revision in sorted(revisions) for name in view.trainers[revision]] if len(revisions) > 1 else []
    names = [name for name in dict.fromkeys([*given, *edited]) if name not in varied and view.is_setting(name)]
    settings_of_trials = [view.settings(trial) for trial in view.trials] if names else []
    own = [
        settings for t, settings in zip(view.trials, settings_of_trials, strict=False) if t.role is not Role.IMPORTED
    ]

    def differs(name: str) -> bool:
        held = sum(name in settings for settings in own)  # of an imported trial nobody knows what it had
        return 0 < held < len(own) or has_two_values(name, settings_of_trials)

    return [*varied, *filter(differs, names)]


def default_columns(view: View) -> list[str]:
    """Return the default columns: those of `[report]`, else varied settings, objectives, time and memory."""
    configured = list(view.study.report.columns)
    stages = ["stage"] if any(trial.stage for trial in view.trials) and "stage" not in configured else []
    objectives = [objective.metric for objective in view.study.objectives] or _reported_metrics(view)
    times = ["seconds", *([SECONDS_ALONE] if has_shares(view.trials) else [])]
    settings = [setting_column(view, name) for name in shown_settings(view)]
    names = configured or [*settings, *objectives, *_condition_metrics(view, objectives), *times, "peak_memory_gb"]
    notes = ["note"] if any(trial.note for trial in view.trials) and "note" not in names else []
    name = ["name"] if any(trial.name for trial in view.trials) else []
    return [
        "number",
        *name,
        *stages,
        "status",
        "reason",
        *(column for column in names if column not in TRIAL_FACT_COLUMNS[:4]),
        *notes,
    ]


def _condition_metrics(view: View, objectives: Sequence[str]) -> list[str]:
    """Return the metrics that decide whether a trial keeps the conditions of the study."""
    used = {name for condition in view.study.search.outcome for name in condition.names}
    reported = dict.fromkeys(name for trial in view.trials for name in trial.metrics) if used else {}
    known = {*objectives, *varied_settings(view), *MEASURED_COLUMNS}
    return [name for name in reported if identifier(name) in used and name not in known]


MAX_REPORTED_COLUMNS = 4
"""Metrics that stand in place of the objective where a study has none."""


def _reported_metrics(view: View) -> list[str]:
    """Return the first metrics that trials have reported, for a study that ranks nothing."""
    names = dict.fromkeys(name for trial in view.trials[:100] for name in visible_metrics(trial.metrics))
    return list(names)[:MAX_REPORTED_COLUMNS]


def columns_of(view: View, names: Sequence[str]) -> list[TrialColumn]:
    """Return the columns of these names; a column of `[report]` may have no values yet.

    Raises: UserError for a name that is neither a fact, a setting nor a metric.
    """
    study, columns = view.study, []
    settings = {*view.base, *study.space.names, *(name for trial in view.trials for name in trial.params)}
    settings |= {name for trial in view.trials for name in trial.effective}
    metrics = {objective.metric for objective in study.objectives} | set(study.metrics)
    metrics |= {name for trial in view.trials for name in trial.metrics}
    known = {*TRIAL_FACT_COLUMNS, *MEASURED_COLUMNS, *study.report.columns, *settings, *metrics}
    known |= {setting_column(view, name) for name in settings}
    for name in names:
        if name not in known:
            raise UserError(
                f"there is no column {name!r}",
                hint=did_you_mean(name, [*TRIAL_FACT_COLUMNS, *MEASURED_COLUMNS, *settings, *metrics]),
            )
        spec = study.metrics.get(name)
        heading = study.report.columns.get(name) or (spec.heading if spec else "") or HEADINGS.get(name, name)
        heading = setting_of_column(view, heading) or heading
        columns.append(TrialColumn(name, heading, numeric=name not in TRIAL_FACT_COLUMNS[1:]))
    return columns


HEADINGS = {"number": "#", "seconds": "time", SECONDS_ALONE: "own time", "peak_memory_gb": "memory"}
"""Headings of the built-in columns that are not headed by their name."""


def column_value(view: View, trial: Trial, name: str) -> Any:
    """Return the value of a column for a trial.

    It is a fact, an objective's value, a setting as requested, or a metric's last value.

    A setting takes precedence over a metric of the same name: `learning_rate` is the requested value, not the last one
    of a schedule. For a setting that was not given the value actually used is returned, since a default may only state
    that it follows from others. Only a complete trial has a value of an objective.
    """
    return column_getter(view, name)(trial)


def standing_text(view: View, trial: Trial) -> str:
    """Return why a trial is not ranked with the others, in the words of the report; '' if it is."""
    texts = []
    if trial.replicate_of is not None:
        texts.append(f"repeats {trial.replicate_of}")
    elif trial.continued_from is not None:
        texts.append("continues trial {} at step {}".format(*trial.continued_from))
    elif trial.role in (Role.IMPORTED, Role.BASE):
        texts.append("imported" if trial.role is Role.IMPORTED else "base model")
    if trial.status is TrialStatus.COMPLETE and violates_outcome(view, trial):
        texts.append("breaks a condition")
    return ", ".join(texts)


def column_getter(view: View, name: str) -> Callable[[Trial], Any]:
    """Return a function that returns the value of one column for any trial, as `column_value` does."""
    if name == "seconds":  # an imported trial may have no recorded duration, stored as 0
        return lambda trial: None if trial.role is Role.IMPORTED and not trial.seconds else trial.seconds
    if name == SECONDS_ALONE:
        return seconds_alone
    if name in ("status", "reason", "role"):
        return lambda trial: None if (value := getattr(trial, name)) is None else str(value)
    if name in TRIAL_FACT_COLUMNS or name in MEASURED_COLUMNS:
        return attrgetter(name)
    if (hidden := setting_of_column(view, name)) is not None:
        return _setting_getter(view, hidden)
    if any(objective.metric == name for objective in view.study.objectives):
        return lambda trial: (trial.values or {}).get(name)
    return _setting_getter(view, name)


def _setting_getter(view: View, name: str) -> Callable[[Trial], Any]:
    """Return a function that returns a trial's setting, or else its last value of a metric of this name."""
    is_setting, current_settings, missing = view.is_setting(name), view.study.trainer.settings, object()
    default = view.defaults.get(name, missing) if is_setting else missing

    def get(trial: Trial) -> Any:
        if name in trial.params and (is_setting or trial.role is Role.IMPORTED):
            return trial.params[name]
        effective, metrics = trial.effective, trial.metrics
        if is_setting and trial.role is not Role.IMPORTED:
            settings = view.trainers.get(trial.revision, current_settings)
            if name in settings:
                return settings[name]
            if default is not missing:
                return effective.get(name, default)
        if name in metrics:
            return metrics[name]
        return effective[name] if name in effective else trial.final.get(name)

    return get


def format_cell(view: View, trial: Trial, name: str) -> str:
    """Return the value of a column as text.

    Metrics are formatted as `[metrics]` states; `(0.51)` is the latest value of an objective that has no final one; `3
    → 2` is a setting of which another value was used than requested. `0.51?` is a value of an incomplete curve.
    """
    value = column_value(view, trial, name)
    hidden = setting_of_column(view, name)
    if hidden is not None:
        used = trial.effective.get(hidden, value)
        shown = "" if value is None else setting(value)
        return shown if used == value else f"{shown} → {setting(used)}"
    if value is None:
        so_far = trial.metrics.get(name)
        return "" if so_far is None else f"({trial.mark(metric(so_far, view.study.metrics.get(name)))})"
    if name in MEASURED_COLUMNS:
        return MEASURED_COLUMNS[name](value)
    if name in TRIAL_FACT_COLUMNS:
        return str(value)
    requested = name in view.base or name in trial.params
    if name in (trial.values or {}) or (name in trial.metrics and not requested):
        return trial.mark(metric(value, view.study.metrics.get(name)))
    used = trial.effective.get(name, value)
    return setting(value) if used == value else f"{setting(value)} → {setting(used)}"


def table_rows(view: View, trials: Sequence[Trial], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return raw values by column name, one row per trial."""
    values = {name: column_getter(view, name) for name in names}
    return [{name: get(trial) for name, get in values.items()} for trial in trials]


def sort_trials(view: View, trials: Sequence[Trial], by: str) -> list[Trial]:
    """Return trials sorted by a column, `-column` descending; trials without a value come last."""
    name, descending = by.removeprefix("-"), by.startswith("-")
    columns_of(view, [name])
    get = column_getter(view, name)
    with_value = [trial for trial in trials if get(trial) is not None]
    without_value = [trial for trial in trials if get(trial) is None]
    return [*sorted(with_value, key=lambda trial: _key(get(trial)), reverse=descending), *without_value]


def _key(value: Any) -> tuple[int, float, str]:
    """Return a sort key: numbers first, then texts, NaN last."""
    is_number = isinstance(value, int | float)
    return (0, float(value), "") if is_number and value == value else (2 if is_number else 1, 0.0, str(value))


def given_title(trial: Trial) -> str:
    """Return the title or name that a person gave a trial; '' if it was generated or there is none."""
    if trial.role is Role.REPLICATE or (trial.role is Role.LISTED and FROM_TRIAL in trial.facts):
        return ""
    return trial.title or ("" if trial.name == f"trial-{trial.number}" else trial.name)

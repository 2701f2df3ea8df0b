"""Reads the tables of a study file into their parts of a `Study`, but for `[search]` and the entries of `[space]`."""

from __future__ import annotations

import re
from collections.abc import Collection

from hptui.core.errors import Problems, StudyError, UserError, did_you_mean
from hptui.core.format import NAMED_FORMATS, is_format
from hptui.core.key_types import FLOAT, TEXT, WHOLE, ListType, join_location, require_list, require_table
from hptui.core.study import (
    FILE_SETS,
    RESULT_FILES,
    ListedTrial,
    MetricSpec,
    Notes,
    Objective,
    Preset,
    Reference,
    ReportSpec,
    Resources,
    Stage,
    TrainerSettings,
)
from hptui.core.trial import Value
from hptui.core.values import check_name, show, wrong_type_error
from hptui.studyfile.plugin_names import require_plugin
from hptui.studyfile.schema import NOTES_KEYS, TRAINER_KIND, missing_key_error
from hptui.studyfile.search_section import read_pruner, read_sampler
from hptui.studyfile.space_entries import entries_by_name, read_space
from hptui.studyfile.table import TableReader, require_range
from hptui.studyfile.trainer_settings import Settings


def validate_name(name: str, where: str, what: str) -> str:
    """Return the name if it can name a directory. Raises: StudyError."""
    try:
        return check_name(name, what)
    except UserError as error:
        raise StudyError(error.message, where=where, value=name, hint=error.hint) from None


def read_objectives(value: Value, metrics: dict[str, MetricSpec]) -> tuple[Objective, ...]:
    """Return the objectives of `[objective]`, or of several `[[objective]]`.

    Each of several must have a goal here or in `[metrics]`. `objective = []` states that there is none.
    """
    if value is None:
        raise missing_key_error("objective", "", 'what to make small or large: [objective] metric = "…"')
    several = isinstance(value, list)
    tables = value if isinstance(value, list) else [value]
    result = [
        _objective(
            TableReader.of(item, "objective", f"objective[{index}]" if several else None), metrics, len(tables) > 1
        )
        for index, item in enumerate(tables)
    ]
    for index, objective in enumerate(result):
        if objective.metric in [other.metric for other in result[:index]]:
            raise StudyError(
                f"{objective.metric!r} is an objective twice",
                where=f"objective[{index}].metric",
                value=objective.metric,
            )
    return tuple(result)


def _objective(table: TableReader, metrics: dict[str, MetricSpec], several: bool) -> Objective:
    metric = table.get("metric")
    declared_goal = metrics[metric].goal if metric in metrics else None
    goal = table.get("goal", declared_goal)
    if goal is None and several:
        raise missing_key_error(
            "goal", table.where, f'with several objectives each says "minimize" or "maximize" ({metric!r})'
        )
    if declared_goal and goal != declared_goal:
        raise StudyError(f"is {goal!r}, but [metrics] says {declared_goal!r}", where=table.location("goal"), value=goal)
    return Objective(metric=metric, goal=goal or "minimize", **table.fields("select", "samples"))


def read_trainer(value: Value) -> TrainerSettings:
    """Return `[trainer]`: its kind; all other keys are the trainer's settings, which its schema validates."""
    if value is None:
        raise missing_key_error("trainer", "", 'what to run: [trainer] kind = "…"')
    data = require_table(value, "trainer")
    if data.get("kind") is None:
        raise missing_key_error("kind", "trainer", "which trainer to run")
    kind = TRAINER_KIND.read(data["kind"], "trainer.kind")
    return TrainerSettings(kind=kind, settings={key: item for key, item in data.items() if key != "kind"})


def read_listed_trials(values: list[Value]) -> tuple[ListedTrial, ...]:
    """Return the trials of `[[trial]]`. A name is unique, and is neither a number nor `best`."""
    trials: list[ListedTrial] = []
    for index, value in enumerate(values):
        table = TableReader.of(value, "trial", f"trial[{index}]")
        table.require("set")
        name = table.get("name")
        if name:
            _check_trial_name(name, table.location("name"), [trial.name for trial in trials])
        trials.append(ListedTrial(name=name, **table.fields("set", "title", "note")))
    return tuple(trials)


def read_presets(values: list[Value], trials: tuple[ListedTrial, ...]) -> tuple[Preset, ...]:
    """Return the presets of `[[preset]]`, in order. Each has a name, which no listed trial has."""
    result: list[Preset] = []
    for index, value in enumerate(values):
        table = TableReader.of(value, "preset", f"preset[{index}]")
        name = table.get("name")
        _check_trial_name(
            name, table.location("name"), [*(entry.name for entry in result), *(entry.name for entry in trials)]
        )
        result.append(Preset(name=name, **table.fields("set", "title", "note")))
    return tuple(result)


def _check_trial_name(name: str, where: str, other_names: list[str]) -> None:
    validate_name(name, where, "trial")
    if name.isdigit() or name == "best":
        hint = "a trial is called by its number, its name, or 'best'"
        raise StudyError(f"{name!r} would be taken for another trial", where=where, value=name, hint=hint)
    if name in other_names:
        raise StudyError(f"two trials are named {name!r}", where=where, value=name)


def read_resources(value: Value) -> Resources:
    """Return `[resources]`."""
    problems = Problems()
    table = TableReader.of({} if value is None else value, "resources", problems=problems)
    fields = table.fields()
    problems.raise_all()
    return Resources(**fields)


def read_gpus(value: Value, where: str) -> str | int | tuple[int, ...]:
    """Return the GPUs to use: all, a number of them, or their indices."""
    if value == "all":
        return "all"
    if isinstance(value, list):
        indices = tuple(
            require_range(WHOLE.read(item, f"{where}[{n}]"), f"{where}[{n}]", 0) for n, item in enumerate(value)
        )
        if len(set(indices)) < len(indices):
            raise StudyError(f"names one GPU twice: {show(value)}", where=where, value=value)
        return indices
    if isinstance(value, int) and not isinstance(value, bool):
        require_range(value, where, 0)
        return value
    raise wrong_type_error(
        value, '"all", a number of GPUs, or a list of their indices', where, hint='for instance "all", 2 or [0, 1]'
    )


def read_executor(value: Value, where: str) -> str:
    """Return the name of an executor, or "module:Object"."""
    name: str = TEXT.read(value, where)
    return name if ":" in name else require_plugin("executors", name, where)


def read_metrics(values: dict[str, Value]) -> dict[str, MetricSpec]:
    """Return the metrics of `[metrics.NAME]`."""
    return {
        name: _metric(TableReader.of(value, "metrics", join_location("metrics", name)))
        for name, value in values.items()
    }


def _metric(table: TableReader) -> MetricSpec:
    return MetricSpec(**table.fields("goal", "format", "bands", "unit", "heading", "split"))


def read_format(value: Value, where: str) -> str:
    """Return a format of numbers: one of the named ones, or a format specification."""
    number_format: str = TEXT.read(value, where)
    if is_format(number_format):
        return number_format
    hint = f"{', '.join(NAMED_FORMATS)}, or a specification such as .4f"
    raise StudyError(f"unknown format {number_format!r}", where=where, value=number_format, hint=hint)


def read_report_spec(value: Value, top_columns: Value, metrics: dict[str, MetricSpec]) -> ReportSpec:
    """Return `[report]`.

    `columns` may stand there or at the top of the file; every column gets a heading.
    """
    table = TableReader.of({} if value is None else value, "report")
    if top_columns is not None and table.has("columns"):
        raise StudyError("stands at the top of the file as well", where="report.columns", hint="keep one of the two")
    where = "report.columns" if top_columns is None else "columns"
    columns = read_columns(table.data.get("columns") if top_columns is None else top_columns, where)
    headings = {
        name: heading or (metrics[name].heading if name in metrics else "") or name for name, heading in columns
    }
    if len(headings) < len(columns):
        repeated = next(name for n, (name, _) in enumerate(columns) if name in dict(columns[:n]))
        raise StudyError(f"{repeated!r} is a column twice", where=where, value=repeated)
    return ReportSpec(columns=headings, **table.fields("style", "figures", "files", "title", "write"))


def read_file_names(value: Value, where: str) -> tuple[str, ...]:
    """Return names of result files, or of sets of them."""
    names: tuple[str, ...] = ListType(TEXT).read(value, where)
    for index, name in enumerate(names):
        if name not in (*RESULT_FILES, *FILE_SETS):
            hint = did_you_mean(name, [*RESULT_FILES, *FILE_SETS])
            raise StudyError(f"unknown file {name!r}", where=f"{where}[{index}]", value=name, hint=hint)
    return names


def read_columns(value: Value, where: str) -> list[tuple[str, str]]:
    """Return columns as (name, heading or '').

    They are a list of names and of tables, or one table of name = "heading".
    """
    if value is None:
        return []
    if isinstance(value, dict):
        return [(name, TEXT.read(heading, join_location(where, name))) for name, heading in value.items()]
    if not isinstance(value, list):
        raise wrong_type_error(
            value, "a list of columns", where, hint='for instance ["learning_rate", { lora_alpha = "LoRA α" }]'
        )
    return [column for index, item in enumerate(value) for column in _column(item, f"{where}[{index}]")]


def _column(item: Value, where: str) -> list[tuple[str, str]]:
    if isinstance(item, str):
        return [(item, "")]
    pairs = {key: TEXT.read(heading, join_location(where, key)) for key, heading in require_table(item, where).items()}
    if set(pairs) in ({"name"}, {"name", "heading"}):
        return [(pairs["name"], pairs.get("heading", ""))]
    return list(pairs.items())


def read_notes(values: dict[str, Value]) -> Notes:
    """Return `[notes]`: a text per setting, `rationale`, and the list `future`."""
    settings = {
        name: TEXT.read(item, f"notes.{name}") for name, item in values.items() if name not in ("rationale", "future")
    }
    keys = {key.name: key for key in NOTES_KEYS if values.get(key.name) is not None}
    return Notes(settings=settings, **{name: key.read(values[name], f"notes.{name}") for name, key in keys.items()})


FROM_PATTERN = re.compile(r"best(?: +([1-9][0-9]{0,3}))?")
"""Pattern of `from = "best N"`."""


def read_stages(
    values: list[Value],
    settings: Settings | None,
    allowed_names: Collection[str] | None,
    directory: str = "",
    *,
    stored: bool = False,
) -> tuple[Stage, ...]:
    """Return the stages, in order.

    `settings` and `allowed_names` are as in `read_space`, `directory` and `stored` as in `read_search`.
    """
    stages: list[Stage] = []
    for index, value in enumerate(values):
        table = TableReader.of(value, "stage", f"stage[{index}]")
        stage = _read_stage(table, settings, allowed_names, directory, stored=stored)
        where = f"stage[{index}].name"
        if stage.name in [other.name for other in stages]:
            raise StudyError(f"two stages are named {stage.name!r}", where=where, value=stage.name)
        if stage.best is not None and not stages:
            message = "the first stage has none before it to take the best trial from"
            raise StudyError(message, where=f"stage[{index}].from", value=f"best {stage.best}")
        stages.append(stage)
    return tuple(stages)


def _read_stage(
    table: TableReader,
    settings: Settings | None,
    allowed_names: Collection[str] | None,
    directory: str,
    *,
    stored: bool,
) -> Stage:
    name = table.get("name")
    validate_name(name, table.location("name"), "stage")
    space = None
    if table.has("space"):
        entries = entries_by_name(table.data["space"], table.location("space"))
        names = None if allowed_names is None else {*allowed_names, *entries}
        space = read_space(entries, (), settings, names, table.location("space"))
    fields = table.fields("set", "trials")
    fields["sampler"] = read_sampler(table, "", directory, stored=stored)
    fields |= table.fields("from", "seeds")
    fields["pruner"] = read_pruner(table, directory, stored=stored) if table.has("pruner") else None
    stage = Stage(name=name, space=space, **fields, **table.fields("baseline"))
    _check_stage(stage, table)
    return stage


def read_from(value: Value, where: str) -> int:
    """Return the N of `from = "best N"`."""
    source: str = TEXT.read(value, where)
    match = FROM_PATTERN.fullmatch(source.strip())
    if match is None:
        hint = 'from = "best 1" takes the best trial before this stage, "best 3" the best three'
        raise StudyError(f"cannot be {show(source)}", where=where, value=source, hint=hint)
    return int(match[1] or 1)


def _check_stage(stage: Stage, table: TableReader) -> None:
    """Raise for keys that a stage cannot have because it searches, or because it only repeats trials."""
    if stage.space is not None and not stage.space.parameters:
        raise StudyError("is empty", where=table.location("space"), hint="leave it out, or give it parameters")
    if stage.sampler == "list":
        hint = '[[trial]] tables run in the first stage; from = "best 3" runs known configurations again'
        raise StudyError("a stage has no list of its own", where=table.location("sampler"), value="list", hint=hint)
    if stage.searches and stage.best is not None and stage.best > 1:
        hint = f'from = "best 1", or no space to run the best {stage.best} again'
        message = f"only one trial can fix what this stage does not search, got the best {stage.best}"
        raise StudyError(message, where=table.location("from"), value=f"best {stage.best}", hint=hint)
    if not stage.searches:
        for key in ("trials", "sampler", "pruner"):
            if table.has(key):
                message = (
                    f"does not go with from and no space: the best {stage.best} run again, and nothing is searched"
                )
                raise StudyError(message, where=table.location(key), value=table.data[key])


def read_reference(value: Value) -> Reference | None:
    """Return the reference, or None where the file has none."""
    if value is None:
        return None
    return Reference(**TableReader.of(value, "reference").fields())


def read_targets(value: Value, where: str) -> tuple[float, ...]:
    """Return targets: the shares by which a trial should be better than the reference value."""
    return tuple(_target(item, f"{where}[{n}]") for n, item in enumerate(require_list(value, where)))


def _target(value: Value, where: str) -> float:
    share: float = FLOAT.read(value, where)
    if 0 < share < 10:
        return share
    message, hint = f"must be a share above 0, got {show(value)}", "0.05 means five per cent better than the reference"
    raise StudyError(message, where=where, value=value, hint=hint)

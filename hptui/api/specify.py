"""Conversion of the arguments of `run_optimization` to a study, checked like a study file."""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.api.arguments import EarlyStoppingCallback, parse_search_space
from hptui.api.functions import FunctionLocation, locate
from hptui.core.dataclass import dataclass
from hptui.core.errors import ExpressionError, UserError, did_you_mean
from hptui.core.expressions import parse
from hptui.core.study import Study

MODEL_SETTINGS = ("model_name", "model")
"""Names of the setting for the model, in the order of preference."""

Document = dict[str, Any]
"""A study file as nested dictionaries."""


@dataclass(frozen=True)
class Arguments:
    """The arguments of `run_optimization`, as they were given."""

    train: Callable[..., Any] | str | Path | None
    trials: int | None
    space: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    output: Path | None = None
    objectives: Sequence[str] | str | None = None
    minimize: Sequence[bool] | bool | None = None
    constraints: Sequence[str] | None = None
    stopping: Sequence[EarlyStoppingCallback] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BuiltStudy:
    """A study to create, notes on what was decided, and the source of a function that has no file."""

    study: Study
    notes: tuple[str, ...]
    source: str = ""
    fixed: tuple[str, ...] = ()
    """Names of the search space with one value: settings of the trainer that results list as parameters."""


def build_study(asked: Arguments, name: str | None, home: Path, taken: Callable[[str], bool]) -> BuiltStudy:
    """Build the study for the arguments, under a free name.

    Raises: UserError, StudyError, Unsupported.
    """
    document, directory, notes, location = _begin(asked)
    study_name = name or _free(str(document["name"]), taken)
    if location is not None and location.source:
        kind = f"{home / study_name / 'source' / 'notebook.py'}:{location.name}"
        return _specified(
            _with_source(document, kind, location.source), study_name, directory, asked, notes, location.source
        )
    return _specified(document, study_name, directory, asked, notes, "")


def _with_source(document: Document, kind: str, source: str) -> Document:
    document["trainer"]["kind"] = kind
    return document


def _specified(
    document: Document, name: str, directory: Path, asked: Arguments, notes: list[str], source: str
) -> BuiltStudy:
    from hptui.operations.run import require_supported
    from hptui.studyfile import study_warnings
    from hptui.studyfile.read import error_file, study_from_document
    from hptui.trainers import registry

    document["name"] = name
    schema = registry.schema(document["trainer"]["kind"], str(directory)) if not source else _schema(document, source)
    fixed, space_notes = _searched(document, asked)
    notes += space_notes
    _objectives(document, asked)
    _trained(document, asked, schema)
    notes += _search(document, asked, schema)
    for key, value in asked.options.items():
        _put(document, key, value)

    def schema_of(kind: str, folder: str) -> Any:
        return schema if kind == document["trainer"]["kind"] else registry.schema(kind, folder)

    with error_file("run_optimization"):
        study = require_supported(study_from_document(document, "", str(directory), schema_of, checked=True))
    all_notes = (*notes, *(f"warning: {text}" for text in study_warnings(study, schema_of)))
    return BuiltStudy(study, all_notes, source, tuple(fixed))


def _schema(document: Document, source: str) -> Any:
    """Return the settings of a function whose source is not in the study's directory yet."""
    from hptui.trainers import registry

    name = document["trainer"]["kind"].rpartition(":")[2]
    with tempfile.TemporaryDirectory(prefix="hptui-") as folder:
        Path(folder, "notebook.py").write_text(source)
        return registry.schema(f"notebook.py:{name}", folder)


# what is run ------------------------------------------------------------------------------------------------------


def _begin(asked: Arguments) -> tuple[Document, Path, list[str], FunctionLocation | None]:
    """Return the document before the arguments are applied: that of a study file, or an empty one."""
    here = Path.cwd()
    train = asked.train
    if callable(train):
        location = locate(train, here)
        return _document(_name(location, train), location.kind), here, [], location
    if isinstance(train, str) and not _is_file(train):
        return _document(train.rpartition(":")[2], train), here, [], None
    path = Path(train) if train is not None else _the_only_one(here)
    notes = [] if train is not None else [f"running {path.name}, the study file here"]
    return _of_file(path), path.absolute().parent, notes, None


def _is_file(text: str) -> bool:
    return text.endswith((".toml", ".yaml", ".yml"))


def _document(name: str, kind: str) -> Document:
    return {"name": re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_")[:50] or "study", "trainer": {"kind": kind}}


def _name(location: FunctionLocation, function: Callable[..., Any]) -> str:
    """Return the default name of a study: `train-main` for `train.py:main`."""
    stem = Path(location.kind.rpartition(":")[0]).stem if location.kind else ""
    return f"{stem}-{location.name}" if stem and stem != location.name else location.name


def _of_file(path: Path) -> Document:
    from hptui.studyfile import read_file, to_json
    from hptui.trainers import registry

    if not path.is_file():
        raise UserError(f"there is no study file {str(path)!r}", hint="give a function, or the path of a study file")
    document = to_json(read_file(path, schema=registry.schema))
    for key in ("source", "directory"):
        document.pop(key, None)
    return document


def _the_only_one(directory: Path) -> Path:
    """Return the one study file of the current directory: `run_optimization(num_trials=20)` means it."""
    files = [path for path in sorted(directory.glob("*.toml")) if _is_study(path)]
    if len(files) == 1:
        return files[0]
    hint = "give a function: run_optimization(train, …), or a study file: run_optimization('study.toml', …)"
    if files:
        raise UserError(f"which of {', '.join(path.name for path in files)} shall be run?", hint=hint)
    raise UserError(f"what shall be trained? There is no study file in {directory}", hint=hint)


def _is_study(path: Path) -> bool:
    try:
        return {"objective", "trainer"} <= tomllib.loads(path.read_text()).keys()
    except (OSError, ValueError):
        return False


def _free(name: str, taken: Callable[[str], bool]) -> str:
    number = 1
    while taken(name if number == 1 else f"{name}-{number}"):
        number += 1
    return name if number == 1 else f"{name}-{number}"


# the arguments ----------------------------------------------------------------------------------------------------


def _searched(document: Document, asked: Arguments) -> tuple[list[str], list[str]]:
    """Replace the search space; return the names of fixed settings, and notes.

    Constraints of the file go if none of their parameters is searched any more.
    """
    if asked.space is None:
        if not document.get("space"):
            hint = 'search_space={"learning_rate": [1e-5, 1e-3], "batch_size": [1, 2, 4]}'
            raise UserError("there is nothing to search", hint=hint)
        return [], []
    space = parse_search_space(asked.space)
    document["space"] = space.entries
    document["trainer"].update(space.fixed)
    search = document.setdefault("search", {})
    constraints: list[str] = []
    dropped: list[str] = []
    for text in search.get("constraints", []):
        (constraints if _mentions(text, space.entries) else dropped).append(text)
    search["constraints"] = constraints
    dropped_notes = [f"the constraint {text!r} is left out: none of its parameters is searched" for text in dropped]
    return list(space.fixed), [*space.notes, *(dropped_notes if asked.constraints is None else [])]


def _mentions(text: str, names: Mapping[str, Any]) -> bool:
    try:
        return not parse(text).names.isdisjoint(names)
    except ExpressionError:
        return True


def _objectives(document: Document, asked: Arguments) -> None:
    if asked.objectives is None and "objective" in document and asked.minimize is None:
        return
    known = document.get("objective") or [{"metric": "loss"}]
    names = asked.objectives if asked.objectives is not None else [objective["metric"] for objective in known]
    metrics = [names] if isinstance(names, str) else list(names)
    minimize = asked.minimize
    goals = [minimize] * len(metrics) if isinstance(minimize, bool) else list(minimize or [])
    if goals and len(goals) != len(metrics):
        raise UserError(
            f"minimize has {len(goals)} values for {len(metrics)} objectives", hint="one for each, in order"
        )
    by_metric = {objective["metric"]: objective for objective in known}
    declared = {name: table.get("goal") for name, table in document.get("metrics", {}).items()}
    document["objective"] = [
        {
            **by_metric.get(metric, {"metric": metric}),
            "goal": _goal(goals[n] if goals else None, declared.get(metric) or by_metric.get(metric, {}).get("goal")),
        }
        for n, metric in enumerate(metrics)
    ]


def _goal(minimize: bool | None, default: str | None) -> str:
    return default or "minimize" if minimize is None else "minimize" if minimize else "maximize"


def _trained(document: Document, asked: Arguments, schema: Mapping[str, Any] | None) -> None:
    trainer = document["trainer"]
    trainer.update(asked.settings)
    if asked.model is not None:
        key = next((name for name in MODEL_SETTINGS if schema is None or name in schema), None)
        if key is None:
            hint = (
                f"it needs a setting called {' or '.join(MODEL_SETTINGS)}; {did_you_mean('model_name', schema or ())}"
            )
            raise UserError(f"the trainer {trainer['kind']!r} takes no model", hint=hint)
        trainer[key] = asked.model


def _search(document: Document, asked: Arguments, schema: Mapping[str, Any] | None) -> list[str]:
    search = document.setdefault("search", {})
    if asked.trials is not None:
        if document.get("stage"):
            hint = "give each [[stage]] its trials in the study file; resume_optimization adds to the one under way"
            raise UserError(f"num_trials = {asked.trials}: the study has stages, with a budget each", hint=hint)
        search.get("until", {}).pop("trials", None)
        search["trials"] = asked.trials
    if asked.constraints is not None:
        search["constraints"] = list(asked.constraints)
    first = document["objective"][0]
    goals = {item["metric"]: item.get("goal", "minimize") for item in document["objective"]}
    for callback in asked.stopping:
        goal = goals.get(callback.metric or first["metric"], "minimize")
        search["stop"] = [*search.get("stop", []), callback.rule(first["metric"], goal)]
    if asked.output is not None:
        document.setdefault("report", {})["write"] = str(asked.output)
    return _baseline(document, search, asked, schema)


def _baseline(document: Document, search: Document, asked: Arguments, schema: Mapping[str, Any] | None) -> list[str]:
    """Turn the baseline off if a searched setting without default has no value; return notes.

    The baseline runs the trainer's settings as they are.
    """
    if "baseline" in search or "search.baseline" in asked.options:
        return []
    lacking = [
        name
        for name, info in (schema or {}).items()
        if info.required and name in document["space"] and name not in document["trainer"]
    ]
    if not lacking:
        return []
    search["baseline"] = False
    return [f"there is no baseline, because {', '.join(lacking)} has no default"]


def _put(document: Document, key: str, value: Any) -> None:
    """Set a key of the study file, given as a dotted path such as `resources.parallel`."""
    table, path = document, key.split(".")
    for part in path[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            raise UserError(f"options: {key!r} is no key of a study file")
    table[path[-1]] = value

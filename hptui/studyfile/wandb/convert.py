"""Converts a sweep file into a study file's document, with notes for a person about the translation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, did_you_mean
from hptui.core.trial import Value
from hptui.core.values import is_number, show, to_plain
from hptui.studyfile.wandb.command import read_command
from hptui.studyfile.wandb.formats import checked_keys, require_sweep
from hptui.studyfile.wandb.parameters import SweepParameters, read_parameters
from hptui.studyfile.wandb.workdir import find_workdir

SAMPLER_OF_METHOD = {"grid": "grid", "random": "random", "bayes": "auto", "custom": "auto"}
"""The sampler for a W&B method."""
SAMPLER_OF_ENGINE = {"optuna": "tpe", "ax": "ax", "wandb": "auto"}
"""The sampler for a W&B scheduler engine."""
SEARCH_KEYS = ("constraints", "baseline", "pruner", "stop", "outcome", "until", "seed", "sampler", "trials")
"""Keys under `hptui:` that belong to [search]; whole tables of a study file may stand there, too."""
STUDY_FILE_TABLES = (
    "search",
    "objective",
    "resources",
    "report",
    "metrics",
    "notes",
    "trial",
    "stage",
    "preset",
    "reference",
)
"""Tables of a study file that may stand under `hptui:`."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep file as a study file's document, with notes on what was interpreted."""

    document: dict[str, Value]
    notes: list[str] = field(default_factory=list)


def convert(values: Any, path: str, repaired: list[str]) -> Sweep:
    """Return the study that a sweep file (as plain values) describes.

    `repaired` are notes of the parser. Raises: StudyError, which names the location in the sweep file, and Unsupported.
    """
    if not isinstance(values, dict):
        raise StudyError(f"is no sweep file: it should be a table, not {show(values)}")
    require_sweep(values)
    notes = list(repaired)
    sweep = checked_keys(dict(values), notes)
    method = _method(sweep)
    parameters = read_parameters(sweep.get("parameters"), method == "grid")
    search = _search(sweep, method, notes)
    document: dict[str, Any] = {
        "name": _name(sweep, path),
        "about": str(sweep.get("description") or ""),
        "objective": _objectives(sweep, search, notes),
        "trainer": _trainer(sweep, parameters, path, notes),
        "space": parameters.space,
        "search": search,
    }
    document = _with_hptui_section(document, sweep.get("hptui"))
    if not parameters.space:
        document.pop("space")
        document["search"]["sampler"] = "list"
        document.setdefault("trial", [{"name": "constant", "set": {}}])
    return Sweep(to_plain(document, ""), [*notes, *parameters.notes])  # type: ignore[arg-type]


def _method(top: Mapping[str, Any]) -> str:
    method = top.get("method")
    if method is None:
        raise StudyError("missing", where="method", hint="grid, random or bayes")
    if not isinstance(method, str) or method not in SAMPLER_OF_METHOD:
        raise StudyError(
            f"unknown method {show(method)}", where="method", hint=did_you_mean(str(method), SAMPLER_OF_METHOD)
        )
    return method


def _name(top: Mapping[str, Any], path: str) -> str:
    """Return the sweep's name, made fit for a directory; else one from its file or its program."""
    file_stem = Path(path).stem
    program = Path(str(top.get("program") or "")).stem
    default_name = f"{program}-{file_stem}" if file_stem in ("sweep", "config") and program else file_stem
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(top.get("name") or default_name)).strip("-._")[:64]
    return name if name and name[0].isalnum() else f"sweep-{name}"[:64]


def _search(top: Mapping[str, Any], method: str, notes: list[str]) -> dict[str, Any]:
    scheduler = top.get("scheduler") or {}
    engine = scheduler.get("engine") if isinstance(scheduler, dict) else None
    if engine is not None and (not isinstance(engine, str) or engine not in SAMPLER_OF_ENGINE):
        raise StudyError(
            f"unknown engine {show(engine)}", where="scheduler.engine", hint=did_you_mean(engine, SAMPLER_OF_ENGINE)
        )
    search: dict[str, Any] = {
        "sampler": SAMPLER_OF_ENGINE[engine] if engine else SAMPLER_OF_METHOD[method],
        "baseline": False,
    }
    cap = top.get("run_cap")
    if cap is not None:
        if not isinstance(cap, int) or isinstance(cap, bool) or cap < 1:
            raise StudyError(f"must be a whole number from 1 on, got {show(cap)}", where="run_cap", value=cap)
        search["trials"] = cap
    if method == "bayes":
        notes.append("method: bayes is searched by hptui's own choice of sampler (sampler = auto)")
    if top.get("early_terminate") is not None:
        pruner = _pruner(top["early_terminate"], notes)
        if top.get("metric") is None and top.get("metrics") is None and not _has_own_objective(top):
            notes.append("early_terminate: the sweep has no metric to compare trials by, so none is stopped early")
        elif pruner is not None:
            search["pruner"] = pruner
    return search


def _pruner(value: Any, notes: list[str]) -> dict[str, Any] | None:
    """Return the pruner of `early_terminate`; None if it stops no trial.

    It is hyperband, from below (`min_iter`) or from above (`max_iter` and `s`).
    """
    where = "early_terminate"
    if not isinstance(value, dict):
        raise StudyError(f"must be a table, got {show(value)}", where=where, hint="type: hyperband, min_iter: 3")
    keys = ("type", "min_iter", "max_iter", "s", "eta", "strict")
    for key in value:
        if key not in keys:
            hint = did_you_mean(key, keys)
            if hint.startswith("did you mean"):
                raise StudyError(f"unknown key {key!r}", where=f"{where}.{key}", value=key, hint=hint)
            notes.append(f"{where}.{key}: no sweep file has this key; it is left out")
    if value.get("type") != "hyperband":
        raise StudyError(f"unknown type {show(value.get('type'))}", where=f"{where}.type", hint="type: hyperband")
    eta = value.get("eta", 3)
    if not is_number(eta) or eta <= 1:
        raise StudyError(f"must be more than 1, got {show(eta)}", where=f"{where}.eta", value=eta)
    if {"min_iter", "max_iter", "s"} <= value.keys():
        notes.append(f"{where}.min_iter: W&B counts down from max_iter where both are given, so this is left out")
        value = {key: item for key, item in value.items() if key != "min_iter"}
    if {"min_iter", "max_iter"} <= value.keys():
        notes.append(f"{where}.max_iter: W&B counts down from it only with s, which is missing: min_iter counts")
        value = {key: item for key, item in value.items() if key != "max_iter"}
    if ("min_iter" in value) == ("max_iter" in value):
        raise StudyError("needs either min_iter, or max_iter and s", where=where, value=show(value))
    if "max_iter" in value and "s" not in value:
        raise StudyError("missing: how many bands there are", where=f"{where}.s")
    counts = {key: value[key] for key in ("min_iter", "max_iter", "s") if key in value}
    for key, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise StudyError(f"must be a whole number from 1 on, got {show(count)}", where=f"{where}.{key}")
    bands = _bands(counts.get("min_iter"), counts.get("max_iter"), counts.get("s", 0), eta)
    if not bands:
        notes.append(f"{where}: no band is left, as max_iter is too small for eta and s: no trial is stopped early")
        return None
    strict = value.get("strict", True)
    if not isinstance(strict, bool):
        raise StudyError(f"must be true or false, got {show(strict)}", where=f"{where}.strict", value=strict)
    return {"kind": "bands", "bands": bands, "eta": eta, "strict": strict}


def _bands(lowest: int | None, highest: int | None, count: int, eta: float) -> list[int]:
    if lowest is not None:
        return sorted({band for power in range(40) if (band := int(lowest * eta**power)) < 10**7})
    return sorted({band for power in range(1, count + 1) if (band := int((highest or 0) / eta**power)) > 0})


def _objectives(top: Mapping[str, Any], search: dict[str, Any], notes: list[str]) -> Any:
    if top.get("metric") is not None and top.get("metrics") is not None:
        raise StudyError("metric and metrics exclude each other", where="metrics")
    metrics = top.get("metrics")
    if metrics is not None:
        if not isinstance(metrics, list) or len(metrics) < 2:
            raise StudyError(f"must be a list of two or more, got {show(metrics)}", where="metrics", value=metrics)
        return [_objective(item, f"metrics[{n}]", search, notes) for n, item in enumerate(metrics)]
    if top.get("metric") is None:
        if _learns(top) and not _has_own_objective(top):
            hint = "metric: { name: val_loss, goal: minimize }; a grid and a random search do without"
            raise StudyError(f"missing: method {top['method']} compares trials by it", where="metric", hint=hint)
        return []
    return _objective(top["metric"], "metric", search, notes)


def _learns(top: Mapping[str, Any]) -> bool:
    """Return whether the search depends on what earlier trials measured."""
    scheduler = top.get("scheduler")
    engine = scheduler.get("engine") if isinstance(scheduler, dict) else None
    return engine is not None or SAMPLER_OF_METHOD[top["method"]] == "auto"


def _has_own_objective(top: Mapping[str, Any]) -> bool:
    """Return whether `hptui:` states the objective."""
    own = top.get("hptui")
    return isinstance(own, dict) and bool(own.get("objective"))


def _objective(value: Any, where: str, search: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"].strip():
        raise StudyError("needs a name", where=f"{where}.name", value=show(value), hint="name: val_loss")
    keys = ("name", "goal", "target", "impute", "impute_while_running")
    for key in value:
        if key not in keys:
            raise StudyError(f"unknown key {key!r}", where=f"{where}.{key}", value=key, hint=did_you_mean(key, keys))
    goal = value.get("goal", "minimize")
    if goal not in GOALS:
        hint = did_you_mean(str(goal), GOALS)
        raise StudyError(f"unknown goal {show(goal)}", where=f"{where}.goal", value=goal, hint=hint)
    target = value.get("target")
    if target is not None:
        if not is_number(target):
            raise StudyError(f"must be a number, got {show(target)}", where=f"{where}.target", value=target)
        search["until"] = {"target": target}
    if "impute" in value or "impute_while_running" in value:
        notes.append(f"{where}.impute: a failed trial has no value here, so none is made up for it")
    return {"metric": value["name"], "goal": goal}


GOALS = ("minimize", "maximize")
"""Allowed goals of a metric."""


def _trainer(top: Mapping[str, Any], parameters: SweepParameters, path: str, notes: list[str]) -> dict[str, Any]:
    trainer: dict[str, Any] = {
        "kind": "command",
        **read_command(top.get("command"), top.get("program"), parameters.names, notes),
    }
    if folder := find_workdir(path, trainer["command"], parameters.fixed.values()):
        trainer["workdir"] = folder
        notes.append(f"program: it is in {folder}, seen from this file, so the trials run there")
    if parameters.tables:
        trainer["tables"] = parameters.tables
    if renamed := {name: sweep_name for sweep_name, name in parameters.names.items() if name != sweep_name}:
        trainer["names"] = renamed
        for name, sweep_name in renamed.items():
            notes.append(f"parameters.{sweep_name}: is called {name} here; the script gets it under its own name")
    return trainer | parameters.fixed


def _with_hptui_section(document: dict[str, Any], extra: Any) -> dict[str, Any]:
    """Return the document with the keys under `hptui:`, which other programs ignore.

    They are constraints, resources, and so on.
    """
    if extra is None:
        return document
    if not isinstance(extra, dict):
        raise StudyError(f"must be a table, got {show(extra)}", where="hptui", value=extra)
    for key, value in extra.items():
        if key in SEARCH_KEYS:
            document["search"][key] = value
        elif key in ("search", "trainer") and isinstance(value, dict):
            document[key] = {**document[key], **value}
        elif key in STUDY_FILE_TABLES:
            document[key] = value
        else:
            allowed_keys = [*SEARCH_KEYS, *STUDY_FILE_TABLES, "trainer"]
            raise StudyError(
                f"unknown key {key!r}", where=f"hptui.{key}", value=key, hint=did_you_mean(key, allowed_keys)
            )
    return document

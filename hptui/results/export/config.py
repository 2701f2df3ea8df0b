"""What one trial ran with, whole, under the names that another program wants; and one trial as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import hptui
from hptui.model.errors import UserError, did_you_mean
from hptui.model.format import setting
from hptui.model.scripts import spelled
from hptui.model.trial import Role, Trial, Value
from hptui.results.export.csv_text import csv_text
from hptui.results.export.json_text import json_text
from hptui.results.export.python_text import python_text
from hptui.results.export.quoting import comment
from hptui.results.export.shell_text import env_text, flags_text
from hptui.results.export.toml_text import toml_text
from hptui.results.export.yaml_text import yaml_text
from hptui.results.view import View

Names = Mapping[str, str]
"""Our name of a setting -> the name that another program has for it."""


def config(view: View, trial: Trial, *, changed_only: bool = False, names: Names | None = None) -> dict[str, Value]:
    """Every setting that a trial was asked to run with, the trainer's defaults included; or only its own."""
    settings = dict(trial.params) if changed_only else view.settings(trial)
    if not names:  # a script's own names, where the study says them
        trainer = view.study.trainer
        return renamed(settings, spelled(trainer.kind, trainer.settings), strict=False)
    return renamed(settings, names)


def renamed(settings: Mapping[str, Value], names: Names, *, strict: bool = True) -> dict[str, Value]:
    """The settings under other names, in their order. `UserError` for one that is not there, and for two of one name.

    Not `strict`: a name that is not among these settings may be among those of another trial.
    """
    if strict and (unknown := [name for name in names if name not in settings]):
        raise UserError(f"there is no setting {unknown[0]!r} to rename", hint=did_you_mean(unknown[0], settings))
    found: dict[str, Value] = {}
    for key, value in settings.items():
        name = names.get(key, key)
        if name in found:
            raise UserError(f"two settings would be called {name!r}", hint="give each a name of its own")
        found[name] = value
    return found


def render(
    view: View,
    trial: Trial,
    how: str,
    *,
    changed_only: bool = False,
    hyphens: bool = False,
    names: Names | None = None,
    prefix: str = "",
) -> str:
    """One trial's configuration as text; comments, where there are any, say where it is from."""
    settings = config(view, trial, changed_only=changed_only, names=names)
    head = comment(provenance(view, trial))
    texts: Mapping[str, Callable[[], str]] = {
        "yaml": lambda: head + yaml_text(settings),
        "toml": lambda: head + toml_text(settings),
        "python": lambda: head + python_text(settings, "config"),
        "json": lambda: json_text(settings),
        "flags": lambda: flags_text(settings, hyphens=hyphens),
        "env": lambda: head + env_text(settings, prefix=prefix),
        "csv": lambda: csv_text([settings]),
    }
    if how not in texts:
        raise UserError(f"one trial cannot be written as {how!r}", hint=did_you_mean(how, texts))
    return texts[how]()


def provenance(view: View, trial: Trial) -> list[str]:
    """Which trial this is, what it reached, and what was really used: nothing that the store does not say."""
    study = view.study
    what = f"{study.name}, trial {trial.number}" + (f" ({trial.name})" if trial.name else "")
    what += ", imported: settings that its source did not record are missing" if trial.role is Role.IMPORTED else ""
    goals = {objective.metric: objective.goal for objective in study.objectives}
    values = [
        f"{name} = {value!r} ({goals.get(name, 'not an objective')})" for name, value in (trial.values or {}).items()
    ]
    state = [f"{trial.status}: {trial.reason or 'not ended'}"] if not values else []
    settings = view.settings(trial)
    used = [
        f"{name}: {setting(settings[name])} was asked for, {setting(value)} was used"
        for name, value in trial.effective.items()
        if name in settings and settings[name] != value
    ]
    return [what, *values, *state, *used, made_by()]


def made_by() -> str:
    """Who wrote a file."""
    return f"exported by hptui {hptui.__version__}"

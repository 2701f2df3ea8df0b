"""The complete configuration of one trial, under the names that another program uses, and as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from hptui.core.command_settings import script_names
from hptui.core.errors import UserError, did_you_mean
from hptui.core.format import setting
from hptui.core.ranking import outcome_margins
from hptui.core.trial import Role, Trial, Value
from hptui.core.version import __version__
from hptui.results.analysis.cohort import ranked_trials, replicates
from hptui.results.export.text_formats import (
    comment_lines,
    csv_text,
    env_text,
    flags_text,
    json_text,
    python_text,
    toml_text,
    yaml_text,
)
from hptui.results.fresh_means import fresh_of, whole_text
from hptui.results.other_code import other_code_text
from hptui.results.view import View

Names = Mapping[str, str]
"""The other program's name of a setting, by our name."""


def trial_config(
    view: View, trial: Trial, *, changed_only: bool = False, names: Names | None = None
) -> dict[str, Value]:
    """Return all settings a trial was started with, defaults included; or only its own (`changed_only`)."""
    settings = dict(trial.params) if changed_only else view.settings(trial)
    if not names:  # the names of a script's options, where the study gives them
        trainer = view.study.trainer
        return rename_settings(settings, script_names(trainer.kind, trainer.settings), strict=False)
    return rename_settings(settings, names)


def rename_settings(settings: Mapping[str, Value], names: Names, *, strict: bool = True) -> dict[str, Value]:
    """Return the settings under other names, in their order.

    Not `strict`: a name that is not among these settings may belong to another trial.

    Raises: UserError for an unknown setting (if `strict`), and if two settings would have one name.
    """
    if strict and (unknown := [name for name in names if name not in settings]):
        raise UserError(f"there is no setting {unknown[0]!r} to rename", hint=did_you_mean(unknown[0], settings))
    result: dict[str, Value] = {}
    for key, value in settings.items():
        name = names.get(key, key)
        if name in result:
            raise UserError(f"two settings would be called {name!r}", hint="give each a name of its own")
        result[name] = value
    return result


def render_trial(
    view: View,
    trial: Trial,
    format_: str,
    *,
    changed_only: bool = False,
    hyphens: bool = False,
    names: Names | None = None,
    prefix: str = "",
) -> str:
    """Return one trial's configuration as text; formats with comments begin with its provenance."""
    settings = trial_config(view, trial, changed_only=changed_only, names=names)
    head = comment_lines(provenance_lines(view, trial))
    texts: Mapping[str, Callable[[], str]] = {
        "yaml": lambda: head + yaml_text(settings),
        "toml": lambda: head + toml_text(settings),
        "python": lambda: head + python_text(settings, "config"),
        "json": lambda: json_text(settings),
        "flags": lambda: flags_text(settings, hyphens=hyphens),
        "env": lambda: head + env_text(settings, prefix=variable_prefix(prefix)),
        "csv": lambda: csv_text([settings]),
    }
    if format_ not in texts:
        raise UserError(f"one trial cannot be written as {format_!r}", hint=did_you_mean(format_, texts))
    return texts[format_]()


VARIABLE_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""Pattern of what the name of an environment variable can begin with, in every shell."""


def variable_prefix(prefix: str) -> str:
    """Return the prefix of environment variables.

    Raises: UserError for one that makes names which no shell has.
    """
    if prefix and not VARIABLE_PREFIX.fullmatch(prefix):
        hint = "letters, digits and _, with no digit first: HP_"
        raise UserError(f"--prefix {prefix!r} begins no variable of any shell", hint=hint)
    return prefix


def provenance_lines(view: View, trial: Trial) -> list[str]:
    """Return lines that state the trial, its values, and settings of which another value was used."""
    study = view.study
    title = f"{study.name}, trial {trial.number}" + (f" ({trial.name})" if trial.name else "")
    title += ", imported: settings that its source did not record are missing" if trial.role is Role.IMPORTED else ""
    goals = {objective.metric: objective.goal for objective in study.objectives}
    values = [
        f"{name} = {value!r} ({goals.get(name, 'not an objective')})" for name, value in (trial.values or {}).items()
    ]
    fresh = fresh_of(view, trial)
    values += [whole_text(study, fresh)] if fresh is not None else []
    values += _mean_line(view, trial)
    broken = [text for text, margin in outcome_margins(study, trial).items() if margin > 0]
    values += [f"it breaks a condition of the study, so it is never the best: {', '.join(broken)}"] if broken else []
    state = [f"{trial.status}: {trial.reason or 'not ended'}"] if not trial.values else []
    settings = view.settings(trial)
    used = [
        f"{name}: {setting(settings[name])} was asked for, {setting(value)} was used"
        for name, value in trial.effective.items()
        if name in settings and settings[name] != value
    ]
    incomplete = [f"its curve is incomplete: {trial.incomplete_curve}"] if trial.incomplete_curve else []
    other = other_code_text(view, trial)
    return [title, *values, *incomplete, *([other] if other else []), *state, *used, made_by()]


def _mean_line(view: View, trial: Trial) -> list[str]:
    """Return the mean by which a trial is ranked, if it is not ranked by its own value."""
    if len(view.study.objectives) != 1 or trial.number not in view.replicates:
        return []
    ranked = next((other for other in ranked_trials(view) if other.number == trial.number), None)
    if ranked is None or ranked.values == trial.values:
        return []
    metric = view.study.objective.metric
    return [f"ranked by {metric} = {(ranked.values or {})[metric]!r}, the mean of {len(replicates(view, trial))} runs"]


def made_by() -> str:
    """Return the text that names the program and its version."""
    return f"exported by hptui {__version__}"

"""Makes the pruner that `[search] pruner` names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hptui import plugins
from hptui.core.errors import StudyError, UserError, did_you_mean
from hptui.core.study import Objective, PrunerSettings
from hptui.search.pruners.base import MultiObjectivePruner, Pruner
from hptui.studyfile.schema import TABLES

COMMON_SETTINGS = ("warmup", "startup", "on")
"""Settings that every kind of pruner has."""


def make_pruner(
    settings: PrunerSettings, objectives: Sequence[Objective], directory: str = ""
) -> MultiObjectivePruner | None:
    """Return the pruner of a study; None for `none`, and without objectives.

    With `on`, that objective decides alone.
    `directory` is the study file's. Raises: StudyError for an unknown kind or objective.
    """
    if not objectives:
        return None
    selected = [objective for objective in objectives if settings.on in ("", objective.metric)]
    if not selected:
        metrics = [objective.metric for objective in objectives]
        raise StudyError(
            "is no objective", where="search.pruner.on", value=settings.on, hint=did_you_mean(settings.on, metrics)
        )
    pruners = [(objective, pruner_for(settings, objective, directory)) for objective in selected]
    return (
        MultiObjectivePruner(tuple((objective, pruner) for objective, pruner in pruners if pruner))
        if pruners[0][1]
        else None
    )


def pruner_for(settings: PrunerSettings, objective: Objective, directory: str = "") -> Pruner | None:
    """Return the pruner over one objective; None for `none`. Raises: StudyError for an unknown kind."""
    if settings.kind == "none":
        return None
    try:
        make = plugins.load("pruners", settings.kind, "pruner", directory)
    except UserError as error:
        raise StudyError(error.message, where="search.pruner.kind", value=settings.kind, hint=error.hint) from None
    pruner: Pruner = make(objective, settings)
    return pruner


def wrapped_pruner(settings: PrunerSettings, objective: Objective) -> Pruner | None:
    """Return the pruner that a kind which wraps another asks, too; None if it wraps none."""
    return pruner_for(replace(settings, kind=settings.values["wraps"]), objective)


def counts_reports(settings: PrunerSettings, directory: str = "") -> bool:
    """Return whether trials are compared at equal numbers of reports instead of equal progress."""
    return settings.kind != "none" and plugins.spec("pruners", settings.kind, directory).counts_reports


def pruner_settings(kind: str, **values: Any) -> PrunerSettings:
    """Return settings of a built-in kind, with the defaults of those that are not given."""
    defaults = {key.name: key.default for key in TABLES["search.pruner"].keys}
    own = list(plugins.spec("pruners", kind).keys) if kind != "none" else []
    wrapped = values.get("wraps", defaults["wraps"])
    own += plugins.spec("pruners", wrapped).keys if "wraps" in own and wrapped != "none" else ()
    return PrunerSettings(
        kind,
        values={key: values.get(key, default) for key, default in defaults.items() if key in own},
        **{key: values[key] for key in COMMON_SETTINGS if key in values},
    )

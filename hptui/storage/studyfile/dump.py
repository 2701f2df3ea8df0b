"""Writes a study as JSON, complete, with the study file's own keys.

Where order matters, it is in lists, which survive sorted keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from hptui.model.study import PrunerSpec, Stage, Study
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import dump_space
from hptui.storage.studyfile.search import pruner_keys
from hptui.storage.studyfile.values import to_plain

TABLES_THAT_KEEP_NONE = ("trainer", "stage", "trial", "preset")
"""Tables with the user's settings, in which None is a value."""


def to_json(study: Study) -> dict[str, Value]:
    """Return all of a study; `from_json` restores an equal study."""
    tables: dict[str, object] = {
        "name": study.name,
        "about": study.about,
        "objective": [asdict(objective) for objective in study.objectives],
        "trainer": {"kind": study.trainer.kind, **study.trainer.settings},
        "space": dump_space(study.space),
        "search": _dump_search(study),
        "stage": [dump_stage(stage) for stage in study.stages],
        "trial": [asdict(trial) for trial in study.trials],
        "preset": [asdict(preset) for preset in study.presets],
        "resources": asdict(study.resources),
        "metrics": {name: asdict(metric) for name, metric in study.metrics.items()},
        "report": {
            "title": study.report.title,
            "columns": [{"name": name, "heading": heading} for name, heading in study.report.columns.items()],
            "write": study.report.write,
            "style": study.report.style,
            "figures": study.report.figures,
            "files": list(study.report.files),
        },
        "notes": {**study.notes.settings, "rationale": study.notes.rationale, "future": study.notes.future},
        "reference": None if study.reference is None else asdict(study.reference),
        "trial_name": study.trial_name,
        "on_end": study.on_end,
        "source": study.source,
        "directory": study.directory,
    }
    pruned = {key: value if key in TABLES_THAT_KEEP_NONE else _without_none(value) for key, value in tables.items()}
    return {key: to_plain(value, key) for key, value in pruned.items() if value is not None}


def dump_stage(stage: Stage) -> dict[str, object]:
    """Return one of `[[stage]]`, without what it inherits from `[search]` and `[space]`."""
    document: dict[str, object] = {"name": stage.name, "set": dict(stage.set), "trials": stage.trials}
    document |= {"space": None if stage.space is None else dump_space(stage.space)}
    document |= {"sampler": stage.sampler or None, "from": stage.best and f"best {stage.best}", "seeds": stage.seeds}
    document |= {"pruner": dump_pruner(stage.pruner) if stage.pruner else None, "baseline": stage.baseline}
    return {key: value for key, value in document.items() if value is not None}


def dump_pruner(spec: PrunerSpec) -> dict[str, object]:
    """Return the settings of a pruner that its kind has."""
    return {key: value for key, value in asdict(spec).items() if key in pruner_keys(spec)}


def _dump_search(study: Study) -> dict[str, object]:
    """Return `[search]`, with the constraints of the space."""
    search = study.search
    return {
        "sampler": search.sampler,
        "trials": search.trials,
        "seed": search.seed,
        "baseline": search.baseline,
        "evaluate_base": search.evaluate_base,
        "pruner": dump_pruner(search.pruner),
        "until": asdict(search.until),
        "stop": [{"when": rule.when.text, "after": rule.after} for rule in search.stop],
        "outcome": [condition.text for condition in search.outcome],
        "constraints": [constraint.text for constraint in study.space.constraints],
        "warm_start": list(search.warm_start),
    }


def _without_none(value: object) -> object:
    """Return the value without None: TOML cannot express it, and the reader fills in defaults."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value

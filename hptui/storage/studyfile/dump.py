"""A study as JSON: the study file's own keys, complete, in an order that survives sorted keys where order matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from hptui.model.study import PrunerSpec, Stage, Study
from hptui.model.trial import Value
from hptui.storage.studyfile.entries import write_space_entries
from hptui.storage.studyfile.search import pruner_keys
from hptui.storage.studyfile.values import plain

AS_THEY_ARE = ("trainer", "stage", "trial", "preset")
"""Tables with settings of the user's, among which None means something."""


def to_json(study: Study) -> dict[str, Value]:
    """Everything that `study` says; `from_json` gives an equal study back."""
    whole: dict[str, object] = {
        "name": study.name,
        "about": study.about,
        "objective": [asdict(objective) for objective in study.objectives],
        "trainer": {"kind": study.trainer.kind, **study.trainer.settings},
        "space": write_space_entries(study.space),
        "search": _search(study),
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
    kept = {key: value if key in AS_THEY_ARE else _without_none(value) for key, value in whole.items()}
    return {key: plain(value, key) for key, value in kept.items() if value is not None}


def dump_stage(stage: Stage) -> dict[str, object]:
    """One of `[[stage]]`, less what it leaves to `[search]` and `[space]`."""
    found: dict[str, object] = {"name": stage.name, "set": dict(stage.set), "trials": stage.trials}
    found |= {"space": None if stage.space is None else write_space_entries(stage.space)}
    found |= {"sampler": stage.sampler or None, "from": stage.best and f"best {stage.best}", "seeds": stage.seeds}
    found |= {"pruner": dump_pruner(stage.pruner) if stage.pruner else None, "baseline": stage.baseline}
    return {key: value for key, value in found.items() if value is not None}


def dump_pruner(spec: PrunerSpec) -> dict[str, object]:
    """Those of a pruner's settings that its kind has."""
    return {key: value for key, value in asdict(spec).items() if key in pruner_keys(spec)}


def _search(study: Study) -> dict[str, object]:
    """`[search]`, with the constraints of the space."""
    found = study.search
    return {
        "sampler": found.sampler,
        "trials": found.trials,
        "seed": found.seed,
        "baseline": found.baseline,
        "evaluate_base": found.evaluate_base,
        "pruner": dump_pruner(found.pruner),
        "until": asdict(found.until),
        "stop": [{"when": rule.when.text, "after": rule.after} for rule in found.stop],
        "outcome": [condition.text for condition in found.outcome],
        "constraints": [constraint.text for constraint in study.space.constraints],
        "warm_start": list(found.warm_start),
    }


def _without_none(value: object) -> object:
    """What is None is not written: TOML has no word for it, and the reader fills it in."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_none(item) for item in value]
    return value

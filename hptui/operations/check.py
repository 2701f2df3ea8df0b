"""Check a study before it runs: `check` reads it, `check --try` runs a few steps of its heaviest trial."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from hptui.core.command_settings import COMMAND_KIND
from hptui.core.dataclass import dataclass
from hptui.core.errors import NoUsableTrial
from hptui.core.format import settings as settings_text
from hptui.core.laws import NOTE_PREFIX
from hptui.core.space import Choice
from hptui.core.stages import as_stage, expected_total, planned_in_stage
from hptui.core.study import Stage, Study
from hptui.core.trial import Value
from hptui.execution.local import devices
from hptui.operations.check_places import places_warnings
from hptui.operations.dry_run import run_steps
from hptui.operations.notify import notify_warnings
from hptui.operations.packing import packing_warnings
from hptui.operations.run import read_study
from hptui.operations.runner_process import defaults_of, laws_of
from hptui.results.masked_view import masked_study

TRY_STEPS = 6
"""Steps of a dry run."""
BATCHED_READ_S = 0.3
"""Seconds within which lines of a script may have been read at once, so that times between them mean nothing."""
MAX_DRAWS = 400
"""Configurations that are drawn to find the heaviest."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A study file that can run: the study, warnings about it, and facts such as the size of its space."""

    study: Study
    warnings: tuple[str, ...]
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What a few steps of the heaviest configuration took, and the forecast for the whole study.

    Times are seconds, sizes GiB. None: not known (a trainer that reports no total, no GPU).
    """

    settings: Mapping[str, Value]
    startup_seconds: float
    step_seconds: float | None
    total_steps: int | None
    peak_rss_gb: float | None
    peak_gpu_gb: float | None
    checkpoint_gb: float | None
    trial_seconds: float | None
    study_seconds: float | None
    disk_gb: float | None
    free_disk_gb: float
    warnings: tuple[str, ...] = ()
    metrics: Mapping[str, float | None] = field(default_factory=dict)


def check(path: Path, changes: Mapping[str, str] | None = None, home: Path | None = None) -> CheckResult:
    """Read and check a study file; `warnings` are what is only doubtful.

    With `home`, the studies of its `warm_start` are looked for there.

    Raises: `StudyError` that names what is wrong.
    """
    from hptui import studyfile
    from hptui.execution import prior_trials
    from hptui.trainers import registry

    study = read_study(path, changes or {})
    if home is not None:
        prior_trials.read_prior_studies(study, home)
    warnings = (
        *studyfile.study_warnings(study, registry.schema),
        *notify_warnings(study),
        *packing_warnings(study, _base(study)),
    )
    return CheckResult(study, warnings, _facts(study))


def preflight(study: Study) -> list[str]:
    """Return what the study's engine, the trainer's own script and its cluster object to.

    The engine makes one proposal in a process of its own; a script is asked if that is harmless; a Ray cluster is asked
    what it has, Slurm what it would take. Raises: StudyError.
    """
    from hptui.operations.first_proposal import first_proposal_warnings
    from hptui.trainers import registry

    doubts = first_proposal_warnings(study, _base(study))
    rng = random.Random(0)
    drawn = {parameter.name: parameter.sample(rng) for parameter in study.space.parameters}
    settings = {**_base(study), **study.space.settle(_base(study), drawn)}
    for listed in study.trials[:1] if not study.space.parameters else ():
        settings |= listed.set
    repeated = any(stage.seeds > 1 for stage in study.stages)
    parallel = study.resources.parallel
    return [
        *doubts,
        *places_warnings(study),
        *registry.preflight(study.trainer.kind, settings, study.directory, parallel=parallel, repeated=repeated),
    ]


def _facts(study: Study) -> dict[str, Value]:
    base, shown = _base(study), masked_study(study)[0]
    configurations = study.space.enumerate(base, 100_000) if study.space.parameters else []
    return {
        "name": study.name,
        "objective": ", ".join(f"{objective.goal} {objective.metric}" for objective in study.objectives),
        "trainer": study.trainer.kind,
        "sampler": study.search.sampler,
        "trials": expected_total(study, ()) if study.search.sampler == "list" else study.search.trials,
        "listed": len(study.trials),
        **({"stages": {stage.name: _stage_line(shown, stage) for stage in shown.stages}} if study.stages else {}),
        **({"presets": [preset.name for preset in study.presets]} if study.presets else {}),
        **(
            {}
            if study.stages
            else {"parameters": {parameter.name: parameter.describe() for parameter in shown.space.parameters}}
        ),
        "constraints": [constraint.text for constraint in shown.space.constraints],
        **({"stop rules": [f"{rule} (not the baseline)" for rule in study.search.stop]} if study.search.stop else {}),
        **({"law": text} if (text := _law(study, base)) else {}),
        "configurations": len(configurations) if configurations is not None and not study.stages else None,
        "feasible_share": round(study.space.feasible_share(base), 3) if study.space.parameters else None,
    }


def _law(study: Study, base: Mapping[str, Value]) -> str:
    """Return what published laws propose first; '' where they say nothing or are switched off."""
    from hptui.search import laws

    if not laws.applies(study, ()):
        return ""
    first = laws.law_proposal(study, base, laws_of(study, base), ())
    return first[1].removeprefix(NOTE_PREFIX) if first else ""


def _stage_line(study: Study, stage: Stage) -> str:
    """Return a line about a stage: `5 trials by grid: learning_rate {1e-4, 1e-3}; steps=60`."""
    stage_study, count = as_stage(study, stage), planned_in_stage(study, stage)
    number = "no limit" if count is None else f"{count} trials"
    if stage.searches:
        ranges = ", ".join(f"{parameter.name} {parameter.describe()}" for parameter in stage_study.space.parameters)
        text = f"{number} by {stage_study.search.sampler}: {ranges}"
        text += ", the rest as in the best before" if stage.best else ""
    else:
        text = f"{number}: the best {stage.best} again"
    text += f", {stage.seeds} seeds each" if stage.seeds > 1 else ""
    return text + (f"; {settings_text(stage.set)}" if stage.set else "")


def _base(study: Study) -> dict[str, Value]:
    return {**defaults_of(study), **study.trainer.settings}


def heaviest_configuration(study: Study) -> dict[str, Value]:
    """Return the feasible configuration that should need most memory.

    It has the largest values of the settings that the trainer marks as costing memory. With stages it combines the
    largest of each, since any of it may be the best that the next stage builds on.
    """
    if not study.stages:
        return _heaviest_of_space(study)
    params: dict[str, Value] = {}
    for stage in study.stages:
        if stage.searches:
            params |= {**stage.set, **_heaviest_of_space(as_stage(study, stage, params))}
    return params


def _heaviest_of_space(study: Study) -> dict[str, Value]:
    from hptui.trainers import registry

    schema = registry.schema(study.trainer.kind, study.directory) or {}
    base, space = _base(study), study.space
    costly = [
        parameter
        for parameter in space.parameters
        if parameter.name in schema and schema[parameter.name].affects_memory
    ]
    largest = {parameter.name: _largest(parameter) for parameter in costly}
    defaults = {
        parameter.name: base[parameter.name]
        for parameter in space.parameters
        if parameter.name in base and parameter.contains(base[parameter.name])
    }
    rng = random.Random(0)
    heaviest_params, best_weight = None, -1.0
    for n in range(MAX_DRAWS):
        params = {parameter.name: defaults.get(parameter.name, parameter.sample(rng)) for parameter in space.parameters}
        # First the largest of all; if that is not feasible, more and more of them at random.
        params |= {
            parameter.name: largest[parameter.name] if rng.random() > n / MAX_DRAWS else parameter.sample(rng)
            for parameter in costly
        }
        settled = space.settle(base, params)
        if space.margin(base, settled) > 0:
            continue
        weight = sum(_relative_size(settled.get(parameter.name), largest[parameter.name]) for parameter in costly)
        if weight > best_weight:
            heaviest_params, best_weight = settled, weight
        if n == 0:
            break
    return heaviest_params if heaviest_params is not None else {}


def _largest(parameter: Any) -> Value:
    if isinstance(parameter, Choice):
        return max(parameter.choices, key=lambda choice: choice if isinstance(choice, int | float) else 0)
    largest: Value = parameter.high
    return largest


def _relative_size(value: Value, largest: Value) -> float:
    if isinstance(value, int | float) and isinstance(largest, int | float) and largest:
        return float(value) / float(largest)
    return 0.0


def dry_run(path: Path, changes: Mapping[str, str] | None = None, home: Path | None = None) -> DryRunResult:
    """Run a few steps of the heaviest configuration, in a temporary directory.

    Raises: `NoUsableTrial` when it fails.
    """
    study = read_study(path, changes or {})
    params = heaviest_configuration(study)
    tried = run_steps(study, params, TRY_STEPS, home)
    if not tried.complete:
        tail = "\n  ".join(tried.printed.strip().splitlines()[-12:])
        raise NoUsableTrial(
            f"the heaviest configuration fails ({tried.failure})\n  {tail}", hint=f"settings: {json.dumps(params)}"
        )
    return _forecast(study, {**_base(study), **params}, tried.events, tried.end, tried.seconds)


def _forecast(
    study: Study,
    settings: Mapping[str, Value],
    events: list[dict[str, Any]],
    end: Mapping[str, Any],
    wall_seconds: float,
) -> DryRunResult:
    reports = [event for event in events if event["k"] == "metrics"]
    total = next((event["steps"] for event in reversed(events) if event["k"] == "total"), None)
    step, evaluation = _pace(reports) if study.trainer.kind != COMMAND_KIND else (_mean_pace(reports), 0.0)
    startup = wall_seconds - (reports[-1]["t"] - reports[0]["t"] if reports else 0.0)
    checkpoint_bytes = max((event["bytes"] for event in events if event["k"] == "checkpoint"), default=None)
    trial = startup + step * total + evaluation * _evaluations(settings, total) if step and total else None
    trials, slots = expected_total(study, ()), len(devices.slots_for(study.resources))
    checkpoint = checkpoint_bytes / (1 << 30) if checkpoint_bytes is not None else None
    checkpoint_count = study.resources.keep_checkpoints * (trials or 1)
    free = shutil.disk_usage(Path(study.directory or ".")).free / (1 << 30)
    disk = checkpoint * checkpoint_count if checkpoint is not None else None
    return DryRunResult(
        settings=dict(settings),
        startup_seconds=round(startup, 3),
        step_seconds=step,
        total_steps=total,
        peak_rss_gb=end.get("peak_rss_gb"),
        peak_gpu_gb=end.get("peak_gpu_gb"),
        checkpoint_gb=checkpoint,
        trial_seconds=trial,
        study_seconds=_study_seconds(study, trial, startup, trials, slots) if trial is not None and trials else None,
        disk_gb=disk,
        free_disk_gb=free,
        warnings=tuple(_warnings(study, reports, end, disk, free)),
        metrics=dict(reports[-1]["m"]) if reports else {},
    )


GAP_S = 0.15
"""Seconds between the end of a trial and the start of the next one in its place: of short trials the larger part."""


def _study_seconds(study: Study, trial: float, startup: float, trials: int, slots: int) -> float:
    """Return the seconds for all trials; with a launcher only the first trial pays for the imports."""
    from hptui.trainers import registry

    if (
        registry.preload(study.trainer.kind, directory=study.directory) and study.trainer.kind != COMMAND_KIND
    ):  # a script is started for each trial
        return startup + (trial - startup + GAP_S) * trials / slots
    return (trial + GAP_S) * trials / slots


def _pace(reports: list[dict[str, Any]]) -> tuple[float | None, float]:
    """Return (seconds per step, extra seconds of the last step, in which the model is evaluated).

    The first step warms up and does not count.
    """
    pairs = [(before, after) for before, after in pairwise(reports) if after["step"] > before["step"]]
    paces = [(after["t"] - before["t"]) / (after["step"] - before["step"]) for before, after in pairs]
    if not paces:
        return None, 0.0
    typical = median(paces[:-1] or paces)
    return typical, max(0.0, paces[-1] - typical)


def _mean_pace(reports: list[dict[str, Any]]) -> float | None:
    """Return seconds per step of a script, whose lines are read several at a time."""
    if len(reports) < 2 or reports[-1]["step"] <= reports[0]["step"]:
        return None
    seconds: float = reports[-1]["t"] - reports[0]["t"]
    return seconds / (reports[-1]["step"] - reports[0]["step"]) if seconds > BATCHED_READ_S else None


def _evaluations(settings: Mapping[str, Value], total: int) -> int:
    """Return how often a trial will be evaluated, as far as its settings say; else 1."""
    every = settings.get("eval_every")
    return max(1, total // every) if isinstance(every, int) and every > 0 else 1


def _warnings(
    study: Study, reports: list[dict[str, Any]], end: Mapping[str, Any], disk: float | None, free: float
) -> list[str]:
    reported = {name for event in reports for name in event["m"]} | set(end.get("m") or {})
    warnings = [
        f"its first steps did not report {objective.metric!r}; they reported {', '.join(sorted(reported)) or 'nothing'}"
        for objective in study.objectives
        if objective.metric not in reported
    ]
    if disk is not None and disk > free - study.resources.min_free_gb:
        warnings.append(f"checkpoints may need {disk:.1f} GiB, {free:.1f} GiB are free")
    return warnings

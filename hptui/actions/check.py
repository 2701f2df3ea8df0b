"""Look at a study before the night does: `check` reads it, `check --try` runs a few steps of its heaviest trial."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from hptui.actions.rehearsal import rehearse
from hptui.actions.run import read
from hptui.model.errors import Unusable
from hptui.model.format import settings as settings_text
from hptui.model.scripts import KIND
from hptui.model.space import Choice
from hptui.model.stages import expected, planned, staged
from hptui.model.study import Stage, Study
from hptui.model.trial import Value
from hptui.running import devices

TRY_STEPS = 6
READ_TOGETHER = 0.3
"""Seconds within which lines of a script may be read at once, so that nothing is known of their pace."""
DRAWN = 400


@dataclass(frozen=True, slots=True)
class Checked:
    """A study file that can run: the study, what is doubtful, and what it amounts to."""

    study: Study
    warnings: tuple[str, ...]
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Tried:
    """What a few steps of the heaviest configuration took, and what that means for the whole study.

    Seconds, GiB. None: could not be known (a trainer that tells no total, no GPU).
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


def check(path: Path, changes: Mapping[str, str] | None = None, home: Path | None = None) -> Checked:
    """Read a study file; `StudyError` names what is wrong, `warnings` what is only doubtful.

    With `home`, the studies that it starts from are looked for there.
    """
    from hptui.running import warmstart
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study = read(path, changes or {})
    if home is not None:
        warmstart.gather(study, home)
    return Checked(study, tuple(studyfile.warnings(study, registry.schema)), _facts(study))


def preflight(study: Study) -> list[str]:
    """What the trainer's own script has to say about the settings of this study; it is started for that."""
    import random

    from hptui.trainers import registry

    rng = random.Random(0)
    drawn = {parameter.name: parameter.sample(rng) for parameter in study.space.parameters}
    settings = {**_base(study), **study.space.settle(_base(study), drawn)}
    for listed in study.trials[:1] if not study.space.parameters else ():
        settings |= listed.set
    repeated = any(stage.seeds > 1 for stage in study.stages)
    parallel = study.resources.parallel
    return registry.preflight(study.trainer.kind, settings, study.directory, parallel=parallel, repeated=repeated)


def _facts(study: Study) -> dict[str, Value]:
    base = _base(study)
    everything = study.space.enumerate(base, 100_000) if study.space.parameters else []
    return {
        "name": study.name,
        "objective": ", ".join(f"{o.goal} {o.metric}" for o in study.objectives),
        "trainer": study.trainer.kind,
        "sampler": study.search.sampler,
        "trials": expected(study, ()) if study.search.sampler == "list" else study.search.trials,
        "listed": len(study.trials),
        **({"stages": {stage.name: _stage(study, stage) for stage in study.stages}} if study.stages else {}),
        **({"presets": [preset.name for preset in study.presets]} if study.presets else {}),
        **({} if study.stages else {"parameters": {p.name: p.describe() for p in study.space.parameters}}),
        "constraints": [c.text for c in study.space.constraints],
        **({"stop rules": [f"{rule} (not the baseline)" for rule in study.search.stop]} if study.search.stop else {}),
        "configurations": len(everything) if everything is not None and not study.stages else None,
        "feasible_share": round(study.space.feasible_share(base), 3) if study.space.parameters else None,
    }


def _stage(study: Study, stage: Stage) -> str:
    """What a stage does, in a line: `5 trials by grid: learning_rate {1e-4, 1e-3}; steps=60`."""
    view, count = staged(study, stage), planned(study, stage)
    number = "no limit" if count is None else f"{count} trials"
    if stage.searches:
        ranges = ", ".join(f"{one.name} {one.describe()}" for one in view.space.parameters)
        said = f"{number} by {view.search.sampler}: {ranges}"
        said += ", the rest as in the best before" if stage.best else ""
    else:
        said = f"{number}: the best {stage.best} again"
    said += f", {stage.seeds} seeds each" if stage.seeds > 1 else ""
    return said + (f"; {settings_text(stage.set)}" if stage.set else "")


def _base(study: Study) -> dict[str, Value]:
    from hptui.actions.process import defaults_of

    return {**defaults_of(study), **study.trainer.settings}


def heaviest(study: Study) -> dict[str, Value]:
    """The feasible configuration that should need most memory: the largest of what the trainer says costs memory.

    With stages the largest of each, since any of it may be the best that the next one builds on.
    """
    if not study.stages:
        return _heaviest(study)
    found: dict[str, Value] = {}
    for stage in study.stages:
        if stage.searches:
            found |= {**stage.set, **_heaviest(staged(study, stage, found))}
    return found


def _heaviest(study: Study) -> dict[str, Value]:
    import random

    from hptui.trainers import registry

    schema = registry.schema(study.trainer.kind, study.directory) or {}
    base, space = _base(study), study.space
    costly = [p for p in space.parameters if p.name in schema and schema[p.name].memory]
    largest = {p.name: _largest(p) for p in costly}
    usual = {p.name: base[p.name] for p in space.parameters if p.name in base and p.contains(base[p.name])}
    random_ = random.Random(0)
    best, weight = None, -1.0
    for n in range(DRAWN):
        drawn = {p.name: usual.get(p.name, p.sample(random_)) for p in space.parameters}
        # The largest of all first; if that is not feasible, ever more of them at random.
        drawn |= {p.name: largest[p.name] if random_.random() > n / DRAWN else p.sample(random_) for p in costly}
        settled = space.settle(base, drawn)
        if space.margin(base, settled) > 0:
            continue
        heavy = sum(_share(settled.get(p.name), largest[p.name]) for p in costly)
        if heavy > weight:
            best, weight = settled, heavy
        if n == 0:
            break
    return best if best is not None else {}


def _largest(parameter: Any) -> Value:
    if isinstance(parameter, Choice):
        return max(parameter.choices, key=lambda v: v if isinstance(v, int | float) else 0)
    largest: Value = parameter.high
    return largest


def _share(value: Value, largest: Value) -> float:
    if isinstance(value, int | float) and isinstance(largest, int | float) and largest:
        return float(value) / float(largest)
    return 0.0


def try_out(path: Path, changes: Mapping[str, str] | None = None, home: Path | None = None) -> Tried:
    """Really run a few steps of the heaviest configuration, in a directory that is thrown away; else `Unusable`."""
    study = read(path, changes or {})
    params = heaviest(study)
    tried = rehearse(study, params, TRY_STEPS, home)
    if not tried.complete:
        tail = "\n  ".join(tried.printed.strip().splitlines()[-12:])
        raise Unusable(
            f"the heaviest configuration fails ({tried.why})\n  {tail}", hint=f"settings: {json.dumps(params)}"
        )
    return _forecast(study, {**_base(study), **params}, tried.events, tried.end, tried.seconds)


def _forecast(
    study: Study, settings: Mapping[str, Value], events: list[dict[str, Any]], end: Mapping[str, Any], wall: float
) -> Tried:
    reports = [event for event in events if event["k"] == "metrics"]
    total = next((event["steps"] for event in reversed(events) if event["k"] == "total"), None)
    step, evaluation = _pace(reports) if study.trainer.kind != KIND else (_mean_pace(reports), 0.0)
    startup = wall - (reports[-1]["t"] - reports[0]["t"] if reports else 0.0)
    saved = max((event["bytes"] for event in events if event["k"] == "checkpoint"), default=None)
    trial = startup + step * total + evaluation * _evaluations(settings, total) if step and total else None
    trials, slots = expected(study, ()), len(devices.slots(study.resources))
    checkpoint = saved / (1 << 30) if saved is not None else None
    kept = study.resources.keep_checkpoints * (trials or 1)
    free = shutil.disk_usage(Path(study.directory or ".")).free / (1 << 30)
    disk = checkpoint * kept if checkpoint is not None else None
    return Tried(
        settings=dict(settings),
        startup_seconds=round(startup, 3),
        step_seconds=step,
        total_steps=total,
        peak_rss_gb=end.get("peak_rss_gb"),
        peak_gpu_gb=end.get("peak_gpu_gb"),
        checkpoint_gb=checkpoint,
        trial_seconds=trial,
        study_seconds=_whole(study, trial, startup, trials, slots) if trial is not None and trials else None,
        disk_gb=disk,
        free_disk_gb=free,
        warnings=tuple(_doubts(study, reports, end, disk, free)),
        metrics=dict(reports[-1]["m"]) if reports else {},
    )


def _whole(study: Study, trial: float, startup: float, trials: int, slots: int) -> float:
    """Seconds for all trials: where a warm launcher imports once, only the first one pays the start-up."""
    from hptui.trainers import registry

    if registry.preload(study.trainer.kind) and study.trainer.kind != KIND:  # a script starts anew each time
        return startup + (trial - startup) * trials / slots
    return trial * trials / slots


def _pace(reports: list[dict[str, Any]]) -> tuple[float | None, float]:
    """Seconds per step, and how much longer the last step took, which is evaluated.

    The first step warms up and does not count.
    """
    pairs = [(a, b) for a, b in pairwise(reports) if b["step"] > a["step"]]
    paces = [(b["t"] - a["t"]) / (b["step"] - a["step"]) for a, b in pairs]
    if not paces:
        return None, 0.0
    usual = median(paces[:-1] or paces)
    return usual, max(0.0, paces[-1] - usual)


def _mean_pace(reports: list[dict[str, Any]]) -> float | None:
    """Seconds per step of a script, whose lines are read several at a time."""
    if len(reports) < 2 or reports[-1]["step"] <= reports[0]["step"]:
        return None
    passed: float = reports[-1]["t"] - reports[0]["t"]
    return passed / (reports[-1]["step"] - reports[0]["step"]) if passed > READ_TOGETHER else None


def _evaluations(settings: Mapping[str, Value], total: int) -> int:
    """How often a trial will be evaluated, where its settings say so."""
    every = settings.get("eval_every")
    return max(1, total // every) if isinstance(every, int) and every > 0 else 1


def _doubts(
    study: Study, reports: list[dict[str, Any]], end: Mapping[str, Any], disk: float | None, free: float
) -> list[str]:
    seen = {name for event in reports for name in event["m"]} | set(end.get("m") or {})
    said = [
        f"its first steps did not report {o.metric!r}; they reported {', '.join(sorted(seen)) or 'nothing'}"
        for o in study.objectives
        if o.metric not in seen
    ]
    if disk is not None and disk > free - study.resources.min_free_gb:
        said.append(f"checkpoints may need {disk:.1f} GiB, {free:.1f} GiB are free")
    return said

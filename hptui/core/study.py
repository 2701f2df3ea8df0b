"""A study: objectives, trainer, space, search, resources, report. The checked and typed content of a study file.

The settings of a trial are the `[trainer]` table with the trial's overrides over them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from hptui.core.dataclass import dataclass
from hptui.core.expressions import Expression
from hptui.core.memory import MemoryMode
from hptui.core.notify import Notify as Notify
from hptui.core.ray_cluster import RayCluster as RayCluster
from hptui.core.slurm import Slurm as Slurm
from hptui.core.space import Space
from hptui.core.ssh import Pull as Pull
from hptui.core.ssh import Ssh as Ssh
from hptui.core.ssh import SshHost as SshHost
from hptui.core.trial import Value

Goal = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric with a goal. `select` says which point of a trial's curve is its objective value."""

    metric: str
    goal: Goal = "minimize"
    select: Literal["best", "last"] = "best"
    samples: int | None = None

    def better(self, value: float, other: float) -> bool:
        """Return whether `value` is strictly better than `other`."""
        return value < other if self.goal == "minimize" else value > other

    def best(self, values: Sequence[float]) -> float:
        """Return the best of at least one value."""
        return min(values) if self.goal == "minimize" else max(values)


NO_OBJECTIVE = Objective("")
"""What stands for the objective of a study that ranks nothing: no trial reports a metric of this name."""


@dataclass(frozen=True, slots=True)
class TrainerSettings:
    """`[trainer]`: the kind of trainer, and its settings exactly as the file gives them (the baseline)."""

    kind: str
    settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrunerSettings:
    """`[search] pruner`: its kind, and the settings of all kinds. `values` are those of this kind alone, complete.

    `warmup` is a proportion (0 to 1) of a trial's budget, before which it is not pruned; `startup` the number of trials
    that are needed for a comparison; `on` the objective that decides alone, if there are several.
    """

    kind: str = "none"
    warmup: float = 0.2
    startup: int = 5
    on: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StopRule:
    """An entry of `[search] stop`: stops a trial in which `when` holds after a proportion of its budget.

    `after` is that proportion, 0 to 1.
    """

    when: Expression
    after: float = 0.0

    def __str__(self) -> str:
        return f"{self.when.text} after {100 * self.after:g} %" if self.after else self.when.text


@dataclass(frozen=True, slots=True)
class StoppingConditions:
    """`[search] until`: conditions, besides `trials`, under which the whole study ends.

    `hours` is time of activity; `no_improvement` counts complete trials of the search since the best; `target` is a
    value of the only objective.
    """

    hours: float | None = None
    no_improvement: int | None = None
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """`[search]`: sampler, number of trials, pruner, and stopping conditions. `trials` None: no limit.

    `outcome` holds conditions on measured values: a trial that violates one is never the best. With `evaluate_base` the
    untrained model is measured first. `warm_start` names studies whose trials inform the search. `sampler_settings` are
    the sampler's own, as the file gives them. With `laws` the first proposal is where a published law says.
    `memory` says what becomes of a proposal that is predicted not to fit.
    """

    sampler: str = "auto"
    trials: int | None = None
    seed: int = 0
    baseline: bool = True
    evaluate_base: bool = False
    pruner: PrunerSettings = PrunerSettings()
    until: StoppingConditions = StoppingConditions()
    stop: tuple[StopRule, ...] = ()
    outcome: tuple[Expression, ...] = ()
    warm_start: tuple[str, ...] = ()
    laws: bool = True
    memory: MemoryMode = "refuse"
    sampler_settings: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedTrial:
    """`[[trial]]`: a configuration that runs as given."""

    set: Mapping[str, Value]
    name: str = ""
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """`[[preset]]`: a named configuration that runs only if a person queues it."""

    name: str
    set: Mapping[str, Value]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """`[[stage]]`: a part of the search with overrides of its own.

    `best` is the N of `from = "best N"`. With it and a `space`, the stage searches around the best trial of the stages
    before; with it and no space, the N best configurations run again with `set` over them; without it the stage
    searches. A value of None (or '' for the sampler) means that of `[search]` or `[space]`. `seeds` is the number of
    runs of each configuration, the first one included.
    """

    name: str
    set: Mapping[str, Value] = field(default_factory=dict)
    trials: int | None = None
    space: Space | None = None
    sampler: str = ""
    best: int | None = None
    seeds: int = 1
    pruner: PrunerSettings | None = None
    baseline: bool = False

    @property
    def searches(self) -> bool:
        """Whether the stage proposes configurations, instead of running known ones again."""
        return self.best is None or self.space is not None


@dataclass(frozen=True, slots=True)
class Resources:
    """`[resources]`. `gpus` is "all", a count, or indices; `parallel` is the number of CPU slots without a GPU.

    `timeout`, `hang_after`, `pause_grace` and `stop_grace` are seconds, `min_free_gb` is GiB. `lost_retries` bounds how
    often in a row the machine may lose one trial. `executor` is a
    built-in or installed one, or "module:Object". `share` starts trials on GPUs that other processes use. `give_up` is
    how many seconds an attempt may be unreachable before its trial runs elsewhere. `ssh`, `slurm` and `ray` are those
    of the study, for its executor alone. `pack` is the most trials that share a process, "auto", or None where the file
    says nothing; `isolate` gives each one of its own.
    """

    gpus: str | int | tuple[int, ...] = "all"
    trials_per_gpu: int = 1
    gpus_per_trial: int = 1
    parallel: int = 1
    timeout: float | None = None
    hang_after: float = 600.0
    on_hang: Literal["warn", "stop"] = "warn"
    lost_retries: int = 3
    min_free_gb: float = 1.0
    keep_checkpoints: int = 2
    checkpoints: str = ""
    pause_grace: float = 120.0
    stop_grace: float = 15.0
    executor: str = "local"
    share: bool = False
    give_up: float | Literal["never"] = 1800.0
    ssh: Ssh = field(default_factory=Ssh)
    slurm: Slurm = field(default_factory=Slurm)
    ray: RayCluster = field(default_factory=RayCluster)
    pack: int | Literal["auto"] | None = None
    isolate: bool = False

    @property
    def packing(self) -> int | Literal["auto"] | None:
        """The most trials that share a process, or "auto"; None: each has its own."""
        return None if self.isolate else DEFAULT_PACK if self.pack is None else self.pack


DEFAULT_PACK: int | Literal["auto"] | None = None
"""What a study without `[resources] pack` does: trials do not share processes."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """`[metrics.NAME]`: how a metric is judged and shown, and on which split it is measured.

    `bands` are words for ranges of values, each with its bound: `{ excellent = 3, good = 10 }`.
    """

    goal: Goal | None = None
    unit: str = ""
    heading: str = ""
    format: str = ""
    split: str = ""
    bands: Mapping[str, float] = field(default_factory=dict)


FILE_SETS: Mapping[str, tuple[str, ...]] = {
    "hptui": ("trials.json", "trials.csv", "best_config.yaml"),
    "optuna-study-results": ("study_results.yaml",),
    "ax-results": (
        "best_config.yaml",
        "optimization_results.json",
        "trial_history.csv",
        "optimization_config.yaml",
        "optimization_checkpoint.json",
        "OPTIMIZATION_RESULTS.md",
        "optimization_trace.html",
        "contour_plot.html",
    ),
}
"""Result files by set: what `--like` and `[report] files` may name."""
RESULT_FILES = tuple(dict.fromkeys(name for names in FILE_SETS.values() for name in names))
"""Names of all result files, each once."""


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """`[report]`: title, columns (name -> heading, in order), path, style, format of the figures.

    `files` are written next to the report when the study comes to rest, given by name or by the name of a set.
    """

    title: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    write: str = ""
    style: Literal["results", "hyperparameters"] = "results"
    figures: Literal["png", "svg", "none"] = "png"
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """`[reference]`: a value measured elsewhere. `targets` are the proportions by which trials should improve on it.

    Trials are compared with it only if metric, split and length of training agree.
    """

    metric: str
    value: float
    split: str = ""
    epochs: float | None = None
    steps: int | None = None
    source: str = ""
    targets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """`[notes]`: text of the author: one per setting, the rationale of the study, future work."""

    settings: Mapping[str, str] = field(default_factory=dict)
    rationale: str = ""
    future: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """A whole study file. `source` is its absolute path, '' for a study made by a program.

    Without `objectives` nothing is ranked: trials end complete without a value, and none is the best.

    Relative paths in the settings are relative to `directory`. `remarks` explain where the study deviates from the
    literal content of the file; they are not stored. `unknown_keys` of a stored study, each with its path, were written
    by a newer version; they are kept as they are.
    """

    name: str
    objectives: tuple[Objective, ...]
    trainer: TrainerSettings
    space: Space = field(default_factory=Space)
    search: Search = Search()
    stages: tuple[Stage, ...] = ()
    trials: tuple[ListedTrial, ...] = ()
    presets: tuple[Preset, ...] = ()
    resources: Resources = Resources()
    metrics: Mapping[str, MetricSpec] = field(default_factory=dict)
    report: ReportSpec = ReportSpec()
    notes: Notes = Notes()
    reference: Reference | None = None
    notify: Notify = field(default_factory=Notify)
    ssh: Ssh = field(default_factory=Ssh)
    slurm: Slurm = field(default_factory=Slurm)
    ray: RayCluster = field(default_factory=RayCluster)
    about: str = ""
    trial_name: str = ""
    on_end: tuple[str, ...] | None = None
    source: str = ""
    directory: str = ""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    unknown_keys: tuple[tuple[tuple[str | int, ...], Value], ...] = field(default=(), compare=False)

    @property
    def placed_resources(self) -> Resources:
        """The resources with the machines or jobs that the study names, as executors are given them."""
        return replace(self.resources, ssh=self.ssh, slurm=self.slurm, ray=self.ray)

    @property
    def checkpoint_directory(self) -> str:
        """Where checkpoints lie that are not inside the study, else ''.

        `[resources] checkpoints` is relative to the study file; with Slurm it is a directory that the nodes share.
        """
        path = self.resources.checkpoints
        if not path and self.resources.executor == "slurm":
            path = str(self.slurm.directory / "checkpoints")
        return os.path.join(self.directory, path) if path else ""

    @property
    def objective(self) -> Objective:
        """First objective; most studies have only one. That of a study without any names no metric."""
        return self.objectives[0] if self.objectives else NO_OBJECTIVE

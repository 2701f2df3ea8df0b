"""The result of a finished search: a mapping whose keys are also attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hptui.api.reading import OpenStudy


class Results(Mapping[str, Any]):
    """The result of `run_optimization`: `results["best_loss"]` and `results.best_loss` are the same.

    `best_loss` is the value of the first objective, whatever its name; `best_params` the searched settings of the best
    trial, derived values included; `baseline_loss` the value of the baseline. `pareto` lists the trials that no other
    dominates. `study` gives access to all recorded data. The `best_…` values are None if no trial is usable.
    """

    KEYS = (
        "best_loss",
        "best_params",
        "best_trial",
        "best_values",
        "baseline_loss",
        "objectives",
        "pareto",
        "n_trials",
        "completed_trials",
        "trials",
        "state",
        "message",
        "name",
        "directory",
    )

    def __init__(self, study: OpenStudy) -> None:
        self.study = study
        best, baseline = study.best, study.baseline
        self.best_loss = best.value if best else None
        self.best_params = best.params if best else None
        self.best_trial = best.number if best else None
        self.best_values = best.values if best else None
        self.baseline_loss = baseline.value if baseline else None
        self.objectives = study.objectives
        self.pareto = [
            {"trial": trial.number, "values": trial.values, "params": trial.params} for trial in study.pareto
        ]
        self.n_trials = len(study.trials)
        self.completed_trials = sum(trial.status == "complete" for trial in study.trials)
        self.trials = [trial.as_dict() for trial in study.trials]
        self.state, self.message = study.state, study.message
        self.name, self.directory = study.name, str(study.directory)

    def __getitem__(self, key: str) -> Any:
        if key not in self.KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self.KEYS)

    def __len__(self) -> int:
        return len(self.KEYS)

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.state}, {self.completed_trials} of {self.n_trials} trials complete, "
            f"best {self.objectives[0][0]} {self.best_loss} with {self.best_params}>"
        )

"""Trials as offline W&B runs, which `wandb sync` uploads on the owner's demand. Nothing is sent by the export."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hptui.model.errors import Unsupported
from hptui.model.trial import Trial, TrialStatus
from hptui.results.export.tensorboard import run_name
from hptui.results.view import View
from hptui.storage.reader import StoreReader


def write_wandb(view: View, reader: StoreReader, trials: Sequence[Trial], directory: Path) -> list[Path]:
    """Write a run per started trial; return the new run folders.

    Raises: Unsupported if wandb is not installed.
    """
    try:
        import wandb
    except ModuleNotFoundError:
        raise Unsupported("wandb is not installed here", hint="pip install wandb, then export again") from None
    directory.mkdir(parents=True, exist_ok=True)
    before = set(directory.glob("wandb/offline-run-*"))
    try:
        for trial in trials:
            if trial.started is not None:
                _write_run(wandb, view, reader, trial, directory)
    finally:
        # wandb starts a service process that would otherwise outlive the export.
        wandb.teardown()
    return sorted(set(directory.glob("wandb/offline-run-*")) - before)


def _write_run(wandb: Any, view: View, reader: StoreReader, trial: Trial, directory: Path) -> None:
    """Write one run, without information about this machine and its user."""
    settings = wandb.Settings(
        mode="offline",
        console="off",
        silent=True,
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        host="",
        username="",
        x_disable_stats=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
        x_save_requirements=False,
        x_start_time=trial.started,
    )
    run = wandb.init(
        project=view.study.name,
        id=f"{view.row.uuid[:8]}-{trial.number}",  # a second export updates the same run
        name=run_name(trial),
        notes=trial.note or None,
        tags=[str(part)[:64] for part in (trial.status, trial.reason, trial.role) if part],
        config=view.settings(trial),
        dir=str(directory),
        settings=settings,
    )
    for step, values in _values_by_step(reader, trial):
        run.log(values, step=step)
    for metric, value in (trial.values or {}).items():
        run.summary[f"value/{metric}"] = value
    run.finish(exit_code=0 if trial.status is TrialStatus.COMPLETE else 1)


def _values_by_step(reader: StoreReader, trial: Trial) -> list[tuple[int, dict[str, float]]]:
    values_by_step: dict[int, dict[str, float]] = defaultdict(dict)
    for name in reader.metric_names(trial.number):
        for step, value, _ in reader.curve(trial.number, name):
            if step >= 0 and not math.isnan(value):  # W&B would drop a NaN of the history
                values_by_step[step][name] = value
    return sorted(values_by_step.items())

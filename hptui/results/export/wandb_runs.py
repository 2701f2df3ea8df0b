"""Trials as offline W&B runs, which `wandb sync` sends where their owner wants them. Nothing is sent from here."""

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
from hptui.storage.reader import Reader


def write_wandb(view: View, reader: Reader, trials: Sequence[Trial], directory: Path) -> list[Path]:
    """Write a run per trial that has started; which run folders there are now."""
    try:
        import wandb
    except ModuleNotFoundError:
        raise Unsupported("wandb is not installed here", hint="pip install wandb, then export again") from None
    directory.mkdir(parents=True, exist_ok=True)
    before = set(directory.glob("wandb/offline-run-*"))
    try:
        for trial in trials:
            if trial.started is not None:
                _run(wandb, view, reader, trial, directory)
    finally:
        wandb.teardown()
    return sorted(set(directory.glob("wandb/offline-run-*")) - before)


def _run(wandb: Any, view: View, reader: Reader, trial: Trial, directory: Path) -> None:
    """One run. Of this machine and its user it says nothing."""
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
        id=f"{view.row.uuid[:8]}-{trial.number}",  # exported twice, it is the same run
        name=run_name(trial),
        notes=trial.note or None,
        tags=[str(part)[:64] for part in (trial.status, trial.reason, trial.role) if part],
        config=view.settings(trial),
        dir=str(directory),
        settings=settings,
    )
    for step, values in _by_step(reader, trial):
        run.log(values, step=step)
    for metric, value in (trial.values or {}).items():
        run.summary[f"value/{metric}"] = value
    run.finish(exit_code=0 if trial.status is TrialStatus.COMPLETE else 1)


def _by_step(reader: Reader, trial: Trial) -> list[tuple[int, dict[str, float]]]:
    found: dict[int, dict[str, float]] = defaultdict(dict)
    for name in reader.metric_names(trial.number):
        for step, value, _ in reader.curve(trial.number, name):
            if step >= 0 and not math.isnan(value):  # W&B has no word for NaN in a history that it will not drop
                found[step][name] = value
    return sorted(found.items())

"""Trials as runs of experiment trackers: TensorBoard event files and offline W&B runs. Nothing is sent.

TensorBoard stores 32-bit floats; the store and the other exports keep the measured values."""

from __future__ import annotations

import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from hptui.core.errors import Unsupported
from hptui.core.study import Study
from hptui.core.trial import CURVE_INCOMPLETE, Trial, TrialStatus
from hptui.results.export.text_formats import argument_text, write_atomically
from hptui.results.view import View
from hptui.store.reader import StoreReader

HPARAMS_STATUS = {TrialStatus.COMPLETE: "STATUS_SUCCESS", TrialStatus.RUNNING: "STATUS_RUNNING"}
"""Status of a run; all others are STATUS_FAILURE."""


def write_tensorboard(view: View, reader: StoreReader, trials: Sequence[Trial], directory: Path) -> list[Path]:
    """Write a folder per started trial, and the study's own file; return the files written."""
    started = [trial for trial in trials if trial.started is not None]
    written = [_write_events(directory, view.row.created, _experiment_events(view, started))]
    for trial in started:
        started_at = trial.started or trial.created
        events = [*_hyperparameter_events(view, trial), *_curve_events(reader, trial), *_end_events(view.study, trial)]
        written.append(_write_events(directory / run_name(trial), started_at, events))
    return written


def run_name(trial: Trial) -> str:
    """Return the name of a trial's run: sorted by number, and valid as the name of a folder."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", trial.name)[:64]
    return f"{trial.number:04d}" + (f"-{name}" if name else "")


def _write_events(folder: Path, started_at: float, events: Iterable[Event]) -> Path:
    path = folder / f"events.out.tfevents.{int(started_at):010d}.hptui"
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    writer.write(Event(wall_time=started_at, file_version="brain.Event:2").SerializeToString())
    for event in events:
        writer.write(event.SerializeToString())
    write_atomically(path, buffer.getvalue())
    return path


def _curve_events(reader: StoreReader, trial: Trial) -> Iterator[Event]:
    started_at = trial.started or trial.created
    for name in reader.metric_names(trial.number):
        for step, value, seconds in reader.curve(trial.number, name):
            scalar = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            yield Event(wall_time=started_at + seconds, step=step, summary=scalar)


def _experiment_events(view: View, trials: Sequence[Trial]) -> list[Event]:
    """Return the event that declares hyperparameters and metrics of the table of runs."""
    names = dict.fromkeys(name for trial in trials for name in view.settings(trial))
    varied = {name for trial in trials for name in trial.params}
    marked = (
        [api_pb2.HParamInfo(name=CURVE_INCOMPLETE, type=api_pb2.DATA_TYPE_STRING)]
        if any(map(_incomplete, trials))
        else []
    )
    experiment = api_pb2.Experiment(
        name=view.study.name,
        description=view.study.about,
        time_created_secs=view.row.created,
        hparam_infos=[
            api_pb2.HParamInfo(
                name=name, type=_data_type([view.settings(trial).get(name) for trial in trials]), differs=name in varied
            )
            for name in names
        ]
        + marked,
        metric_infos=[
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=f"value/{objective.metric}"), display_name=objective.metric)
            for objective in view.study.objectives
        ],
    )
    return [_plugin_event(metadata.EXPERIMENT_TAG, view.row.created, experiment=experiment)]


def _hyperparameter_events(view: View, trial: Trial) -> list[Event]:
    started_at = trial.started or trial.created
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=started_at, group_name=run_name(trial))
    for name, value in view.settings(trial).items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            start.hparams[name].number_value = value
        elif value is not None:
            start.hparams[name].string_value = argument_text(value)
    if trial.incomplete_curve:
        start.hparams[CURVE_INCOMPLETE].string_value = trial.incomplete_curve
    return [_plugin_event(metadata.SESSION_START_INFO_TAG, started_at, session_start_info=start)]


def _end_events(study: Study, trial: Trial) -> Iterator[Event]:
    """Yield the objectives of a complete trial, and its status."""
    ended_at = trial.ended or trial.started or trial.created
    for objective in study.objectives:
        if (value := (trial.values or {}).get(objective.metric)) is not None:
            scalar = Summary(value=[Summary.Value(tag=f"value/{objective.metric}", simple_value=value)])
            yield Event(wall_time=ended_at, step=trial.last_step or 0, summary=scalar)
    if trial.ended is not None:
        status = api_pb2.Status.Value(HPARAMS_STATUS.get(trial.status, "STATUS_FAILURE"))
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=trial.ended)
        yield _plugin_event(metadata.SESSION_END_INFO_TAG, ended_at, session_end_info=end)


def _plugin_event(tag: str, time: float, **data: Any) -> Event:
    metadata_of_plugin = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data))
    value = Summary.Value(tag=tag, metadata=metadata_of_plugin, tensor=metadata.NULL_TENSOR)
    return Event(wall_time=time, summary=Summary(value=[value]))


def _data_type(values: Sequence[Any]) -> Any:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return api_pb2.DATA_TYPE_BOOL
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
    return api_pb2.DATA_TYPE_FLOAT64 if present and numbers else api_pb2.DATA_TYPE_STRING


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
        tags=[str(part)[:64] for part in (trial.status, trial.reason, trial.role, _incomplete(trial)) if part],
        config=view.settings(trial),
        dir=str(directory),
        settings=settings,
    )
    for step, values in _values_by_step(reader, trial):
        run.log(values, step=step)
    for metric, value in (trial.values or {}).items():
        run.summary[f"value/{metric}"] = value
    run.finish(exit_code=0 if trial.status is TrialStatus.COMPLETE else 1)


def _incomplete(trial: Trial) -> str:
    return CURVE_INCOMPLETE if trial.incomplete_curve else ""


def _values_by_step(reader: StoreReader, trial: Trial) -> list[tuple[int, dict[str, float]]]:
    values_by_step: dict[int, dict[str, float]] = defaultdict(dict)
    for name in reader.metric_names(trial.number):
        for step, value, _ in reader.curve(trial.number, name):
            if step >= 0 and not math.isnan(value):  # W&B would drop a NaN of the history
                values_by_step[step][name] = value
    return sorted(values_by_step.items())

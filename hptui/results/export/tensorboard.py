"""TensorBoard event files: a run per trial with its curves and hyperparameters. Nothing is trained or sampled anew.

TensorBoard keeps 32-bit floats; the store and the other exports keep what was measured.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus
from hptui.results.export.files import save
from hptui.results.export.shell_text import word
from hptui.results.view import View
from hptui.storage.reader import Reader

STATES = {TrialStatus.COMPLETE: "STATUS_SUCCESS", TrialStatus.RUNNING: "STATUS_RUNNING"}


def write_tensorboard(view: View, reader: Reader, trials: Sequence[Trial], directory: Path) -> list[Path]:
    """Write a folder per trial that has started, and the study's own; which files were written."""
    started = [trial for trial in trials if trial.started is not None]
    written = [_write(directory, view.row.created, _experiment(view, started))]
    for trial in started:
        begun = trial.started or trial.created
        events = [*_hyperparameters(view, trial), *_curves(reader, trial), *_end(view.study, trial)]
        written.append(_write(directory / run_name(trial), begun, events))
    return written


def run_name(trial: Trial) -> str:
    """What a trial is called among runs: sorted by number, and a plain name of a folder."""
    said = re.sub(r"[^A-Za-z0-9._-]+", "-", trial.name)[:64]
    return f"{trial.number:04d}" + (f"-{said}" if said else "")


def _write(folder: Path, begun: float, events: Iterable[Event]) -> Path:
    path = folder / f"events.out.tfevents.{int(begun):010d}.hptui"
    data = io.BytesIO()
    writer = RecordWriter(data)
    writer.write(Event(wall_time=begun, file_version="brain.Event:2").SerializeToString())
    for event in events:
        writer.write(event.SerializeToString())
    save(path, data.getvalue())
    return path


def _curves(reader: Reader, trial: Trial) -> Iterator[Event]:
    begun = trial.started or trial.created
    for name in reader.metric_names(trial.number):
        for step, value, seconds in reader.curve(trial.number, name):
            scalar = Summary(value=[Summary.Value(tag=name, simple_value=value)])
            yield Event(wall_time=begun + seconds, step=step, summary=scalar)


def _experiment(view: View, trials: Sequence[Trial]) -> list[Event]:
    """Which hyperparameters and measures the table of runs shows."""
    names = dict.fromkeys(name for trial in trials for name in view.settings(trial))
    varied = {name for trial in trials for name in trial.params}
    about = api_pb2.Experiment(
        name=view.study.name,
        description=view.study.about,
        time_created_secs=view.row.created,
        hparam_infos=[
            api_pb2.HParamInfo(
                name=name, type=_kind([view.settings(trial).get(name) for trial in trials]), differs=name in varied
            )
            for name in names
        ],
        metric_infos=[
            api_pb2.MetricInfo(name=api_pb2.MetricName(tag=f"value/{objective.metric}"), display_name=objective.metric)
            for objective in view.study.objectives
        ],
    )
    return [_plugin(metadata.EXPERIMENT_TAG, view.row.created, experiment=about)]


def _hyperparameters(view: View, trial: Trial) -> list[Event]:
    begun = trial.started or trial.created
    start = plugin_data_pb2.SessionStartInfo(start_time_secs=begun, group_name=run_name(trial))
    for name, value in view.settings(trial).items():
        if isinstance(value, bool):
            start.hparams[name].bool_value = value
        elif isinstance(value, int | float):
            start.hparams[name].number_value = value
        elif value is not None:
            start.hparams[name].string_value = word(value)
    return [_plugin(metadata.SESSION_START_INFO_TAG, begun, session_start_info=start)]


def _end(study: Study, trial: Trial) -> Iterator[Event]:
    """The objectives of a complete trial, and how it ended."""
    at = trial.ended or trial.started or trial.created
    for objective in study.objectives:
        if (value := (trial.values or {}).get(objective.metric)) is not None:
            scalar = Summary(value=[Summary.Value(tag=f"value/{objective.metric}", simple_value=value)])
            yield Event(wall_time=at, step=trial.last_step or 0, summary=scalar)
    if trial.ended is not None:
        status = api_pb2.Status.Value(STATES.get(trial.status, "STATUS_FAILURE"))
        end = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=trial.ended)
        yield _plugin(metadata.SESSION_END_INFO_TAG, at, session_end_info=end)


def _plugin(tag: str, at: float, **data: Any) -> Event:
    about = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**data))
    value = Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)
    return Event(wall_time=at, summary=Summary(value=[value]))


def _kind(values: Sequence[Any]) -> Any:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return api_pb2.DATA_TYPE_BOOL
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    return api_pb2.DATA_TYPE_FLOAT64 if known and numbers else api_pb2.DATA_TYPE_STRING

"""For training scripts: `hptui.report(step, loss=0.5)`, `hptui.should_stop()`, and `HptuiCallback` for transformers.

Outside of a trial these do nothing. Standard library only, and independent of the rest of hptui: in a script whose
environment lacks hptui, this file alone is loaded.
"""

from __future__ import annotations

import os
from typing import Any

REPORT_VARIABLE, STOP_VARIABLE = "HPTUI_REPORT", "HPTUI_STOP"
"""Environment variables: the file to append records to, and the file whose existence requests the end."""

_file: tuple[int, int] | None = None
_has_announced = False


def report(
    step: Any,
    metrics: Any = None,
    *,
    progress: float | None = None,
    total_steps: int | None = None,
    **more: Any,
) -> None:
    """Record metrics at a step: `report(100, loss=0.5)` or `report(100, {"eval/loss": 0.5})`.

    A pair of whole numbers is a proportion with its counts: `accuracy=(9830, 10000)`. Pruners need to know the progress
    of the training: give `total_steps`, or `progress` from 0 to 1. In distributed training the process of the lowest
    rank that reports a metric counts. It never raises: what is no number is a warning of the trial. Outside of a trial,
    this does nothing.
    """
    if active():
        send("report", step, metrics, progress, total_steps, more)


def should_stop() -> bool:
    """Return whether the training should end now: save a checkpoint and leave the training loop.

    It is true when the trial is to be paused, pruned or stopped; always false outside of a trial. Call it once per
    step.
    """
    global _has_announced
    if not active() or rank():
        return False
    if not _has_announced:
        _has_announced = True
        write({"k": "cooperates"})
    return os.path.exists(os.environ.get(STOP_VARIABLE, ""))


RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK")
"""Variables with the rank of a process: of torch (accelerate, too), srun, Open MPI, other MPIs."""


def active() -> bool:
    """Return whether this process belongs to a trial."""
    return REPORT_VARIABLE in os.environ


def rank() -> int:
    """Return the rank of this process; 0 if it is alone."""
    return next((int(text) for name in RANK_VARIABLES if (text := os.environ.get(name, "")).isdecimal()), 0)


def world() -> int:
    """Return the number of processes that train together, as far as this one knows it."""
    size = os.environ.get("WORLD_SIZE", "") if "RANK" in os.environ else ""
    return max(int(size) if size.isdecimal() else 1, rank() + 1)


def send(source: str, step: Any, metrics: Any, progress: Any = None, total: Any = None, more: Any = None) -> None:
    """Append a record of metrics. What is not a number is listed in `odd`; nothing raises.

    Without a valid step, the metrics belong to the step that was last reported.
    """
    import contextlib  # nothing is loaded in a script that does not use it

    record: dict[str, Any] = {"k": "metrics", "source": source, "m": {}, "odd": []}
    with contextlib.suppress(Exception):  # the arguments may be any objects, with any errors
        for values in (metrics, more):
            _take(record, values)
        for key, name, value in (("s", "step", step), ("total", "total_steps", total)):
            if value is not None:
                _keep(record, record, key, name, value, _whole)
        if progress is not None:
            _keep(record, record, "p", "progress", progress, _share)
    if record["m"] or record["odd"] or len(record) > 4:
        write(record)


def _take(record: dict[str, Any], metrics: Any) -> None:
    if metrics is None:
        return
    try:
        entries = list(metrics.items())
    except Exception:  # noqa: BLE001  not a mapping
        record["odd"].append(_text(metrics))
        return
    for name, value in entries:
        _keep(record, record["m"], _text(name, 400), _text(name), value, _number)


def _keep(record: dict[str, Any], where: Any, key: str, name: str, value: Any, read: Any) -> None:
    try:
        where[key] = read(value)
    except Exception:  # noqa: BLE001  the value may be any object, with any error
        record["odd"].append(f"{name} = {_text(value)}")


def _text(value: Any, most: int = 60) -> str:
    try:
        return str(value)[:most]
    except Exception:  # noqa: BLE001  its own `__str__` fails
        return type(value).__name__


def _number(value: Any) -> Any:
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return [int(value[0]), int(value[1])]
    if hasattr(value, "k") and hasattr(value, "n"):
        return [int(value.k), int(value.n)]
    if isinstance(value, str):
        raise TypeError(value)
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, str):
        raise TypeError(value)
    number = int(value)
    if not -(1 << 62) < number < 1 << 62:
        raise ValueError(value)
    return number


def _share(value: Any) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(value)
    return number


def write(record: Any) -> None:
    """Append a record as one line, in one write, so that several processes may append.

    Where there are several, it names its own. An error of the disk loses the record, and the training goes on.
    """
    global _file
    import json  # nothing is loaded in a script that does not use it

    try:
        if any(name in os.environ for name in RANK_VARIABLES):
            record = {**record, "rank": rank(), "world": world(), "local_rank": os.environ.get("LOCAL_RANK", "")}
        if _file is None or _file[0] != os.getpid():
            _file = (
                os.getpid(),
                os.open(os.environ[REPORT_VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600),
            )
        os.write(_file[1], json.dumps(record).encode() + b"\n")
    except (OSError, ValueError, TypeError, KeyError):  # disk full, the directory is gone: training goes on
        pass


# transformers ---------------------------------------------------------------------------------------------------


def records_trainer(state: Any) -> bool:
    """Return whether this process records for a distributed `Trainer`."""
    return active() and not rank() and bool(getattr(state, "is_world_process_zero", True))


def record_trainer_start(source: str, args: Any, state: Any) -> None:
    """Record the arguments of a `Trainer` and its number of steps."""
    if records_trainer(state):
        settings = {name: value for name, value in vars(args).items() if isinstance(value, (bool, int, float, str))}
        write({"k": "effective", "settings": settings})
        send(source, state.global_step, {}, None, state.max_steps or None)


def record_trainer_logs(source: str, state: Any, logs: Any) -> None:
    """Record the numbers that a `Trainer` logs, in full precision.

    Those of an evaluation of other data than its own are named by these: `test_f1` for `eval_f1`.
    """
    if records_trainer(state):
        other = getattr(state, OTHER_DATA, "")
        numbers = {
            other + name[4:] if other and name.startswith("eval_") else name: value
            for name, value in (logs or {}).items()
            if isinstance(value, (int, float))
        }
        send(source, state.global_step, numbers)


OTHER_DATA, FIRST_DATA = "_hptui_other_data", "_hptui_first_data"
"""Attributes: of a trainer's state, what other data it evaluates; of a trainer without own data, its first ones."""


def name_evaluated_data(trainer_class: Any) -> None:
    """Let a class of trainers note at each evaluation whether it is of the trainer's own data."""
    import contextlib  # nothing is loaded in a script that does not use it

    get_loader = trainer_class.get_eval_dataloader
    if hasattr(get_loader, OTHER_DATA):
        return  # by the tap and a callback

    def get_eval_dataloader(self: Any, eval_dataset: Any = None, *others: Any, **options: Any) -> Any:
        with contextlib.suppress(Exception):
            setattr(self.state, OTHER_DATA, other_data(self, eval_dataset))
        return get_loader(self, eval_dataset, *others, **options)

    setattr(get_eval_dataloader, OTHER_DATA, True)
    trainer_class.get_eval_dataloader = get_eval_dataloader


def other_data(trainer: Any, data: Any) -> str:
    """Return "" for the data that a trainer is to be judged by, "train_data" or "test" for others.

    Its own come first; the first ones that it evaluates count for a trainer that has none.
    """
    own = trainer.eval_dataset
    if data is None or data is own or isinstance(data, str):
        return ""
    if is_same_data(data, trainer.train_dataset):
        return "train_data"  # the trainer itself logs a `train_loss`
    if own is None:
        own = trainer.__dict__.setdefault(FIRST_DATA, data)
    parts = list(own.values()) if isinstance(own, dict) else [own]
    return "" if any(is_same_data(data, part) for part in parts) else "test"


def is_same_data(data: Any, other: Any) -> bool:
    """Return whether two data sets are the same object, or have the same fingerprint of `datasets`."""
    mark = getattr(data, "_fingerprint", None)
    return data is other or (mark is not None and mark == getattr(other, "_fingerprint", None))


def stop_trainer_if_requested(state: Any, control: Any) -> None:
    """Make a `Trainer` save a checkpoint and end after this step if hptui requests it."""
    if active() and should_stop():
        control.should_save = True
        control.should_training_stop = True


def _callback() -> type:
    from transformers import Trainer, TrainerCallback

    class HptuiCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # transformers may be untyped
        """Records what a transformers `Trainer` logs, and ends its training when hptui requests it.

        Pass it as `Trainer(..., callbacks=[HptuiCallback()])`. A checkpoint is saved before the training ends. Outside
        of a trial it does nothing.
        """

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            name_evaluated_data(Trainer)
            record_trainer_start("report", args, state)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            record_trainer_logs("report", state, logs)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            stop_trainer_if_requested(state, control)

    return HptuiCallback


def __getattr__(name: str) -> Any:
    if name == "HptuiCallback":
        globals()[name] = _callback()
        return globals()[name]
    raise AttributeError(f"module 'hptui' has no attribute {name!r}")

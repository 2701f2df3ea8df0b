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
    of the training: give `total_steps`, or `progress` from 0 to 1. In distributed training only the process with RANK 0
    records. Outside of a trial, this does nothing.
    """
    if active():
        send("report", step, {**(metrics or {}), **more}, progress, total_steps)


def should_stop() -> bool:
    """Return whether the training should end now: save a checkpoint and leave the training loop.

    It is true when the trial is to be paused, pruned or stopped; always false outside of a trial. Call it once per
    step.
    """
    global _has_announced
    if not active():
        return False
    if not _has_announced:
        _has_announced = True
        write({"k": "cooperates"})
    return os.path.exists(os.environ.get(STOP_VARIABLE, ""))


def active() -> bool:
    """Return whether this process records metrics: it belongs to a trial and has RANK 0."""
    return REPORT_VARIABLE in os.environ and os.environ.get("RANK", "0") == "0"


def send(source: str, step: Any, metrics: Any, progress: Any = None, total: Any = None) -> None:
    """Append a record of metrics. A value that is not a number is listed in `odd` instead of raising."""
    record: dict[str, Any] = {"k": "metrics", "source": source, "m": {}, "odd": []}
    for name, value in metrics.items():
        try:
            record["m"][str(name)] = _number(value)
        except Exception:  # noqa: BLE001  the value may be any object, with any error
            record["odd"].append(f"{name} = {str(value)[:60]}")
    for key, value in (("s", step), ("total", total)):
        if value is not None:
            record[key] = int(value)
    if progress is not None:
        record["p"] = float(progress)
    write(record)


def _number(value: Any) -> Any:
    if isinstance(value, tuple | list) and len(value) == 2:
        return [int(value[0]), int(value[1])]
    if hasattr(value, "k") and hasattr(value, "n"):
        return [int(value.k), int(value.n)]
    if isinstance(value, str):
        raise TypeError(value)
    return float(value)


def write(record: Any) -> None:
    """Append a record as one line, in one write, so that several processes may append.

    An error of the disk loses the record but does not interrupt the training.
    """
    global _file
    import json  # nothing is loaded in a script that does not use it

    try:
        if _file is None or _file[0] != os.getpid():
            _file = (
                os.getpid(),
                os.open(os.environ[REPORT_VARIABLE], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600),
            )
        os.write(_file[1], json.dumps(record).encode() + b"\n")
    except OSError:  # disk full, or the directory is gone: training goes on
        pass


# transformers ---------------------------------------------------------------------------------------------------


def records_trainer(state: Any) -> bool:
    """Return whether this process records for a distributed `Trainer`."""
    return active() and bool(getattr(state, "is_world_process_zero", True))


def record_trainer_start(source: str, args: Any, state: Any) -> None:
    """Record the arguments of a `Trainer` and its number of steps."""
    if records_trainer(state):
        settings = {name: value for name, value in vars(args).items() if isinstance(value, bool | int | float | str)}
        write({"k": "effective", "settings": settings})
        send(source, state.global_step, {}, None, state.max_steps or None)


def record_trainer_logs(source: str, state: Any, logs: Any) -> None:
    """Record the numbers that a `Trainer` logs, in full precision."""
    if records_trainer(state):
        numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        send(source, state.global_step, numbers)


def stop_trainer_if_requested(state: Any, control: Any) -> None:
    """Make a `Trainer` save a checkpoint and end after this step if hptui requests it."""
    if active() and should_stop():
        control.should_save = True
        control.should_training_stop = True


def _callback() -> type:
    from transformers import TrainerCallback

    class HptuiCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # transformers may be untyped
        """Records what a transformers `Trainer` logs, and ends its training when hptui requests it.

        Pass it as `Trainer(..., callbacks=[HptuiCallback()])`. A checkpoint is saved before the training ends. Outside
        of a trial it does nothing.
        """

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
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

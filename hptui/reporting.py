"""For training scripts: `hptui.report(step, loss=0.5)`, `hptui.should_stop()`, and `HptuiCallback` for transformers.

Outside hptui each does nothing. Standard library only, and one file that also works by itself: a script whose own
environment has no hptui gets it from the tap.
"""

from __future__ import annotations

import os
from typing import Any

REPORT, STOP = "HPTUI_REPORT", "HPTUI_STOP"
"""Variables that hptui sets: the file to append to, and the file whose existence asks for the end."""

_file: tuple[int, int] | None = None
_announced = False


def report(
    step: Any,
    metrics: Any = None,
    *,
    progress: float | None = None,
    total_steps: int | None = None,
    **more: Any,
) -> None:
    """Record metrics at a step: `report(100, loss=0.5)`, `report(100, {"eval/loss": 0.5})`.

    A pair of whole numbers is a rate that keeps its counts: `accuracy=(9830, 10000)`. `total_steps` or `progress`
    (0 to 1) tell how far the training is, which pruners need. Only the first process of a distributed run is heard.
    """
    if active():
        send("report", step, {**(metrics or {}), **more}, progress, total_steps)


def should_stop() -> bool:
    """Whether the trial is to be paused, pruned or stopped: save a checkpoint and leave the training loop."""
    global _announced
    if not active():
        return False
    if not _announced:
        _announced = True
        write({"k": "cooperates"})
    return os.path.exists(os.environ.get(STOP, ""))


def active() -> bool:
    """Whether this process is heard by hptui."""
    return REPORT in os.environ and os.environ.get("RANK", "0") == "0"


def send(source: str, step: Any, metrics: Any, progress: Any = None, total: Any = None) -> None:
    """Append one record of metrics. What is no number is left out, and said: it is not worth a training."""
    record: dict[str, Any] = {"k": "metrics", "source": source, "m": {}, "odd": []}
    for name, value in metrics.items():
        try:
            record["m"][str(name)] = _number(value)
        except Exception:  # noqa: BLE001  the metric may be any object at all
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
    """Append a line in one piece, so that several processes may. A full disk costs the record, not the training."""
    global _file
    import json

    try:
        if _file is None or _file[0] != os.getpid():
            _file = (
                os.getpid(),
                os.open(os.environ[REPORT], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600),
            )
        os.write(_file[1], json.dumps(record).encode() + b"\n")
    except OSError:
        pass


# transformers ---------------------------------------------------------------------------------------------------


def heard(state: Any) -> bool:
    """Whether this process speaks for a distributed `Trainer`."""
    return active() and bool(getattr(state, "is_world_process_zero", True))


def trainer_begins(source: str, args: Any, state: Any) -> None:
    """Tell how many steps a `Trainer` will train, and with which arguments."""
    if heard(state):
        known = {name: value for name, value in vars(args).items() if isinstance(value, bool | int | float | str)}
        write({"k": "effective", "settings": known})
        send(source, state.global_step, {}, None, state.max_steps or None)


def trainer_logs(source: str, state: Any, logs: Any) -> None:
    """Hand on what a `Trainer` logs, in full precision."""
    if heard(state):
        numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        send(source, state.global_step, numbers)


def trainer_steps(state: Any, control: Any) -> None:
    """End a `Trainer`'s training after this step, with a checkpoint, when hptui asks for it."""
    if active() and should_stop():
        control.should_save = True
        control.should_training_stop = True


def _callback() -> type:
    from transformers import TrainerCallback

    class HptuiCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]  # transformers may be untyped
        """Reports what a `Trainer` logs, and ends its training with a checkpoint when hptui asks for it."""

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            trainer_begins("report", args, state)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            trainer_logs("report", state, logs)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            trainer_steps(state, control)

    return HptuiCallback


def __getattr__(name: str) -> Any:
    if name == "HptuiCallback":
        globals()[name] = _callback()
        return globals()[name]
    raise AttributeError(f"module 'hptui' has no attribute {name!r}")

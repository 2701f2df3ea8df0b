"""The tap: Python imports this at the start of every script that hptui runs, because its directory is on PYTHONPATH.

It hands the script's own `sitecustomize` on, waits until `transformers` or `wandb` are imported, and then listens to
what they log. It must never break a script: whatever goes wrong here is silent, and the output is read instead.
Runs in the user's environment: standard library only, nothing of hptui but the file `reporting.py`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTING = os.path.join(HERE, "..", "..", "..", "reporting.py")


def own_sitecustomize() -> None:
    """Run the `sitecustomize` that this one stands in front of."""
    import importlib
    import importlib.util

    me = sys.modules.pop("sitecustomize", None)
    places = list(sys.path)
    sys.path[:] = [place for place in places if os.path.abspath(place or ".") != HERE]
    try:
        if importlib.util.find_spec("sitecustomize") is not None:
            importlib.import_module("sitecustomize")
        elif me is not None:
            sys.modules["sitecustomize"] = me
    finally:
        sys.path[:] = [place for place in places if os.path.abspath(place or ".") != HERE]


def reporting(name: str = "_hptui_reporting") -> Any:
    """`reporting.py` as a module, loaded once under each name."""
    import importlib.util

    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPORTING)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def listen_to_trainer(module: Any) -> None:
    """`transformers.trainer_callback` has been imported."""
    report, handler = reporting(), module.CallbackHandler
    begin, log, step = handler.on_train_begin, handler.on_log, handler.on_step_end

    def on_train_begin(self: Any, args: Any, state: Any, control: Any, *rest: Any, **more: Any) -> Any:
        quietly(report.trainer_begins, "tap transformers", args, state)
        return begin(self, args, state, control, *rest, **more)

    def on_log(self: Any, args: Any, state: Any, control: Any, logs: Any, *rest: Any, **more: Any) -> Any:
        quietly(report.trainer_logs, "tap transformers", state, logs)
        return log(self, args, state, control, logs, *rest, **more)

    def on_step_end(self: Any, args: Any, state: Any, control: Any, *rest: Any, **more: Any) -> Any:
        told = step(self, args, state, control, *rest, **more)
        quietly(report.trainer_steps, state, control)
        return told

    handler.on_train_begin, handler.on_log, handler.on_step_end = on_train_begin, on_log, on_step_end


def listen_to_wandb(module: Any) -> None:
    """`wandb.sdk.wandb_run` has been imported."""
    report, log = reporting(), module.Run.log
    steps: dict[int, int] = {}

    def heard(run: Any, data: Any, step: Any, commit: Any) -> None:
        if not report.active():
            return
        number = steps.get(id(run), 0) if step is None else int(step)
        steps[id(run)] = number + (commit is not False and step is None) if step is None else number
        numbers = {name: value for name, value in flat(data) if not isinstance(value, str)}
        said = next((numbers[name] for name in numbers if name.rpartition("/")[2] in ("global_step", "step")), number)
        report.send("tap wandb", said, {name: value for name, value in numbers.items() if is_number(value)})

    def log_and_tell(self: Any, data: Any, step: Any = None, commit: Any = None, *rest: Any, **more: Any) -> Any:
        quietly(heard, self, data, step, commit)
        return log(self, data, step, commit, *rest, **more)

    module.Run.log = log_and_tell


def flat(data: Any, above: str = "") -> Any:
    """Nested mappings as W&B names their values: `a.b`."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def is_number(value: Any) -> bool:
    """A plain number, or one of NumPy's or torch's."""
    return isinstance(value, int | float) or (getattr(value, "ndim", None) == 0 and hasattr(value, "item"))


def quietly(what: Any, *arguments: Any) -> None:
    """Call something whose failure is no business of the script."""
    import contextlib

    with contextlib.suppress(Exception):
        what(*arguments)


HEARD = {"transformers.trainer_callback": listen_to_trainer, "wandb.sdk.wandb_run": listen_to_wandb}


class Finder:
    """Finds what others find, and looks at some modules once they are loaded. Lends `hptui` to who has none."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in HEARD or name in self._busy:
            return None
        import importlib.util

        self._busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy.discard(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def load(module: Any) -> None:
                execute(module)
                quietly(HEARD[name], module)

            spec.loader.exec_module = load  # type: ignore[method-assign]
        return spec


class Lender:
    """`import hptui` in an environment without hptui gets `report`, `should_stop` and `HptuiCallback`."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "hptui":
            return None
        import importlib.util

        return importlib.util.spec_from_file_location("hptui", REPORTING)


def packages() -> None:
    """Say which packages the script has imported, as it ends."""
    third = [
        name for name in list(sys.modules) if not ("." in name or name[0] == "_" or name in sys.stdlib_module_names)
    ]
    known = {name: said for name in third if isinstance(said := version(name, sys.modules[name]), str)}
    if known:
        reporting().write({"k": "packages", "packages": known})


def version(name: str, module: Any) -> Any:
    """The version of a package. One that loads its parts lazily is not asked: it would import them."""
    if type(module) is type(sys):
        return vars(module).get("__version__")
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except Exception:  # noqa: BLE001  there may be none of that name
        return None


def begin() -> None:
    """Say that the tap is there, and wait."""
    if "HPTUI_REPORT" not in os.environ:
        return
    if "HPTUI_TAP" in os.environ:
        sys.meta_path.insert(0, Finder())
        import atexit

        atexit.register(quietly, packages)
        reporting().write({"k": "tap", "python": sys.version.split()[0], "executable": sys.executable})
    sys.meta_path.append(Lender())


quietly(begin)
own_sitecustomize()

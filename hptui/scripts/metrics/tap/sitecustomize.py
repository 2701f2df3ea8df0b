"""The tap: Python imports this at the start of each script that hptui runs, because its directory is on PYTHONPATH.

It imports the script's own `sitecustomize`, waits until `transformers`, `wandb` or `mlflow` are imported, and then
reports what they log. It must never break a script: errors here are silent, and metrics are read from the output
instead. It runs in the user's environment, with the standard library and the file `reporting.py` only.
"""

from __future__ import annotations

import os
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTING = os.path.join(HERE, "..", "..", "..", "reporting.py")


def import_hidden_sitecustomize() -> None:
    """Import the `sitecustomize` that this one hides, and take this directory off `sys.path`."""
    import importlib  # nothing is loaded in a script that does not use it
    import importlib.util  # nothing is loaded in a script that does not use it

    this_module = sys.modules.pop("sitecustomize", None)
    paths = list(sys.path)
    sys.path[:] = [path for path in paths if os.path.abspath(path or ".") != HERE]
    try:
        if importlib.util.find_spec("sitecustomize") is not None:
            importlib.import_module("sitecustomize")
        elif this_module is not None:
            sys.modules["sitecustomize"] = this_module
    finally:
        sys.path[:] = [path for path in paths if os.path.abspath(path or ".") != HERE]


def load_reporting(name: str = "_hptui_reporting") -> Any:
    """Return `reporting.py` as a module, loaded once under each name."""
    import importlib.util  # nothing is loaded in a script that does not use it

    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, REPORTING)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def patch_trainer(module: Any) -> None:
    """Wrap the callbacks of `transformers.trainer_callback`, which has just been imported."""
    report, handler = load_reporting(), module.CallbackHandler
    begin, log, step = handler.on_train_begin, handler.on_log, handler.on_step_end

    def on_train_begin(self: Any, args: Any, state: Any, control: Any, *others: Any, **options: Any) -> Any:
        ignore_errors(report.record_trainer_start, "tap transformers", args, state)
        return begin(self, args, state, control, *others, **options)

    def on_log(self: Any, args: Any, state: Any, control: Any, logs: Any, *others: Any, **options: Any) -> Any:
        ignore_errors(report.record_trainer_logs, "tap transformers", state, logs)
        return log(self, args, state, control, logs, *others, **options)

    def on_step_end(self: Any, args: Any, state: Any, control: Any, *others: Any, **options: Any) -> Any:
        result = step(self, args, state, control, *others, **options)
        ignore_errors(report.stop_trainer_if_requested, state, control)
        return result

    handler.on_train_begin, handler.on_log, handler.on_step_end = on_train_begin, on_log, on_step_end


def patch_evaluations(module: Any) -> None:
    """Wrap the evaluations of `transformers.trainer`, so that those of other data are named apart."""
    load_reporting().name_evaluated_data(module.Trainer)


def patch_wandb(module: Any) -> None:
    """Wrap `Run.log` of `wandb.sdk.wandb_run`, which has just been imported."""
    report, log = load_reporting(), module.Run.log
    steps: dict[int, int] = {}

    def send_log(run: Any, data: Any, step: Any, commit: Any) -> None:
        if not report.active():
            return
        number = steps.get(id(run), 0) if step is None else int(step)
        steps[id(run)] = number + (commit is not False and step is None) if step is None else number
        numbers = {name: value for name, value in flatten(data) if not isinstance(value, str)}
        step_of_log = next(
            (numbers[name] for name in numbers if name.rpartition("/")[2] in ("global_step", "step")), number
        )
        report.send("tap wandb", step_of_log, {name: value for name, value in numbers.items() if is_number(value)})

    def log_and_send(self: Any, data: Any, step: Any = None, commit: Any = None, *others: Any, **options: Any) -> Any:
        ignore_errors(send_log, self, data, step, commit)
        return log(self, data, step, commit, *others, **options)

    module.Run.log = log_and_send


def flatten(data: Any, prefix: str = "") -> Any:
    """Yield the values of nested mappings by the names that W&B gives them: `a.b`."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def is_number(value: Any) -> bool:
    """Return whether a value is a plain number, or one of NumPy or torch."""
    return isinstance(value, (int, float)) or (getattr(value, "ndim", None) == 0 and hasattr(value, "item"))


def ignore_errors(function: Any, *arguments: Any) -> None:
    """Call a function and ignore its errors, which must not reach the script."""
    import contextlib  # nothing is loaded in a script that does not use it

    with contextlib.suppress(Exception):
        function(*arguments)


def patch_mlflow(module: Any) -> None:
    """Wrap `log_metric` and `log_metrics` of `mlflow.tracking.fluent`, which has just been imported."""
    report, log_metric, log_metrics = load_reporting(), module.log_metric, module.log_metrics
    steps: dict[str, int] = {}

    def send(metrics: Any, step: Any) -> None:
        if not report.active():
            return
        for name, value in dict(metrics).items():
            number = steps.get(name, 0) if step is None else int(step)
            steps[name] = number + 1
            if is_number(value):
                report.send("tap mlflow", number, {name: value})

    def log_metric_and_send(key: Any, value: Any, step: Any = None, *others: Any, **options: Any) -> Any:
        ignore_errors(send, {key: value}, step)
        return log_metric(key, value, step, *others, **options)

    def log_metrics_and_send(metrics: Any, step: Any = None, *others: Any, **options: Any) -> Any:
        ignore_errors(send, metrics, step)
        return log_metrics(metrics, step, *others, **options)

    module.log_metric, module.log_metrics = log_metric_and_send, log_metrics_and_send


PATCHES = {
    "transformers.trainer_callback": patch_trainer,
    "transformers.trainer": patch_evaluations,
    "wandb.sdk.wandb_run": patch_wandb,
    "mlflow.tracking.fluent": patch_mlflow,
}


class PatchingFinder:
    """Finds modules as others do, and patches the modules of the table above once they are loaded."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in PATCHES or name in self._busy:
            return None
        import importlib.util  # nothing is loaded in a script that does not use it

        self._busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._busy.discard(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def load(module: Any) -> None:
                execute(module)
                ignore_errors(PATCHES[name], module)

            spec.loader.exec_module = load  # type: ignore[method-assign]
        return spec


class ReportingFinder:
    """Provides `import hptui` in an environment without hptui: `report`, `should_stop` and `HptuiCallback`."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "hptui":
            return None
        import importlib.util  # nothing is loaded in a script that does not use it

        return importlib.util.spec_from_file_location("hptui", REPORTING)


def report_packages() -> None:
    """Report the versions of the packages that the script has imported, as it ends."""
    standard = getattr(sys, "stdlib_module_names", sys.builtin_module_names)  # Python below 3.10 has no list of them
    names = [name for name in list(sys.modules) if not ("." in name or name[0] == "_" or name in standard)]
    versions = {
        name: found_version for name in names if isinstance(found_version := version_of(name, sys.modules[name]), str)
    }
    if versions:
        load_reporting().write({"k": "packages", "packages": versions})


def report_variables() -> None:
    """Report which GPUs the script could see as it ends: it, or what started it, may have set them."""
    values = {name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER") if name in os.environ}
    if values:
        load_reporting().write({"k": "variables", "variables": values})


def version_of(name: str, module: Any) -> Any:
    """Return the version of a package.

    The attribute of one that loads its parts lazily is not read: that would import them.
    """
    if type(module) is type(sys):
        return vars(module).get("__version__")
    import importlib.metadata  # nothing is loaded in a script that does not use it

    try:
        return importlib.metadata.version(name)
    except Exception:  # noqa: BLE001  a module's name may be that of no package
        return None


def give_config_copy() -> None:
    """Let the script read the trial's copy of a file of settings whose path stands in the script."""
    import importlib.util  # nothing is loaded in a script that does not use it
    import json  # nothing is loaded in a script that does not use it

    spec = importlib.util.spec_from_file_location("_hptui_config_copy", os.path.join(HERE, "config_copy.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.install(*json.loads(os.environ["HPTUI_CONFIG_COPY"]))


def install() -> None:
    """Report that the tap is loaded, and install the finders."""
    if "HPTUI_REPORT" not in os.environ:
        return
    if "HPTUI_CONFIG_COPY" in os.environ:
        ignore_errors(give_config_copy)  # hptui sees that the copy was not read
    if "HPTUI_TAP" in os.environ:
        sys.meta_path.insert(0, PatchingFinder())
        import atexit  # nothing is loaded in a script that does not use it

        atexit.register(ignore_errors, report_packages)
        atexit.register(ignore_errors, report_variables)
        load_reporting().write({"k": "tap", "python": sys.version.split()[0], "executable": sys.executable})
    sys.meta_path.append(ReportingFinder())


ignore_errors(install)
import_hidden_sitecustomize()

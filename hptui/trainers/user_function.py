"""A user's own trainer: `module:function` or `file.py:function`, next to the study file or installed.

    def train(learning_rate=1e-3, layers=4, trial=None): ...        keyword arguments with defaults are the settings
    def train(settings, trial): ...; train.Settings = MySettings    an object with a Settings dataclass

The settings that a study may give are read in a subprocess, because reading them means importing the user's module.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import os
import subprocess
import sys
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hptui.core.errors import UserError, did_you_mean
from hptui.core.keys import VALUE, Key
from hptui.core.references import resolve
from hptui.core.trial import Value
from hptui.plugins import TrainerSpec
from hptui.trainers import modules
from hptui.trainers.context import TrialContext
from hptui.trainers.failures import one_line
from hptui.trainers.settings import build, coerce, describe, key_from_json, key_to_json, setting_type

CONTEXT_PARAMETER = "trial"
"""Name of the parameter that receives the `TrialContext` and is not a setting."""

MAX_IMPORT_S = 300.0
"""Seconds within which a user's module must be imported."""


def find_trainer(kind: str, directory: str) -> Any:
    """Return the object named `module:name` or `file.py:name`; modules in `directory` come first.

    Raises: UserError if there is no such module or name.
    """
    module_name, _, name = kind.rpartition(":")
    if not module_name or not name:
        raise UserError(f"{kind!r} does not name a trainer", hint='write "module:function"')
    try:
        module = modules.load(module_name, directory)
    except ModuleNotFoundError as error:
        if error.name != module_name.partition(".")[0] and error.name != module_name:
            raise
        raise _missing_module_error(kind, directory) from error
    target = module
    for part in name.split("."):
        if not hasattr(target, part):
            names = [word for word, value in vars(module).items() if callable(value) and not word.startswith("_")]
            raise UserError(f"module {module_name!r} has no {name!r}", hint=did_you_mean(name, names))
        target = getattr(target, part)
    return target


def _missing_module_error(kind: str, directory: str) -> UserError:
    where = f"beside the study file ({directory}) or installed" if directory else "installed"
    module_name = kind.rpartition(":")[0]
    return UserError(f"there is no module {module_name!r} for the trainer {kind!r}", hint=f"it must be {where}")


def trainer_file_facts(kind: str, directory: str = "") -> dict[str, Value]:
    """Return path and SHA-256 of the file of a user's trainer that this process has loaded.

    The commit alone does not identify the code: the file may have changed since. {} where there is no file.
    """
    module_name = kind.rpartition(":")[0]
    file = modules.file_of(module_name, directory) if modules.is_file_name(module_name) else None
    path = str(file.absolute()) if file else getattr(sys.modules.get(module_name), "__file__", None)
    if not path or not Path(path).is_file():
        return {}
    return {"trainer_file": path, "trainer_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}


def schema_of(function: Any) -> dict[str, Key] | None:
    """Return the settings that a user's trainer takes; None when it takes any.

    Raises: UserError if it cannot be called, or has a positional-only parameter.
    """
    if isinstance(function, TrainerSpec):
        return settings_schema(resolve(function.settings))
    if hasattr(function, "Settings"):
        return describe(function.Settings)
    if not callable(function):
        raise UserError(f"{function!r} is no trainer: it cannot be called")
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # noqa: BLE001  annotations may name anything; without them the defaults give the types
        hints = {}
    schema = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            return None
        if name == CONTEXT_PARAMETER or parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UserError(f"the trainer's parameter {name!r} is positional-only; settings are keyword arguments")
        schema[name] = _info(parameter, hints.get(name))
    return schema


def _info(parameter: inspect.Parameter, hint: Any) -> Key:
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    type_ = setting_type(hint) if hint is not None else setting_type(type(default))
    if isinstance(default, tuple):
        default = list(default)
    try:
        json.dumps(default)
    except (TypeError, ValueError):
        type_, default = VALUE, None  # not a JSON value: only the function itself can interpret it
    return Key(parameter.name, type_, default=default, required=required)


def settings_schema(settings: Any, directory: str = "") -> dict[str, Key] | None:
    """Return the settings that a spec's `settings` stand for: a dataclass, a function, or None for any."""
    if settings is None:
        return None
    if dataclasses.is_dataclass(settings):
        return describe(typing.cast(type, settings))
    schema: dict[str, Key] | None = settings(directory)
    return schema


def bind(train: Any, settings: Any) -> Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]:
    """Return the trainer of a spec as a function of plain settings and a context.

    A class is instantiated first. Where `settings` is a dataclass, the trainer gets an instance of it.
    """
    trainer: Any = train() if isinstance(train, type) else train
    if not dataclasses.is_dataclass(settings):
        return trainer  # type: ignore[no-any-return]  # what a spec names is called as its documentation says
    make: Any = settings

    def bound(values: Mapping[str, Value], trial: TrialContext) -> Mapping[str, float]:
        return _metrics(trainer(build(make, values), trial), trial)

    if hasattr(trainer, "foresee"):
        bound.foresee = lambda values, trial: trainer.foresee(build(make, values), trial)  # type: ignore[attr-defined]
    return bound


def load(kind: str, directory: str) -> Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]:
    """Return the user's trainer as a function of settings and context, as all trainers are called."""
    function = find_trainer(kind, directory)
    if isinstance(function, TrainerSpec):
        return bind(resolve(function.train), resolve(function.settings))
    if hasattr(function, "Settings"):
        trainer = function() if isinstance(function, type) else function
        return lambda settings, trial: _metrics(trainer(build(function.Settings, settings), trial), trial)
    schema = schema_of(function)
    takes_trial = schema is None or CONTEXT_PARAMETER in inspect.signature(function).parameters

    def train(settings: Mapping[str, Value], trial: TrialContext) -> Mapping[str, float]:
        arguments = dict(settings) if schema is None else coerce(schema, settings)
        return _metrics(function(**arguments, **({CONTEXT_PARAMETER: trial} if takes_trial else {})), trial)

    return train


def _metrics(result: Any, trial: TrialContext) -> Mapping[str, float]:
    """Return a function's result as final metrics: a mapping, a number for the only objective, or None."""
    if result is None:
        return {}
    if isinstance(result, Mapping):
        return result
    try:
        number = float(result)
    except (TypeError, ValueError):
        raise UserError(f"the trainer returned {type(result).__name__}; it must be a mapping of metrics") from None
    if len(trial.objectives) != 1:
        raise UserError(f"the trainer returned one number, but there are {len(trial.objectives)} objectives")
    return {trial.objectives[0]: number}


def inspect_in_subprocess(kind: str, directory: str) -> dict[str, Key] | None:
    """Return `schema_of` a trainer, computed in a subprocess that imports the user's module.

    Raises: UserError for everything that goes wrong in the user's module, a timeout included.
    """
    if modules.is_missing(kind.rpartition(":")[0], directory):  # a report of an old study: no process for that
        raise _missing_module_error(kind, directory)
    package_root = str(Path(__file__).resolve().parents[2])
    python_path = os.pathsep.join(part for part in (os.environ.get("PYTHONPATH", ""), package_root) if part)
    try:
        process = subprocess.run(
            [sys.executable, "-B", "-m", "hptui.trainers.user_function", kind, directory],
            env={**os.environ, "PYTHONPATH": python_path},
            cwd=directory or None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MAX_IMPORT_S,  # a module may start a training or wait for input when it is imported
            check=False,
        )
        answer = json.loads(process.stdout.rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        raise UserError(f"importing the trainer {kind!r} takes more than {MAX_IMPORT_S:.0f} s") from None
    except ValueError:
        raise UserError(f"the trainer {kind!r} cannot be read", hint=process.stderr.strip()[-2000:]) from None
    if "error" in answer:
        raise UserError(answer["error"], hint=answer["hint"])
    if answer["schema"] is None:
        return None
    return {item["name"]: key_from_json(item) for item in answer["schema"]}


def main(kind: str, directory: str) -> None:
    """Print a trainer's schema as JSON on the last line of standard output, and exit."""
    answer: dict[str, Any]
    try:
        schema = schema_of(find_trainer(kind, directory))
        answer = {"schema": None if schema is None else [key_to_json(key) for key in schema.values()]}
    except UserError as error:
        answer = {"error": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001  a user's module may raise anything on import
        answer = {"error": f"importing the trainer {kind!r} failed: {one_line(error)}", "hint": ""}
    print("\n" + json.dumps(answer), end="", flush=True)
    os._exit(0)  # threads that the module has started must not delay the exit


if __name__ == "__main__":
    main(*sys.argv[1:])

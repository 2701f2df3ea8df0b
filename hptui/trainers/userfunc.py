"""A user's own trainer: `module:function` or `file.py:function`, found beside the study file or installed.

    def train(learning_rate=1e-3, layers=4, trial=None): ...        keyword arguments with defaults are the settings
    def train(settings, trial): ...; train.Settings = MySettings    an object with a Settings dataclass

What a study may set is read in a process of its own, because reading it means importing the user's module.
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

from hptui.model.errors import UserError, did_you_mean
from hptui.model.trial import Value
from hptui.trainers import modules
from hptui.trainers.context import TrialContext
from hptui.trainers.outcome import one_line
from hptui.trainers.settings import SettingInfo, build, coerce, describe, type_name

CONTEXT = "trial"
"""The parameter that receives the `TrialContext` and is no setting."""

PATIENCE = 300.0
"""Seconds in which a user's module must be importable."""


def find(kind: str, directory: str) -> Any:
    """The object named `module:name` or `file.py:name`; modules in `directory` come first."""
    wanted, _, name = kind.rpartition(":")
    if not wanted or not name:
        raise UserError(f"{kind!r} does not name a trainer", hint='write "module:function"')
    try:
        module = modules.load(wanted, directory)
    except ModuleNotFoundError as error:
        if error.name != wanted.partition(".")[0] and error.name != wanted:
            raise
        where = f"beside the study file ({directory}) or installed" if directory else "installed"
        raise UserError(
            f"there is no module {wanted!r} for the trainer {kind!r}", hint=f"it must be {where}"
        ) from error
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            known = [word for word, value in vars(module).items() if callable(value) and not word.startswith("_")]
            raise UserError(f"module {wanted!r} has no {name!r}", hint=did_you_mean(name, known))
        found = getattr(found, part)
    return found


def source(kind: str, directory: str = "") -> dict[str, Value]:
    """The file of a user's trainer that this process has loaded, and its hash: what ran is more than a commit."""
    wanted = kind.rpartition(":")[0]
    file = modules.file_of(wanted, directory) if modules.by_file(wanted) else None
    path = str(file.absolute()) if file else getattr(sys.modules.get(wanted), "__file__", None)
    if not path or not Path(path).is_file():
        return {}
    return {"trainer_file": path, "trainer_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}


def schema_of(function: Any) -> dict[str, SettingInfo] | None:
    """The settings that a user's trainer takes; None when it takes any."""
    if hasattr(function, "Settings"):
        return describe(function.Settings)
    if not callable(function):
        raise UserError(f"{function!r} is no trainer: it cannot be called")
    try:
        hints = typing.get_type_hints(function)
    except Exception:  # noqa: BLE001  annotations may name anything; without them the defaults say enough
        hints = {}
    schema = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            return None
        if name == CONTEXT or parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UserError(f"the trainer's parameter {name!r} is positional-only; settings are keyword arguments")
        schema[name] = _info(parameter, hints.get(name))
    return schema


def _info(parameter: inspect.Parameter, hint: Any) -> SettingInfo:
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    kind = type_name(hint) if hint is not None else type_name(type(default))
    if isinstance(default, tuple):
        default = list(default)
    try:
        json.dumps(default)
    except (TypeError, ValueError):
        kind, default = "any", None  # an object of the user's; only the function itself knows it
    return SettingInfo(parameter.name, kind, default, required)


def load(kind: str, directory: str) -> Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]:
    """The user's trainer, as every trainer is called."""
    function = find(kind, directory)
    if hasattr(function, "Settings"):
        body = function() if isinstance(function, type) else function
        return lambda settings, trial: _metrics(body(build(function.Settings, settings), trial), trial)
    known = schema_of(function)
    takes_trial = known is None or CONTEXT in inspect.signature(function).parameters

    def train(settings: Mapping[str, Value], trial: TrialContext) -> Mapping[str, float]:
        arguments = dict(settings) if known is None else coerce(known, settings)
        return _metrics(function(**arguments, **({CONTEXT: trial} if takes_trial else {})), trial)

    return train


def _metrics(result: Any, trial: TrialContext) -> Mapping[str, float]:
    """What a function returned, as final metrics: a mapping, one number for the one objective, or nothing."""
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


def inspect_apart(kind: str, directory: str) -> dict[str, SettingInfo] | None:
    """`schema_of`, in a process of its own. Whatever goes wrong in the user's module is a `UserError`."""
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (os.environ.get("PYTHONPATH", ""), package) if part)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hptui.trainers.userfunc", kind, directory],
            env={**os.environ, "PYTHONPATH": path},
            cwd=directory or None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        answer = json.loads(done.stdout.rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        raise UserError(f"importing the trainer {kind!r} takes more than {PATIENCE:.0f} s") from None
    except ValueError:
        raise UserError(f"the trainer {kind!r} cannot be read", hint=done.stderr.strip()[-2000:]) from None
    if "error" in answer:
        raise UserError(answer["error"], hint=answer["hint"])
    if answer["schema"] is None:
        return None
    return {item["name"]: SettingInfo(**{**item, "choices": tuple(item["choices"])}) for item in answer["schema"]}


def main(kind: str, directory: str) -> None:
    """Print a trainer's schema as the last line."""
    answer: dict[str, Any]
    try:
        found = schema_of(find(kind, directory))
        answer = {"schema": None if found is None else [dataclasses.asdict(info) for info in found.values()]}
    except UserError as error:
        answer = {"error": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001  a user's module may raise anything on import
        answer = {"error": f"importing the trainer {kind!r} failed: {one_line(error)}", "hint": ""}
    print("\n" + json.dumps(answer), end="", flush=True)
    os._exit(0)  # threads that the module has started keep nobody waiting


if __name__ == "__main__":
    main(*sys.argv[1:])

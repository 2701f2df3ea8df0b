"""The trainers by name: their settings, metrics and preparation, and how to load one. Free of torch until `load`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol, runtime_checkable

from hptui.core.errors import UserError, did_you_mean
from hptui.core.keys import Key
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.trainers import modules, user_function
from hptui.trainers.context import TrialContext
from hptui.trainers.settings import build, describe
from hptui.trainers.spec import Prepare

Train = Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]
"""A loaded trainer: takes plain settings and a context, trains one trial and returns the final metrics."""


@runtime_checkable
class AnnouncesResume(Protocol):
    """A trainer that knows before it begins after which step it resumes, and what code it will run."""

    def foresee(self, settings: Mapping[str, Value], trial: TrialContext) -> None:
        """Set on the context what the `hello` event records: the step to resume after, and the environment."""


KINDS = ("toy", "charlm", "sft", "command")
"""Names of the built-in trainers."""
WORKER = "hptui.trainers.worker"
"""The worker's module, which a warm launcher imports."""


def schema(kind: str, directory: str = "") -> dict[str, Key] | None:
    """Return the settings of a trainer by name; None where it takes any.

    `directory` is the study file's. A user's own `module:function` is imported in a subprocess.
    """
    if kind == "toy":
        from hptui.trainers import toy

        return describe(toy.ToySettings)
    if kind == "charlm":
        from hptui.trainers.charlm.settings import CharlmSettings

        return describe(CharlmSettings)
    if kind == "sft":
        from hptui.trainers.sft.settings import SftSettings as Sft

        return describe(Sft)
    if kind == "command":
        from hptui.scripts import settings

        return settings.schema()
    _check(kind)
    known = _user_schema(kind, directory, _modified_ns(kind, directory))
    return None if known is None else dict(known)


@cache
def _user_schema(kind: str, directory: str, modified_ns: int) -> dict[str, Key] | None:
    return user_function.inspect_in_subprocess(kind, directory)


def _modified_ns(kind: str, directory: str) -> int:
    """Return when a trainer's file next to the study file was written, in ns; 0 where there is none.

    It is part of the cache key of `_user_schema`, so that a long-lived process sees edits.
    """
    try:
        return modules.file_of(kind.rpartition(":")[0], directory).stat().st_mtime_ns
    except OSError:
        return 0


EVALUATES_BASE = frozenset({"sft", "toy", "command"})
"""Trainers that can evaluate their model untrained."""


def evaluates_base(kind: str) -> bool:
    """Return whether the trainer supports `[search] evaluate_base`."""
    return kind in EVALUATES_BASE


def reported_metrics(kind: str) -> tuple[str, ...]:
    """Return all metrics that a trainer reports, whatever its settings; () where that is not known."""
    if kind == "charlm":
        from hptui.trainers.charlm.settings import METRICS

        return METRICS
    return ()


def inspected_settings(kind: str) -> tuple[str, ...]:
    """Return the settings that a trainer checks once per study, before its first trial."""
    if kind == "sft":
        from hptui.trainers.sft.metrics import INSPECTED_SETTINGS

        return INSPECTED_SETTINGS
    return ()


def preparation(kind: str) -> Prepare:
    """Return the function that prepares a study for this trainer. Raises: UserError if it has none."""
    if kind == "sft":
        from hptui.trainers.sft.prepare import prepare

        return prepare
    raise UserError(f"the trainer {kind!r} prepares nothing")


def preload(kind: str, study: Study | None = None) -> tuple[str, ...]:
    """Return the modules that a warm launcher imports for this trainer.

    () where only a cold start is safe. With the study, the modules that only some studies need are included.
    """
    if kind == "toy":
        return WORKER, "hptui.trainers.toy"
    if kind == "charlm":
        # torch._dynamo: the first optimizer of a process imports it, which takes as long as importing torch
        return WORKER, "torch", "torch._dynamo", "hptui.trainers.charlm.train"
    if kind == "sft":
        from hptui.trainers.sft.metrics import modules_to_preload

        return (
            WORKER,
            "torch",
            "torch._dynamo",
            "hptui.trainers.sft.imports",
            *(modules_to_preload(study) if study else ()),
        )
    if kind == "command":
        return WORKER, "hptui.scripts.trainer"
    return ()


def programs(kind: str, configurations: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    """Return the programs that trials with these settings start by name, resolved through PATH now."""
    if kind != "command":
        return {}
    from hptui.scripts.program import resolve_programs
    from hptui.scripts.settings import read_command_spec

    commands = [
        words
        for options in (read_command_spec(settings).settings for settings in configurations)
        for words in (options.command, options.evaluate)
    ]
    return resolve_programs([words[0] for words in commands if words and "{" not in words[0]])


def preflight(kind: str, settings: Mapping[str, Value], directory: str, *, parallel: int, repeated: bool) -> list[str]:
    """Return warnings about a trial's settings that need an inspection of the user's own script."""
    if kind != "command":
        return []
    from hptui.scripts.preflight import preflight as inspect_command

    return inspect_command(settings, directory, parallel=parallel, repeated=repeated).warnings


def load(kind: str, directory: str = "") -> Train:
    """Return the trainer with everything that it needs imported.

    Raises: UserError if there is no such trainer.
    """
    if kind == "toy":
        from hptui.trainers import toy

        return lambda settings, trial: toy.train(build(toy.ToySettings, settings), trial)
    if kind == "charlm":
        from hptui.trainers.charlm.settings import CharlmSettings
        from hptui.trainers.charlm.train import make_repeatable, train

        make_repeatable()  # before the worker records the switches of torch
        return lambda settings, trial: train(build(CharlmSettings, settings), trial)
    if kind == "sft":
        from hptui.trainers.sft.settings import SftSettings as Sft
        from hptui.trainers.sft.train import train as tune

        return lambda settings, trial: tune(build(Sft, settings), trial)
    if kind == "command":
        from hptui.scripts.trainer import ScriptTrainer

        return ScriptTrainer()
    _check(kind)
    return user_function.load(kind, directory)


def _check(kind: str) -> None:
    if ":" not in kind:
        hint = did_you_mean(kind, KINDS) + ', or "module:function" for your own'
        raise UserError(f"there is no trainer {kind!r}", hint=hint)

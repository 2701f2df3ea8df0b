"""Which trainers there are, what settings each takes, and how to get one. Free of torch until `load`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol, runtime_checkable

from hptui.model.errors import UserError, did_you_mean
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.trainers import modules, userfunc
from hptui.trainers.context import TrialContext
from hptui.trainers.preparing import Prepare
from hptui.trainers.settings import SettingInfo, build, describe

Train = Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]
"""One trial: plain settings and a context in, final metrics out."""


@runtime_checkable
class Foresees(Protocol):
    """A trainer that knows, before it begins, after which step it goes on, and what code it will run."""

    def foresee(self, settings: Mapping[str, Value], trial: TrialContext) -> None:
        """Tell the trial."""


KINDS = ("toy", "charlm", "sft", "command")
WORKER = "hptui.trainers.worker"


def schema(kind: str, directory: str = "") -> dict[str, SettingInfo] | None:
    """The settings of a trainer by name; None where anything goes.

    `directory` is the study file's. A user's own `module:function` is looked at in a process of its own.
    """
    if kind == "toy":
        from hptui.trainers import toy

        return describe(toy.Settings)
    if kind == "charlm":
        from hptui.trainers.charlm.settings import Settings

        return describe(Settings)
    if kind == "sft":
        from hptui.trainers.sft.settings import Settings as Sft

        return describe(Sft)
    if kind == "command":
        from hptui.trainers.command import settings

        return settings.schema()
    _check(kind)
    found = _user_schema(kind, directory, _changed(kind, directory))
    return None if found is None else dict(found)


@cache
def _user_schema(kind: str, directory: str, changed: int) -> dict[str, SettingInfo] | None:
    return userfunc.inspect_apart(kind, directory)


def _changed(kind: str, directory: str) -> int:
    """When a module beside the study file was last written: a process that lives long must see edits."""
    try:
        return modules.file_of(kind.rpartition(":")[0], directory).stat().st_mtime_ns
    except OSError:
        return 0


BASE = frozenset({"sft", "toy", "command"})
"""Trainers that can measure their model as it is, without training it."""


def evaluates_base(kind: str) -> bool:
    """Whether `[search] evaluate_base` has a meaning for this trainer."""
    return kind in BASE


def measures(kind: str) -> tuple[str, ...]:
    """All metrics that a trainer reports, whatever its settings; () where that is not known beforehand."""
    if kind == "charlm":
        from hptui.trainers.charlm.settings import MEASURES

        return MEASURES
    return ()


def prepares(kind: str) -> tuple[str, ...]:
    """The settings that a trainer looks at once for a study, before its first trial; () where it does not."""
    if kind == "sft":
        from hptui.trainers.sft.measures import LOOKED_AT

        return LOOKED_AT
    return ()


def preparation(kind: str) -> Prepare:
    """What the trainer does once for a study."""
    if kind == "sft":
        from hptui.trainers.sft.prepare import prepare

        return prepare
    raise UserError(f"the trainer {kind!r} prepares nothing")


def preload(kind: str, study: Study | None = None) -> tuple[str, ...]:
    """Modules that a warm launcher imports for this trainer; () where only a cold start is safe.

    With the study, those as well that only some studies need.
    """
    if kind == "toy":
        return WORKER, "hptui.trainers.toy"
    if kind == "charlm":
        # torch._dynamo: the first optimizer of a process imports it, which takes as long as importing torch
        return WORKER, "torch", "torch._dynamo", "hptui.trainers.charlm.train"
    if kind == "sft":
        from hptui.trainers.sft.measures import preloaded

        return WORKER, "torch", "torch._dynamo", "hptui.trainers.sft.imports", *(preloaded(study) if study else ())
    if kind == "command":
        return WORKER, "hptui.trainers.command.train"
    return ()


def programs(kind: str, several: Iterable[Mapping[str, Value]]) -> dict[str, str]:
    """The programs that trials with these settings start by name, as the PATH knows them now."""
    if kind != "command":
        return {}
    from hptui.trainers.command.program import resolve
    from hptui.trainers.command.settings import read

    commands = [words for own in (read(settings).own for settings in several) for words in (own.command, own.evaluate)]
    return resolve([words[0] for words in commands if words and "{" not in words[0]])


def preflight(kind: str, settings: Mapping[str, Value], directory: str, *, parallel: int, repeated: bool) -> list[str]:
    """What is doubtful about a trial's settings that only a look at the user's own script can tell."""
    if kind != "command":
        return []
    from hptui.trainers.command.preflight import preflight as look

    return look(settings, directory, parallel=parallel, repeated=repeated).warnings


def load(kind: str, directory: str = "") -> Train:
    """The trainer itself, with everything that it needs imported."""
    if kind == "toy":
        from hptui.trainers import toy

        return lambda settings, trial: toy.train(build(toy.Settings, settings), trial)
    if kind == "charlm":
        from hptui.trainers.charlm.settings import Settings
        from hptui.trainers.charlm.train import make_repeatable, train

        make_repeatable()  # before the worker notes what is in force
        return lambda settings, trial: train(build(Settings, settings), trial)
    if kind == "sft":
        from hptui.trainers.sft.settings import Settings as Sft
        from hptui.trainers.sft.train import train as tune

        return lambda settings, trial: tune(build(Sft, settings), trial)
    if kind == "command":
        from hptui.trainers.command.train import Script

        return Script()
    _check(kind)
    return userfunc.load(kind, directory)


def _check(kind: str) -> None:
    if ":" not in kind:
        hint = did_you_mean(kind, KINDS) + ', or "module:function" for your own'
        raise UserError(f"there is no trainer {kind!r}", hint=hint)

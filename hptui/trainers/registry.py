"""The trainers by name: their settings, metrics and preparation, and how to load one. Free of torch until `load`.

A name is a trainer of hptui or of an installed package. `"module:function"` is a user's own, and `"module:Object"` may
also be the spec of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hptui import plugins
from hptui.core.errors import UserError
from hptui.core.keys import Key
from hptui.core.laws import Law
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.plugins import TrainerSpec
from hptui.trainers import modules, user_function
from hptui.trainers.context import TrialContext
from hptui.trainers.packs.protocol import Packing
from hptui.trainers.spec import Prepare

Train = Callable[[Mapping[str, Value], TrialContext], Mapping[str, float]]
"""A loaded trainer: takes plain settings and a context, trains one trial and returns the final metrics."""


@runtime_checkable
class AnnouncesResume(Protocol):
    """A trainer that knows before it begins after which step it resumes, and what code it will run."""

    def foresee(self, settings: Mapping[str, Value], trial: TrialContext) -> None:
        """Set on the context what the `hello` event records: the step to resume after, and the environment."""


WORKER = "hptui.trainers.worker"
"""The worker's module, which a warm launcher imports."""


def spec_of(kind: str, directory: str = "") -> TrainerSpec | None:
    """Return the spec of a trainer; None for a user's own function, which must not be imported here.

    `directory` is the study file's. Raises: UserError if there is no such trainer.
    """
    if ":" in kind:
        return plugins.spec("trainers", kind, directory) if _declares_spec(kind, directory) else None
    try:
        return plugins.spec("trainers", kind, directory)
    except UserError as error:
        raise UserError(error.message, hint=error.hint + ', or "module:function" for your own') from None


def _declares_spec(kind: str, directory: str) -> bool:
    """Return whether the module of `"module:Object"` makes specs of trainers, as far as its text says.

    Such a module is cheap to import. Any other may be a training script, which is never imported in this process.
    """
    name = kind.rpartition(":")[0]
    path = modules.file_of(name, directory)
    if not path.is_file() and not modules.is_file_name(name):
        path = _installed_file(name)
    try:
        return b"TrainerSpec" in path.read_bytes()
    except OSError:
        return False


def _installed_file(name: str) -> Path:
    """Return the path of an installed module, without importing the packages that it lies in."""
    top, *parts = name.split(".")
    try:
        spec = find_spec(top) if top else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.origin:
        return Path(top)
    if not parts:
        return Path(spec.origin)
    path = Path(spec.origin).parent.joinpath(*parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _load(kind: str, attribute: str, directory: str) -> Any:
    """Return what an attribute of a trainer's spec stands for; None for a user's own function."""
    return None if spec_of(kind, directory) is None else plugins.load("trainers", kind, attribute, directory)


def schema(kind: str, directory: str = "") -> dict[str, Key] | None:
    """Return the settings of a trainer by name; None where it takes any.

    `directory` is the study file's. A user's own `module:function` is imported in a subprocess.
    """
    if spec_of(kind, directory) is not None:
        return user_function.settings_schema(_load(kind, "settings", directory), directory)
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


def evaluates_base(kind: str, directory: str = "") -> bool:
    """Return whether the trainer supports `[search] evaluate_base`."""
    spec = spec_of(kind, directory)
    return spec is not None and spec.evaluates_base


def reported_metrics(kind: str, directory: str = "") -> tuple[str, ...]:
    """Return all metrics that a trainer reports, whatever its settings; () where that is not known."""
    return tuple(_load(kind, "metrics", directory) or ())


def inspected_settings(kind: str, directory: str = "") -> tuple[str, ...]:
    """Return the settings that a trainer checks once per study, before its first trial."""
    return tuple(_load(kind, "looks_at", directory) or ())


def preparation(kind: str, directory: str = "") -> Prepare:
    """Return the function that prepares a study for this trainer. Raises: UserError if it has none."""
    prepare: Prepare | None = _load(kind, "prepare", directory)
    if prepare is None:
        raise UserError(f"the trainer {kind!r} prepares nothing")
    return prepare


def packing(kind: str, directory: str = "") -> Packing | None:
    """Return how a trainer runs several trials in one process; None if it cannot."""
    offered: Packing | None = _load(kind, "packing", directory)
    return offered


def preload(kind: str, study: Study | None = None, directory: str = "") -> tuple[str, ...]:
    """Return the modules that a warm launcher imports for this trainer.

    () where only a cold start is safe. With the study, the modules that only some studies need are included.
    """
    names = _load(kind, "preload", study.directory if study else directory)
    if names is None:
        return ()
    return WORKER, *(names(study) if callable(names) else names)


def programs(kind: str, configurations: Iterable[Mapping[str, Value]], directory: str = "") -> dict[str, str]:
    """Return the programs that trials with these settings start by name, resolved through PATH now."""
    find = _load(kind, "programs", directory)
    return {} if find is None else dict(find(configurations))


def preflight(kind: str, settings: Mapping[str, Value], directory: str, *, parallel: int, repeated: bool) -> list[str]:
    """Return warnings about a trial's settings that need an inspection of the user's own script."""
    inspect = _load(kind, "preflight", directory)
    return [] if inspect is None else list(inspect(settings, directory, parallel=parallel, repeated=repeated))


def check(study: Study) -> None:
    """Check that the trainer can run a study as it would be recorded. Raises: StudyError or Unsupported."""
    inspect = _load(study.trainer.kind, "check", study.directory)
    if inspect is not None:
        inspect(study)


def laws(kind: str, settings: Mapping[str, Value], searched: Iterable[str] = (), directory: str = "") -> list[Law]:
    """Return what published laws say of a trainer's settings, those that are searched among them."""
    find = _load(kind, "laws", directory)
    return [] if find is None else list(find(settings, set(searched), directory))


def why_not_resumed(study: Study) -> str:
    """Return why a paused trial of this study would begin again; '' if it goes on from its checkpoint."""
    kind, spec = study.trainer.kind, spec_of(study.trainer.kind, study.directory)
    if spec is None:  # a user's own function: its text says whether it looks for a checkpoint
        name = kind.rpartition(":")[0]
        path = modules.file_of(name, study.directory)
        path = path if path.is_file() or modules.is_file_name(name) else _installed_file(name)
        try:
            return "" if b"resume_from" in path.read_bytes() else "its function never reads trial.resume_from"
        except OSError:
            return ""
    if isinstance(spec.resumes, bool):
        return "" if spec.resumes else "its trials begin again"
    return str(plugins.load("trainers", kind, "resumes", study.directory)(study))


def load(kind: str, directory: str = "") -> Train:
    """Return the trainer with everything that it needs imported.

    Raises: UserError if there is no such trainer.
    """
    if spec_of(kind, directory) is None:
        return user_function.load(kind, directory)
    return user_function.bind(_load(kind, "train", directory), _load(kind, "settings", directory))

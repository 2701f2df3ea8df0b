"""The registry of everything that can be added to hptui, and what packages that add to it import.

A name is looked up among the built-in ones, then as `"module:Object"` (beside the study file, else installed), then
among the entry points of installed packages, in the group `hptui.<group>`. Reading those takes 100 ms: it comes last.
Types for authors of plug-ins (`Proposal`, `Trial`, `Block`, …) are handed on from where they are defined.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, overload

from hptui.core.errors import HptuiError, Unsupported, UserError, did_you_mean
from hptui.core.plugin_specs import (
    API,
    CommandSpec,
    ExecutorSpec,
    ExporterSpec,
    MetricsReaderSpec,
    PrunerKind,
    ReportSectionSpec,
    SamplerSpec,
    ScreenSpec,
    TrainerSpec,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hptui.core.study import Objective as Objective
    from hptui.core.study import PrunerSettings as PrunerSettings
    from hptui.core.study import Study as Study
    from hptui.core.trial import Trial as Trial
    from hptui.results.document import Block as Block
    from hptui.results.document import Bullets as Bullets
    from hptui.results.document import CodeBlock as CodeBlock
    from hptui.results.document import Heading as Heading
    from hptui.results.document import Paragraph as Paragraph
    from hptui.results.document import ReportTable as ReportTable
    from hptui.results.fact_writer import FactWriter as FactWriter
    from hptui.results.report_data import ReportData as ReportData
    from hptui.results.view import View as View
    from hptui.search.engine import Engine as Engine
    from hptui.search.engine import Proposal as Proposal
    from hptui.search.projection import SpaceProjection as SpaceProjection
    from hptui.search.pruners.base import KEEP as KEEP
    from hptui.search.pruners.base import ProgressCurve as ProgressCurve
    from hptui.search.pruners.base import Pruner as Pruner
    from hptui.search.pruners.base import Verdict as Verdict
    from hptui.trainers.context import TrialContext as TrialContext
    from hptui.trainers.settings import setting as setting

HANDED_ON: Mapping[str, str] = {
    **dict.fromkeys(("Objective", "PrunerSettings", "Study"), "hptui.core.study"),
    "Trial": "hptui.core.trial",
    **dict.fromkeys(("Block", "Bullets", "CodeBlock", "Heading", "Paragraph", "ReportTable"), "hptui.results.document"),
    "FactWriter": "hptui.results.fact_writer",
    "ReportData": "hptui.results.report_data",
    "View": "hptui.results.view",
    **dict.fromkeys(("Engine", "Proposal"), "hptui.search.engine"),
    "SpaceProjection": "hptui.search.projection",
    **dict.fromkeys(("KEEP", "ProgressCurve", "Pruner", "Verdict"), "hptui.search.pruners.base"),
    "TrialContext": "hptui.trainers.context",
    "setting": "hptui.trainers.settings",
}
"""Names for authors of plug-ins, each loaded from its module on first access."""

__all__ = [
    "API",
    "GROUPS",
    "BUILT_IN",
    "Plugin",
    "names",
    "spec",
    "load",
    "list_plugins",
    "SamplerSpec",
    "PrunerKind",
    "TrainerSpec",
    "MetricsReaderSpec",
    "ExporterSpec",
    "ReportSectionSpec",
    "ExecutorSpec",
    "ScreenSpec",
    "CommandSpec",
    *HANDED_ON,
]


def __getattr__(name: str) -> Any:
    """Return a name that is handed on."""
    if name not in HANDED_ON:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(HANDED_ON[name]), name)


Group = Literal[
    "samplers",
    "pruners",
    "trainers",
    "metrics_readers",
    "exporters",
    "report_sections",
    "executors",
    "screens",
    "commands",
]

NOUNS: Mapping[Group, str] = {
    "samplers": "sampler",
    "pruners": "pruner",
    "trainers": "trainer",
    "metrics_readers": "metrics reader",
    "exporters": "exporter",
    "report_sections": "report section",
    "executors": "executor",
    "screens": "screen",
    "commands": "verb",
}
"""What one plug-in of a group is called in messages."""
SPEC_TYPES: Mapping[Group, type] = {
    "samplers": SamplerSpec,
    "pruners": PrunerKind,
    "trainers": TrainerSpec,
    "metrics_readers": MetricsReaderSpec,
    "exporters": ExporterSpec,
    "report_sections": ReportSectionSpec,
    "executors": ExecutorSpec,
    "screens": ScreenSpec,
    "commands": CommandSpec,
}
GROUPS: tuple[Group, ...] = tuple(NOUNS)
"""Kinds of plug-ins. A package declares one by an entry point in the group `hptui.<kind>`."""


def _rows(module: str, names: str) -> dict[str, str]:
    """Return the row of each name whose spec is a constant of that name, in capitals, in the module."""
    return {name: f"{module}:{name.upper()}" for name in names.split()}


BUILT_IN: Mapping[Group, Mapping[str, str]] = {
    "samplers": {
        **_rows("hptui.search.library_samplers", "tpe gp cmaes qmc nsga2 ax"),
        **_rows("hptui.search.plain", "random grid list"),
    },
    "pruners": {
        **_rows("hptui.search.pruners.rules", "median percentile"),
        **_rows("hptui.search.pruners.halving", "asha hyperband"),
        **_rows("hptui.search.pruners.rules", "patient threshold"),
        **_rows("hptui.search.pruners.halving", "bands"),
    },
    "trainers": {},
    "metrics_readers": {},
    "exporters": {},
    "report_sections": {},
    "executors": {"local": "hptui.execution.local.executor:SPEC"},
    "screens": {},
    "commands": {},
}
"""Group -> name -> where the spec is. They are texts, so that listing names imports nothing."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One row of `hptui plugins`. `reference` is where the spec is.

    `state` is "built-in", "installed", "shadowed" (a built-in one has the name), "ambiguous" (two packages have it) or
    "broken"; `error` says why it is broken.
    """

    kind: Group
    name: str
    distribution: str
    version: str
    reference: str
    state: str
    error: str = ""


def names(group: Group, *, installed: bool = False) -> tuple[str, ...]:
    """Return the built-in names of a group; with `installed` also those of installed packages, which takes 100 ms."""
    known = dict.fromkeys(BUILT_IN[group])
    return (*known, *sorted({entry.name for entry in entry_points(group)} - known.keys())) if installed else (*known,)


@cache
def _all_entry_points() -> Mapping[str, tuple[EntryPoint, ...]]:
    from importlib.metadata import entry_points as scan  # 60 ms, and the scan takes as long again

    entries: Any = scan()
    return {group: tuple(entries.select(group=group)) for group in entries.groups if group.startswith("hptui.")}


def entry_points(group: Group) -> tuple[EntryPoint, ...]:
    """Return the entry points of installed packages in a group."""
    return _all_entry_points().get(f"hptui.{group}", ())


if TYPE_CHECKING:

    @overload
    def spec(group: Literal["samplers"], name: str, directory: str = "") -> SamplerSpec: ...
    @overload
    def spec(group: Literal["pruners"], name: str, directory: str = "") -> PrunerKind: ...
    @overload
    def spec(group: Literal["trainers"], name: str, directory: str = "") -> TrainerSpec: ...
    @overload
    def spec(group: Literal["metrics_readers"], name: str, directory: str = "") -> MetricsReaderSpec: ...
    @overload
    def spec(group: Literal["exporters"], name: str, directory: str = "") -> ExporterSpec: ...
    @overload
    def spec(group: Literal["report_sections"], name: str, directory: str = "") -> ReportSectionSpec: ...
    @overload
    def spec(group: Literal["executors"], name: str, directory: str = "") -> ExecutorSpec: ...
    @overload
    def spec(group: Literal["screens"], name: str, directory: str = "") -> ScreenSpec: ...
    @overload
    def spec(group: Literal["commands"], name: str, directory: str = "") -> CommandSpec: ...


def spec(group: Group, name: str, directory: str = "") -> Any:
    """Return the spec of a name. `directory` is the study file's, where `"module:Object"` is looked for first.

    Raises: UserError for an unknown name, with the nearest spelling; Unsupported for one that cannot be loaded.
    """
    if name in BUILT_IN[group]:
        return _built_in(group, name)
    return _from_package(group, name, directory)


def _from_package(group: Group, name: str, directory: str) -> Any:
    label = f"{NOUNS[group]} {name!r}"
    if ":" in name:
        return _checked(_named_object(name, directory, label), group, label)
    entries = {_origin(entry): entry for entry in entry_points(group) if entry.name == name}
    if not entries:
        raise UserError(
            f"there is no {label}",
            hint=did_you_mean(name, names(group, installed=True)),
        )
    if len(entries) > 1:
        packages = " and ".join(sorted(f"{package} {version}" for package, version in entries))
        choices = " or ".join(sorted(f'"{entry.value}"' for entry in entries.values()))
        raise UserError(f"the {label} is in two packages, {packages}", hint=f"say which one: {choices}")
    ((package, version), entry) = next(iter(entries.items()))
    label = f"{label} of {package} {version}"
    return _checked(_load(entry.value, label), group, label)


@cache
def _built_in(group: Group, name: str) -> Any:
    return _checked(_object(BUILT_IN[group][name]), group, f"{NOUNS[group]} {name!r}")


def _checked(candidate: Any, group: Group, label: str) -> Any:
    """Return the object if it is a spec of the group that this version understands."""
    expected: Any = SPEC_TYPES[group]
    if not isinstance(candidate, expected):
        article = "an" if expected.__name__[0] in "AEIO" else "a"
        raise UserError(
            f"the {label} is no {NOUNS[group]}: it is {type(candidate).__name__}",
            hint=f"it must be {article} {expected.__name__} of hptui.plugins",
        )
    if candidate.api > API:
        message = f"{label} is made for version {candidate.api} of hptui's plug-ins, and this hptui has {API}"
        raise Unsupported(message, hint="a newer hptui, or an older version of the package, fits")
    return candidate


def load(group: Group, name: str, attribute: str, directory: str = "") -> Any:
    """Return what an attribute of a spec stands for: the object that it names, or its value.

    Raises: as `spec`; Unsupported when the object cannot be imported.
    """
    value = getattr(spec(group, name, directory), attribute)
    if not isinstance(value, str):
        return value
    if name in BUILT_IN[group]:
        return _object(value)
    package, version = origin(group, name, directory)
    return _load(value, f"{NOUNS[group]} {name!r}{f' of {package} {version}' if ':' not in name else ''}", directory)


def _load(reference: str, label: str, directory: str = "") -> Any:
    """Return the object of a reference. Raises: Unsupported, whatever goes wrong in the plug-in's module."""
    _search_in(directory)
    try:
        return _object(reference)
    except (Exception, SystemExit) as error:  # a module of somebody else may raise anything when it is imported
        message = " ".join(str(error).split())[:500]
        raise Unsupported(f"{label} cannot be loaded: {type(error).__name__}: {message}") from error


def _object(reference: str) -> Any:
    module_name, _, path = reference.partition(":")
    target: Any = importlib.import_module(module_name)
    for part in path.split("."):
        target = getattr(target, part)
    return target


def _search_in(directory: str) -> None:
    """Let modules beside the study file be imported, before installed ones."""
    if directory and directory not in sys.path:
        sys.path.insert(0, directory)


def _named_object(name: str, directory: str, label: str) -> Any:
    """Return the object of `"module:Object"`. A missing module or object is the user's mistake, all else a failure."""
    module_name, _, path = name.partition(":")
    _search_in(directory)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name not in (module_name, module_name.partition(".")[0]):
            raise Unsupported(f"{label} cannot be loaded: {type(error).__name__}: {error}") from error
        where = f"beside the study file ({directory}) or installed" if directory else "installed"
        message = f"there is no module {module_name!r} for the {label}"
        raise UserError(message, hint=f"it must be {where}") from error
    except (Exception, SystemExit) as error:  # a module of somebody else may raise anything when it is imported
        message = " ".join(str(error).split())[:500]
        raise Unsupported(f"{label} cannot be loaded: {type(error).__name__}: {message}") from error
    target: Any = module
    for part in path.split("."):
        if not part or not hasattr(target, part):
            public = [word for word in vars(module) if not word.startswith("_")]
            raise UserError(f"module {module_name!r} has no {path!r}", hint=did_you_mean(path, public))
        target = getattr(target, part)
    return target


def _origin(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("?", "?")


def origin(group: Group, name: str, directory: str = "") -> tuple[str, str]:
    """Return (distribution, version) of a plug-in, or (name, hash of its file) of one that is in no distribution.

    ("hptui", "") for a built-in name.
    """
    if name in BUILT_IN[group]:
        return "hptui", ""
    if ":" not in name:
        return next((_origin(entry) for entry in entry_points(group) if entry.name == name), (name, "?"))
    return _origin_of_module(name.partition(":")[0], name, directory)


def _origin_of_module(module_name: str, name: str, directory: str) -> tuple[str, str]:
    import hashlib
    from importlib.metadata import packages_distributions, version
    from importlib.util import find_spec
    from pathlib import Path

    _search_in(directory)
    found = find_spec(module_name.partition(".")[0])
    file = Path(found.origin) if found and found.origin else None
    beside = file is not None and directory and file.is_relative_to(Path(directory).resolve())
    packages = [] if beside else packages_distributions().get(module_name.partition(".")[0], [])
    if packages:
        return packages[0], version(packages[0])
    return name, hashlib.sha256(file.read_bytes()).hexdigest()[:16] if file and file.is_file() else "?"


def list_plugins() -> list[Plugin]:
    """Return every plug-in: the built-in ones, which are not imported, and the installed ones, which are."""
    from hptui import __version__

    rows = [
        Plugin(group, name, "hptui", __version__, reference, "built-in")
        for group in GROUPS
        for name, reference in BUILT_IN[group].items()
    ]
    for group in GROUPS:
        entries = sorted(entry_points(group), key=lambda entry: (entry.name, _origin(entry)))
        for entry in entries:
            state, error = "installed", ""
            if entry.name in BUILT_IN[group]:
                state = "shadowed"
            elif len({_origin(other) for other in entries if other.name == entry.name}) > 1:
                state = "ambiguous"
            label = f"{NOUNS[group]} {entry.name!r}"
            try:
                _checked(_load(entry.value, label), group, label)
            except HptuiError as problem:
                state, error = "broken", problem.message
            rows.append(Plugin(group, entry.name, *_origin(entry), entry.value, state, error))
    return rows

"""The registry of everything that can be added to hptui, and what packages that add to it import.

A name is looked up among the built-in ones, then as `"module:Object"` (next to the study file, else installed), then
among the entry points of installed packages, in the group `hptui.<group>`. Reading those takes 100 ms: it comes last.
Types for authors of plug-ins (`Proposal`, `Trial`, `Block`, …) are handed on from where they are defined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from hptui.core.errors import HptuiError, Unsupported, UserError, did_you_mean
from hptui.core.plugin_specs import (
    API,
    NOUNS,
    SPEC_TYPES,
    CommandSpec,
    ExecutorSpec,
    ExporterSpec,
    Group,
    MetricsReaderSpec,
    PrunerKind,
    ReportSectionSpec,
    SamplerSpec,
    ScreenSpec,
    TrainerSpec,
)
from hptui.core.references import named_object, resolve, unsupported_if_it_fails

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from hptui.core.keys import FLAG, NUMBER, TEXT, WHOLE, Key, one_of
    from hptui.core.study import Objective, PrunerSettings, Study
    from hptui.core.trial import Trial
    from hptui.execution.executor import Executor, Handle, Launch, LaunchRecord, Lease, State, WorkerSpec
    from hptui.results.document import Block, Bullets, CodeBlock, Heading, Paragraph, ReportTable
    from hptui.results.export.formats import ExportRequest
    from hptui.results.fact_writer import FactWriter
    from hptui.results.report_data import ReportData
    from hptui.results.view import View
    from hptui.scripts.metrics.pairs import MetricsReading as Reading
    from hptui.scripts.metrics.readers import MetricsReader, ReaderOptions
    from hptui.search.engine import Engine, Proposal
    from hptui.search.projection import SpaceProjection
    from hptui.search.pruners.base import KEEP, ProgressCurve, Pruner, Verdict
    from hptui.trainers.context import TrialContext
    from hptui.trainers.settings import setting

# fmt: off
__all__ = [
    # the registry
    "API", "GROUPS", "BUILT_IN", "Plugin", "names", "spec", "load", "list_plugins",
    # what a plug-in says about itself
    "SamplerSpec", "PrunerKind", "TrainerSpec", "MetricsReaderSpec", "ExporterSpec", "ReportSectionSpec",
    "ExecutorSpec", "ScreenSpec", "CommandSpec", "Key", "FLAG", "NUMBER", "TEXT", "WHOLE", "one_of",
    # what it works with
    "Study", "Objective", "PrunerSettings", "Trial", "Engine", "Proposal", "SpaceProjection",
    "Pruner", "ProgressCurve", "Verdict", "KEEP", "TrialContext", "setting",
    "MetricsReader", "ReaderOptions", "Reading",
    "Executor", "Handle", "Launch", "LaunchRecord", "Lease", "State", "WorkerSpec",
    "ExportRequest", "View", "ReportData", "FactWriter",
    "Block", "Bullets", "CodeBlock", "Heading", "Paragraph", "ReportTable",
]
# fmt: on

HANDED_ON: Mapping[str, str] = {
    name: module
    for module, names_in_it in {
        "hptui.core.keys": "Key FLAG NUMBER TEXT WHOLE one_of",
        "hptui.core.study": "Study Objective PrunerSettings",
        "hptui.core.trial": "Trial",
        "hptui.search.engine": "Engine Proposal",
        "hptui.search.projection": "SpaceProjection",
        "hptui.search.pruners.base": "Pruner ProgressCurve Verdict KEEP",
        "hptui.trainers.context": "TrialContext",
        "hptui.trainers.settings": "setting",
        "hptui.scripts.metrics.readers": "MetricsReader ReaderOptions",
        "hptui.scripts.metrics.pairs:MetricsReading": "Reading",
        "hptui.execution.executor": "Executor Handle Launch LaunchRecord Lease State WorkerSpec",
        "hptui.results.export.formats": "ExportRequest",
        "hptui.results.view": "View",
        "hptui.results.report_data": "ReportData",
        "hptui.results.fact_writer": "FactWriter",
        "hptui.results.document": "Block Bullets CodeBlock Heading Paragraph ReportTable",
    }.items()
    for name in names_in_it.split()
}
"""Where each name that is handed on is; its module is imported when the name is first asked for."""


if not TYPE_CHECKING:  # a type checker would take any name for one of ours

    def __getattr__(name: str) -> Any:
        """Return a name that is handed on."""
        if name not in HANDED_ON:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = HANDED_ON[name].partition(":")
        return resolve(f"{module}:{attribute or name}")


GROUPS: tuple[Group, ...] = tuple(NOUNS)
"""Kinds of plug-ins. A package declares one by an entry point in the group `hptui.<kind>`."""


def _rows(module: str, names: str) -> dict[str, str]:
    """Return a row for each name whose spec is the constant of that name, in capitals, in the module."""
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
    "trainers": {
        "toy": "hptui.trainers.toy:SPEC",
        "charlm": "hptui.trainers.charlm:SPEC",
        "sft": "hptui.trainers.sft:SPEC",
        "command": "hptui.scripts:SPEC",
    },
    "metrics_readers": _rows("hptui.scripts.metrics.readers", "json jsonl csv log tensorboard"),
    "exporters": _rows(
        "hptui.results.export.formats",
        "yaml json toml csv flags python env parquet optuna ax sweep tensorboard wandb",
    ),
    "report_sections": _rows(
        "hptui.results.sections.catalogue",
        "head setup space fixed search best config comparison trials stages rungs effects failures "
        "curves checkpoints cost recommendations rationale future presets conclusion summary breakdown derived "
        "alternatives reproduce provenance",
    ),
    "executors": {
        "local": "hptui.execution.local.executor:SPEC",
        "ssh": "hptui.execution.remote.ssh:SPEC",
        "slurm": "hptui.execution.slurm.executor:SPEC",
        "ray": "hptui.execution.remote.ray:SPEC",
    },
    "screens": {},
    "commands": _rows(
        "hptui.cli.verbs",
        "open new run check schema status trials show log places wait pause resume stop retry add space note report "
        "export import serve doctor paths docs plugins rm gc completion",
    ),
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
    """Return the built-in names of a group; with `installed`, those of packages as well."""
    known = dict.fromkeys(BUILT_IN[group])
    others = {entry.name for entry in entry_points(group)} - known.keys() if installed else ()
    return (*known, *sorted(others))


@cache
def _all_entry_points() -> Mapping[str, tuple[EntryPoint, ...]]:
    from importlib.metadata import entry_points as scan  # 60 ms, and the scan takes as long again

    entries: Any = scan()
    return {group: tuple(entries.select(group=group)) for group in entries.groups if group.startswith("hptui.")}


def entry_points(group: Group) -> tuple[EntryPoint, ...]:
    """Return the entry points of installed packages in a group. The first call takes 100 ms."""
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
    @overload
    def spec(group: Group, name: str, directory: str = "") -> Any: ...


def spec(group: Group, name: str, directory: str = "") -> Any:
    """Return the spec of a name; `"module:Object"` is looked for in `directory`, the study file's, first.

    Raises: UserError for an unknown name, with the nearest spelling; Unsupported for one that cannot be loaded.
    """
    if name in BUILT_IN[group]:
        return _built_in(group, name)
    label = f"{NOUNS[group]} {name!r}"
    if ":" in name:
        return _checked(named_object(name, directory, label), group, label)
    entries = {_origin(entry): entry for entry in entry_points(group) if entry.name == name}
    if not entries:
        raise UserError(f"there is no {label}", hint=did_you_mean(name, names(group, installed=True)))
    if len(entries) > 1:
        packages = " and ".join(sorted(f"{package} {version}" for package, version in entries))
        choices = " or ".join(sorted(f'"{entry.value}"' for entry in entries.values()))
        raise UserError(f"the {label} is in two packages, {packages}", hint=f"say which one: {choices}")
    ((package, version), entry) = next(iter(entries.items()))
    label = f"{label} of {package} {version}"
    with unsupported_if_it_fails(label):
        candidate = resolve(entry.value)
    return _checked(candidate, group, label)


@cache
def _built_in(group: Group, name: str) -> Any:
    return _checked(resolve(BUILT_IN[group][name]), group, f"{NOUNS[group]} {name!r}")


def _checked(candidate: Any, group: Group, label: str) -> Any:
    """Return the object if it is a spec of the group that this version understands."""
    expected: Any = SPEC_TYPES[group]
    if not isinstance(candidate, expected):
        hint = f"it must be of the class {expected.__name__} of hptui.plugins"
        raise UserError(f"the {label} is no {NOUNS[group]}: it is of the class {type(candidate).__name__}", hint=hint)
    if candidate.api > API:
        message = f"{label} is made for version {candidate.api} of hptui's plug-ins, and this hptui has {API}"
        raise Unsupported(message, hint="a newer hptui, or an older version of the package, fits")
    return candidate


def load(group: Group, name: str, attribute: str, directory: str = "") -> Any:
    """Return what an attribute of a spec stands for: the object that its text names, or its value.

    Raises: as `spec`; Unsupported when the object cannot be imported.
    """
    value = getattr(spec(group, name, directory), attribute)
    if not isinstance(value, str) or name in BUILT_IN[group]:
        return resolve(value)
    package = "" if ":" in name else " of " + " ".join(origin(group, name, directory) or ())
    with unsupported_if_it_fails(f"{NOUNS[group]} {name!r}{package}"):
        return resolve(value)


def _origin(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("?", "?")


def origin(group: Group, name: str, directory: str = "") -> tuple[str, str] | None:
    """Return (distribution, version) of a plug-in; None for a built-in name.

    One that is in no distribution is given by its name and the hash of its file.
    """
    if name in BUILT_IN[group]:
        return None
    if ":" not in name:
        return next((_origin(entry) for entry in entry_points(group) if entry.name == name), (name, "?"))
    import hashlib  # only for plug-ins
    from importlib.metadata import packages_distributions, version  # only for plug-ins

    module_name = name.rpartition(":")[0]
    path = Path(directory, module_name if module_name.endswith(".py") else f"{module_name.replace('.', '/')}.py")
    if path.is_file():
        return name, hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    package = next(iter(packages_distributions().get(module_name.partition(".")[0], ())), "")
    return (package, version(package)) if package else (name, "?")


def list_plugins() -> list[Plugin]:
    """Return every plug-in: the built-in ones, which are not imported, and those of packages, which are."""
    from hptui.core.version import __version__

    rows = [
        Plugin(group, name, "hptui", __version__, reference, "built-in")
        for group in GROUPS
        for name, reference in BUILT_IN[group].items()
    ]
    for group in GROUPS:
        entries = sorted(entry_points(group), key=lambda entry: (entry.name, _origin(entry)))
        rows += [_installed(group, entry, entries) for entry in entries]
    return rows


def _installed(group: Group, entry: EntryPoint, entries: list[EntryPoint]) -> Plugin:
    """Return the row of an entry point; `entries` are all of its group."""
    state, error, label = "installed", "", f"{NOUNS[group]} {entry.name!r}"
    if entry.name in BUILT_IN[group]:
        state = "shadowed"
    elif len({_origin(other) for other in entries if other.name == entry.name}) > 1:
        state = "ambiguous"
    try:
        with unsupported_if_it_fails(label):
            candidate = resolve(entry.value)
        _checked(candidate, group, label)
    except HptuiError as problem:
        state, error = "broken", problem.message
    return Plugin(group, entry.name, *_origin(entry), entry.value, state, error)

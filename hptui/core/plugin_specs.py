"""What a plug-in says about itself: one frozen dataclass for each group of `hptui.plugins`.

A spec is cheap to import: it names what does the work, as `"module:Object"`, and that is imported when it is needed.
Everything that is typed `Reference` may also be the object itself. The classes have no slots, since every start of
the program makes them, and slots would make each class twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from hptui.core.dataclass import dataclass

if TYPE_CHECKING:
    from hptui.core.keys import Key

API = 1
"""Version of these dataclasses and of the protocols behind them. A spec with a higher `api` is not loaded."""

Reference = str | Callable[..., Any]
"""An object, or where it is: `"module:Object"`."""


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler: a value of `[search] sampler`.

    `engine` is called with (study, `[trainer]` with its defaults) and returns an `Engine`. `check` is called with the
    study before anything starts and raises StudyError or Unsupported for one that it cannot search. `asks_ahead`:
    proposals depend on which trials exist, not on their results, so the next one is made while they train.
    `own_process_from` is the number of trials from which asking takes long enough for a process of its own; None:
    when it is measured to be slow. `requires` are modules that must be installed. `keys` are the settings that
    `[search.sampler_settings]` may hold.
    """

    name: str
    help: str
    engine: Reference
    check: Reference | None = None
    asks_ahead: bool = False
    own_process_from: int | None = None
    requires: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    api: int = API


@dataclass(frozen=True)
class PrunerKind:
    """A kind of pruner: a value of `[search] pruner`.

    `pruner` is called with (objective, settings: PrunerSettings) and returns a `Pruner`. `keys` are its own settings,
    besides `warmup`, `startup` and `on`: names of keys of `[search.pruner]`, or Keys that only it has. `wraps`: it asks
    another kind, which `wraps` in its table names, and takes that one's settings, too. `halving`: `warmup` is its first
    rung, so it is more than 0. `compares`: it waits for `startup` other trials; only such a kind can be wrapped.
    `counts_reports`: curves have the number of the report in place of progress.
    """

    name: str
    help: str
    pruner: Reference
    keys: tuple[str | Key, ...] = ()
    wraps: bool = False
    halving: bool = False
    compares: bool = True
    counts_reports: bool = False
    api: int = API


@dataclass(frozen=True)
class TrainerSpec:
    """A trainer: a value of `[trainer] kind`.

    `settings` is a dataclass whose fields are made by `setting`, or is called with the study file's directory and
    returns the settings by name; None: any are taken. `train` is called with (settings, TrialContext) and returns the
    final metrics; a class is instantiated for each attempt first. Where `settings` is a dataclass, `train` gets an
    instance of it.

    `preload` are modules that a warm launcher imports, or is called with the study (or None) and returns them; None:
    only a cold start is safe. `metrics` are all the metrics that it reports, whatever its settings. `prepare` is called
    once per study, with (PrepareRequest, directory, cache), before the first trial; `looks_at` are the settings that it
    rests on. `evaluates_base`: it can evaluate its model untrained. `programs` is called with the settings of trials
    and returns the programs that they start. `preflight` is called with (settings, directory, *, parallel, repeated)
    and returns warnings. `check` is called with the study before anything starts, starts nothing itself, and raises
    StudyError or Unsupported for one that it cannot run as it would be recorded. `resumes`: a trial that was paused
    goes on from its checkpoint; or it is called with the study and returns why not, '' if it does. `laws` is called
    with (settings, names of searched settings, directory) and returns what published laws say, a list of `Law`.
    `memory` is a `hptui.core.memory.MemoryRule`: what is known of the memory of a trial before it runs.
    `packing` is an object with the methods of `hptui.trainers.packs.protocol.Packing`: the trainer can run several
    trials in one process; None: it cannot.
    """

    name: str
    help: str
    settings: Reference | None
    train: Reference
    preload: tuple[str, ...] | Reference | None = None
    metrics: tuple[str, ...] | str = ()
    prepare: Reference | None = None
    looks_at: tuple[str, ...] | str = ()
    evaluates_base: bool = False
    programs: Reference | None = None
    preflight: Reference | None = None
    check: Reference | None = None
    resumes: bool | Reference = False
    laws: Reference | None = None
    memory: Reference | None = None
    packing: Reference | None = None
    api: int = API


@dataclass(frozen=True)
class MetricsReaderSpec:
    """A format of files with metrics: a `format` in `[trainer] metrics` of the trainer `command`.

    `matches` is called with the path and returns whether a file without a `format` is of this one. `reader` is called
    with (path, ReaderOptions) and returns a `MetricsReader`, which reads one file as it grows.
    """

    name: str
    help: str
    matches: Reference
    reader: Reference
    api: int = API


@dataclass(frozen=True)
class ExporterSpec:
    """A format of `hptui export --format`.

    `scope` says what it can write: "trial" one trial's configuration, "all" one or all of them, "study" the whole study
    without naming a trial. `suffix` are the endings of file names that mean this format, ('.csv', …). `write` is called
    with (ExportRequest, View) and returns the bytes, or the bytes of each file of a folder by its path in it, or None
    when it has written to `request.output` itself. `binary`: it is no text, so it needs a place to be written to.
    `folder`: that is a folder. `example` is a name for it.
    """

    name: str
    help: str
    scope: str
    suffix: tuple[str, ...]
    write: Reference
    binary: bool = False
    folder: bool = False
    example: str = ""
    api: int = API


@dataclass(frozen=True)
class ReportSectionSpec:
    """A section of a report.

    `after` is the section behind which it stands; where a style lacks that one, it stands at the end. `write` is called
    with (ReportData, FactWriter) and yields blocks. A number that is no fact is refused.
    """

    name: str
    after: str
    write: Reference
    api: int = API


@dataclass(frozen=True)
class ExecutorSpec:
    """An executor: a value of `[resources] executor`. `executor` is called without arguments; see `Executor`."""

    name: str
    help: str
    executor: Reference
    keys: tuple[Key, ...] = ()
    api: int = API


@dataclass(frozen=True)
class ScreenSpec:
    """A screen of the TUI, opened from the command palette or by `keys` on the screen with the route `opens_from`.

    `screen` is its class. It is called with the study (`StudyDir`) of the screen in front, or None.
    """

    name: str
    title: str
    screen: Reference
    opens_from: str = "studies"
    keys: tuple[str, ...] = ()
    api: int = API


@dataclass(frozen=True)
class CommandSpec:
    """A verb of the command line: `command` is a `click.Command`."""

    name: str
    help: str
    command: Reference
    api: int = API


Spec = (
    SamplerSpec
    | PrunerKind
    | TrainerSpec
    | MetricsReaderSpec
    | ExporterSpec
    | ReportSectionSpec
    | ExecutorSpec
    | ScreenSpec
    | CommandSpec
)
"""The spec of any plug-in."""

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
"""Class of the specs of a group."""

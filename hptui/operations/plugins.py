"""The plug-ins of a study, and `hptui plugins --check`: whether one loads, and how long its spec takes."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from hptui import plugins
from hptui.core.command_settings import COMMAND_KIND
from hptui.core.dataclass import dataclass
from hptui.core.errors import MachineError, UserError, did_you_mean
from hptui.core.plugin_specs import Group
from hptui.core.stages import as_stage
from hptui.core.study import Study
from hptui.trainers import registry


def plugins_of(study: Study) -> dict[str, str]:
    """Return the packages whose plug-ins a study runs with, and their versions; {} if all is built in.

    A plug-in that is in no package is given by its name and the hash of its file.
    """
    parts = [study, *(as_stage(study, stage) for stage in study.stages)]
    named: list[tuple[Group, str]] = [("samplers", part.search.sampler) for part in parts]
    named += [("pruners", part.search.pruner.kind) for part in parts]
    named.append(("executors", study.resources.executor))
    kind = study.trainer.kind
    if registry.spec_of(kind, study.directory) is not None:
        named.append(("trainers", kind))
    if kind == COMMAND_KIND:
        entries = study.trainer.settings.get("metrics")
        tables = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
        formats = [str(entry.get("format") or "") for entry in tables]
        named += [("metrics_readers", name) for name in formats]
    packages = [
        plugins.origin(group, name, study.directory) for group, name in named if name not in ("", "auto", "none")
    ]
    return dict(package for package in packages if package is not None)


MAX_SPEC_MS = 50.0
"""Milliseconds of processor time that the import of a spec may take."""
HEAVY_LIBRARIES = ("torch", "optuna", "ax", "numpy", "scipy", "pandas", "transformers", "matplotlib")
"""Libraries that a spec must not import: they take up to seconds, in every process that names the plug-in."""
CHECK_TIMEOUT_S = 300.0
"""Seconds after which a plug-in that is being checked counts as hung."""


@dataclass(frozen=True, slots=True)
class PluginCheck:
    """What was seen when a plug-in was loaded.

    `parts` are the objects that its spec names, each with '' or the error that its import raised.
    """

    kind: Group
    name: str
    distribution: str
    version: str
    spec_ms: float
    heavy: tuple[str, ...]
    parts: Mapping[str, str]
    error: str

    @property
    def ok(self) -> bool:
        """Whether it keeps what a plug-in promises."""
        return not self.error and not self.heavy and self.spec_ms <= MAX_SPEC_MS and not any(self.parts.values())


def check_plugin(name: str, group: Group | None = None, directory: str = "") -> list[PluginCheck]:
    """Load the plug-ins of a name, each in a process of its own; return what was seen.

    Raises: UserError if there is none of that name.
    """
    groups = [group] if group else [kind for kind in plugins.GROUPS if _has(kind, name)]
    if ":" in name and group is None:
        raise UserError(f"which kind of plug-in is {name!r}?", hint=f"hptui plugins GROUP --check {name}")
    if not groups or not (":" in name or _has(groups[0], name)):
        known = {other for kind in groups or plugins.GROUPS for other in plugins.names(kind, installed=True)}
        raise UserError(f"there is no plug-in {name!r}", hint=did_you_mean(name, known))
    return [_check(kind, name, directory) for kind in groups]


def _has(group: Group, name: str) -> bool:
    return name in plugins.names(group, installed=True)


def _check(group: Group, name: str, directory: str) -> PluginCheck:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    try:
        process = subprocess.run(
            [sys.executable, "-P", "-m", "hptui.operations.plugins", group, name, directory],
            env={**os.environ, "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHECK_TIMEOUT_S,  # a module may wait for something when it is imported
            check=False,
        )
        document = json.loads(process.stdout.rpartition("\n")[2])
    except subprocess.TimeoutExpired:
        raise MachineError(f"loading the plug-in {name!r} takes more than {CHECK_TIMEOUT_S:.0f} s") from None
    except ValueError:
        lines = process.stderr.strip().splitlines() or ["it printed nothing"]
        raise MachineError(f"the plug-in {name!r} ended the process that loaded it: {lines[-1][:500]}") from None
    return PluginCheck(**{**document, "heavy": tuple(document["heavy"])})


def _seen(group: Group, name: str, directory: str) -> PluginCheck:
    """Load a plug-in here; return what was seen."""
    # What is read of installed packages, and imported of hptui for any plug-in of the group, is not the plug-in's time.
    plugins.entry_points(group)
    for other in plugins.names(group)[:1]:
        plugins.spec(group, other)
    before, error, parts, spec = set(sys.modules), "", {}, None
    started = time.process_time()
    try:
        spec = plugins.spec(group, name, directory)
    except Exception as problem:  # noqa: BLE001  somebody else's code; what it raised is the answer
        error = str(problem)
    spent_ms = 1000 * (time.process_time() - started)
    heavy = tuple(library for library in HEAVY_LIBRARIES if library in sys.modules and library not in before)
    for field in dataclasses.fields(spec) if spec is not None else ():
        value = getattr(spec, field.name)
        if (
            field.name not in ("name", "help", "title", "scope", "example", "after")
            and isinstance(value, str)
            and value
        ):
            try:
                plugins.load(group, name, field.name, directory)
                parts[field.name] = ""
            except Exception as problem:  # noqa: BLE001  as above
                parts[field.name] = f"{type(problem).__name__}: {problem}"
    package, version = plugins.origin(group, name, directory) or ("hptui", "")
    return PluginCheck(group, name, package, version, round(spent_ms, 1), heavy, parts, error)


def main(group: Group, name: str, directory: str) -> None:
    """Print what was seen as JSON on the last line, and exit."""
    seen = _seen(group, name, directory)
    print("\n" + json.dumps(dataclasses.asdict(seen)), end="", flush=True)
    os._exit(0)  # threads that a plug-in has started must not delay the exit


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]  # the first word is a group

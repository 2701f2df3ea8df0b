"""Checks before a study starts: does everything exist that the command needs, does the script know its parameters?

A Python script that reads `--help` before it does anything is run with it (or as the study states); nothing else is
started."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError, nearest
from hptui.core.trial import Value
from hptui.scripts import config_file
from hptui.scripts.arguments import ComposedCommand, compose_command, forms_in_command
from hptui.scripts.demanded_options import demanded_warnings
from hptui.scripts.earlier_runs import resumed_files
from hptui.scripts.help_check import unknown_parameter_warnings
from hptui.scripts.inspect.forms import normal_name
from hptui.scripts.launch import launcher_of, read_launch
from hptui.scripts.links import TRIAL_MARKS, missing_files, source_directory
from hptui.scripts.metrics.files import read_specs
from hptui.scripts.program import (
    CONSTANTS_RUNNER,
    program_path,
    resolve_programs,
    script_of,
    version_of_python,
    why_tap_is_hidden,
)
from hptui.scripts.settings import CommandTable, misspelt_settings, read_command_spec
from hptui.scripts.with_constants import LOWEST_PYTHON
from hptui.trainers.failures import Failure

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """The result: `warnings` are sentences for a person, `words` the command of the configuration that was checked."""

    words: Sequence[str]
    warnings: list[str] = field(default_factory=list)


def preflight_warnings(settings: Mapping[str, Value], directory: str, *, parallel: int, repeated: bool) -> list[str]:
    """Return what is doubtful about one configuration of a study.

    Raises: UserError for what cannot be right.
    """
    return preflight(settings, directory, parallel=parallel, repeated=repeated).warnings


def preflight(
    settings: Mapping[str, Value], directory: str, *, parallel: int = 1, repeated: bool = False, run_help: bool = True
) -> PreflightResult:
    """Check one configuration of a study; doubtful points become warnings.

    `parallel`: trials at once; `repeated`: the study repeats configurations; `ask`: the script may be run with
    `--help`.

    Raises: UserError for what cannot be right.
    """
    spec, study_directory = read_command_spec(settings), Path(directory or ".").absolute()
    output = study_directory / "TRIAL"
    composed = compose_command(spec, _facts(study_directory, output), study_directory, output)
    read_specs(spec.settings.metrics)
    source = study_directory / composed.placeholders.fill(spec.settings.workdir, "workdir")
    source = source_directory(spec.settings.links, composed.words, study_directory, source)
    declared = forms_in_command(composed.words, source)
    warnings = [
        f"trainer.{name}: goes to the script as a parameter; {hint}"
        for name, hint in misspelt_settings(settings).items()
        if normal_name(spec.name_in_script(name)) not in declared and spec.settings.config is None
    ]
    try:
        work = _work(spec, composed, study_directory)
        program = program_path(composed.words[0], resolve_programs(composed.words[:1]), work or study_directory)
    except Failure as failure:
        return PreflightResult(composed.words, [*warnings, f"trainer.command: {failure}"])
    words = [program, *composed.words[1:]]
    _check_python(words)
    missing = list(_script(words, work, {str(path) for path in composed.files})) if work else []
    warnings += [*missing, *_sharing(spec, composed, parallel=parallel, repeated=repeated)]
    if hidden := why_tap_is_hidden(words) if spec.settings.tap else "":
        warnings.append(f"trainer.tap: {hidden}; metrics come from the script's files and output")
    warnings += _pausing(spec, words, source)
    missing_links = missing_files(spec.settings.links, study_directory, composed.placeholders.fill)
    warnings += [f"trainer.links: there is no {text!r} in {study_directory}" for text in missing_links]
    warnings += _of_earlier_runs(spec, words, source)
    warnings += _config(spec, composed, study_directory)
    warnings += demanded_warnings(spec, words, source)
    if run_help and not missing and spec.settings.help is not False:
        warnings += unknown_parameter_warnings(spec, composed, words, source if source.is_dir() else study_directory)
    return PreflightResult(words, warnings)


def _check_python(words: Sequence[str]) -> None:
    """Refuse a Python that is too old to run a script with other constants.

    Raises: UserError that names its version.
    """
    version = version_of_python(words[0]) if str(CONSTANTS_RUNNER) in words else None
    if version is not None and version < LOWEST_PYTHON:
        lowest, own = (".".join(map(str, numbers)) for numbers in (LOWEST_PYTHON, version))
        raise UserError(
            f'trainer.style: "constants" needs Python {lowest} or newer, and {words[0]} is Python {own}',
            hint="use a newer Python, or let the script take options (argparse)",
        )


def _work(spec: CommandTable, composed: ComposedCommand, directory: Path) -> Path | None:
    """Return the directory that the script runs in; None if it is made with the trial."""
    work = directory / composed.placeholders.fill(spec.settings.workdir, "workdir")
    return work if work.is_dir() else None


def _facts(directory: Path, output: Path) -> dict[str, str]:
    facts = dict.fromkeys(("gpu", "checkpoint"), "")
    facts |= {"gpus": "0", "nproc": "1", "local_ranks": "0"}
    facts |= {"number": "0", "attempt": "1", "seed": "0", "threads": "1", "port": "29500", "python": sys.executable}
    return {**facts, "trial_dir": str(output), "study_dir": str(directory), "cache": str(output)}


def _script(words: Sequence[str], directory: Path, written: Collection[str]) -> Iterator[str]:
    for before, text in pairwise(words):
        if before == "-c":  # code, not a file
            continue
        is_script = text.endswith(".py") and not text.startswith("-") and text not in written
        if is_script and not (directory / text).is_file():
            yield f"trainer.command: there is no file {text!r} in {directory}"


def _sharing(spec: CommandTable, composed: ComposedCommand, *, parallel: int, repeated: bool) -> Iterator[str]:
    """Yield warnings of files that trials would share, and of seeds that would not reach the script."""
    files, _ = read_specs(spec.settings.metrics)
    per_trial = ("{trial_dir}", "{number}")
    for file in files:
        if parallel > 1 and not any(mark in file.path or mark in spec.settings.workdir for mark in per_trial):
            yield f"trainer.metrics: {file.path} is one file for {parallel} trials at once; put it into {{trial_dir}}"
    texts = [*spec.settings.command, *(spec.settings.env or {}).values(), *map(str, spec.parameters.values())]
    if repeated and spec.settings.config is None and not any("{seed}" in text for text in texts):
        yield 'trainer.command: repeated runs differ by their seed only, and nothing gives the script "{seed}"'


SAVES_AT_PAUSE = re.compile(r"\bsave|\bdump|signal")
"""What a script has that saves: another one begins again after a pause, however it is started."""


def _pausing(spec: CommandTable, words: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield a warning where a pause would lose what several processes have trained."""
    key = "launch" if read_launch(spec.settings.launch) is not None else "command"
    if spec.settings.checkpoint or not (key == "launch" or launcher_of(words)):
        return
    script = script_of(words, directory)
    text = script.read_text(errors="replace") if script is not None else "hptui"
    if "hptui" not in text and SAVES_AT_PAUSE.search(text):
        hint = 'name what it saves (checkpoint = "{trial_dir}/…"), or ask hptui.should_stop() in it'
        yield f"trainer.{key}: a launcher ends its processes 30 s after a pause, and the trial would begin anew; {hint}"


def _of_earlier_runs(spec: CommandTable, words: Sequence[str], directory: Path) -> Iterator[str]:
    """Yield a warning where a trial would go on from what another trial has saved."""
    if any(mark in spec.settings.workdir for mark in TRIAL_MARKS):
        return
    for path in resumed_files(words, directory, spec.parameters):
        hint = (
            'start each trial in a directory of its own (workdir = "{trial_dir}", links = ["data"] for what it reads)'
        )
        yield f"trainer.workdir: the script goes on from {path} where it finds it, of another trial, too; {hint}"


def _config(spec: CommandTable, composed: ComposedCommand, directory: Path) -> Iterator[str]:
    """Yield warnings of parameters that the base file does not have."""
    if spec.settings.config is None:
        return
    loaded_config = config_file.read_config_spec(spec.settings.config, composed.placeholders.fill, directory)
    places = composed.placeholders
    named = {spec.name_in_script(name): places.fill_value(value) for name, value in spec.parameters.items()}
    for place, name, near in places.unfilled(config_file.merged_content(loaded_config, named, places.fill_value)):
        meant = f"did you mean {{{near}}}?" if near != name else "the names in braces beside it are unknown"
        yield f"trainer.config: {place} keeps its {{{name}}}: {meant}"
    names = config_file.dotted_paths(loaded_config.base)
    for name, value in spec.parameters.items():
        path = spec.name_in_script(name)
        is_known = path in names or name in composed.placeholders.placed or (path, value) in OF_TRIAL
        if names and not is_known:
            yield f"trainer.config: the base file has no {path!r}{_suggestion(path, names)}"


OF_TRIAL = (("seed", "{seed}"), ("output_dir", "{trial_dir}/output"))
"""What a trial gives a file of settings that lets its program choose: the key, and the study's value."""


def _suggestion(name: str, names: Sequence[str]) -> str:
    same_last = [path for path in names if path.rpartition(".")[2] == name.rpartition(".")[2]]
    nearest_name = same_last[0] if len(same_last) == 1 else nearest(name, names)
    return f"; did you mean {nearest_name!r}?" if nearest_name else ""

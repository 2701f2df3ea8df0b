"""Checks before a study starts: does everything exist that the command needs, does the script know its parameters?

The script is run with `--help` (or as the study states), which runs its imports and nothing else; one that would train
instead, as far as its source shows, is not run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.errors import UserError, nearest
from hptui.core.trial import Value
from hptui.scripts import config_file
from hptui.scripts.arguments import ComposedCommand, compose_command, forms_in_command
from hptui.scripts.inspect.forms import Reads
from hptui.scripts.metrics.files import read_specs
from hptui.scripts.passing import form_of
from hptui.scripts.program import program_path, resolve_programs, script_of, why_tap_is_hidden
from hptui.scripts.settings import CommandTable, misspelt_settings, read_command_spec
from hptui.scripts.styles import STYLES, ArgumentStyle, flatten, read_style, spelling
from hptui.trainers.failures import Failure

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript


READS_INSTEAD_TEXTS = {
    "wandb": 'command line, it takes its parameters from wandb.config: style = "wandb"',
    "environment": 'command line, it takes its parameters from the environment: style = "env"',
    "constants": 'command line, but its constants can be set from outside: style = "constants"',
    "sys.argv": 'flags, it takes words in their places: command = ["python", "train.py", "{learning_rate}"]',
    "": "command line",
}
"""Warning texts by what a script reads instead of flags; '' for nothing that is known."""
PASSES_ARGUMENTS = re.compile(r"\$[@*]|getopt|--help")
ARGV_PATTERN = re.compile(r"argv|parse_args|ArgumentParser")
READS_ARGUMENTS = re.compile(
    r"argv|pars|cli\b|flags|getopt|docopt|hydra|fire|typer|tyro|[Aa]pp\b|conf|options|args", re.IGNORECASE
)


def reads_instead_of_flags(words: Sequence[str], directory: Path, also_style: str) -> str | None:
    """Return what a script reads that would ignore `--help` and train, as a key of the table above.

    None: it can be run with `--help`, or its source does not tell.
    """
    script = script_of(words, directory)
    if script is None:
        return None
    if script.suffix in (".sh", ".bash"):  # without `$@`, --help would be ignored and the script would train
        return None if PASSES_ARGUMENTS.search(script.read_text(errors="replace")) else ""
    if script.suffix != ".py":
        return None
    inspected = inspect_command_script(words, directory)
    if inspected is None:
        return None
    text = script.read_text(errors="replace")
    if inspected.parser in ("wandb", "environment"):
        return inspected.parser if also_style == inspected.parser or not ARGV_PATTERN.search(text) else None
    if inspected.parser in ("constants", "sys.argv") and not READS_ARGUMENTS.search(text.replace("sys.argv", "")):
        return inspected.parser
    return None if inspected.parser or READS_ARGUMENTS.search(text) else ""


def unknown_constant_warnings(values: Mapping[str, Value], script: Path | None) -> Iterator[str]:
    """Yield a warning for each parameter that is no constant of the script."""
    from hptui.scripts.inspect import inspect_script

    try:
        constants = [option.name for option in inspect_script(script).options] if script else []
    except UserError as error:
        yield f"trainer.command: {error}"
        return
    for name in values:
        if name not in constants:
            close = nearest(name, constants)
            suggestion = f"; did you mean {close!r}?" if close else ""
            yield f"trainer.style: the script sets no constant {name!r}{suggestion}"


def inspect_command_script(words: Sequence[str], directory: Path) -> InspectedScript | None:
    """Return what the source of a Python script shows of its command line; None if it cannot be read."""
    from hptui.scripts.inspect import inspect_script

    script = script_of(words, directory)
    try:
        return inspect_script(script) if script is not None and script.suffix == ".py" else None
    except UserError:
        return None


def has_configurator(words: Sequence[str], directory: Path) -> bool:
    """Return whether the source lists all parameters but `--help` none, as nanoGPT's configurator."""
    inspected = inspect_command_script(words, directory)
    return inspected is not None and inspected.parser == "configurator"


def flags_in_source(words: Sequence[str], directory: Path, style: ArgumentStyle) -> list[str]:
    """Return the flags that the source lists and `--help` may not.

    They are those of a configurator, or of a subcommand.
    """
    inspected = inspect_command_script(words, directory)
    if inspected is None or not (
        has_configurator(words, directory) or (inspected.words and all(word in words for word in inspected.words))
    ):
        return []
    return [f"{style.prefix}{spelling(style, option.flag)}" for option in inspected.options if not option.positional]


HELP_TIMEOUT_S = 120.0
"""Seconds that a script may take to print its help: it imports torch and the like first."""
FLAG_PATTERN = re.compile(r"(?<![\w-])(--?[A-Za-z][\w.-]*)")
CONFIG_KEY = re.compile(r"^(\s*)(?:- )?([A-Za-z_][\w.-]*):(?:\s|$)")
POSITIONAL = re.compile(r"^\s+([A-Z][A-Z0-9_]*)\s*$", re.MULTILINE)
MAX_UNKNOWN_LISTED = 8


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
    warnings = [
        f"trainer.{name}: goes to the script as a parameter; {hint}"
        for name, hint in misspelt_settings(settings).items()
    ]
    try:
        work = _work(spec, composed, study_directory)
        program = program_path(composed.words[0], resolve_programs(composed.words[:1]), work or study_directory)
    except Failure as failure:
        return PreflightResult(composed.words, [*warnings, f"trainer.command: {failure}"])
    words = [program, *composed.words[1:]]
    missing = list(_script(words, work)) if work else []
    warnings += [*missing, *_sharing(spec, composed, parallel=parallel, repeated=repeated)]
    if hidden := why_tap_is_hidden(words) if spec.settings.tap else "":
        warnings.append(f"trainer.tap: {hidden}; metrics come from the script's files and output")
    warnings += _config(spec, composed, study_directory)
    if run_help and not missing and spec.settings.help is not False:
        warnings += _unknown_parameters(spec, composed, words, work or study_directory)
    return PreflightResult(words, warnings)


def _work(spec: CommandTable, composed: ComposedCommand, directory: Path) -> Path | None:
    """Return the directory that the script runs in; None if it is made with the trial."""
    work = directory / composed.placeholders.fill(spec.settings.workdir, "workdir")
    return work if work.is_dir() else None


def _facts(directory: Path, output: Path) -> dict[str, str]:
    facts = dict.fromkeys(("gpu", "checkpoint"), "")
    facts |= {"number": "0", "attempt": "1", "seed": "0", "threads": "1", "port": "29500", "python": sys.executable}
    return {**facts, "trial_dir": str(output), "study_dir": str(directory), "cache": str(output)}


def _script(words: Sequence[str], directory: Path) -> Iterator[str]:
    for text in words[1:]:
        if text.endswith(".py") and not (directory / text).is_file():
            yield f"trainer.command: there is no file {text!r} in {directory}"


def _sharing(spec: CommandTable, composed: ComposedCommand, *, parallel: int, repeated: bool) -> Iterator[str]:
    """Yield warnings of files that trials would share, and of seeds that would not reach the script."""
    files, _ = read_specs(spec.settings.metrics)
    per_trial = ("{trial_dir}", "{number}")
    for file in files:
        if parallel > 1 and not any(mark in file.path or mark in spec.settings.workdir for mark in per_trial):
            yield f"trainer.metrics: {file.path} is one file for {parallel} trials at once; put it into {{trial_dir}}"
    texts = [*spec.settings.command, *(spec.settings.env or {}).values()]
    if repeated and not any("{seed}" in text for text in texts):
        yield 'trainer.command: repeated runs differ by their seed only, and nothing gives the script "{seed}"'


def _config(spec: CommandTable, composed: ComposedCommand, directory: Path) -> Iterator[str]:
    """Yield warnings of parameters that the base file does not have."""
    if spec.settings.config is None:
        return
    loaded_config = config_file.read_config_spec(spec.settings.config, composed.placeholders.fill, directory)
    names = config_file.dotted_paths(loaded_config.base)
    for name in spec.parameters:
        path = spec.name_in_script(name)
        if names and name not in composed.placeholders.placed and path not in names:
            yield f"trainer.config: the base file has no {path!r}{_suggestion(path, names)}"


def _suggestion(name: str, names: Sequence[str]) -> str:
    same_last = [path for path in names if path.rpartition(".")[2] == name.rpartition(".")[2]]
    nearest_name = same_last[0] if len(same_last) == 1 else nearest(name, names)
    return f"; did you mean {nearest_name!r}?" if nearest_name else ""


def _unknown_parameters(
    spec: CommandTable, composed: ComposedCommand, words: Sequence[str], directory: Path
) -> Iterator[str]:
    """Yield warnings of parameters that the script's help does not list, with the nearest flag."""
    style = read_style(spec.settings.style)
    remaining = {
        spec.name_in_script(name): value
        for name, value in spec.parameters.items()
        if name not in composed.placeholders.placed
    }
    if style == "constants":
        yield from unknown_constant_warnings(remaining, script_of(words, directory))
    if not isinstance(style, ArgumentStyle) or not remaining or spec.settings.config is not None:
        return
    if not spec.settings.help and (why := reads_instead_of_flags(words, directory, style.also)) is not None:
        if not why or style.also != why:
            yield f"trainer.style: the script reads no {READS_INSTEAD_TEXTS[why]}"
        return
    help_words = _help_command(spec, words, directory, style)
    # A configurator takes `--help` for a setting: such a script's source is read instead.
    text, problem = (
        ("", "")
        if has_configurator(words, directory) and not spec.settings.help
        else _run_help(help_words, composed, directory, spec)
    )
    flags, keys = (
        {*FLAG_PATTERN.findall(text), *_positional(text), *flags_in_source(words, directory, style)},
        dotted_keys(text),
    )
    dashed = style.prefix.startswith("-")
    known_flags = flags - {"-h", "--help"} if dashed else set(keys)
    if problem or not known_flags:
        yield f"trainer.help: {' '.join(help_words[1:])} does not list parameters{problem and f': {problem}'}"
        return
    unknown, forms = [], forms_in_command(words, directory)
    for name, value in flatten(remaining):
        option = f"{style.prefix if dashed else ''}{spelling(style, name)}"
        no = f"{style.prefix}no-{spelling(style, name)}"
        form = form_of(forms, style, name)
        if form is not None and known_flags.intersection(form.flags or [option]):
            if form.reads is Reads.ANY_TEXT and isinstance(value, bool):
                yield f"trainer.{name}: the script reads {option} with type=bool: any text is true, an empty one false"
        elif option not in known_flags and option.replace("--", "-", 1) not in known_flags:
            unknown.append(
                f"trainer.command: the script knows no {option!r}{_nearest_flag(option, sorted(known_flags))}"
            )
        elif isinstance(value, bool) and style.booleans_of(name) == "flag" and no in flags:
            yield f"trainer.style: {option} can be turned off by {no}; {_booleans(name, 'no')} says false, too"
        elif isinstance(value, bool) and style.booleans_of(name) == "no" and no not in flags:
            suggestion = _booleans(name, "flag")
            yield f"trainer.style: the script knows no {no!r}; {suggestion} says nothing where it is false"
    yield from unknown[:MAX_UNKNOWN_LISTED]
    if len(unknown) > MAX_UNKNOWN_LISTED:
        yield f"trainer.command: the script knows {len(unknown) - MAX_UNKNOWN_LISTED} more parameters not"


def _booleans(name: str, form: str) -> str:
    return f'booleans = {{ {name.replace("-", "_")} = "{form}" }}'


def _positional(text: str) -> list[str]:
    """Return, as flags, the arguments that fire lists apart from its flags but accepts as flags."""
    _, heading, listing = text.partition("POSITIONAL ARGUMENTS")
    return [f"--{name.lower()}" for name in POSITIONAL.findall(listing)] if heading else []


def _nearest_flag(option: str, flags: Collection[str]) -> str:
    """Return a hint that names the same flag in another spelling, else the nearest one."""
    known_flags = sorted(flags)
    plain = {re.sub(r"[-_.]", "", flag): flag for flag in known_flags}
    close = plain.get(re.sub(r"[-_.]", "", option)) or nearest(option, known_flags)
    if not close:
        return f"; it knows {', '.join(known_flags[:12])}"
    styles = [name for name, style in STYLES.items() if spelling(style, option.lstrip("-")) == close.lstrip("-")]
    hint = f' (style = "{styles[0]}" spells it so)' if styles and close.lstrip("-") != option.lstrip("-") else ""
    return f"; did you mean {close!r}?{hint}"


def _help_command(spec: CommandTable, words: Sequence[str], directory: Path, style: ArgumentStyle) -> list[str]:
    """Return the command up to its script, followed by the words that make it list its parameters."""
    option_words = spec.settings.help or (["--cfg", "job"] if style == STYLES["hydra"] else ["--help"])
    script, inspected = script_of(words, directory), inspect_command_script(words, directory)
    for index, text in enumerate(words):
        if index and (words[index - 1] == "-m" or (script is not None and directory / text == script)):
            subcommand = [word for word in words[index + 1 :] if inspected and word in inspected.words]
            return [*words[: index + 1], *subcommand, *option_words]
    return [words[0], *option_words]


def _run_help(
    help_words: Sequence[str], composed: ComposedCommand, directory: Path, spec: CommandTable
) -> tuple[str, str]:
    """Run the help command; return its output, and why it is unusable ('' if it is not)."""
    environment = {**os.environ, **composed.environment, "COLUMNS": "200", "PAGER": "cat"}
    try:
        done = subprocess.run(
            help_words,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HELP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"it took more than {HELP_TIMEOUT_S:.0f} s; help = false does not ask"
    except OSError as error:
        return "", str(error.strerror)
    printed = done.stdout + done.stderr
    if done.returncode and not FLAG_PATTERN.search(done.stdout):
        return "", (printed.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]
    return printed, ""


def dotted_keys(text: str) -> list[str]:
    """Return the dotted paths of the keys of a configuration printed as YAML."""
    keys: list[str] = []
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        if match := CONFIG_KEY.match(line):
            depth = len(match[1])
            parents = [(level, name) for level, name in parents if level < depth]
            keys.append(".".join([*(name for _, name in parents), match[2]]))
            parents.append((depth, match[2]))
    return keys

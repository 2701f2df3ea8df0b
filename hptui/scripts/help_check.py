"""Which parameters a script does not know: by its own `--help`, where it reads that first of all; else by its source.

A shell script, a console program or a script that may act first is never started, unless the study says how to ask it.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.core.errors import UserError, nearest
from hptui.core.trial import Value
from hptui.scripts.arguments import ComposedCommand, forms_in_command, is_own_subcommand, nest_in_tables
from hptui.scripts.constant_slots import find_slots
from hptui.scripts.harmless import reads_help_first
from hptui.scripts.inspect.forms import Reads
from hptui.scripts.inspect.inputs.library_dataclasses import OF_LIBRARY
from hptui.scripts.inspect.inputs.training_fields import TRAINING_FIELDS
from hptui.scripts.option_forms import Forms, form_of, values_to_pass
from hptui.scripts.program import is_python, script_of
from hptui.scripts.settings import CommandTable
from hptui.scripts.styles import STYLES, ArgumentStyle, read_style, spelling
from hptui.scripts.with_constants import places_at_top_level

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
ARGV_PATTERN = re.compile(r"argv|parse_args|ArgumentParser")
READS_ARGUMENTS = re.compile(
    r"argv|pars|cli\b|flags|getopt|docopt|hydra|fire|typer|tyro|[Aa]pp\b|conf|options|args", re.IGNORECASE
)


def reads_instead_of_flags(words: Sequence[str], directory: Path, also_style: str) -> str | None:
    """Return what a script reads that would ignore `--help` and train, as a key of the table above.

    None: it reads its command line, or its source does not tell.
    """
    script = script_of(words, directory)
    if script is None or script.suffix != ".py":
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
    from hptui.scripts.inspect import inspect_options

    try:
        constants = [option.name for option in inspect_options(script).options] if script else []
        tree = ast.parse(script.read_bytes()) if script else ast.Module([], [])
    except UserError as error:
        yield f"trainer.command: {error}"
        return
    settable = {*constants, *places_at_top_level(tree)}
    for name in values:
        if name not in settable and not find_slots(tree, name):
            close = nearest(name, constants)
            suggestion = f"; did you mean {close!r}?" if close else ""
            yield f"trainer.style: the script sets no constant {name!r}{suggestion}"


def inspect_command_script(words: Sequence[str], directory: Path) -> InspectedScript | None:
    """Return what the source of a Python script shows of its command line; None if it cannot be read."""
    from hptui.scripts.inspect import inspect_options

    script = script_of(words, directory)
    try:
        return inspect_options(script) if script is not None and script.suffix == ".py" else None
    except UserError:
        return None


def _known_in_source(words: Sequence[str], directory: Path, style: ArgumentStyle, forms: Forms) -> set[str]:
    """Return the options that the source lists; those of a style without dashes by their names."""
    inspected = inspect_command_script(words, directory)
    if inspected is None or not is_own_subcommand(inspected, words) or inspected.parser.startswith("sys.argv"):
        return set()
    if not style.prefix.startswith("-"):
        return {option.name for option in inspected.options}
    spelled = {f"{style.prefix}{spelling(style, option.flag)}" for option in inspected.options if not option.positional}
    if any(option.help == OF_LIBRARY for option in inspected.options):
        spelled |= {f"{style.prefix}{spelling(style, name)}" for name in TRAINING_FIELDS}
    return spelled | {flag for form in forms.values() for flag in (*form.flags, *(flag for _, flag in form.sets))}


def may_be_asked(words: Sequence[str], directory: Path) -> bool:
    """Return whether a command can be run with `--help`, since it reads that before it does anything."""
    script = script_of(words, directory)
    if script is None or script.suffix != ".py" or not is_python(words):
        return False
    inspected = inspect_command_script(words, directory)
    # A configurator takes `--help` for a setting.
    return inspected is not None and inspected.parser != "configurator" and reads_help_first(script)


HELP_TIMEOUT_S = 120.0
"""Seconds that a script may take to print its help: it imports torch and the like first."""
FLAG_PATTERN = re.compile(r"(?<![\w-])(--?[A-Za-z][\w.-]*)")
NEGATABLE_FLAG = re.compile(r"--\[(no-?)\]([A-Za-z][\w.-]*)")
"""`--[no]augment`, as absl lists a flag and its negation."""
CONFIG_KEY = re.compile(r"^(\s*)(?:- )?([A-Za-z_][\w.-]*):(?:\s|$)")
POSITIONAL = re.compile(r"^\s+([A-Z][A-Z0-9_]*)\s*$", re.MULTILINE)
MAX_UNKNOWN_LISTED = 8


def unknown_parameter_warnings(
    spec: CommandTable, composed: ComposedCommand, words: Sequence[str], directory: Path
) -> Iterator[str]:
    """Yield warnings of parameters that the script does not know, with the nearest option."""
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
    remaining = nest_in_tables(remaining, spec.settings.tables)
    forms, dashed = forms_in_command(words, directory), style.prefix.startswith("-")
    flags: set[str] = set()
    is_asked = bool(spec.settings.help) or may_be_asked(words, directory)
    if is_asked:
        help_words = _help_command(spec, words, directory, style)
        text, problem = _run_help(help_words, composed, directory, spec)
        text = NEGATABLE_FLAG.sub(r"--\2 --\1\2", text)
        flags = {*FLAG_PATTERN.findall(text), *_positional(text)} if dashed else set(dotted_keys(text))
        if problem or not (flags - {"-h", "--help"} or _known_in_source(words, directory, style, forms)):
            yield f"trainer.help: {' '.join(help_words[1:])} does not list parameters{problem and f': {problem}'}"
            return
    known = (flags | _known_in_source(words, directory, style, forms)) - {"-h", "--help"}
    if known:
        inspected = inspect_command_script(words, directory)
        is_complete = is_asked or (inspected is not None and inspected.parser == "configurator")
        yield from _warnings(style, remaining, forms, known, flags, is_complete)


def _warnings(
    style: ArgumentStyle,
    parameters: Mapping[str, Value],
    forms: Forms,
    known: Collection[str],
    flags: Collection[str],
    is_complete: bool,
) -> Iterator[str]:
    """Yield warnings of options that are not `known`, and of booleans whose form only the help shows."""
    unknown: list[str] = []
    items = values_to_pass(parameters, style, forms) if style.tables == "flat" else parameters.items()
    for name, value in items:
        option = f"{style.prefix if style.prefix.startswith('-') else ''}{spelling(style, name)}"
        no = f"{style.prefix}no-{spelling(style, name)}"
        form = form_of(forms, style, name)
        if form is not None:
            if form.reads is Reads.ANY_TEXT and isinstance(value, bool) and value != form.silent:
                yield f"trainer.{name}: the script reads {option} with type=bool: any text is true, an empty one false"
        elif option not in known and option.replace("--", "-", 1) not in known:
            text = "the script knows no" if is_complete else "the script's source shows no"
            unknown.append(f"trainer.command: {text} {option!r}{_nearest_flag(option, known)}")
        elif isinstance(value, bool) and style.booleans_of(name) == "flag" and no in flags:
            yield f"trainer.style: {option} can be turned off by {no}; {_booleans(name, 'no')} says false, too"
        elif isinstance(value, bool) and style.booleans_of(name) == "no" and no not in flags and is_complete:
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


SUBCOMMAND = re.compile(r"[A-Za-z][\w-]*")


def _help_command(spec: CommandTable, words: Sequence[str], directory: Path, style: ArgumentStyle) -> list[str]:
    """Return the command up to its subcommand, followed by the words that list its parameters."""
    script, inspected = script_of(words, directory), inspect_command_script(words, directory)
    # Behind `--` it is fire's own: a function with **kwargs would take it for an argument, and train.
    usual = ["--", "--help"] if inspected is not None and inspected.parser == "fire" else ["--help"]
    option_words = spec.settings.help or (["--cfg", "job"] if style == STYLES["hydra"] else usual)
    for index, text in enumerate(words):
        if index and (words[index - 1] == "-m" or (script is not None and directory / text == script)):
            return [*words[: index + 1], *_subcommand(words[index + 1 :], inspected), *option_words]
    return [words[0], *option_words]


def _subcommand(words: Sequence[str], inspected: InspectedScript | None) -> list[str]:
    """Return the words up to a subcommand: the one that the source names, else plain words at the start."""
    for name in inspected.words if inspected else ():
        if name in words:
            return list(words[: list(words).index(name) + 1])
    plain = next((index for index, word in enumerate(words) if not SUBCOMMAND.fullmatch(word)), len(words))
    return list(words[:plain])


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

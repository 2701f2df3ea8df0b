"""How a script gets its parameters, as far as its source shows, and whether it may be run with `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import UserError, nearest
from hptui.model.trial import Value
from hptui.trainers.command.program import script_of
from hptui.trainers.command.styles import ArgumentStyle, spelling

if TYPE_CHECKING:
    from hptui.trainers.scripts import InspectedScript

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
    from hptui.trainers.scripts import inspect_script

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
    from hptui.trainers.scripts import inspect_script

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

"""How a script gets its parameters, as far as its source tells: whether it may be asked, and what it would not say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hptui.model.errors import UserError, nearest
from hptui.model.trial import Value
from hptui.trainers.command.program import script_of
from hptui.trainers.command.styles import Style, spelled

if TYPE_CHECKING:
    from hptui.trainers.scripts import Found

DEAF = {
    "wandb": 'command line, it takes its parameters from wandb.config: style = "wandb"',
    "environment": 'command line, it takes its parameters from the environment: style = "env"',
    "constants": 'command line, but its constants can be set from outside: style = "constants"',
    "sys.argv": 'flags, it takes words in their places: command = ["python", "train.py", "{learning_rate}"]',
    "": "command line",
}
"""What a script reads instead of flags."""
HANDS_ON = re.compile(r"\$[@*]|getopt|--help")
ARGV = re.compile(r"argv|parse_args|ArgumentParser")
LISTENS = re.compile(
    r"argv|pars|cli\b|flags|getopt|docopt|hydra|fire|typer|tyro|[Aa]pp\b|conf|options|args", re.IGNORECASE
)


def deaf(words: Sequence[str], place: Path, also: str) -> str | None:
    """How a script gets its parameters that would not read `--help` but train; None for one that may be asked."""
    script = script_of(words, place)
    if script is None:
        return None
    if script.suffix in (".sh", ".bash"):  # asked, one that hands nothing on would train
        return None if HANDS_ON.search(script.read_text(errors="replace")) else ""
    if script.suffix != ".py":
        return None
    found = seen(words, place)
    if found is None:
        return None
    text = script.read_text(errors="replace")
    if found.parser in ("wandb", "environment"):
        return found.parser if also == found.parser or not ARGV.search(text) else None
    if found.parser in ("constants", "sys.argv") and not LISTENS.search(text.replace("sys.argv", "")):
        return found.parser
    return None if found.parser or LISTENS.search(text) else ""


def unknown_constants(values: Mapping[str, Value], script: Path | None) -> Iterator[str]:
    """Parameters that are no constant of the script."""
    from hptui.trainers.scripts import look

    try:
        known = [option.name for option in look(script).options] if script else []
    except UserError as error:
        yield f"trainer.command: {error}"
        return
    for name in values:
        if name not in known:
            close = nearest(name, known)
            perhaps = f"; did you mean {close!r}?" if close else ""
            yield f"trainer.style: the script sets no constant {name!r}{perhaps}"


def seen(words: Sequence[str], place: Path) -> Found | None:
    """What the script's source says of its command line."""
    from hptui.trainers.scripts import look

    script = script_of(words, place)
    try:
        return look(script) if script is not None and script.suffix == ".py" else None
    except UserError:
        return None


def listed(words: Sequence[str], place: Path) -> bool:
    """Whether the source says all parameters, and the script none: nanoGPT's way."""
    found = seen(words, place)
    return found is not None and found.parser == "configurator"


def declared(words: Sequence[str], place: Path, style: Style) -> list[str]:
    """Flags that belong to a subcommand, which the help of neither may list all."""
    found = seen(words, place)
    if found is None or not (listed(words, place) or (found.words and all(word in words for word in found.words))):
        return []
    return [f"{style.prefix}{spelled(style, option.flag)}" for option in found.options if not option.positional]

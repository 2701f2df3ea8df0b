"""A study file made from somebody's own script: its parameters, their defaults, and the usual ranges as comments."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hptui.model.errors import UserError
from hptui.model.trial import Value
from hptui.results.export.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from hptui.trainers.scripts import Found, Option


def of_script(path: Path, place: Path) -> tuple[str, list[str]]:
    """(the study file for a script, what the person should know); the file will lie in `place`."""
    from hptui.trainers.scripts import look, shell

    if not path.is_file():
        raise UserError(f"there is no script {str(path)!r}")
    found = shell(path) if _is_shell(path) else look(path)
    here, script = _started(path)
    # As the person would start it from here, though the study file may lie elsewhere.
    runs = os.path.relpath(here, place.absolute())
    if runs != ".":
        found.settings["workdir"] = runs
    lines = [*_head(path, found), "", *_objective(found), "", *_trainer(found, script), "", *_space(found), "", *SEARCH]
    return "\n".join(lines) + "\n", _notes(found, path)


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(200)
    return path.suffix in (".sh", ".bash") or re.match(rb"#!.*\b(?:ba|z|da|k)?sh\b", first) is not None


def _started(path: Path) -> tuple[Path, list[str]]:
    """Where a script is started, and how: a module of a package with `-m`, others by their path."""
    here = Path.cwd()
    if _is_shell(path):
        return here, ["bash", _beside(path, here)]
    top = path.resolve().parent
    while (top / "__init__.py").is_file():
        top = top.parent
    if top != path.resolve().parent and _imports_itself(path, top):
        module = ".".join(path.resolve().relative_to(top).with_suffix("").parts)
        return top, ["python", "-m", module.removesuffix(".__main__")]
    return here, ["python", _beside(path, here)]


def _imports_itself(path: Path, top: Path) -> bool:
    """Whether a script in a package imports from it, which it cannot when it is started by its path."""
    package = re.escape(path.resolve().relative_to(top).parts[0])
    text = path.read_text(errors="replace")
    return re.search(rf"^\s*(?:from\s+(?:\.|{package}[.\s])|import\s+{package}\b)", text, re.MULTILINE) is not None


def _beside(path: Path, place: Path) -> str:
    """The script as the study file calls it: relative to where it is started, where that is possible."""
    try:
        return path.resolve().relative_to(place.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _head(path: Path, found: Found) -> list[str]:
    read = f"read by {found.parser}" if found.parser else "which reads no parameters"
    lines = [f"# {len(found.options)} parameters of {path.name}, {read}. In [space], uncomment what is to be searched."]
    return [*lines, f"name = {toml_value(study_name(path.stem))}"]


def _objective(found: Found) -> list[str]:
    from hptui.trainers.scripts.measures import UPWARDS

    metric = found.metrics[0] if found.metrics else "val_loss"
    up = any(word in metric.lower() for word in UPWARDS)
    others = f"; the script also seems to measure {', '.join(found.metrics[1:6])}" if len(found.metrics) > 1 else ""
    sure = (
        f"# as the script calls it{others}"
        if found.metrics
        else "# a guess: which metric does the script print or log?"
    )
    return ["[objective]", f"metric = {toml_value(metric)}  {sure}", f'goal = "{"maximize" if up else "minimize"}"']


def _trainer(found: Found, script: list[str]) -> list[str]:
    placed = {option.name: value for option in found.options if (value := _placed(option))}
    first = {option.name: f"{{{option.name}}}" for option in found.options if _goes_first(option, placed)}
    behind = {name: value for name, value in placed.items() if name not in {o.name for o in found.options if o.before}}
    command: list[Any] = [*script, *_words(found, {**first, **{n: v for n, v in placed.items() if n not in behind}})]
    command += found.words
    command += [f"{{{option.name}}}" for option in found.options if option.positional and not option.before]
    command += _words(found, behind)
    extra = found.settings.get("command_extra")
    command += extra if isinstance(extra, list) else []
    if any(option.positional for option in found.options) and found.style != "none":
        command.append("{args}")
    lines = ["[trainer]", 'kind = "command"', f"command = {toml_value(command)}", f"style = {toml_value(found.style)}"]
    settings = {key: value for key, value in found.settings.items() if key != "command_extra"}
    lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in settings.items()]
    left = [option for option in found.options if option.name not in {*settings, *placed}]
    return lines + [_setting(option) for option in left if not option.before or option.name in first]


def _goes_first(option: Option, placed: Mapping[str, str]) -> bool:
    """Whether a parameter is said by hand before the subcommand; a flag there keeps its default."""
    known = option.default is not None or option.required
    return option.before and option.name not in placed and known and option.type not in ("bool", "list")


SEEDS = ("seed", "random_seed")
OUTPUTS = re.compile(
    r"(output|out|save|log|logging|logs|checkpoint|ckpt|work|run|exp|experiment|results?)_?(dir|directory|path|folder|root)"
    r"|out|output|save|results|workdir|save_to|(output|out|save|log|results)_?(file|name)"
)
"""Where a script writes: each trial has a directory of its own."""


def _placed(option: Option) -> str:
    """What hptui itself says of a parameter: the trial's seed, the trial's directory."""
    if option.positional:
        return ""
    name = option.name.lower()
    if name in SEEDS and option.type in ("int", "any"):
        return "{seed}"
    if not OUTPUTS.fullmatch(name) or option.type not in ("str", "any"):
        return ""
    suffix = Path(option.default).suffix if isinstance(option.default, str) else ""
    if suffix and len(suffix) <= len(".safetensors") and suffix[1:].isalnum():
        return f"{{trial_dir}}/{Path(str(option.default)).name}"
    return "{trial_dir}/output" if not name.endswith(("file", "name")) else ""


def _words(found: Found, placed: Mapping[str, str]) -> list[str]:
    """Parameters that hptui gives by hand, as words of the command."""
    from hptui.trainers.command.styles import Style, arguments, read_style

    style = read_style(found.style)
    if not isinstance(style, Style):
        return []
    names = found.settings.get("names")
    called = names if isinstance(names, dict) else {}
    # Bare: what is filled in may be a number, which quotes would make a text.
    said: dict[str, Value] = {str(called.get(name, name)): value for name, value in placed.items()}
    return arguments(replace(style, strings="bare"), said)


def _setting(option: Option) -> str:
    """`lr = 1e-3  # help`; what has no default that can be read stands as a comment."""
    from hptui.trainers.scripts.usual import guess

    said = " ".join(part for part in (option.help, "(the script demands it)" if option.required else "") if part)
    note = f"  # {one_line(said)}" if said else ""
    if option.default is None and option.required and (middle := guess(option)) is not None:
        return f"{toml_key(option.name)} = {toml_value(middle)}  # a guess: {one_line(said)}"
    if option.default is None:
        value = toml_value(option.choices[0]) if option.choices else "0" if option.type in ("int", "float") else '"…"'
        return f"# {toml_key(option.name)} = {value}{note}"
    return f"{toml_key(option.name)} = {toml_value(option.default)}{note}"


def _space(found: Found) -> list[str]:
    from hptui.trainers.scripts.usual import usual

    lines, searched = ["[space]"], False
    for option in found.options:
        entry = usual(option)
        if entry is None:
            continue
        value, why, first = entry
        active = first and not searched
        searched |= active
        lines.append(
            f"{'' if active else '# '}{toml_key(option.name)} = {toml_value(value)}{f'  # {why}' if why else ''}"
        )
    if len(lines) == 1:
        lines.append('# learning_rate = "1e-5..1e-3 log"')
    return lines


SEARCH = ["[search]", 'sampler = "auto"', "trials = 20", "baseline = true  # trial 0 runs [trainer] as it stands"]


def _notes(found: Found, path: Path) -> list[str]:
    notes = list(found.notes)
    if found.parser == "constants":
        notes.append(f"{path.name} reads no parameters: it is started with other values for its constants")
    elif not found.parser:
        notes.append(
            f"no parameters of {path.name} were recognised: say in command and [trainer] how it takes them,"
            " or let it read them with argparse or os.environ.get"
        )
    if not found.metrics:
        notes.append("no metric was recognised: set [objective] metric to what the script prints or logs")
    missing = [option.name for option in found.options if _demanded(option)]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        notes.append(f"the script demands {', '.join(missing)}: give {them} a value in [trainer]")
    return notes


def _demanded(option: Option) -> bool:
    """Whether the person must give a value."""
    from hptui.trainers.scripts.usual import guess

    return option.required and option.default is None and not _placed(option) and guess(option) is None


def study_name(stem: str) -> str:
    """A name for a study after a file."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64]
    return text if text and text[0].isalnum() else "study"


def one_line(text: str) -> str:
    """Text fit for a comment behind a setting."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:160]

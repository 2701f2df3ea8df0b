"""`hptui new`: write a first study file, from a training script, a sweep file, or the name of a built-in trainer.

A script's file has its parameters, their defaults, and typical ranges as comments."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hptui import plugins
from hptui.core.errors import UserError, did_you_mean
from hptui.core.trial import Value
from hptui.operations.study_schema import schema_line
from hptui.results.export.text_formats import toml_key, toml_value, write_atomically
from hptui.trainers import registry

if TYPE_CHECKING:
    from hptui.scripts.inspect import InspectedScript, ScriptOption


def study_file_of_script(path: Path, place: Path) -> tuple[str, list[str]]:
    """Return (study file for a script, notes for the user); the file will be written to directory `place`."""
    from hptui.scripts.inspect import inspect_script, inspect_shell_script

    if not path.is_file():
        raise UserError(f"there is no script {str(path)!r}")
    script_options = inspect_shell_script(path) if _is_shell(path) else inspect_script(path)
    start_directory, words = _how_to_start(path)
    # The script starts as it would from here, though the study file may be in another directory.
    workdir = os.path.relpath(start_directory, place.absolute())
    if workdir != ".":
        script_options.settings["workdir"] = workdir
    lines = [
        *_head_lines(path, script_options),
        "",
        *_objective_lines(script_options),
        "",
        *_trainer_lines(script_options, words),
        "",
        *_space_lines(script_options),
        "",
        *SEARCH_LINES,
    ]
    return "\n".join(lines) + "\n", _notes_for_user(script_options, path)


def _is_shell(path: Path) -> bool:
    with path.open("rb") as file:
        first_line = file.readline(200)
    return path.suffix in (".sh", ".bash") or re.match(rb"#!.*\b(?:ba|z|da|k)?sh\b", first_line) is not None


def _how_to_start(path: Path) -> tuple[Path, list[str]]:
    """Return (directory, command) that start a script: a module of a package with `-m`, others by path."""
    cwd = Path.cwd()
    if _is_shell(path):
        return cwd, ["bash", _script_path(path, cwd)]
    package_root = path.resolve().parent
    while (package_root / "__init__.py").is_file():
        package_root = package_root.parent
    if package_root != path.resolve().parent and _imports_itself(path, package_root):
        module = ".".join(path.resolve().relative_to(package_root).with_suffix("").parts)
        return package_root, ["python", "-m", module.removesuffix(".__main__")]
    return cwd, ["python", _script_path(path, cwd)]


def _imports_itself(path: Path, package_root: Path) -> bool:
    """Return True when a script in a package imports from that package.

    Started by its path, such a script would fail.
    """
    package = re.escape(path.resolve().relative_to(package_root).parts[0])
    text = path.read_text(errors="replace")
    return re.search(rf"^\s*(?:from\s+(?:\.|{package}[.\s])|import\s+{package}\b)", text, re.MULTILINE) is not None


def _script_path(path: Path, directory: Path) -> str:
    """Return the script's path relative to the directory where it is started, where that is possible."""
    try:
        return path.resolve().relative_to(directory.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _head_lines(path: Path, inspected: InspectedScript) -> list[str]:
    source = f"read by {inspected.parser}" if inspected.parser else "which reads no parameters"
    lines = [
        f"# {len(inspected.options)} parameters of {path.name}, {source}. In [space], uncomment what is to be searched."
    ]
    return [*lines, f"name = {toml_value(study_name(path.stem))}"]


def _objective_lines(inspected: InspectedScript) -> list[str]:
    from hptui.scripts.inspect.metrics import MAXIMIZED_NAMES

    metric = inspected.metrics[0] if inspected.metrics else "val_loss"
    maximize = any(word in metric.lower() for word in MAXIMIZED_NAMES)
    alternatives = (
        f"; the script also seems to measure {', '.join(inspected.metrics[1:6])}" if len(inspected.metrics) > 1 else ""
    )
    comment = (
        f"# as the script calls it{alternatives}"
        if inspected.metrics
        else "# a guess: which metric does the script print or log?"
    )
    return [
        "[objective]",
        f"metric = {toml_value(metric)}  {comment}",
        f'goal = "{"maximize" if maximize else "minimize"}"',
    ]


def _trainer_lines(inspected: InspectedScript, script: list[str]) -> list[str]:
    automatic = {option.name: value for option in inspected.options if (value := _automatic_value(option))}
    leading = {option.name: f"{{{option.name}}}" for option in inspected.options if _is_leading(option, automatic)}
    trailing = {
        name: value
        for name, value in automatic.items()
        if name not in {option.name for option in inspected.options if option.before}
    }
    command: list[Any] = [
        *script,
        *_command_words(
            inspected, {**leading, **{name: value for name, value in automatic.items() if name not in trailing}}
        ),
    ]
    command += inspected.words
    command += [f"{{{option.name}}}" for option in inspected.options if option.positional and not option.before]
    command += _command_words(inspected, trailing)
    extra = inspected.settings.get("command_extra")
    command += extra if isinstance(extra, list) else []
    if any(option.positional for option in inspected.options) and inspected.style != "none":
        command.append("{args}")
    lines = [
        "[trainer]",
        'kind = "command"',
        f"command = {toml_value(command)}",
        f"style = {toml_value(inspected.style)}",
    ]
    settings = {key: value for key, value in inspected.settings.items() if key != "command_extra"}
    lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in settings.items()]
    remaining = [option for option in inspected.options if option.name not in {*settings, *automatic}]
    return lines + [_setting_line(option) for option in remaining if not option.before or option.name in leading]


def _is_leading(option: ScriptOption, automatic: Mapping[str, str]) -> bool:
    """Return True when a parameter is given explicitly before the subcommand."""
    has_value = option.default is not None or option.required
    return option.before and option.name not in automatic and has_value and option.type not in ("bool", "list")


SEED_NAMES = ("seed", "random_seed")
"""Parameters that are given the trial's seed."""
OUTPUT_NAMES = re.compile(
    r"(output|out|save|log|logging|logs|checkpoint|ckpt|work|run|exp|experiment|results?)_?(dir|directory|path|folder|root)"
    r"|out|output|save|results|workdir|save_to|(output|out|save|log|results)_?(file|name)"
)
"""Parameters that name where a script writes; they are given a directory of the trial."""


def _automatic_value(option: ScriptOption) -> str:
    """Return what hptui itself gives for a parameter: the trial's seed or directory; else ''."""
    if option.positional:
        return ""
    name = option.name.lower()
    if name in SEED_NAMES and option.type in ("int", "any"):
        return "{seed}"
    if not OUTPUT_NAMES.fullmatch(name) or option.type not in ("str", "any"):
        return ""
    suffix = Path(option.default).suffix if isinstance(option.default, str) else ""
    if suffix and len(suffix) <= len(".safetensors") and suffix[1:].isalnum():
        return f"{{trial_dir}}/{Path(str(option.default)).name}"
    return "{trial_dir}/output" if not name.endswith(("file", "name")) else ""


def _command_words(inspected: InspectedScript, automatic: Mapping[str, str]) -> list[str]:
    """Return the command's words for parameters that hptui gives explicitly."""
    from hptui.scripts.styles import ArgumentStyle, arguments, read_style

    style = read_style(inspected.style)
    if not isinstance(style, ArgumentStyle):
        return []
    names = inspected.settings.get("names")
    renamed = names if isinstance(names, dict) else {}
    # Bare: a placeholder may stand for a number, which quotes would turn into a text.
    values: dict[str, Value] = {str(renamed.get(name, name)): value for name, value in automatic.items()}
    return arguments(replace(style, strings="bare"), values)


def _setting_line(option: ScriptOption) -> str:
    """Return `lr = 1e-3  # help`; a parameter without a readable default becomes a comment."""
    from hptui.scripts.inspect.ranges import guess_value

    help_text = " ".join(part for part in (option.help, "(the script demands it)" if option.required else "") if part)
    note = f"  # {one_line(help_text)}" if help_text else ""
    if option.default is None and option.required and (middle := guess_value(option)) is not None:
        return f"{toml_key(option.name)} = {toml_value(middle)}  # a guess: {one_line(help_text)}"
    if option.default is None:
        value = toml_value(option.choices[0]) if option.choices else "0" if option.type in ("int", "float") else '"…"'
        return f"# {toml_key(option.name)} = {value}{note}"
    return f"{toml_key(option.name)} = {toml_value(option.default)}{note}"


def _space_lines(inspected: InspectedScript) -> list[str]:
    from hptui.scripts.inspect.ranges import typical_range

    lines, searched = ["[space]"], False
    for option in inspected.options:
        suggestion = typical_range(option)
        if suggestion is None:
            continue
        value, reason, preferred = suggestion
        uncommented = preferred and not searched
        searched |= uncommented
        lines.append(
            f"{'' if uncommented else '# '}{toml_key(option.name)} = {toml_value(value)}"
            f"{f'  # {reason}' if reason else ''}"
        )
    if len(lines) == 1:
        lines.append('# learning_rate = "1e-5..1e-3 log"')
    return lines


SEARCH_LINES = ["[search]", 'sampler = "auto"', "trials = 20", "baseline = true  # trial 0 runs [trainer] as it stands"]
"""The `[search]` table of a new study file."""


def _notes_for_user(inspected: InspectedScript, path: Path) -> list[str]:
    notes = list(inspected.notes)
    if inspected.parser == "constants":
        notes.append(f"{path.name} reads no parameters: it is started with other values for its constants")
    elif not inspected.parser:
        notes.append(
            f"no parameters of {path.name} were recognised: say in command and [trainer] how it takes them,"
            " or let it read them with argparse or os.environ.get"
        )
    if not inspected.metrics:
        notes.append("no metric was recognised: set [objective] metric to what the script prints or logs")
    required = [option.name for option in inspected.options if _needs_value(option)]
    if required:
        pronoun = "it" if len(required) == 1 else "them"
        notes.append(f"the script demands {', '.join(required)}: give {pronoun} a value in [trainer]")
    return notes


def _needs_value(option: ScriptOption) -> bool:
    """Return True when the person must give a value."""
    from hptui.scripts.inspect.ranges import guess_value

    return option.required and option.default is None and not _automatic_value(option) and guess_value(option) is None


def study_name(stem: str) -> str:
    """Return a study name made from a file's name."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64]
    return text if text and text[0].isalnum() else "study"


def one_line(text: str) -> str:
    """Return text that fits into a comment behind a setting."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:160]


def write_study_file(source: str, output: Path | None = None, with_schema: bool = False) -> tuple[Path, list[str]]:
    """Write a study file for `source`: a script, a `.yaml` sweep, or the name of a trainer.

    `with_schema`: the JSON Schema of its trainer is written next to it, and its first line names that file. Returns its
    path, and notes for the user. Raises: `UserError` when the file exists already or `source` is unknown.
    """
    path = Path(source)
    if path.suffix in (".yaml", ".yml"):
        text, notes = _from_sweep(path, (output or Path()).parent)
    elif path.suffix == ".py" or path.is_file():
        text, notes = study_file_of_script(path, output.parent if output else Path())
    elif source in plugins.names("trainers") or source in plugins.names("trainers", installed=True):
        text, notes = _from_trainer(source), []
    else:
        hint = did_you_mean(source, plugins.names("trainers", installed=True))
        raise UserError(f"there is no file {source!r} and no such trainer", hint=hint)
    target = output or Path(f"{study_name(path.stem)}.toml")
    if target.exists():
        raise UserError(f"{target} is there already", hint="-o FILE writes another one")
    if with_schema:
        is_trainer = path.suffix not in (".yaml", ".yml", ".py") and not path.is_file()
        text = schema_line(source if is_trainer else "command", target) + text
    write_atomically(target, text.encode())
    return target, notes


def _from_sweep(path: Path, directory: Path) -> tuple[str, list[str]]:
    from hptui import studyfile
    from hptui.studyfile.wandb import convert, parse_yaml, to_toml

    studyfile.read_file(path, schema=registry.schema)  # raises for a sweep that cannot be run, before it is translated
    document, repaired = parse_yaml(path.read_text(encoding="utf-8-sig"))
    sweep = convert(document, str(path.absolute()), repaired)
    trainer = sweep.document["trainer"]
    assert isinstance(trainer, dict)
    # Paths are relative to the file that holds them, and the new file may be in another directory.
    workdir = os.path.relpath(path.absolute().parent / str(trainer.pop("workdir", "")), directory.absolute())
    if workdir != ".":
        sweep.document["trainer"] = {**trainer, "workdir": workdir}
    return to_toml(sweep, path.name), sweep.notes


# -- a built-in trainer


def _from_trainer(kind: str) -> str:
    settings = registry.schema(kind) or {}
    metric = DEFAULT_METRICS.get(kind, "loss")
    lines = [f"name = {toml_value(f'{kind}-study')}", "", "[objective]", f"metric = {toml_value(metric)}"]
    lines += ['goal = "minimize"', "", "[trainer]", f"kind = {toml_value(kind)}"]
    for name, info in settings.items():
        value = '""' if info.default is None else toml_value(info.default)
        lines.append(f"{'' if info.required else '# '}{toml_key(name)} = {value}{_help_comment(info.help)}")
    space_entry = 'learning_rate = "1e-4..1e-2 log"' if "learning_rate" in settings else '# lr = "1e-4..1e-2 log"'
    return "\n".join([*lines, "", "[space]", space_entry, "", *SEARCH_LINES]) + "\n"


DEFAULT_METRICS = {"charlm": "val_loss", "sft": "eval_loss"}
"""Objective that built-in trainers are measured by."""


def _help_comment(text: str) -> str:
    return f"  # {one_line(text)}" if text else ""

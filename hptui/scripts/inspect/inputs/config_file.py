"""Scripts that read their settings from a file, whose path is an option, or that OmegaConf merges with words."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.scripts.config_formats import ini_read, python_read
from hptui.scripts.inspect.inputs.class_parsers import FieldReader
from hptui.scripts.inspect.inputs.hydra import NUMBER_PATTERN
from hptui.scripts.inspect.ranges import has_rule
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    imported_modules,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import once

SUFFIXES = (".yaml", ".yml", ".json", ".toml", ".ini", ".cfg")
READERS = {"yaml", "omegaconf", "json", "tomllib", "toml", "ruamel", "yacs", "ml_collections", "munch", "addict",
           "configparser"}  # fmt: skip
OPTION_NAME = re.compile(
    r"(?:.*_)?(?:config|cfg|conf|settings|hparams?|hyps?|hyper_?params?|hyperparameters|recipe)(?:_?(?:file|path|name|yaml|yml|json|filename))?"
    r"|(?:.*_)?(?:params?|parameters?|options?|opts?|yaml|yml|json|exp|experiment)_?(?:file|path|yaml|yml|json|filename)"
)
"""Names of options that say where the file is."""
MAYBE_NAME = re.compile(r"(?:params?|parameters|options?|opt|yaml|yml|json|exp|experiment|file|path|filename)")
"""Names of options that may say it: the help text must name such a file, or the command line demand it by position."""
ABOUT_FILES = re.compile(r"ya?ml|json|toml|config|settings|hyper-?param", re.IGNORECASE)
PYTHON_READERS = ("fromfile", "spec_from_file_location", "run_path", "load_source", "SourceFileLoader")
"""Calls that read a file of settings in Python."""
FOLDERS = ("config", "configs", "conf", "cfg", "cfgs", "hparams", "options", "params", "recipes", "examples",
           "experiments", "settings", "yamls")  # fmt: skip
"""Directories that hold such files."""
FILES_OF_TOOLS = ("pyproject.toml", "package.json", "setup.cfg", "tox.ini", "pytest.ini", "mypy.ini", "Pipfile.toml")
"""Files of a project that hold settings of its tools."""
USUAL_FILES = ("config", "base", "default", "defaults", "train", "settings", "params", "cfg", "hparams")
"""Names of files that are taken where an option has no default."""


def file_by_option(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return the script with the settings of the file that one of its options names, or as it is.

    The file is copied for each trial, and the option says where the copy is.
    """
    reads_python = any(name.rpartition(".")[2] in PYTHON_READERS for name, _ in calls(tree))
    is_python = reads_python or any(_names_python(option) for option in script.options)
    if script.parser in ("hydra", "configurator") or not (imported_modules(tree) & READERS or is_python):
        return script
    named = next((option for option in script.options if _says_where_the_file_is(option)), None)
    if named is None or not named.default:
        named = next(
            (option for option in script.options if _names_settings(option, path, joined_default(option, tree))), named
        )
    option = named
    if option is None or option.type not in ("str", "any") or option.before:
        return script
    if not option.default and not option.required and _gives_defaults(tree):
        return script  # its values would replace the defaults of the other options, and none is read by default
    file = _file_of(option, path, joined_default(option, tree), (*SUFFIXES, ".py") if reads_python else SUFFIXES)
    values = file_content(file) if file is not None else None
    if file is None or not values:
        return script
    leaves = [file_option(name, value) for name, value in config_leaves(values, "")]
    taken = {leaf.name for leaf in leaves}
    script.options = [*leaves, *(o for o in script.options if o.name != option.name and o.name not in taken)]
    script.config, script.config_option = file, option
    script.parser = f"{script.parser}, and settings of {file.name}"
    return script


def _gives_defaults(tree: ast.Module) -> bool:
    """Return whether a script gives what it reads from a file to its parser, as other defaults."""
    return any(
        name.endswith(".set_defaults") and any(word.arg is None for word in call.keywords) for name, call in calls(tree)
    )


def _names_settings(option: ScriptOption, path: Path, joined: str) -> bool:
    """Return whether the default of an option is a file with settings, whatever the option is called."""
    text = option.default if option.default is not None else joined
    file = existing_file(path, text) if isinstance(text, str) and text.endswith(SUFFIXES) else None
    leaves = config_leaves(file_content(file) or {}, "") if file is not None else ()
    return any(has_rule(name.rpartition(".")[2]) for name, _ in leaves)


def _names_python(option: ScriptOption) -> bool:
    """Return whether an option names a file of settings in Python."""
    return isinstance(option.default, str) and option.default.endswith(".py") and _says_where_the_file_is(option)


def _says_where_the_file_is(option: ScriptOption) -> bool:
    name = option.name.lower()
    if OPTION_NAME.fullmatch(name):
        return True
    return MAYBE_NAME.fullmatch(name) is not None and (option.positional or ABOUT_FILES.search(option.help) is not None)


def merged_by_omegaconf(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect `OmegaConf.merge(OmegaConf.load("a.yaml"), OmegaConf.from_cli())`, and `merge_with_cli`."""
    if "omegaconf" not in imported_modules(tree):
        return None
    if not {"from_cli", "merge_with_cli"} & {name.rpartition(".")[2] for name, _ in calls(tree)}:
        return None
    script = InspectedScript("OmegaConf", "hydra", settings={"help": False})
    for name, call in calls(tree):
        text = literal_value(call.args[0]) if name == "OmegaConf.load" and call.args else None
        file = existing_file(path, text) if isinstance(text, str) else None
        values = file_content(file) if file is not None else None
        if values:
            script.options += [file_option(key, value) for key, value in config_leaves(values, "")]
    reader = FieldReader(tree, {})
    for name, call in calls(tree):
        made = call.args[0] if name == "OmegaConf.structured" and call.args else None
        fields = reader.classes.get(dotted_name(made.func if isinstance(made, ast.Call) else made)) if made else None
        script.options += [replace(option, form=None) for option in reader.fields(fields)] if fields is not None else []
    for name, call in calls(tree):
        table = literal_value(call.args[0]) if name == "OmegaConf.create" and call.args else None
        script.options += (
            [file_option(key, value) for key, value in config_leaves(table, "")] if isinstance(table, dict) else []
        )
    return script if script.options else None


def joined_default(option: ScriptOption, tree: ast.Module) -> str:
    """Return the end of a default that is joined to a directory (`ROOT / "conf" / "a.yaml"`), or ''."""
    call = _calls_by_text(tree).get(option.flag)
    words = call.keywords if call is not None else []
    return _end_of_path(next((word.value for word in words if word.arg == "default"), None))


@once
def _calls_by_text(tree: ast.Module) -> dict[str, ast.Call]:
    """Return the first call that has a text among its arguments, by the text without leading dashes."""
    by_text: dict[str, ast.Call] = {}
    for _, call in calls(tree):
        for text in map(literal_value, call.args):
            if isinstance(text, str):
                by_text.setdefault(text.lstrip("-"), call)
    return by_text


def _end_of_path(node: ast.AST | None) -> str:
    """Return the texts at the end of a path that is put together from others: `ROOT / "conf" / "a.yaml"`."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[*_, ast.Constant(value=str() as text)]):
            return text.lstrip("/")
        case ast.Call(func=func, args=[*_, last] as words):
            is_join = dotted_name(func) in ("os.path.join", "path.join", "join")
            return "/".join(filter(None, map(_end_of_path, words))) if is_join else _end_of_path(last)
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=str() as text)):
            return f"{before}/{text}" if (before := _end_of_path(left)) else text
    return ""


def _file_of(option: ScriptOption, path: Path, joined: str, suffixes: tuple[str, ...] = SUFFIXES) -> Path | None:
    """Return the file that an option names by default, else the only or the usual one near the script."""
    if option.default is None and joined and (file := existing_file(path, joined)) is not None:
        return file
    if isinstance(option.default, str) and not Path(option.default).is_dir():
        return existing_file(path, option.default)
    here = Path.cwd()
    bases = [path.parent, *([here] if path.absolute().is_relative_to(here) and path.parent.absolute() != here else [])]
    for base in bases:
        folders = [*([base] if suffixes == SUFFIXES else []), *(base / name for name in FOLDERS)]
        entries = [file for folder in folders for file in sorted(folder.glob("*")) if file.suffix in suffixes]
        entries = [file for file in entries if not file.name.startswith("_")]
        files = [file for file in entries if file.name not in FILES_OF_TOOLS]
        usual = [file for file in files if file.stem.lower() in USUAL_FILES]
        if usual or len(files) == 1:
            return (usual or files)[0]
    return None


def existing_file(path: Path, text: str) -> Path | None:
    """Return a file that stands in a script, seen from here or from the script; None if there is none."""
    places = [Path.cwd(), path.parent, path.parent.parent]
    names = [text] if Path(text).suffix else [f"{text}{suffix}" for suffix in SUFFIXES]
    return next((place / name for place in places for name in names if (place / name).is_file()), None)


def file_content(file: Path) -> dict[str, Any] | None:
    """Return what the file holds; None if it is no table."""
    import yaml

    try:
        text = file.read_text()
        if file.suffix == ".toml":
            values: Any = tomllib.loads(text)
        elif file.suffix in (".ini", ".cfg"):
            values = ini_read(text)
        elif file.suffix == ".py":
            values = python_read(text)
        else:
            values = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, SyntaxError, yaml.YAMLError, configparser.Error, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def config_leaves(value: dict[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of nested tables by dotted name."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from config_leaves(item, f"{prefix}{key}.")
        elif isinstance(key, str) and (item is None or isinstance(item, bool | int | float | str | list)):
            yield prefix + key, item


def file_option(name: str, value: Any) -> ScriptOption:
    """Return a value of a file of settings as an option."""
    if isinstance(value, str) and NUMBER_PATTERN.fullmatch(value):
        value = float(value)
    if isinstance(value, str) and "${" in value:  # OmegaConf computes it
        return ScriptOption(name, name, "str", None, help=f"is {value}")
    return ScriptOption(name, name, type_of(value), value)

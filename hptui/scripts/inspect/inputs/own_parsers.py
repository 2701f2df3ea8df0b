"""Command lines that a script takes apart itself: with getopt, or word by word as `KEY=VALUE`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, flag
from hptui.scripts.inspect.inputs.constants import entries_of_table, literal_tables, plain_constants
from hptui.scripts.inspect.inputs.functions import plain_default
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    first_constants,
    literal_value,
    type_name,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

READS_OF_TYPE = {"int": Reads.INT, "float": Reads.FLOAT, "str": Reads.TEXT}
GETOPT_CALLS = ("getopt", "gnu_getopt")
MIN_ENTRIES = 2
"""Entries of a dictionary from which it is taken for the settings of a script."""


def own_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `getopt.getopt(sys.argv[1:], …)`, tests of single words, and `KEY=VALUE`; None without them."""
    first = {**constants, **first_constants(tree)}
    return _getopt(tree, first) or _compared_words(tree, first) or _key_value(tree, constants)


def _getopt(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    call = next(
        (c for name, c in calls(tree) if name in ("getopt.getopt", "getopt.gnu_getopt", "getopt", "gnu_getopt")), None
    )
    listed = literal_value(call.args[2]) if call is not None and call.args[2:] else None
    if not isinstance(listed, list):
        return None
    assigned = dict(_assigned(tree))
    options = []
    for long in (text for text in listed if isinstance(text, str) and text.rstrip("=") not in ("help", "version")):
        name, takes_value = long.rstrip("="), long.endswith("=")
        variable, kind = assigned.get(f"--{name}", ("", "str"))
        default = constants.get(variable)
        if not takes_value:
            options.append(ScriptOption(name.replace("-", "_"), name, "bool", False, form=flag(f"--{name}")))
            continue
        kind = kind if kind != "any" else type_of(default)
        silent = default if default is not None else UNKNOWN
        form = OptionForm(FormKind.VALUE, READS_OF_TYPE.get(kind, Reads.UNKNOWN), (f"--{name}",), silent=silent)
        options.append(ScriptOption(name.replace("-", "_"), name, kind, plain_default(default, kind), form=form))
    has_dashes = any("-" in option.flag for option in options)
    style: Value = {"preset": "argparse", "names": "dash"} if has_dashes else "argparse"
    return InspectedScript("getopt", style, list(options)) if options else None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the options in tests `opt in ("-l", "--lr")`, with (variable, type) of what they set."""
    for names, lines in _tests(tree):
        set_by = next((line for line in lines if isinstance(line, ast.Assign)), None)
        if set_by is None:
            continue
        value = set_by.value
        kind = type_name(value.func) if isinstance(value, ast.Call) else "str"
        for name in names:
            yield name, (_place_of(set_by.targets[0]), kind)


def _tests(tree: ast.Module) -> Iterator[tuple[list[str], list[ast.stmt]]]:
    """Yield the words of tests such as `opt in ("-l", "--lr")`, each with the lines that follow it."""
    for node in all_nodes(tree):
        match node:
            case ast.If(test=ast.Compare(left=left, comparators=[right]), body=lines):
                compared = [literal_value(left), literal_value(right)]
                words = [word for part in compared for word in (part if isinstance(part, list) else [part])]
                yield [word for word in words if isinstance(word, str)], lines
            case ast.Match(cases=cases):
                for case in cases:
                    yield [text for text in map(_text_of, all_nodes(case.pattern)) if text], case.body


def _text_of(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _place_of(target: ast.expr) -> str:
    """Return what is set: `lr`, `args.lr`, and `lr` of `cfg["lr"]` as `cfg.lr`."""
    if isinstance(target, ast.Subscript) and isinstance(key := literal_value(target.slice), str):
        return f"{dotted_name(target.value)}.{key}"
    return dotted_name(target)


def _compared_words(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect a script that compares words: `if word == "--lr": lr = float(words[i + 1])`."""
    if "sys.argv" not in ast.unparse(tree):
        return None
    options: dict[str, ScriptOption] = {}
    for names, lines in _tests(tree):
        spelled = sorted((name for name in names if name.startswith("-") and len(name) > 1), key=len, reverse=True)
        set_by = next((line for line in lines if isinstance(line, ast.Assign)), None)
        if not spelled or set_by is None or spelled[0] in ("--help", "--version", "-h"):
            continue
        name, place = spelled[0].lstrip("-"), _place_of(set_by.targets[0])
        default = _default_of(place, constants)
        is_flag = isinstance(literal_value(set_by.value), bool)
        form = flag(*spelled)
        kind = "bool"
        if not is_flag:
            kind = type_name(set_by.value.func) if isinstance(set_by.value, ast.Call) else "str"
            kind = kind if kind != "any" else type_of(default)
            silent = default if default is not None else UNKNOWN
            form = OptionForm(FormKind.VALUE, READS_OF_TYPE.get(kind, Reads.UNKNOWN), tuple(spelled), silent=silent)
        value = False if is_flag else plain_default(default, kind)
        options.setdefault(name, ScriptOption(name.replace("-", "_"), name, kind, value, form=form))
    if not any(option.type != "bool" for option in options.values()):
        return None
    style: Value = {"preset": "argparse", "separator": " "}
    if any("-" in name for name in options):
        style = {"preset": "argparse", "separator": " ", "names": "dash"}
    return InspectedScript("words of sys.argv", style, list(options.values()), settings={"help": False})


def _fields_that_are_set(tree: ast.Module) -> dict[str, Value]:
    """Return the fields of the object whose attributes are set by name: `setattr(config, key, value)`."""
    classes = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.ClassDef)}
    targets = {
        dotted_name(call.args[0])
        for name, call in calls(tree)
        if name == "setattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)
    }
    for node in all_nodes(tree):
        match node:
            case ast.Assign(targets=[target], value=ast.Call(func=made)) if dotted_name(target) in targets:
                if (fields := classes.get(dotted_name(made).rpartition(".")[2])) is not None:
                    return dict(entries_of_table(fields))
    return {}


def _default_of(place: str, constants: Constants) -> Value:
    """Return the constant that a word sets: of a variable, or of an entry of a table."""
    table, _, key = place.rpartition(".")
    value = constants.get(place, constants.get(key))
    entries = constants.get(table)
    value = entries.get(key, value) if isinstance(entries, dict) else value
    return value if isinstance(value, bool | int | float | str) else None


def _key_value(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect a script that splits words at `=` and puts them into a dictionary or variables."""
    splits = any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("split", "partition")
        and call.args
        and literal_value(call.args[0]) == "="
        for _, call in calls(tree)
    )
    source = ast.unparse(tree) if splits else ""
    if "sys.argv" not in source:
        return None
    tables = {name: table for name, table in literal_tables(tree).items() if len(table) >= MIN_ENTRIES}
    if any(f"globals(){how}" in source for how in ("[", ".update(")):
        plain_names = plain_constants(tree)
        tables = {"": {name: value for name, value in constants.items() if name in plain_names}}
    elif fields := _fields_that_are_set(tree):
        tables = {"": fields}
    if len(tables) != 1:
        return None
    [table] = tables.values()
    plain = {key: value for key, value in table.items() if isinstance(value, bool | int | float | str)}
    options = [ScriptOption(key, key, type_of(value), value) for key, value in plain.items()]
    prefix = "--" if "lstrip('-" in source or "startswith('--')" in source else ""
    # Python's own literals: True, and texts in quotes unless the script takes what is no literal as it is.
    reads_literals = "literal_eval(" in source or re.search(r"\beval\(", source) is not None
    style: Value = {"preset": "hydra", "prefix": prefix, "strings": "bare"}
    if reads_literals:
        style = {"preset": "exact", "prefix": prefix, "strings": "bare" if "except" in source else "quoted"}
    return InspectedScript("KEY=VALUE words", style, list(options), settings={"help": False}) if options else None

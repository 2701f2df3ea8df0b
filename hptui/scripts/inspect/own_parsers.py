"""Command lines that a script takes apart itself: with getopt, or word by word as `KEY=VALUE`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.core.trial import Value
from hptui.scripts.inspect.constants import literal_tables
from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads, flag
from hptui.scripts.inspect.functions import plain_default
from hptui.scripts.inspect.syntax import (
    Constants,
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    literal_value,
    type_name,
    type_of,
)

READS_OF_TYPE = {"int": Reads.INT, "float": Reads.FLOAT, "str": Reads.TEXT}
GETOPT_CALLS = ("getopt", "gnu_getopt")
MIN_ENTRIES = 2
"""Entries of a dictionary from which it is taken for the settings of a script."""


def own_options(tree: ast.Module, constants: Constants) -> InspectedScript | None:
    """Inspect `getopt.getopt(sys.argv[1:], …)` and loops over `KEY=VALUE` words; None without them."""
    return _getopt(tree, constants) or _key_value(tree)


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
    for node in ast.walk(tree):
        if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
            continue
        named = literal_value(node.test.comparators[0])
        names = [name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str)]
        set_by = next((line for line in node.body if isinstance(line, ast.Assign)), None)
        if set_by is None:
            continue
        value = set_by.value
        kind = type_name(value.func) if isinstance(value, ast.Call) else "str"
        for name in names:
            yield name, (dotted_name(set_by.targets[0]), kind)


def _key_value(tree: ast.Module) -> InspectedScript | None:
    """Inspect a script that splits its words at `=` and puts them into its one dictionary of settings."""
    source = ast.unparse(tree)
    splits = any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("split", "partition")
        and call.args
        and literal_value(call.args[0]) == "="
        for _, call in calls(tree)
    )
    if "sys.argv" not in source or not splits:
        return None
    tables = {name: table for name, table in literal_tables(tree).items() if len(table) >= MIN_ENTRIES}
    if len(tables) != 1:
        return None
    [table] = tables.values()
    plain = {key: value for key, value in table.items() if isinstance(value, bool | int | float | str)}
    options = [ScriptOption(key, key, type_of(value), value) for key, value in plain.items()]
    prefix = "--" if "lstrip('-" in source or "startswith('--')" in source else ""
    style: Value = {"preset": "hydra", "prefix": prefix, "strings": "bare"}
    return InspectedScript("KEY=VALUE words", style, list(options), settings={"help": False}) if options else None

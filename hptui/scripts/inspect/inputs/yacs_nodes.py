"""Settings of yacs: the nodes of a `CfgNode`, which `merge_from_list` overwrites with `KEY VALUE` words."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import OptionForm, Reads
from hptui.scripts.inspect.inputs.config_file import config_leaves, existing_file, file_content
from hptui.scripts.inspect.inputs.constants import entries_of_table
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes

NODE_NAMES = ("CfgNode", "CN")


def yacs_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect `_C.SOLVER.BASE_LR = 0.01` and `cfg.merge_from_list(args.opts)`; None without them."""
    if not any(name.endswith(".merge_from_list") for name, _ in calls(tree)):
        return None
    nodes = _nodes(tree)
    values = {name: value for name, value in nodes.items() if isinstance(value, bool | int | float | str | list)}
    values |= {name: value for name, value in _file_values(tree, path) if name in nodes}
    options = [
        ScriptOption(name, name, type_of(value), value, form=OptionForm(reads=Reads.PYTHON, silent=value))
        for name, value in values.items()
    ]
    style: Value = {"preset": "fire", "prefix": "", "separator": " "}
    return InspectedScript("yacs", style, options, settings={"help": False}) if options else None


def _nodes(tree: ast.Module) -> dict[str, Any]:
    """Return the leaves of the configuration by dotted name, the first node left out."""
    imported = [alias for node in all_nodes(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    names = {alias.asname or alias.name for alias in imported if alias.name in NODE_NAMES} | set(NODE_NAMES)
    roots: set[str] = set()
    values: dict[str, Any] = {}
    assigned = [node for node in all_nodes(tree) if isinstance(node, ast.Assign) and len(node.targets) == 1]
    for node in sorted(assigned, key=lambda item: item.lineno):
        target, made = dotted_name(node.targets[0]), node.value
        is_node = isinstance(made, ast.Call) and dotted_name(made.func).rpartition(".")[2] in names
        first, _, rest = target.partition(".")
        if is_node and not rest:
            roots.add(target)
        elif rest and first in roots and is_node:
            given = made.args[0] if isinstance(made, ast.Call) and made.args else None
            values |= {f"{rest}.{name}": value for name, value in entries_of_table(given)} if given is not None else {}
        elif rest and first in roots:
            values[rest] = literal_value(made)
    return values


def _file_values(tree: ast.Module, path: Path) -> list[tuple[str, Any]]:
    """Return the values of the file that an option of the script names by default."""
    for name, call in calls(tree):
        flags = [text for item in call.args if isinstance(text := literal_value(item), str)]
        default = literal_value(keyword_argument(call, "default"))
        if name.endswith(".add_argument") and any("config" in flag for flag in flags) and isinstance(default, str):
            file = existing_file(path, default) if default else None
            content = file_content(file) if file is not None else None
            return list(config_leaves(content, "")) if content else []
    return []

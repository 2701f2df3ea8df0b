"""Scripts whose constants a configurator overwrites from the command line, as nanoGPT's does."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls, dotted_name, type_of
from hptui.scripts.syntax_nodes import all_nodes


def is_configurator(text: str) -> bool:
    """Return whether a script lets its constants be overwritten from the command line, as nanoGPT does."""
    return "configurator" in text and "exec(" in text


def configurator_options(tree: ast.Module, constants: Mapping[str, Any]) -> InspectedScript:
    """Inspect such a script: its parameters are the constants that it has when the configurator runs."""
    settable = _assigned_before_exec(tree)
    options = [
        ScriptOption(name, name, type_of(value), value)
        for name, value in constants.items()
        if not name.startswith("_") and name in settable
    ]
    return InspectedScript("configurator", "exact", options)


def _assigned_before_exec(tree: ast.Module) -> set[str]:
    """Return the variables that are assigned before the configurator runs: no others can be set."""
    names: set[str] = set()
    for line in tree.body:
        if any(name == "exec" for name, _ in calls(line)):
            break
        names |= {dotted_name(node) for node in all_nodes(line) if isinstance(node, ast.Name)}
    return names

"""An import inside a function has a reason: it says one on its line, or it spares the start something.

A library that is not Python's own, and a module of the package that loads modules which are not loaded yet, spare
something; everything else belongs to the top of the file. The command line's verbs (`cli`) are free of this.
"""

import ast
import sys
from functools import cache
from pathlib import Path

from tests.test_layers import modules, name_of, room_of

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def known() -> dict[str, Path]:
    return {name_of(path): path for path in modules()}


def names_of(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [f"{node.module}.{name.name}" for name in node.names]


def at_the_top(body: list[ast.stmt]) -> list[str]:
    """List what a module imports as it is loaded: not in functions, not for type checkers."""
    names: list[str] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names += names_of(node)
        elif isinstance(node, ast.Try):
            names += at_the_top(node.body)
        elif isinstance(node, ast.If):
            names += at_the_top(node.orelse if "TYPE_CHECKING" in ast.unparse(node.test) else node.body + node.orelse)
    return names


def module_of(name: str) -> str:
    """Return the module of the package that an imported name is, or lies in; '' for none."""
    while name and name not in known():
        name = name.rpartition(".")[0]
    return name


@cache
def needs(module: str) -> frozenset[str]:
    """Return the modules of the package that one imports at its top."""
    return frozenset(module_of(name) for name in at_the_top(ast.parse(known()[module].read_text()).body)) - {""}


@cache
def loads(module: str) -> frozenset[str]:
    """Return the modules of the package that are loaded with one, itself included."""
    seen: set[str] = set()
    todo = [module] if module else []
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += needs(one)
    return frozenset(seen)


def without_reason(source: str, module: str) -> list[str]:
    """List the imports in functions of a module that say no reason and spare nothing."""
    lines = source.splitlines()
    found = {
        inner.lineno: inner
        for node in ast.walk(ast.parse(source))
        if isinstance(node, FUNCTIONS)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    return [
        f"{module}:{line}: {lines[line - 1].strip()}"
        for line, node in sorted(found.items())
        if "#" not in lines[line - 1] and not any(spares(name, module) for name in names_of(node))
    ]


def spares(name: str, importer: str) -> bool:
    """Return whether importing a name loads something that the importing module has not loaded."""
    if name.split(".")[0] == "hptui":
        return bool(loads(module_of(name)) - loads(importer))
    return name.split(".")[0] not in sys.stdlib_module_names


def test_an_import_in_a_function_has_a_reason() -> None:
    paths = [path for path in modules() if room_of(path) != "cli"]
    assert [text for path in paths for text in without_reason(path.read_text(), name_of(path))] == []


def test_an_import_without_a_reason_is_seen() -> None:
    source = (
        "from hptui.core import errors\ndef f():\n    import json\n    import random  # seeded: only here\n"
        "    import torch\n    from hptui.core.errors import UserError\n    from hptui.operations import run\n"
    )
    assert without_reason(source, "hptui.core.errors") == [
        "hptui.core.errors:3: import json",
        "hptui.core.errors:6: from hptui.core.errors import UserError",
    ]

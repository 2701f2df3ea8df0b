"""Runs a script with other values for the constants at its top level, in its dictionaries and classes.

`python with_constants.py '{"LR": 0.1}' train.py` runs in the environment of the user's script, so it imports the
standard library alone. The script's file is not changed; line numbers, `__file__`, `sys.argv` and `__main__` are the
script's.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import json
import os
import sys
import types
from typing import Any

LITERAL_NODES = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Dict, ast.operator, ast.unaryop)


def with_values(source: bytes, path: str, values: dict[str, Any]) -> ast.Module:
    """Return the script's syntax tree with the values put in.

    Raises: SystemExit(2), after a usage error on stderr, for a constant that the script does not have.
    """
    tree = ast.parse(source, path)
    assignments: dict[str, list[Any]] = {}
    for node in tree.body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name) and is_plain(node.value):
            assignments.setdefault(target.id, []).append(node)
    for name, value in values.items():
        slots = [(node, "value") for node in assignments.get(name, ())] or slots_in_table(tree, name)
        if not slots:
            where = "in a dictionary or class of that name" if "." in name else "at its top level"
            sys.stderr.write(f"error: unknown option: {path} sets no constant {name} {where}\n")
            raise SystemExit(2)
        for owner, key in slots:
            old = getattr(owner, key) if isinstance(key, str) else owner[key]
            new = replacement(value, old)
            if isinstance(key, str):
                setattr(owner, key, new)
            else:
                owner[key] = new
    return tree


def replacement(value: Any, old: ast.expr) -> ast.expr:
    """Return a value as an expression in the place of another one, a list as a tuple where that was one."""
    new = ast.parse(
        repr(tuple(value) if isinstance(old, ast.Tuple) and isinstance(value, list) else value), mode="eval"
    )
    for inner in ast.walk(new.body):
        ast.copy_location(inner, old)
    return new.body


def slots_in_table(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name (`params.lr`, `CFG.lr`) stands, as (owner, attribute or index).

    The table is a dictionary that is assigned to one name once, anywhere in the script, or a class at its top level.
    """
    first, _, rest = name.partition(".")
    tables: list[ast.AST] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == first]
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            if any(isinstance(target, ast.Name) and target.id == first for target in targets):
                tables.append(node.value)
    return slot_in(tables[0], rest) if len(tables) == 1 and rest else []


def slot_in(table: ast.AST, name: str) -> list[tuple[Any, Any]]:
    """Return where a dotted name stands in a dictionary, `dict(…)` or class; [] if it is not there."""
    entries: list[tuple[str, ast.AST, Any, Any]] = []  # key, value, owner, attribute or index
    if isinstance(table, ast.Dict):
        pairs = zip(table.keys, table.values, strict=True)
        entries = [(str(k.value), v, table.values, n) for n, (k, v) in enumerate(pairs) if isinstance(k, ast.Constant)]
    elif isinstance(table, ast.Call) and isinstance(table.func, ast.Name) and table.func.id == "dict":
        entries = [(word.arg, word.value, word, "value") for word in table.keywords if word.arg]
    elif isinstance(table, ast.ClassDef):
        for line in table.body:
            if isinstance(line, (ast.Assign, ast.AnnAssign)) and line.value is not None:
                target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
                if isinstance(target, ast.Name):
                    entries.append((target.id, line.value, line, "value"))
    for key, value, owner, index in entries:
        if key == name:
            return [(owner, index)]
        if isinstance(key, str) and name.startswith(f"{key}.") and (slots := slot_in(value, name[len(key) + 1 :])):
            return slots
    return []


def is_plain(node: ast.AST) -> bool:
    """Return whether an expression is made of literals alone (`64`, `-1e-3`, `2 * 64`, `[1, 2]`)."""
    return all(isinstance(inner, (*LITERAL_NODES, ast.expr_context)) for inner in ast.walk(node))


class ModuleLoader(importlib.machinery.SourceFileLoader):
    """Loads a module with other values for its constants; what was compiled before is not used."""

    def __init__(self, name: str, path: str, values: dict[str, Any]) -> None:
        super().__init__(name, path)
        self._values = values

    def get_code(self, fullname: str) -> types.CodeType:
        """Return the code of the module, with the values put in."""
        path = self.get_filename(fullname)
        return compile(with_values(self.get_data(path), path, self._values), path, "exec")


class ModuleFinder:
    """Finds the modules whose constants are set, in the script's directory."""

    def __init__(self, root: str, values: dict[str, dict[str, Any]]) -> None:
        self._root, self._values = root, values

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return how a module is loaded; None for one whose constants stay."""
        if name not in self._values:
            return None
        file = file_of_module(self._root, name)
        return importlib.util.spec_from_file_location(name, file, loader=ModuleLoader(name, file, self._values[name]))


def file_of_module(root: str, name: str) -> str:
    """Return where the source of a module in the script's directory would be."""
    return os.path.join(root, *name.split(".")) + ".py"


def by_module(tree: ast.Module, root: str, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values of modules of the directory; those of the script itself stay in `values`."""
    modules: dict[str, dict[str, Any]] = {}
    for name in [name for name in values if "." in name and not slots_in_table(tree, name)]:
        parts = name.split(".")
        for end in range(len(parts) - 1, 0, -1):
            module = ".".join(parts[:end])
            if os.path.isfile(file_of_module(root, module)):
                modules.setdefault(module, {})[".".join(parts[end:])] = values.pop(name)
                break
    return modules


def main() -> None:
    """Replace this program with the script."""
    values, path = json.loads(sys.argv[1]), sys.argv[2]
    with open(path, "rb") as file:
        source = file.read()
    root = os.path.dirname(os.path.abspath(path))
    modules = by_module(ast.parse(source, path), root, values)
    for module, own in modules.items():  # a constant that a module does not have is an error at once
        with open(file_of_module(root, module), "rb") as file:
            with_values(file.read(), file_of_module(root, module), own)
    code = compile(with_values(source, path, values), path, "exec")
    sys.argv = sys.argv[2:]
    sys.path[0] = root
    sys.meta_path.insert(0, ModuleFinder(root, modules))
    script = types.ModuleType("__main__")
    script.__file__ = path
    sys.modules["__main__"] = script
    exec(code, script.__dict__)  # noqa: S102  it is the user's script


if __name__ == "__main__":
    main()

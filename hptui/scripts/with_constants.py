"""Runs a script with other values for its constants: at the top level, in dictionaries and classes, in calls.

`python with_constants.py '{"LR": 0.1}' train.py` (or `-m package.train`) runs in the environment of the user's script,
so it imports the standard library alone. The script's file is not changed; line numbers, `__file__`, `sys.argv` and
`__main__` are the script's.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys
import types
from typing import TYPE_CHECKING, Any

LOWEST_PYTHON = (3, 9)
"""The oldest Python of a script that can run with other constants: those before cannot print a syntax tree."""

if sys.version_info < LOWEST_PYTHON:
    sys.stderr.write(f"error: style constants needs Python 3.9 or newer, and this is {sys.version.split()[0]}\n")
    raise SystemExit(2)

if TYPE_CHECKING or __package__:
    from hptui.scripts.constant_slots import find_slots, top_level
    from hptui.scripts.notebook_shell import NotebookShell
    from hptui.scripts.reaching import reaching_places
    from hptui.scripts.syntax_nodes import is_plain, slot_value
    from hptui.scripts.table_slots import assigned_places
else:  # started by its path, where no package is; the modules lie next to it
    slots, nodes = importlib.import_module("constant_slots"), importlib.import_module("syntax_nodes")
    assigned_places = importlib.import_module("table_slots").assigned_places
    find_slots, top_level = slots.find_slots, slots.top_level
    reaching_places = importlib.import_module("reaching").reaching_places
    NotebookShell = importlib.import_module("notebook_shell").NotebookShell
    is_plain, slot_value = nodes.is_plain, nodes.slot_value


def with_values(source: bytes, path: str, values: dict[str, Any]) -> ast.Module:
    """Return the script's syntax tree with the values put in.

    Raises: SystemExit(2), after a usage error on stderr, for a constant that the script does not have.
    """
    tree = ast.parse(source, path)
    assignments = places_at_top_level(tree)
    places: list[tuple[Any, Any, Any]] = []
    for name, value in values.items():
        slots = assignments.get(name) or find_slots(tree, name)
        if not slots:
            where = "in a table or call of that name" if "." in name else "at its top level"
            several = "; it is assigned several times, and which value is used is not clear"
            why = where + (several if name in reaching_places(tree) else "")
            sys.stderr.write(f"error: unknown option: {path} sets no constant {name} {why}\n")
            raise SystemExit(2)
        places += [(value, owner, key) for owner, key in slots]
    for value, owner, key in sorted(places, key=lambda place: getattr(place[1], "is_late", False)):
        new = replacement(value, slot_value(owner, key))
        if isinstance(key, str):
            setattr(owner, key, new)
        else:
            owner[key] = new
    return tree


def places_at_top_level(tree: ast.Module) -> dict[str, list[tuple[Any, Any]]]:
    """Return where variables get the literals that are used, by name: (owner, attribute or index)."""
    places: dict[str, list[tuple[Any, Any]]] = {}
    for node in top_level(tree):
        for target, owner, key in assigned_places(node):
            if isinstance(target, ast.Name):
                places.setdefault(target.id, []).append((owner, key))
    places.update(reaching_places(tree))
    plain = {name: [place for place in own if is_plain(slot_value(*place))] for name, own in places.items()}
    return {name: own for name, own in plain.items() if own}


def replacement(value: Any, old: ast.expr) -> ast.expr:
    """Return a value as an expression in the place of another one, a list as a tuple where that was one."""
    new = ast.parse(
        repr(tuple(value) if isinstance(old, ast.Tuple) and isinstance(value, list) else value), mode="eval"
    )
    for inner in ast.walk(new.body):
        ast.copy_location(inner, old)
    return new.body


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
    for name in [name for name in values if "." in name and not find_slots(tree, name)]:
        parts = name.split(".")
        for end in range(len(parts) - 1, 0, -1):
            module = ".".join(parts[:end])
            if os.path.isfile(file_of_module(root, module)):
                modules.setdefault(module, {})[".".join(parts[end:])] = values.pop(name)
                break
    return modules


def started(words: list[str]) -> tuple[str, str, str, list[str]]:
    """Return (path, directory of imports, name of the module behind `-m` or '', words of the script)."""
    if words[0] != "-m":
        return words[0], os.path.dirname(os.path.abspath(words[0])), "", words
    path, name = file_of_module(os.getcwd(), words[1]), words[1]
    if not os.path.isfile(path):
        path, name = file_of_module(os.getcwd(), f"{name}.__main__"), f"{name}.__main__"
    return path, os.getcwd(), name, [path, *words[2:]]


def modules_beside() -> list[str]:
    """Return the names of the modules that this program has imported from its own directory."""
    own = os.path.dirname(os.path.abspath(__file__))
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    return [name for name, file in files.items() if name != "__main__" and os.path.dirname(file) == own]


def main() -> None:
    """Replace this program with the script."""
    values = json.loads(sys.argv[1])
    path, root, name, words = started(sys.argv[2:])
    with open(path, "rb") as file:
        source = file.read()
    modules = by_module(ast.parse(source, path), root, values)
    for module, own in modules.items():  # a constant that a module does not have is an error at once
        with open(file_of_module(root, module), "rb") as file:
            with_values(file.read(), file_of_module(root, module), own)
    code = compile(with_values(source, path, values), path, "exec")
    sys.argv = words
    sys.path[0] = root
    for beside in modules_beside():  # the script may have modules of these names
        del sys.modules[beside]
    sys.meta_path.insert(0, ModuleFinder(root, modules))
    script = types.ModuleType("__main__")
    script.__file__ = path
    if name:
        script.__package__ = name.rpartition(".")[0]
        script.__spec__ = importlib.machinery.ModuleSpec(name, None, origin=path)
        if script.__package__:
            importlib.import_module(script.__package__)
    sys.modules["__main__"] = script
    if b"get_ipython()" in source:  # a notebook that was exported
        script.__dict__["get_ipython"] = NotebookShell
    exec(code, script.__dict__)  # noqa: S102  it is the user's script


if __name__ == "__main__":
    main()

"""The functions of Python's standard library and their documentation: real text, on every machine.

Sources are read with `ast`; nothing is imported or run. Half of the modules are text for pre-training, the other half
are examples for fine-tuning, so that no example is in the text that a base model has read.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hptui.model.errors import UserError

SKIPPED = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo", "__pycache__"}
"""Directories of the standard library that are not read."""


@dataclass(frozen=True, slots=True)
class LibraryFunction:
    """One documented function or method. `code` is its source without the documentation."""

    module: str
    name: str
    signature: str
    documentation: str
    code: str

    @property
    def for_pretraining(self) -> bool:
        """Whether its module belongs to the text for pre-training, by a hash of its name."""
        return int(hashlib.sha256(self.module.encode()).hexdigest()[:8], 16) % 2 == 0

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.documentation.partition("\n\n")[0].split())


@cache
def library_functions() -> list[LibraryFunction]:
    """Return all documented functions in an order that mixes subjects and is the same on all machines."""
    root = Path(sysconfig.get_path("stdlib"))
    documented = [function for module, file in _modules(root) for function in _functions_of(module, file)]
    if not documented:
        raise UserError(f"no source of Python's library in {root}", hint="give model and data of your own")
    return documented


def _modules(root: Path) -> list[tuple[str, Path]]:
    files = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        files += [Path(folder, name) for name in names if name.endswith(".py")]
    modules = [(".".join(file.relative_to(root).with_suffix("").parts), file) for file in files]
    return sorted(modules, key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())


def _functions_of(module: str, file: Path) -> Iterator[LibraryFunction]:
    try:
        source = file.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (SyntaxError, ValueError, OSError):
        return
    lines = source.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documentation = ast.get_docstring(node)
            if documentation and documentation.isascii():
                yield LibraryFunction(module, node.name, _signature(node), documentation, _code(node, lines))


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    words = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
    return f"{node.name}({', '.join(words)})"


def _code(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    """Return the source of a function after its documentation, without indentation."""
    body = node.body[1:]
    if not body or node.end_lineno is None:
        return ""
    body_lines = lines[body[0].lineno - 1 : node.end_lineno]
    indent = min((len(line) - len(line.lstrip()) for line in body_lines if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in body_lines)

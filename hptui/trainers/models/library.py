"""The functions of Python's standard library and what their documentation says: real text, on every machine.

Sources are read with `ast`; nothing is imported or run. Half of the modules are text to learn a language from, the
other half are examples for fine-tuning, so that no example was in the text that a base model read.
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


@dataclass(frozen=True, slots=True)
class Function:
    """One documented function or method. `code` is its source without the documentation."""

    module: str
    name: str
    signature: str
    documentation: str
    code: str

    @property
    def for_pretraining(self) -> bool:
        return int(hashlib.sha256(self.module.encode()).hexdigest()[:8], 16) % 2 == 0

    @property
    def summary(self) -> str:
        """The first paragraph of the documentation, on one line."""
        return " ".join(self.documentation.partition("\n\n")[0].split())


@cache
def functions() -> list[Function]:
    """Every documented function, module by module, in an order that mixes subjects and is the same everywhere."""
    root = Path(sysconfig.get_path("stdlib"))
    found = [function for module, file in _modules(root) for function in _functions_of(module, file)]
    if not found:
        raise UserError(f"no source of Python's library in {root}", hint="give model and data of your own")
    return found


def _modules(root: Path) -> list[tuple[str, Path]]:
    files = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in SKIPPED and not name.startswith("config-")]
        files += [Path(folder, name) for name in names if name.endswith(".py")]
    named = [(".".join(file.relative_to(root).with_suffix("").parts), file) for file in files]
    return sorted(named, key=lambda item: hashlib.sha256(item[0].encode()).hexdigest())


def _functions_of(module: str, file: Path) -> Iterator[Function]:
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
                yield Function(module, node.name, _signature(node), documentation, _code(node, lines))


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    words = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args) if arg.arg not in ("self", "cls")]
    return f"{node.name}({', '.join(words)})"


def _code(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> str:
    """The lines of a body after its documentation, as far left as they go."""
    body = node.body[1:]
    if not body or node.end_lineno is None:
        return ""
    kept = lines[body[0].lineno - 1 : node.end_lineno]
    indent = min((len(line) - len(line.lstrip()) for line in kept if line.strip()), default=0)
    return "\n".join(line[indent:].rstrip() for line in kept)

"""The import graph of package and tests, read from the source without importing it.

`loaded_by` follows the imports that run when a file is imported, `arrows` every import anywhere in a file.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
AT_ONCE = re.compile(r"^(?:from|import) +([\w.]+)(?: +import +(?:\(([^)]*)\)|(.*)))?", re.MULTILINE)
"""Imports at the left edge: what stands in a function or under TYPE_CHECKING does not run."""


@cache
def modules() -> dict[str, Path]:
    """Return module -> file of package and tests."""
    return {name_of(path): path for folder in ("hptui", "tests") for path in sorted((ROOT / folder).rglob("*.py"))}


def name_of(path: Path) -> str:
    """Return the dotted name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module_of(name: str) -> str:
    """Return the longest beginning of a dotted name that is a module of ours, or ''."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name


def _with_parents(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[: n + 1]) for n in range(len(parts))} & modules().keys()


@cache
def _at_once(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the modules of ours, and the libraries, that a module imports when it is imported itself."""
    ours: set[str] = set(_with_parents(module)) - {module}
    libraries: set[str] = set()
    for source, several, line in AT_ONCE.findall(modules()[module].read_text()):
        if source.split(".")[0] in ("hptui", "tests"):
            names = re.sub(r"#.*|\bas +\w+", "", several or line)
            for name in re.findall(r"\w+", names) or [""]:
                ours |= _with_parents(_module_of(f"{source}.{name}"))
        else:
            libraries.add(source.split(".")[0])
    return frozenset(ours), frozenset(libraries)


@cache
def loaded_by(module: str) -> frozenset[str]:
    """Return the libraries that the import of a module of ours loads, by way of our own modules."""
    seen, waiting, libraries = {module}, [module], set()
    while waiting:
        ours, more = _at_once(waiting.pop())
        libraries |= more
        waiting += ours - seen
        seen |= ours
    return frozenset(libraries)


@cache
def arrows() -> dict[str, frozenset[str]]:
    """Return module -> modules of ours that it imports, anywhere in it; of a test, also those that it runs by name."""
    graph = {}
    for module, path in modules().items():
        targets: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name.name}" for name in node.names]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and module.startswith("tests."):
                # `-m hptui.execution.local.launcher`, "hptui.search.ax:AxEngine", a program that a test runs
                names = re.findall(r"\bhptui(?:\.\w+)+", node.value)
            else:
                continue
            for name in names:
                if name.split(".")[0] in ("hptui", "tests"):
                    targets |= _with_parents(_module_of(name))
        graph[module] = frozenset(targets - {module})
    return graph

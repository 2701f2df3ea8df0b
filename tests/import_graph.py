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


ANYWHERE = re.compile(AT_ONCE.pattern.replace("^", r"^[ \t]*", 1), re.MULTILINE)
"""Imports anywhere in a file, also in a program that stands in a text: it is run."""
NAMED = re.compile(r"\bhptui(?:\.\w+)+")


@cache
def arrows() -> dict[str, frozenset[str]]:
    """Return module -> modules of ours that it imports, anywhere in it; of a test, also those that it runs by name."""
    graph = {}
    for module, path in modules().items():
        text = path.read_text()
        # `-m hptui.execution.local.launcher`, "hptui.search.ax:AxEngine" in a program that a test runs
        names = set(NAMED.findall(text)) if module.startswith("tests.") else set()
        for source, several, line in ANYWHERE.findall(text):
            if source.split(".")[0] in ("hptui", "tests"):
                imported = re.findall(r"\w+", re.sub(r"#.*|\bas +\w+", "", several or line))
                names |= {f"{source}.{name}" for name in imported} or {source}
        targets = {target for name in names for target in _with_parents(_module_of(name))}
        graph[module] = frozenset(targets - {module})
    return graph


def import_nodes(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """Return all imports of a file, at any depth. Expressions hold none, and are most of a file."""
    found: list[ast.Import | ast.ImportFrom] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        else:
            waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]
    return found

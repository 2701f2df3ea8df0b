"""Modules of a script's own project that it imports: a parser or dataclass may be declared in another file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

MAX_MODULES = 40
"""Modules that are read for one script."""
MAX_MODULE_BYTES = 1024 * 1024
MAX_DEPTH = 2
"""Imports of imports that are followed."""
MAX_ROOTS = 4
"""Directories above the script in which an absolute import is looked for."""


def with_imported_modules(tree: ast.Module, path: Path) -> ast.Module | None:
    """Return the script with the modules of its project that it imports; None if it imports none.

    What a module runs only as a program (`if __name__ == "__main__"`) is left out.
    """
    body: list[ast.stmt] = []
    for module in _modules(tree, path, 0, {path.resolve()}):
        body += [node for node in module.body if not _is_main_block(node)]
    return ast.Module([*body, *tree.body], []) if body else None


def _modules(tree: ast.Module, path: Path, depth: int, seen: set[Path]) -> Iterator[ast.Module]:
    for file in _imported_files(tree, path):
        if file.resolve() in seen or len(seen) > MAX_MODULES:
            continue
        seen.add(file.resolve())
        try:
            if file.stat().st_size > MAX_MODULE_BYTES:
                continue
            module = ast.parse(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        if depth + 1 < MAX_DEPTH:
            yield from _modules(module, file, depth + 1, seen)
        yield module


def _imported_files(tree: ast.Module, path: Path) -> Iterator[Path]:
    """Yield the files of the modules that are imported, those that exist in the project."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            parts = [part for part in (node.module or "").split(".") if part]
            roots = [path.parents[node.level - 1]] if 0 < node.level <= len(path.parents) else _roots(path, tree)
            names = [[*parts, alias.name] for alias in node.names]
            yield from _files(roots, [*([parts] if parts else []), *names])
        elif isinstance(node, ast.Import):
            yield from _files(_roots(path, tree), [alias.name.split(".") for alias in node.names])


def _roots(path: Path, tree: ast.Module) -> list[Path]:
    roots = [path.parent, *path.parent.parents[:MAX_ROOTS]]
    return [*roots, *(root / text for text in _added_to_path(tree) for root in roots[:2])]


def _added_to_path(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in calls that add a directory to `sys.path`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.path.append", "sys.path.insert"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "\0" not in inner.value:
                    yield inner.value


def _files(roots: list[Path], names: list[list[str]]) -> Iterator[Path]:
    for parts in names:
        for root in roots:
            module = root.joinpath(*parts)
            file = next((f for f in (module.with_suffix(".py"), module / "__init__.py") if parts and f.is_file()), None)
            if file is not None:
                yield file
                break


def _is_main_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)

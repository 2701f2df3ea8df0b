"""Modules of a script's own project that it imports: a parser or dataclass may be declared in another file."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hptui.core.trial import Value
from hptui.scripts.constant_slots import find_slots
from hptui.scripts.syntax_nodes import all_nodes

MAX_MODULES = 40
"""Modules that are read for one script."""
MAX_MODULE_BYTES = 1024 * 1024
MAX_LINES = 10**6
"""Lines that a module may have."""
MAX_DEPTH = 4
"""Imports of imports that are followed."""
MAX_PACKAGE_DEPTH = 6
"""Directories above a script that may be the package that it imports."""
MAX_ROOTS = 6
"""Directories above the script in which an absolute import is looked for."""


def with_imported_modules(tree: ast.Module, path: Path) -> ast.Module | None:
    """Return the script with the modules of its project that it imports; None if it imports none.

    What a module runs only as a program (`if __name__ == "__main__"`) is left out.
    """
    body: list[ast.stmt] = []
    modules = list(_modules(tree, path, 0, {path.resolve()}))
    for number, (file, module) in enumerate(modules):  # lines of modules stay apart, and before those of the script
        ast.increment_lineno(module, (number - len(modules)) * MAX_LINES)
        nodes = [node for node in module.body if not _is_main_block(node)]
        for node in nodes:
            setattr(node, MODULE, file.parent.name if file.stem == "__init__" else file.stem)
        for node in nodes if _is_library(file, path) else ():
            setattr(node, OF_LIBRARY, True)
        body += nodes
    return ast.Module([*body, *tree.body], []) if body else None


LIBRARIES = {
    *("transformers", "trl", "peft", "accelerate", "datasets", "torch", "lightning", "pytorch_lightning", "keras"),
    *("ultralytics", "sentence_transformers", "unsloth", "stable_baselines3", "xgboost", "lightgbm", "catboost"),
}
"""Libraries whose metrics are known: what a copy of one in the project could print is not searched for."""
OF_LIBRARY = "of_library"
"""The attribute of the nodes of such a copy."""


MODULE = "of_module"
"""The attribute of the nodes of a module of the project: the last part of its name."""


def module_of(node: ast.AST) -> str:
    """Return the last part of the name of the module that a definition is from; '' for the script's own."""
    return str(getattr(node, MODULE, ""))


def _is_library(file: Path, path: Path) -> bool:
    """Return whether a module is part of a copy of a known library in a project."""
    is_own = file.resolve().is_relative_to(path.parent.resolve())
    parts = file.resolve().relative_to(path.parent.resolve()).with_suffix("").parts if is_own else ()
    return not LIBRARIES.isdisjoint(parts)


def without_libraries(project: ast.Module) -> ast.Module:
    """Return a script with its modules, less the copies of libraries among them."""
    return ast.Module([node for node in project.body if not hasattr(node, OF_LIBRARY)], project.type_ignores)


def _modules(tree: ast.Module, path: Path, depth: int, seen: set[Path]) -> Iterator[tuple[Path, ast.Module]]:
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
        yield file, module


def qualified_constants(values: Mapping[str, Value], path: Path, root: Path) -> dict[str, Value]:
    """Return constants by names that say in which module they are.

    `Config.lr` becomes `config.Config.lr`, if `Config` is not in the script.

    `path` is the script, `root` the directory from which it imports its modules.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return dict(values)
    missing = [name for name in values if "." in name and not find_slots(tree, name)]
    modules = list(_modules(tree, path, 0, {path.resolve()})) if missing else []
    modules = [(file, module) for file, module in modules if file.resolve().is_relative_to(root.resolve())]
    where: dict[str, str] = {}
    for file, module in modules:
        name = ".".join(file.resolve().relative_to(root.resolve()).with_suffix("").parts)
        is_named = [constant for constant in missing if constant.startswith(f"{name}.")]
        where |= {constant: constant for constant in is_named if find_slots(module, constant[len(name) + 1 :])}
        inside = [constant for constant in missing if constant not in where and find_slots(module, constant)]
        where |= {constant: f"{name}.{constant}" for constant in inside if file.name != "__init__.py"}
    return {where.get(name, name): value for name, value in values.items()}


def _imported_files(tree: ast.Module, path: Path) -> Iterator[Path]:
    """Yield the files of the modules that are imported, those that exist in the project."""
    around = _roots(path, tree)
    for node in all_nodes(tree):
        if isinstance(node, ast.ImportFrom):
            parts = [part for part in (node.module or "").split(".") if part]
            roots = [path.parents[node.level - 1]] if 0 < node.level <= len(path.parents) else around
            names = [[*parts, alias.name] for alias in node.names]
            yield from _files(roots, [*([parts] if parts else []), *names])
        elif isinstance(node, ast.Import):
            yield from _files(around, [alias.name.split(".") for alias in node.names])


def _roots(path: Path, tree: ast.Module) -> list[Path]:
    folder = path.absolute().parent  # a script that is named where it lies has its package above, too
    roots = [folder, *folder.parents[:MAX_ROOTS]]
    return [*roots, *(root / text for text in _added_to_path(tree) for root in roots[:2])]


def _added_to_path(tree: ast.Module) -> Iterator[str]:
    """Yield the texts in calls that add a directory to `sys.path`."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.path.append", "sys.path.insert"):
            for inner in all_nodes(node):
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


def package_root(path: Path) -> Path | None:
    """Return the directory from which a script is started with `-m`; None if it is started by its path.

    A script that imports from its own package, with a dot or by the package's name, would fail by its path.
    """
    text = path.read_text(errors="replace")
    if relative := re.findall(r"^\s*from\s+(\.+)", text, re.MULTILINE):
        root = path.parents[min(max(map(len, relative)), len(path.parents) - 1)]
        while (root / "__init__.py").is_file():
            root = root.parent
        return root
    if (above := _root_of_imports(path, text)) is not None:
        return above
    for folder in path.parents[:MAX_PACKAGE_DEPTH]:
        beside = (path.parent / folder.name).is_dir() or (path.parent / f"{folder.name}.py").is_file()
        if folder.name and not beside and _holds_imports(folder, text):
            return folder.parent
    return None


def _holds_imports(folder: Path, text: str) -> bool:
    """Return whether a script imports a package of a folder's name whose modules are in the folder.

    A folder that lacks a module that is imported only has the name of an installed package.
    """
    package = re.escape(folder.name)
    dotted = re.findall(rf"^\s*(?:from|import)\s+{package}\.(\w+)", text, re.MULTILINE)
    if dotted:
        return all((folder / name).is_dir() or any(folder.glob(f"{name}.*")) for name in dotted)
    return re.search(rf"^\s*(?:from\s+{package}\s+import|import\s+{package}\b)", text, re.MULTILINE) is not None


def _root_of_imports(path: Path, text: str) -> Path | None:
    """Return the directory above a script with a package that it imports, if it is not found by its path."""
    if "sys.path" in text:
        return None
    names = re.findall(r"^(?:from|import)\s+([A-Za-z_]\w*)", text, re.MULTILINE)
    for name in dict.fromkeys(names):
        if (path.parent / name).exists() or (path.parent / f"{name}.py").exists():
            continue
        root = next((p for p in path.absolute().parents[1:MAX_ROOTS] if (p / name / "__init__.py").is_file()), None)
        if root is not None and importlib.util.find_spec(name) is None:
            return root
    return None


def starts_in_its_directory(path: Path, cwd: Path) -> bool:
    """Return whether a script is made to be started in its own directory.

    It adds `..` to where modules are looked for, or names files that are there and not below `cwd`.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return False
    modules = [module for _, module in _modules(tree, path, 0, {path})]
    added = [
        node.args[-1]
        for module in (tree, *modules)
        for node in all_nodes(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.path.append", "sys.path.insert") and node.args
    ]
    if any(PARENT.fullmatch(str(getattr(place, "value", ""))) for place in added):
        return True
    return _names_what_lies_in(path.parent, cwd, tree)


def reads_beside_package(path: Path, root: Path) -> bool:
    """Return whether a script of a package names files that lie where it is, and not where the package is.

    Such a script is started by its path, so that it can import nothing with a dot in front.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return False
    is_relative = any(isinstance(node, ast.ImportFrom) and node.level for node in all_nodes(tree))
    trees = [tree, *(module for _, module in _modules(tree, path, 0, {path}))]
    return not is_relative and _names_what_lies_in(path.parent, root, *trees)


def _names_what_lies_in(folder: Path, other: Path, *trees: ast.Module) -> bool:
    """Return whether texts name files or folders that are found from one directory, and not from another."""
    nodes = [node for tree in trees for node in all_nodes(tree)]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    named = [text for text in texts if NAMED_PLACE.fullmatch(text) and not text.startswith("/") and text.strip("./")]
    return any((folder / text).exists() and not (other / text).exists() for text in named)


PARENT = re.compile(r"\.\.(?:/\.\.)*/?")
NAMED_PLACE = re.compile(r"[\w./-]{1,200}\.[A-Za-z]\w{0,8}|[\w.-]{0,100}/[\w./-]{0,200}")
"""A text that names a file, or a folder by a path."""


def _is_main_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)

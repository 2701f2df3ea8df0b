"""Constants of a module of settings that a script imports: `config.LR` of `import config`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hptui.scripts.inspect.inputs.constants import is_setting, nested_constants, plain_constants
from hptui.scripts.inspect.project import package_root
from hptui.scripts.inspect.ranges import is_tuned
from hptui.scripts.inspect.syntax import (
    InspectedScript,
    ScriptOption,
    calls,
    dotted_name,
    top_level_constants,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes, nodes_of, once

SETTINGS_MODULE = re.compile(
    r"(?:.*_)?(?:config|configs|conf|cfg|settings|params|parameters|hparams|hyper_?params|hyperparameters|constants|options)",
    re.IGNORECASE,
)
"""Names of modules that hold settings."""
MAX_MODULE_BYTES = 1 << 20


def imported_constant_options(tree: ast.Module, path: Path) -> InspectedScript | None:
    """Inspect the constants of the modules in a script's directory that it imports; None without any.

    Of modules of settings these are all, of others those that people tune.
    """
    options: list[ScriptOption] = []
    for module, file in dict(_modules(tree, path)).items():
        is_settings = any(SETTINGS_MODULE.fullmatch(part) for part in module.split("."))
        try:
            source = file.read_text(encoding="utf-8-sig") if file.stat().st_size <= MAX_MODULE_BYTES else ""
            inner = ast.parse(source)
        except (OSError, ValueError, SyntaxError, RecursionError):
            continue
        plain = plain_constants(inner)
        constants = {name: value for name, value in top_level_constants(inner).items() if name in plain}
        values = {name: value for name, value in constants.items() if is_setting(name, value)}
        values |= nested_constants(inner) if is_settings else nested_constants(inner, _has_tuned_name)
        values = {name: value for name, value in values.items() if is_settings or _is_tuned(name, value)}
        own = {_spelled(name, module, tree): value for name, value in values.items()}
        options += [ScriptOption(name, name, type_of(value), value) for name, value in own.items()]
    return InspectedScript("constants", "constants", options) if options else None


def _has_tuned_name(name: str) -> bool:
    return is_tuned(name.rpartition(".")[2])


def _is_tuned(name: str, value: Any) -> bool:
    return _has_tuned_name(name) and isinstance(value, int | float)


def _spelled(name: str, module: str, tree: ast.Module) -> str:
    """Return a constant as the script spells it.

    That is `Config.lr` after `from config import …`, and `config.Config.lr` after `import config`.
    """
    if "." not in name:
        return f"{module}.{name}"
    modules, named = _import_lines(tree)
    is_named = any(module == text or module.endswith(f".{text}") for text in named if text) or "" in named
    return f"{module}.{name}" if module in modules or f".{module}" in modules or not is_named else name


@once
def _import_lines(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names of what a script imports, and the modules from which it imports names."""
    lines = list(nodes_of(tree, ast.ImportFrom))
    modules = {f"{node.module}.{alias.name}" for node in lines for alias in node.names}
    modules |= {alias.name for node in nodes_of(tree, ast.Import) for alias in node.names}
    return modules, {node.module or "" for node in lines}


def with_imported_constants(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return the script with the constants of the modules that it imports, if it reads no command line."""
    imported = None if script.notes else imported_constant_options(tree, path)
    if imported is None or script.parser not in ("", "constants"):
        return script
    names = {option.name for option in script.options}
    options = [*script.options, *(option for option in imported.options if option.name not in names)]
    return InspectedScript("constants", "constants", options)


def imported_values(tree: ast.Module, path: Path) -> dict[str, Any]:
    """Return constants of modules of settings by the names that the script has for them."""
    script = imported_constant_options(tree, path)
    values = {option.name: option.default for option in script.options} if script else {}
    named = dict(values)
    for node in all_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            prefix = f"{node.module}." if isinstance(node, ast.ImportFrom) and node.module else ""
            for alias in node.names:
                whole, own = prefix + alias.name, alias.asname or alias.name
                named |= {
                    own + name[len(whole) :]: v for name, v in values.items() if f"{name}.".startswith(f"{whole}.")
                }
    return named


def _modules(tree: ast.Module, path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules of the project that are imported, by their full name, with their files."""
    root = package_root(path.resolve()) or path.parent
    chosen = [f"{prefix}{names[0]}" for prefix, _, names in modules_by_name(tree, root)]
    for name in [*_imported_names(tree, path.resolve(), root), *_named_by_text(tree), *chosen]:
        file = root.joinpath(*name.split(".")).with_suffix(".py")
        if file.is_file():
            yield name, file


def _imported_names(tree: ast.Module, path: Path, root: Path) -> Iterator[str]:
    """Yield the full names of what may be a module, of imports with dots in front, too."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            within: tuple[str, ...] = ()
            if node.level:
                folder = path.parents[min(node.level, len(path.parents)) - 1]
                within = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
            module = ".".join((*within, *([node.module] if node.module else [])))
            yield from ((module,) if module else ())
            yield from (f"{module}.{alias.name}".strip(".") for alias in node.names)


def _named_by_text(tree: ast.Module) -> Iterator[str]:
    """Yield the texts that may be names of modules, in a script that imports a module by its name."""
    if any(name.rpartition(".")[2] in ("import_module", "__import__") for name, _ in calls(tree)):
        for node in all_nodes(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_NAME.fullmatch(node.value):
                yield node.value


def modules_by_name(tree: ast.Module, root: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the packages whose module an option names: `import_module("models." + name)`.

    Yielded are what stands before the name, the last part of the name's expression, and the modules that there are.
    """
    lines = [node for node in nodes_of(tree, ast.Assign) if len(node.targets) == 1]
    held = {dotted_name(line.targets[0]): dotted_name(line.value) for line in lines}
    for called, call in calls(tree):
        if called.rpartition(".")[2] not in ("import_module", "__import__") or not call.args:
            continue
        match call.args[0]:
            case ast.BinOp(left=ast.Constant(value=str() as prefix), op=ast.Add(), right=value):
                pass
            case ast.JoinedStr(values=[ast.Constant(value=str() as prefix), ast.FormattedValue(value=value)]):
                pass
            case _:
                continue
        folder = root.joinpath(*prefix.strip(".").split("."))
        names = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
        name = dotted_name(value)
        if prefix.endswith(".") and names:
            yield prefix, (held.get(name) or name).rpartition(".")[2], names


def with_modules_as_choices(script: InspectedScript, tree: ast.Module, path: Path) -> InspectedScript:
    """Return the script with the modules that there are as the choices of the option that names one."""
    root = package_root(path.resolve()) or path.parent
    choices = {name: tuple(names) for _, name, names in modules_by_name(tree, root)}
    script.options = [
        replace(option, choices=choices[option.name])
        if option.name in choices and not option.choices and option.type in ("str", "any")
        else option
        for option in script.options
    ]
    return script


MODULE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

"""Modules that only define what the program of their package starts as a subcommand: `litgpt pretrain`."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.inputs.libraries import words_of_program, yaml_options
from hptui.scripts.inspect.project import with_imported_modules
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, dotted_name, top_level_constants, type_of
from hptui.scripts.library_defaults import TORCH
from hptui.scripts.syntax_nodes import nodes_of

MAX_PACKAGE_DEPTH = 4
"""Directories above a module that may be its package."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """The program of a package, and how it starts a function of a module."""

    program: Path
    word: str
    function: str


def only_defines(path: Path) -> bool:
    """Return whether a Python file has only definitions, imports and constants."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return False
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return bool(own) and not any(_acts(line, own) for line in tree.body)


def _acts(line: ast.stmt, own: set[str]) -> bool:
    match line:
        case ast.Expr(value=ast.Call(func=func)):
            return not dotted_name(func).startswith(("logging.", "warnings.", "logger.", "sys.path.", "os.environ."))
        case ast.Assign(value=value) | ast.AnnAssign(value=value) if value is not None:
            made = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
            return any(dotted_name(call.func).partition(".")[0] in own for call in made)
        case ast.If(test=test, body=body, orelse=other):
            return "__name__" in ast.unparse(test) or any(_acts(inner, own) for inner in (*body, *other))
        case ast.Try(body=body):
            return any(_acts(inner, own) for inner in body)
        case ast.For() | ast.While() | ast.With() | ast.AsyncFor() | ast.AsyncWith():
            return True
    return False


def subcommand_of(path: Path) -> Subcommand | None:
    """Return how the program of a package starts one of its modules; None if that does not show it."""
    for folder in path.resolve().parents[:MAX_PACKAGE_DEPTH]:
        if not (folder / "__init__.py").is_file():
            break
        program = folder / "__main__.py"
        module = ".".join((folder.name, *path.resolve().relative_to(folder).with_suffix("").parts))
        started = _in_program(program, module) if program.is_file() else None
        if started is not None:
            return started
    return None


def _in_program(program: Path, module: str) -> Subcommand | None:
    try:
        tree = ast.parse(program.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None
    functions = {
        alias.asname or alias.name: alias.name
        for node in nodes_of(tree, ast.ImportFrom)
        if node.module == module or (node.level and module.endswith(f".{node.module}"))
        for alias in node.names
    }
    words = [(word, functions[name]) for word, name in words_of_program(tree).items() if name in functions]
    longest = max(words, key=lambda pair: len(pair[0]), default=None)
    return Subcommand(program, *longest) if longest is not None else None


def _of_optimizer(option: ScriptOption) -> list[ScriptOption]:
    """Return an option that names an optimizer of torch or is its table, as the entries of the table."""
    defaults = TORCH.get(str(option.default), {})
    if option.name != "optimizer" or not defaults:
        return [option]
    entries = {
        "class_path": f"torch.optim.{option.default}",
        **{f"init_args.{name}": v for name, v in defaults.items()},
    }
    return [ScriptOption(f"optimizer.{name}", f"optimizer.{name}", type_of(v), v) for name, v in entries.items()]


def as_subcommand(script: InspectedScript, path: Path, started: Subcommand) -> InspectedScript:
    """Return a module that only defines a function with the options by which its program starts that."""
    tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    whole = with_imported_modules(tree, path) or tree
    first = ast.Module([*tree.body, *whole.body], [])  # another module may have a function of that name
    options = [
        replace(option, positional=True) if option.required and "." not in option.name else option
        for option in yaml_options(first, started.function, top_level_constants(tree), "")
    ]
    script.parser, script.style, script.words = "jsonargparse", "jsonargparse", [started.word]
    script.settings.clear()
    script.options = [part for option in options for part in _of_optimizer(option)]
    if len(script.options) > len(options):
        script.settings["tables"] = ["optimizer", "optimizer.init_args"]
    script.notes.append(f"{path.name} only defines what {started.program.parent.name} {started.word} starts")
    return script

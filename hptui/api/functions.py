"""Locations of Python functions, from which the worker of a trial, another process, can load them.

A function of a module or script is located by its file. A function typed into a notebook has no file: its source is
collected together with what it uses (imports, functions, classes, plain values). A value that only exists in this
process raises UserError.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.errors import UserError
from hptui.core.masking import masked_command

PLACEMENT_HINT = "define it with `def`, at the top level of a file or of a notebook's cell"
"""Hint of errors about functions that cannot be located."""


@dataclass(frozen=True, slots=True)
class FunctionLocation:
    """Where a worker finds a function: by `kind`, a trainer's kind, or else in `source`, a module to be written."""

    name: str
    kind: str = ""
    source: str = ""


def locate(function: Callable[..., Any], directory: Path) -> FunctionLocation:
    """Return the location of a function, relative to `directory` if it is inside.

    Raises: UserError if it has none.
    """
    name = getattr(function, "__qualname__", "")
    if not isinstance(function, FunctionType | type):
        problem = f"{type(function).__name__} objects cannot be run by another process"
        raise UserError(f"{function!r}: {problem}", hint=f"give a function: {PLACEMENT_HINT}")
    if "<lambda>" in name or "<locals>" in name:
        raise UserError(f"{name!r} cannot be found by another process: it has no place of its own", hint=PLACEMENT_HINT)
    module = sys.modules.get(function.__module__)
    file = _file(function, module)
    if file is None:
        return FunctionLocation(name, source=standalone_source(function))
    if module is not None and getattr(module, name.partition(".")[0], None) is None:
        raise UserError(f"{name!r} is not in {file} under this name", hint=PLACEMENT_HINT)
    if "site-packages" in file.parts:
        return FunctionLocation(name, kind=f"{function.__module__}:{name}")
    is_inside = file.is_relative_to(directory)
    return FunctionLocation(name, kind=f"{file.relative_to(directory) if is_inside else file}:{name}")


def _file(function: Callable[..., Any], module: ModuleType | None) -> Path | None:
    """Return the file that a function was loaded from; None if it was typed into a notebook or a prompt."""
    path = getattr(module, "__file__", None)
    if path and Path(path).is_file():
        return Path(path).absolute()
    code = getattr(function, "__code__", None)
    if function.__module__ != "__main__" and code is not None and Path(code.co_filename).is_file():
        return Path(code.co_filename).absolute()
    return None


def defining_script(function: Any) -> list[str]:
    """Return the file and the arguments of the running program if it defines the function, else [].

    Also [] if the program has no arguments. A worker that loads the file restores them in `sys.argv`.
    """
    main = sys.modules.get("__main__")
    if not callable(function) or function.__module__ != "__main__" or len(sys.argv) < 2:
        return []
    file = _file(function, main)
    return [str(file), *sys.argv[1:]] if file is not None else []


def recordable_script(script: list[str]) -> list[str] | None:
    """Return the script for recording; None if an argument looks like a secret."""
    return script if masked_command(script) == shlex.join(script) else None


# a function without a file --------------------------------------------------------------------------------------


def standalone_source(function: Callable[..., Any]) -> str:
    """Return the source of a module with the function and all that it uses.

    Raises: UserError.
    """
    collected = _Collected(function.__module__)
    collected.add(function.__qualname__.partition(".")[0], function, used_by="")
    return collected.text()


class _Collected:
    """Source collected so far: imports, values, and definitions in the order in which they are needed."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.known: set[str] = set()
        self.imports: list[str] = []
        self.values: list[str] = []
        self.definitions: list[str] = []

    def text(self) -> str:
        """Return the module's source: imports, values, then definitions."""
        parts = ["\n".join(self.imports), "\n".join(self.values), *self.definitions]
        return "\n\n".join(part for part in parts if part) + "\n"

    def add(self, name: str, value: Any, used_by: str) -> None:
        """Add a name, and everything that its value needs."""
        if name in self.known:
            return
        self.known.add(name)
        if isinstance(value, ModuleType):
            self.imports.append(f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        elif isinstance(value, FunctionType | type) and value.__module__ == self.home:
            self._define(name, value)
        elif (origin := getattr(value, "__module__", None)) and _is_in(origin, value):
            alias = "" if value.__qualname__ == name else f" as {name}"
            self.imports.append(f"from {origin} import {value.__qualname__}{alias}")
        elif _is_plain(value):
            self.values.append(f"{name} = {value!r}")
        else:
            problem = f"{used_by} uses {name!r}, {_article(type(value).__name__)} that only this process has"
            hint = "make it inside the function, or put the function with all it needs into a .py file and import it"
            raise UserError(problem, hint=hint)

    def _define(self, name: str, value: Any) -> None:
        source = source_of(value)
        namespace = value.__globals__ if isinstance(value, FunctionType) else vars(sys.modules[self.home])
        for needed in dict.fromkeys(_globals(compile(source, name, "exec"))):
            if needed == name or (needed.startswith("__") and needed.endswith("__")):
                continue  # `__name__` and the like exist in every module
            if needed in namespace:
                self.add(needed, namespace[needed], used_by=name)
            elif not hasattr(builtins, needed):
                raise UserError(
                    f"{name} uses {needed!r}, which is not defined", hint="run the cell that defines it first"
                )
        self.imports += [line for line in _submodules(ast.parse(source), namespace) if line not in self.imports]
        self.definitions.append(source)


def source_of(value: Any) -> str:
    """Return the source of a function or a class.

    Raises: UserError if there is none.
    """
    try:
        if isinstance(value, FunctionType):
            return textwrap.dedent(inspect.getsource(value))
        return _class_source(value)
    except (OSError, TypeError, SyntaxError) as error:
        problem = f"the source of {value.__qualname__!r} cannot be had ({error})"
        raise UserError(problem, hint="put it into a .py file and import it") from None


def _class_source(value: type) -> str:
    """Return the source of a class that was typed into a notebook.

    `inspect` finds classes by their module's file, which a notebook lacks: the code of a method tells the cell.
    """
    codes = [member.__code__ for member in vars(value).values() if isinstance(member, FunctionType)]
    for code in codes:
        lines = linecache.getlines(code.co_filename)
        for node in ast.walk(ast.parse("".join(lines))) if lines else ():
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno]))
    return textwrap.dedent(inspect.getsource(value))


def _globals(code: CodeType) -> Iterator[str]:
    """Yield the names that a compiled definition takes from its module: in body, defaults and bases."""
    instructions = list(dis.get_instructions(code))
    assigned = {instruction.argval for instruction in instructions if instruction.opname == "STORE_NAME"}
    for instruction in instructions:
        is_global = instruction.opname.startswith("LOAD") and "GLOBAL" in instruction.opname
        if is_global or (instruction.opname == "LOAD_NAME" and instruction.argval not in assigned):
            yield instruction.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _globals(inner)


def _submodules(tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the imports of submodules that a definition uses by their dotted name.

    `import xml` alone does not provide `xml.etree.ElementTree`.
    """
    for node in ast.walk(tree):
        dotted = _dotted(node)
        root = dotted.partition(".")[0]
        if "." in dotted and dotted in sys.modules and namespace.get(root) is sys.modules.get(root):
            yield f"import {dotted}"


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        prefix = _dotted(node.value)
        return f"{prefix}.{node.attr}" if prefix else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_in(module: str, value: Any) -> bool:
    """Return whether a module has this very object under the object's own name."""
    name = getattr(value, "__qualname__", "")
    return bool(name) and name.isidentifier() and getattr(sys.modules.get(module), name, None) is value


def _is_plain(value: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"

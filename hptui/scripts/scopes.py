"""What lines at the top level of a script read and store there: themselves, and by the functions that they call.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Any

ALL_NAMES = "*"
"""Stands among names that are read for all of them: `globals()`, `exec(…)`."""


class Effects:
    """Names at the top level that something reads, keeps a function that reads them, or stores.

    `stored` are those of the lines themselves, `stored_by_call` those of the functions that they call, `kept_stores`
    those of functions that may be called at any time later.
    """

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.kept: set[str] = set()
        self.stored: list[str] = []
        self.stored_by_call: set[str] = set()
        self.kept_stores: set[str] = set()


class Names(ast.NodeVisitor):
    """Collects the names of one scope: read, called, stored; and the functions that are defined in it."""

    def __init__(self, nodes: Sequence[ast.AST]) -> None:
        self.read: set[str] = set()
        self.called: set[str] = set()
        self.referenced: set[str] = set()
        self.stored: list[str] = []
        self.of_all: set[str] = set()
        self.inner: list[ast.AST] = []  # functions and classes
        self.is_generator = False
        for node in nodes:
            self.visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read.add(node.id)
            self.referenced.add(node.id)
        else:
            self.stored.append(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self.called.add(node.func.id)
            self.read.add(node.func.id)
            name = node.func.id
            is_open = name in ("globals", "locals", "exec", "eval") or (name == "vars" and not node.args)
            self.read |= {ALL_NAMES} if is_open else set()
        else:
            self.visit(node.func)
        for part in (*node.args, *node.keywords):
            self.visit(part)

    def visit_FunctionDef(self, node: Any) -> None:
        self.stored.append(node.name)
        self.referenced |= {node.name} if node.decorator_list else set()
        spec = node.args
        for part in (*node.decorator_list, *spec.defaults, *(value for value in spec.kw_defaults if value)):
            self.visit(part)
        self.inner.append(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.inner.append(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Read what the lines of a class read; what they store is the class's own."""
        within = Names([*node.decorator_list, *node.bases, *node.keywords, *node.body])
        self.read |= within.read
        self.referenced |= within.referenced | ({node.name} if node.decorator_list else set())
        self.called |= within.called
        self.stored.append(node.name)
        self.inner.append(node)

    def visit_comprehension_scope(self, node: Any) -> None:
        own = {*Names([part.target for part in node.generators]).stored}
        parts = [getattr(node, field) for field in ("elt", "key", "value") if getattr(node, field, None) is not None]
        inner = Names([*parts, *(each for part in node.generators for each in (part.iter, *part.ifs))])
        self.read |= inner.read - own
        self.referenced |= inner.referenced - own
        self.called |= inner.called - own
        self.inner += inner.inner

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_comprehension_scope

    def visit_Import(self, node: Any) -> None:
        self.stored += [alias.asname or alias.name.partition(".")[0] for alias in node.names]

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.stored += [node.name] if node.name else []
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.of_all |= {*node.names}

    def visit_Yield(self, node: Any) -> None:
        self.is_generator = True
        self.generic_visit(node)

    visit_YieldFrom = visit_Yield


class Function:
    """What a function, or the methods of a class, do with names of the top level; `called` are what they call."""

    def __init__(self, node: Any) -> None:
        names = Names([node.body] if isinstance(node, ast.Lambda) else node.body)
        own = {argument.arg for argument in _arguments(node)} | ({*names.stored} - names.of_all)
        own = set() if isinstance(node, ast.ClassDef) else own
        inner = [Function(part) for part in names.inner]
        self.read = names.read - own
        self.called = names.called - own
        self.handed_on = names.referenced - own
        self.kept: set[str] = set()
        for function in inner:  # which may be called when this one has ended
            self.kept |= (function.read | function.kept) - own
            self.handed_on |= function.handed_on - own
        changed = {name for name in names.of_all if not all_of_itself(node.body, name)} if names.of_all else set()
        self.stored: set[str] = changed.union(*(function.stored for function in inner))
        if names.is_generator or isinstance(node, ast.ClassDef):
            self.kept |= self.read


def _arguments(node: Any) -> Iterator[ast.arg]:
    spec = getattr(node, "args", None)
    if isinstance(spec, ast.arguments):
        yield from (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)
        yield from (part for part in (spec.vararg, spec.kwarg) if part is not None)


def functions_of(tree: ast.Module) -> dict[str, list[Function]]:
    """Return the functions and classes of the top level by name, those in branches included."""
    functions: dict[str, list[Function]] = {}
    for node in Names(tree.body).inner:
        if not isinstance(node, ast.Lambda):
            functions.setdefault(getattr(node, "name", ""), []).append(Function(node))
    return functions


def line_effects(line: ast.stmt, functions: dict[str, list[Function]]) -> Effects:
    """Return what one line at the top level does, with the functions that it calls or hands on."""
    names, effects = Names([line]), Effects()
    effects.read, effects.stored = {*names.read}, names.stored
    lambdas = [Function(node) for node in names.inner if isinstance(node, ast.Lambda)]
    for function in lambdas:
        effects.kept |= function.read | function.kept | function.handed_on
    called = names.called & functions.keys()
    handed_on = (names.referenced | effects.kept) & functions.keys()
    for name in called:
        _follow(name, functions, effects, False, set())
    for name in handed_on:
        _follow(name, functions, effects, True, set())
    return effects


def _follow(
    name: str, functions: dict[str, list[Function]], effects: Effects, is_kept: bool, seen: set[tuple[str, bool]]
) -> None:
    """Add what a function does, and what those do that it calls or hands on."""
    if (name, is_kept) in seen:
        return
    seen.add((name, is_kept))
    for function in functions.get(name, ()):
        effects.read |= function.read
        effects.kept |= function.kept | (function.read if is_kept else set())
        effects.stored_by_call |= function.stored
        effects.kept_stores |= function.stored if is_kept else set()
        for other in function.called & functions.keys():
            _follow(other, functions, effects, is_kept, seen)
        for other in (function.kept | function.handed_on) & functions.keys():
            _follow(other, functions, effects, True, seen)


def all_of_itself(lines: Sequence[ast.stmt], name: str) -> bool:
    """Return whether lines give a variable only what they compute of its own value: `lr *= 0.1`."""
    return all(value is not None and reads(value, name) for line in lines for value in values_given(line, name))


def reads(node: ast.AST, name: str) -> bool:
    """Return whether an expression reads a variable."""
    return name in Names([node]).read


def values_given(node: ast.AST, name: str) -> Iterator[ast.expr | None]:
    """Yield what a line gives a variable, None for what is no expression: a loop, an import.

    What a branch for a short trial gives it is left out, and so is `x += 1`.
    """
    if isinstance(node, ast.If) and is_trial(node):
        for other in node.orelse:
            yield from values_given(other, name)
    elif isinstance(node, ast.AugAssign):
        return
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        yield from [node.value] if name in Names([node]).stored else []
    elif isinstance(node, (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.expr)):
        yield from [None] if name in Names([node]).stored else []
    else:
        yield from [None] if getattr(node, "name", None) == name else []
        for inner in ast.iter_child_nodes(node):
            yield from values_given(inner, name)


DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_trial(node: ast.If) -> bool:
    """Return whether a branch is that of a short trial: `if CFG.debug:`."""
    return re.search(r"debug|dry|smoke|sanity|quick|fast", ast.unparse(node.test), re.IGNORECASE) is not None

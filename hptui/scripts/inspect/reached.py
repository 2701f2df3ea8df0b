"""Which functions of its modules a script reaches: a parser that only another program reads is none of its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.outputs.shown import BY_NAME
from hptui.scripts.inspect.syntax import calls, dotted_name
from hptui.scripts.syntax_nodes import all_nodes

PARSING_METHODS = ("parse_args", "parse_known_args", "parse_args_into_dataclasses", "parse_intermixed_args")


def reaches_parsing(tree: ast.Module, project: ast.Module) -> bool:
    """Return whether a script calls, through functions of its modules, one that reads the command line.

    True as well where no function reads it in a known way.
    """
    definitions: dict[str, list[ast.stmt]] = {}
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    lines = {id(node) for node in tree.body}
    others = [node for node in project.body if id(node) not in lines]
    for node in others:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in own:
            definitions.setdefault(node.name, []).append(node)
    parsing = [node for node in others if isinstance(node, ast.FunctionDef | ast.ClassDef) and _parses(node)]
    if not parsing:
        return True
    return any(_parses(node) for node in _reached(tree, definitions))


def leaves_parsing_to(project: ast.Module, tree: ast.Module) -> bool:
    """Return whether a script reads no command line itself, but one of its modules does."""
    own = {id(node) for node in tree.body}
    return not _parses(tree) and any(_parses(node) for node in project.body if id(node) not in own)


def without_other_parsers(tree: ast.Module, project: ast.Module) -> ast.Module:
    """Return a script with its modules, less the functions that read command lines of other programs.

    Nothing is left out where the script reaches no such function and reads no command line itself, or reaches all.
    """
    lines = {id(node) for node in tree.body}
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    others = [node for node in project.body if id(node) not in lines]
    by_name = any(name in BY_NAME for name, _ in calls(tree))
    functions = [node for node in others if isinstance(node, ast.FunctionDef)]
    declaring = [n for n in functions if _parses(n) or (_declares(n) and (n.name in own or not by_name))]
    definitions: dict[str, list[ast.stmt]] = {}
    for node in others:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in own:  # its own name hides the other
            definitions.setdefault(node.name, []).append(node)
    reached = {id(node) for node in _reached(tree, definitions)}
    unreached = {id(node) for node in declaring} - reached
    if len(unreached) == len(declaring) and not _declares(tree):
        return project
    return ast.Module([node for node in project.body if id(node) not in unreached], project.type_ignores)


def without_unused(tree: ast.Module, project: ast.Module) -> ast.Module:
    """Return a script with its modules, less the definitions of these that it does not use.

    Nothing is left out where the script looks definitions up by their names.
    """
    if any(name in BY_NAME for name, _ in calls(tree)):
        return project
    lines = {id(node) for node in tree.body}
    definitions: dict[str, list[ast.stmt]] = {}
    for node in project.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and id(node) not in lines and not node.decorator_list:
            definitions.setdefault(node.name, []).append(node)
    others = [node for node in project.body if id(node) not in {id(n) for nodes in definitions.values() for n in nodes}]
    reached = {id(node) for node in _reached(ast.Module(others, []), definitions)}
    kept = {id(node) for node in others} | reached
    return ast.Module([node for node in project.body if id(node) in kept], project.type_ignores)


def _reached(tree: ast.Module, definitions: dict[str, list[ast.stmt]]) -> Iterator[ast.stmt]:
    """Yield the definitions that a script uses, directly or through others."""
    waiting, seen = [*_names(tree)], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in definitions.get(name, ()):
            yield node
            waiting += _names(node)


def _parses(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Attribute) and inner.attr in PARSING_METHODS for inner in all_nodes(node))


def _declares(node: ast.AST) -> bool:
    return _parses(node) or any(isinstance(n, ast.Attribute) and n.attr == "add_argument" for n in all_nodes(node))


def _names(node: ast.AST) -> list[str]:
    """Return the names that code uses, the last parts of dotted ones; those of imports, too."""
    names = [inner.id for inner in all_nodes(node) if isinstance(inner, ast.Name)]
    methods = [inner for inner in all_nodes(node) if isinstance(inner, ast.Attribute)]
    made = {dotted_name(t) for n in all_nodes(node) if isinstance(n, ast.Assign) for t in n.targets}
    return names + [
        method.attr
        for method in methods
        if method.attr not in PARSING_METHODS or (dotted_name(method.value) or "()") not in {*made, "()"}
    ]

"""Subcommands of argparse: which of them is started, and which options are its own.

A parser of a subcommand may be handed to a function that adds the options, also one of another module."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from hptui.scripts.inspect.inputs.functions import choice_note, training_command
from hptui.scripts.inspect.project import module_of
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of


class Subparsers:
    """`parser.add_subparsers()` of argparse. `words` name the subcommand, `notes` state which one was taken."""

    def __init__(self, tree: ast.Module) -> None:
        self._main_parsers: set[str] = set()
        self._named: list[tuple[int, str, str]] = []
        for node in sorted(
            (item for item in all_nodes(tree) if isinstance(item, ast.Assign)),
            key=lambda item: (item.lineno, item.col_offset),
        ):
            if isinstance(node.value, ast.Call) and len(node.targets) == 1:
                self._assigned(dotted_name(node.targets[0]), node.value, node.lineno)
        self._main_parsers |= {name.rpartition(".")[0] for name, _ in calls(tree) if name.endswith(".add_subparsers")}
        parser_calls = [call for _, call in calls(tree) if _last(call) == "add_parser" and call.args]
        names = [name for call in parser_calls if isinstance(name := literal_value(call.args[0]), str)]
        self._command = training_command(list(dict.fromkeys(names)))
        self.words = [self._command] if self._command else []
        self.notes = choice_note(names, self._command) if self._command else []
        self._handed = _functions_with_parsers(tree, self._owner) if names else {}

    def _assigned(self, target: str, call: ast.Call, line: int) -> None:
        receiver, last = dotted_name(call.func).rpartition(".")[0], _last(call)
        if last == "add_parser" and call.args and isinstance(name := literal_value(call.args[0]), str):
            self._named.append((line, target, name))
        elif last in ("add_argument_group", "add_mutually_exclusive_group"):
            if receiver in self._main_parsers:
                self._main_parsers.add(target)
            elif owner := self._owner(receiver, line):
                self._named.append((line, target, owner))

    def _owner(self, receiver: str, line: int) -> str:
        return next(
            (
                name
                for assigned_line, target, name in reversed(self._named)
                if target == receiver and assigned_line <= line
            ),
            "",
        )

    def place_of(self, receiver: str, line: int) -> tuple[bool, bool]:
        """Return whether an argument of `receiver` is relevant, and whether it precedes the subcommand."""
        if not self._command:
            return True, False
        within = [owners for (first, last), owners in self._handed.items() if first <= line <= last]
        if any(self._command in owners for owners in within):
            return True, False
        if within:
            return False, False
        owner = self._owner(receiver, line)
        if owner:
            return owner == self._command, False
        return True, receiver in self._main_parsers


def _last(call: ast.Call) -> str:
    """Return the name of the called method, also of `parser.add_subparsers().add_parser(…)`.

    Such a call has no dotted name.
    """
    return call.func.attr if isinstance(call.func, ast.Attribute) else dotted_name(call.func)


MAX_DEPTH = 3
"""Functions that hand a parser to further ones."""


def hands_subparsers_on(tree: ast.Module) -> bool:
    """Return whether a script gives a function the parser of a subcommand as it makes that."""
    return any(_command_made(part) for _, call in calls(tree) for part in call.args)


def _command_made(node: ast.expr) -> str:
    """Return the subcommand whose parser an expression makes; '' for any other."""
    if isinstance(node, ast.Call) and _last(node) == "add_parser" and node.args:
        name = literal_value(node.args[0])
        return name if isinstance(name, str) else ""
    return ""


def _functions_with_parsers(tree: ast.Module, owner: Callable[[str, int], str]) -> dict[tuple[int, int], set[str]]:
    """Return the lines of functions that are given parsers of subcommands, with these subcommands."""
    defined: dict[str, list[ast.FunctionDef]] = {}
    for node in nodes_of(tree, ast.FunctionDef):
        defined.setdefault(node.name, []).append(node)
    aliases = {a.asname: a.name for node in nodes_of(tree, ast.ImportFrom) for a in node.names if a.asname}
    handed: dict[tuple[int, int], set[str]] = {}
    given = [(call, _command_made(part) or owner(dotted_name(part), call.lineno))
             for _, call in calls(tree) for part in call.args]  # fmt: skip
    waiting = [(call, command, 0) for call, command in given if command]
    while waiting:
        call, command, depth = waiting.pop()
        for node in _called(call, defined, aliases):
            lines = (node.lineno, node.end_lineno or node.lineno)
            if command in handed.setdefault(lines, set()) or not node.args.args:
                continue
            handed[lines].add(command)
            if depth < MAX_DEPTH:
                own = {argument.arg for argument in node.args.args}
                waiting += [(inner, command, depth + 1) for inner in _handing(node, own)]
    return {lines: commands for lines, commands in handed.items() if commands}


def _called(
    call: ast.Call, defined: dict[str, list[ast.FunctionDef]], aliases: dict[str, str]
) -> Iterator[ast.FunctionDef]:
    """Yield the functions that a call may be of: of `train.add(…)` that of the module `train`."""
    place, _, name = dotted_name(call.func).rpartition(".")
    module = aliases.get(place, place.rpartition(".")[2])
    for node in defined.get(name, ()):
        if not place or module_of(node) == module:
            yield node


def _handing(function: ast.FunctionDef, names: set[str]) -> Iterator[ast.Call]:
    """Yield the calls in a function that hand one of its arguments on."""
    for node in all_nodes(function):
        if isinstance(node, ast.Call) and any(dotted_name(part) in names for part in node.args):
            yield node

"""Scripts with subcommands: which one trains, and which of them an option belongs to."""

from __future__ import annotations

import ast
import re

from hptui.trainers.scripts.tree import calls, dotted_name, keyword_argument, literal_value

TRAINING_NAME = re.compile(r"(?:pre)?_?-?train.*|fit|fine_?-?tune.*|sft|learn|run|main|.*train.*", re.IGNORECASE)


def training_command(names: list[str]) -> str:
    """Return the name that looks like training, else the first; '' of none."""
    return next((name for name in names if TRAINING_NAME.fullmatch(name)), names[0] if names else "")


def choice_note(names: list[str], name: str) -> list[str]:
    """Return a note on which of several subcommands was taken."""
    others = [other for other in names if other != name]
    return [f"the script has subcommands; `{name}` was taken, not {', '.join(others)}"] if others else []


class Subparsers:
    """`parser.add_subparsers()` of argparse. `words` name the subcommand, `notes` state which one was taken."""

    def __init__(self, tree: ast.Module) -> None:
        self._main_parsers: set[str] = set()
        self._named: list[tuple[int, str, str]] = []
        for node in sorted(
            (item for item in ast.walk(tree) if isinstance(item, ast.Assign)),
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
        owner = self._owner(receiver, line)
        if owner:
            return owner == self._command, False
        return True, receiver in self._main_parsers


def _last(call: ast.Call) -> str:
    """Return the name of the called method, also of `parser.add_subparsers().add_parser(…)`.

    Such a call has no dotted name.
    """
    return call.func.attr if isinstance(call.func, ast.Attribute) else dotted_name(call.func)


class CommandGroups:
    """`@click.group()` and its commands. `words` name the command, `notes` state which one was taken."""

    def __init__(self, tree: ast.Module) -> None:
        self._owners: dict[int, ast.FunctionDef] = {}
        self._commands: dict[str, ast.FunctionDef] = {}
        self._groups: list[ast.FunctionDef] = []
        alone: list[ast.FunctionDef] = []
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                call = decorator if isinstance(decorator, ast.Call) else None
                self._owners |= {id(call): node} if call else {}
                owner, _, last = dotted_name(call.func if call else decorator).rpartition(".")
                if last == "group":
                    self._groups.append(node)
                elif last == "command" and owner in ("click", "rich_click", ""):
                    alone.append(node)
                elif last == "command":
                    self._commands[_named(call, node.name)] = node
        names = list(self._commands)
        self._command = training_command(names)
        self._alone = alone[0] if len(alone) > 1 and not names else None
        self.words = [self._command] if self._groups and names else []
        self.notes = choice_note(names, self._command) if names else []

    def place_of(self, call: ast.Call) -> tuple[bool, bool]:
        """Return whether an option is relevant, and whether it precedes the command."""
        owner = self._owners.get(id(call))
        if owner is None or not self._commands:
            return self._alone is None or owner is self._alone, False
        if owner in self._groups:
            return True, True
        return owner is self._commands[self._command], False


def _named(call: ast.Call | None, function: str) -> str:
    name = (
        literal_value(call.args[0])
        if call and call.args
        else literal_value(keyword_argument(call, "name"))
        if call
        else None
    )
    return name if isinstance(name, str) else function.replace("_", "-")

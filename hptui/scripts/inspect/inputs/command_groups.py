"""Commands of click, and which of them is started."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.inputs.functions import choice_note, training_command
from hptui.scripts.inspect.syntax import dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes


class CommandGroups:
    """`@click.group()` and its commands. `words` name the command, `notes` state which one was taken."""

    def __init__(self, tree: ast.Module) -> None:
        self._owners: dict[int, ast.FunctionDef] = {}
        self._commands: dict[str, ast.FunctionDef] = {}
        self._groups: list[ast.FunctionDef] = []
        alone: list[ast.FunctionDef] = []
        for node in all_nodes(tree):
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

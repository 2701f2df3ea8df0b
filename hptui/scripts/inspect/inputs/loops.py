"""Options of argparse that a loop makes: `for k, v in defaults.items(): add_argument(f"--{k}")`, also of a class."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN, FormKind, OptionForm, Reads
from hptui.scripts.inspect.inputs.converters import BOOLEAN_NAME, converter_form
from hptui.scripts.inspect.syntax import (
    ScriptOption,
    calls,
    dotted_name,
    keyword_argument,
    literal_value,
    type_of,
)
from hptui.scripts.syntax_nodes import all_nodes
from hptui.scripts.table_slots import table_entries

MAX_DEPTH = 4
"""Functions within functions that make parts of the dictionary."""
READS_OF_TYPE = {"int": Reads.INT, "float": Reads.FLOAT, "str": Reads.TEXT}
DASHED = ".replace('_', '-')"
"""How a loop spells names with dashes."""


def looped_options(tree: ast.Module) -> list[ScriptOption]:
    """Return the options that loops over dictionaries add to a parser."""
    functions = [node.name for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)]
    converter = next((name for name in functions if BOOLEAN_NAME.search(name)), "bool")
    boolean = converter_form(ast.Name(converter, ast.Load()), tree, OptionForm())
    options: dict[str, ScriptOption] = {}
    for loop, table in _loops(tree):
        for _, call in calls(loop):
            if not isinstance(call.func, ast.Attribute) or call.func.attr != "add_argument" or not call.args:
                continue
            spelled = ast.unparse(call.args[0])
            if "--" not in spelled or keyword_argument(call, "default") is None:
                continue
            for name, value in _Tables(tree).of(table, loop):
                flag = f"--{name.replace('_', '-')}" if DASHED in spelled else f"--{name}"
                form = OptionForm(reads=READS_OF_TYPE.get(type_of(value), Reads.UNKNOWN), flags=(flag,), silent=value)
                if isinstance(value, bool):
                    form = _boolean_form(loop, boolean, flag, value)
                options[name] = ScriptOption(name, flag[2:], type_of(value), value, form=form)
    return list(options.values())


def _boolean_form(loop: ast.For, converter: OptionForm, flag: str, value: bool) -> OptionForm:
    """Return the form of a truth value in a loop: of its action, else of its converter."""
    actions = [keyword_argument(call, "action") for _, call in calls(loop)]
    if any(literal_value(action) == "store_true" for action in actions if action is not None):
        return OptionForm(FormKind.FLAG, flags=(flag,), sets=((True, flag),), silent=value)
    if any(dotted_name(action).endswith("BooleanOptionalAction") for action in actions if action is not None):
        return OptionForm(FormKind.ON_OFF, flags=(flag,), sets=((True, flag), (False, f"--no-{flag[2:]}")))
    return replace(converter, flags=(flag,), silent=value)


def _loops(tree: ast.AST) -> Iterator[tuple[ast.For, ast.expr]]:
    """Yield loops over items or fields, with the expression of what has them."""
    for node in all_nodes(tree):
        match node:
            case ast.For(iter=ast.Call(func=ast.Attribute(value=table, attr="items")), target=ast.Tuple()):
                yield node, table
            case ast.For(iter=ast.Call(func=function, args=[table])) if dotted_name(function).endswith("fields"):
                yield node, ast.Call(ast.Name("vars", ast.Load()), [table], [])


class _Tables:
    """Finds the entries of a dictionary: where it is assigned, updated, passed and returned."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._functions = {node.name: node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)}

    def of(self, table: ast.expr, place: ast.AST, depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Yield the plain entries of the dictionary that an expression has at a place in the script."""
        match table:
            case ast.Dict():
                pairs = [(literal_value(key) if key else None, value) for key, value in _pairs(table)]
            case (
                ast.Call(func=ast.Name(id="vars" | "asdict") | ast.Attribute(attr="asdict"), args=[owner])
                | ast.Attribute(value=owner, attr="__dict__" | "__annotations__" | "__dataclass_fields__")
            ):
                made = owner.func if isinstance(owner, ast.Call) else owner  # Config() has what Config has
                yield from self._attributes(dotted_name(made), place)
                return
            case ast.Call(func=ast.Name(id="dict")):
                pairs = [(word.arg, word.value) for word in table.keywords]
            case ast.Call(func=ast.Name(id=name)) if name in self._functions and depth < MAX_DEPTH:
                function = self._functions[name]
                for node in all_nodes(function):
                    if isinstance(node, ast.Return) and node.value is not None:
                        yield from self.of(node.value, node, depth + 1)
                return
            case ast.Name(id=name) if depth < MAX_DEPTH:
                yield from self._named(name, place, depth)
                return
            case _:
                return
        for key, node in pairs:
            value = literal_value(node)
            if key is None:  # {**common, "lr": 0.1}
                yield from self.of(node, place, depth + 1)
            elif isinstance(key, str) and value is not UNKNOWN and not isinstance(value, dict):
                yield key, value

    def _attributes(self, owner: str, place: ast.AST) -> Iterator[tuple[str, Any]]:
        """Yield what a class has (`vars(Config)`), or what it and derived ones set."""
        classes = [node for node in all_nodes(self._tree) if isinstance(node, ast.ClassDef)]
        if owner == "self":
            own = [node for node in classes if any(inner is place for inner in all_nodes(node))][-1:]
            names = {node.name for node in own}
            derived = [node for node in classes if names & {dotted_name(base) for base in node.bases}]
            lines = [line for node in [*own, *derived] for line in all_nodes(node) if isinstance(line, ast.Assign)]
            pairs = [(dotted_name(line.targets[0]), line.value) for line in lines]
            entries = [(name.removeprefix("self."), value) for name, value in pairs if name.startswith("self.")]
        else:
            made = [node for node in classes if node.name == self._class_of(owner)]
            entries = [(name, value) for node in made for name, value, *_ in table_entries(node) or ()]
        short = "[1:]" in ast.unparse(place) or "lstrip('_')" in ast.unparse(place)
        for name, node in entries:
            value = literal_value(node)
            if value is not UNKNOWN and not isinstance(value, dict):
                yield name.removeprefix("_") if short else name, value

    def _class_of(self, name: str) -> str:
        """Return the class of a variable (`config = Config()`), else the name itself."""
        for node in all_nodes(self._tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id=made))) if (
                    target == name
                ):
                    return made
        return name

    def _named(self, name: str, place: ast.AST, depth: int) -> Iterator[tuple[str, Any]]:
        """Yield the entries of a variable, or of what is passed for a function's argument."""
        scope = self._scope(place)
        arguments = [argument.arg for argument in scope.args.args] if isinstance(scope, ast.FunctionDef) else []
        if isinstance(scope, ast.FunctionDef) and name in arguments:
            for called, call in calls(self._tree):
                if called.rpartition(".")[2] == scope.name and len(call.args) > arguments.index(name):
                    yield from self.of(call.args[arguments.index(name)], call, depth + 1)
            return
        for node in all_nodes(scope):
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    yield from self.of(value, node, depth + 1)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=target), attr="update"), args=[more]):
                    if target == name:
                        yield from self.of(more, node, depth + 1)

    def _scope(self, place: ast.AST) -> ast.AST:
        """Return the function in which a node stands, else the whole script."""
        functions = [node for node in self._functions.values() if any(inner is place for inner in all_nodes(node))]
        return functions[-1] if functions else self._tree


def _pairs(table: ast.Dict) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    yield from zip(table.keys, table.values, strict=True)

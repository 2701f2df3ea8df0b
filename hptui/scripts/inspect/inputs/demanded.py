"""What a script cannot do without though its default is none: it raises, or uses the value without asking for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.inputs.option_reads import Silent, handled_within, option_of
from hptui.scripts.inspect.outputs.shown import never_called
from hptui.scripts.inspect.questions import asks
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of, once

READING = re.compile(
    r"open|from_pretrained|load_dataset|load_from_disk|read_\w+|load|loadtxt|genfromtxt|join|Path|listdir|scandir|walk|"
    r"glob|iglob|ImageFolder|makedirs|mkdir|range|float|int|len|from_file|fromfile|from_json_file|load_file"
)
"""Calls that fail with none as their first argument."""
BY_SIGNATURE = ("fire", "typer", "click", "jsonargparse")
"""Parsers whose options are arguments of functions."""


def with_demanded(script: InspectedScript, tree: ast.Module) -> InspectedScript:
    """Return a script whose options are required that it cannot do without; groups of them are noted."""
    by_name = {option.name.rpartition(".")[2]: option for option in script.options}
    silent = {name: _silent(option) for name, option in by_name.items()}
    absent = {name for name, value in silent.items() if value in (None, "") and not by_name[name].required}
    if not absent or script.config is not None or script.style == "constants" or _fills_in(tree):
        return script
    of_signature = script.parser.startswith(BY_SIGNATURE)
    groups = [group for group in _raising(tree, silent, of_signature) if group <= absent]
    used = _used(tree, {name for name in absent if silent[name] is None}, of_signature)
    used |= absent & _asked_for(tree, Silent(silent, False, of_signature))
    alone = used | {name for group in groups if len(group) == 1 for name in group}
    script.options = [
        replace(o, required=True, default=None) if o.name.rpartition(".")[2] in alone else o for o in script.options
    ]
    for group in groups:
        names = sorted(by_name[name].name for name in group)
        if len(group) > 1 and not group & alone and names not in script.needs_one_of:
            script.needs_one_of.append(names)
    return script


def _fills_in(tree: ast.Module) -> bool:
    """Return whether a script sets options by names that its source does not show: from a file."""
    names = {name.rpartition(".")[2] or getattr(call.func, "attr", "") for name, call in calls(tree)}
    owners = (
        call.func for _, call in calls(tree) if isinstance(call.func, ast.Attribute) and call.func.attr == "update"
    )
    is_updated = any(re.search(r"__dict__|vars\(", ast.unparse(func.value)) for func in owners)
    starred = {name.rpartition(".")[2] for name, call in calls(tree) if any(word.arg is None for word in call.keywords)}
    return is_updated or "setattr" in names or "set_defaults" in starred


def _silent(option: ScriptOption) -> object:
    """Return what a script has if an option is not given; UNKNOWN if its source does not tell."""
    if option.form is None or option.positional or option.before:
        return UNKNOWN if option.default is None else option.default
    return option.form.silent if option.default is None else option.default


def _raising(tree: ast.Module, silent: Mapping[str, object], of_signature: bool) -> Iterator[frozenset[str]]:
    """Yield the options of which a script wants one: those in conditions after which it raises."""
    unseen = _not_always_run(tree)
    blocks: list[ast.Module | ast.FunctionDef] = [tree, *nodes_of(tree, ast.FunctionDef)]
    for function in blocks:
        is_of_fields = getattr(function, "name", "") == "__post_init__"
        if id(function) not in unseen or is_of_fields:
            yield from _in_lines(function.body, Silent(silent, is_of_fields, of_signature), ())


def _in_lines(lines: Sequence[ast.stmt], silent: Silent, tests: tuple[ast.expr, ...]) -> Iterator[frozenset[str]]:
    for line in lines:
        match line:
            case ast.If(test=test, body=body) if "__name__" in ast.unparse(test):
                yield from _in_lines(body, silent, tests)
            case ast.If(test=test, body=body, orelse=other):
                value = _truth(test, silent)
                if value is True:
                    yield from _in_lines(body, silent, (*tests, test))
                elif value is False:
                    yield from _in_lines(other, silent, (*tests, test))
                if value is not False and not other and _ends(body):
                    return  # what follows may not be reached
            case ast.Raise() if tests:
                yield _absent_in(tests, silent)
            case ast.Expr(value=ast.Call(func=func)) if tests and _is_end(func):
                yield _absent_in(tests, silent)
            case ast.Assert(test=test) if _truth(test, silent) is False:
                yield _absent_in((*tests, test), silent)
            case ast.Return() | ast.Raise():
                return
            case ast.With(body=body):
                yield from _in_lines(body, silent, tests)


def _ends(body: Sequence[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Return | ast.Continue | ast.Break)


def _is_end(func: ast.expr) -> bool:
    owner, _, last = dotted_name(func).rpartition(".")
    is_of_parser = last == "error" and not re.search(r"log|console", owner, re.IGNORECASE)
    return last in ("exit", "quit") or (is_of_parser and bool(owner))


def _absent_in(tests: Sequence[ast.expr], silent: Silent) -> frozenset[str]:
    """Return the options of the last condition that asks for some that nobody gives."""
    for test in reversed(tests):
        names = {name for node in all_nodes(test) if (name := option_of(node, silent)) and silent[name] in (None, "")}
        if names:
            return frozenset(names)
    return frozenset({""})


def _truth(test: ast.expr, silent: Silent) -> bool | None:
    """Return whether a condition holds with the defaults of all options; None if that is not known."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = _truth(operand, silent)
            return None if value is None else not value
        case ast.BoolOp(op=op, values=values):
            truths = [_truth(value, silent) for value in values]
            decisive = isinstance(op, ast.Or)
            return decisive if decisive in truths else None if None in truths else not decisive
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            first, second = _value(left, silent), _value(right, silent)
            if first is UNKNOWN or second is UNKNOWN:
                return None
            return _compared(op, first, second)
        case ast.Attribute() | ast.Name():
            value = _value(test, silent)
            return None if value is UNKNOWN else bool(value)
    return None


def _value(node: ast.expr, silent: Silent) -> Any:
    return silent[name] if (name := option_of(node, silent)) else literal_value(node)


def _compared(op: ast.cmpop, first: Any, second: Any) -> bool | None:
    match op:
        case ast.Is() | ast.Eq():
            return bool(first == second)
        case ast.IsNot() | ast.NotEq():
            return bool(first != second)
        case ast.In() | ast.NotIn() if isinstance(second, list):
            return (first in second) is isinstance(op, ast.In)
    return None


def _used(tree: ast.Module, absent: Collection[str], by_name: bool) -> set[str]:
    """Return the options that are used in any case, and that nothing asks for or sets."""
    asked = {_name_of(node, absent, by_name) for test in _tests(tree) for node in all_nodes(test)}
    asked |= {node.id for test in _tests(tree) for node in nodes_of(test, ast.Name) if node.id in absent}
    asked |= handled_within(tree, absent)
    stored = {node.attr for node in nodes_of(tree, ast.Attribute) if isinstance(node.ctx, ast.Store)}
    stored |= {node.id for node in nodes_of(tree, ast.Name) if by_name and isinstance(node.ctx, ast.Store)}
    given_back = {_name_of(part, absent, by_name) for node in nodes_of(tree, ast.BoolOp) for part in node.values[:-1]}
    free = set(absent) - asked - stored - given_back
    if not free:
        return set()
    data = {name for name in free if INPUTS.fullmatch(name)}
    hidden = _not_always_run(tree)
    needing = (part for node in all_nodes(tree) if id(node) not in hidden for part in _needing(node))
    used = {name for node in needing for part in _last_parts(node) if (name := _name_of(part, free, by_name))}
    given = (part for node in nodes_of(tree, ast.Call) if id(node) not in hidden for part in _arguments(node))
    return used | {name for node in given if (name := _name_of(node, data, by_name))}


def _asked_for(tree: ast.Module, silent: Silent) -> set[str]:
    """Return the options that a person is asked for where they are not given: `args.token or getpass()`."""
    hidden = _not_always_run(tree)
    asked = set[str]()
    for joint in nodes_of(tree, ast.BoolOp):
        if isinstance(joint.op, ast.Or) and id(joint) not in hidden and asks(joint.values[-1]):
            asked |= {name for part in joint.values[:-1] if (name := option_of(part, silent))}
    for branch in nodes_of(tree, ast.If):
        if id(branch) not in hidden and _truth(branch.test, silent) and any(map(asks, branch.body)):
            asked |= _absent_in((branch.test,), silent)
    return {name for name in asked if name and silent[name] in (None, "")}


INPUTS = re.compile(
    r"(?:train(?:ing)?_)?(?:data|dataset|corpus)_?(?:path|file|dir|root|json|csv)?s?|train(?:ing)?_?(?:file|path|dir|set)s?|"
    r"(?:base_|pretrained_)?model_?(?:name_or_path|path|id)|base_model|pretrained_model"
)
"""Names of what nothing is trained without: data, and the model to begin with."""


def _arguments(call: ast.Call) -> list[ast.expr]:
    """Return what a call is given, but for one that only reports."""
    last = dotted_name(call.func).rpartition(".")[2]
    is_report = last in ("print", "info", "debug", "warning")
    return [] if is_report else [*call.args, *(word.value for word in call.keywords)]


def _tests(tree: ast.Module) -> Iterator[ast.expr]:
    for node in all_nodes(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield node.test
    yield from nodes_of(tree, ast.Compare)
    for name, call in calls(tree):
        if name in ("isinstance", "hasattr", "getattr", "bool", "setattr"):
            yield from call.args


def _conditional(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the lines that may not run, and those whose failure is caught."""
    for node in nodes_of(tree, ast.If):
        if "__name__" not in ast.unparse(node.test):
            yield from (*node.body, *node.orelse)
    for tried in nodes_of(tree, ast.Try):
        yield from tried.body


@once
def _not_always_run(tree: ast.Module) -> set[int]:
    """Return the nodes that may not run: in conditions, and in functions that are called only there."""
    hidden = {id(node) for function in never_called(tree) for node in all_nodes(function)}
    hidden |= {id(inner) for node in _conditional(tree) for inner in all_nodes(node)}
    called: dict[str, list[int]] = {}
    for name, call in calls(tree):
        called.setdefault(name.rpartition(".")[2] or getattr(call.func, "attr", ""), []).append(id(call))
    for _ in range(MAX_DEPTH):
        for function in nodes_of(tree, ast.FunctionDef):
            places = called.get(function.name, [])
            if places and id(function) not in hidden and hidden.issuperset(places):
                hidden |= {id(node) for node in all_nodes(function)}
    return hidden


MAX_DEPTH = 3
"""Functions within one another that are followed."""


def _needing(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the parts of an expression or line that may not be none."""
    match node:
        case ast.Call(func=func, args=args, keywords=words):
            if isinstance(func, ast.Attribute):
                yield func.value  # args.layers.split(",")
            last = dotted_name(func).rpartition(".")[2] or getattr(func, "attr", "")
            if READING.fullmatch(last):
                yield from args[: len(args) if last == "join" else 1]
                yield from (w.value for w in words if w.arg in ("pretrained_model_name_or_path", "filepath_or_buffer"))
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.FloorDiv(), right=right):
            yield from (left, right)
        case ast.For(iter=source):
            yield source
        case ast.Subscript(value=value):
            yield value


def _last_parts(node: ast.expr) -> list[ast.expr]:
    """Return what an expression is where nothing else is given: `a or b` is b."""
    match node:
        case ast.BoolOp(op=ast.Or(), values=values):
            return [values[-1]]
        case ast.IfExp(orelse=other):
            return [other]
    return [node]


def _name_of(node: ast.AST, names: Collection[str], by_name: bool) -> str:
    if by_name and isinstance(node, ast.Name) and node.id in names:
        return node.id
    return option_of(node, names)

"""The choice of an option with which a script trains, where that of its default does not: `--option generate`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hptui.scripts.inspect.syntax import InspectedScript, dotted_name, literal_value
from hptui.scripts.syntax_nodes import nodes_of

TRAINING = re.compile(r"(?:.*_)?(?:pre|fine_?)?(?:train|fit|tune|learn)(?:ing|_.*)?|backward", re.IGNORECASE)
"""Names of calls that train."""
NO_TRAINING = re.compile(
    r"(?:.*[_-])?(?:gen\w*|prompt\w*|infer\w*|predict\w*|test\w*|eval\w*|valid\w*|sampl\w*|demo|chat|play|visuali\w*|"
    r"plot\w*|export|serve|convert|analy\w*|download|prepare|preprocess|none)",
    re.IGNORECASE,
)
"""Values that say that something else is done."""
MAX_DEPTH = 4
"""Functions within one another that are followed."""


def with_training_choice(script: InspectedScript, tree: ast.Module) -> InspectedScript:
    """Return the script with the choice set that trains, where the default of an option does not."""
    functions = {node.name: node for node in nodes_of(tree, ast.FunctionDef)}
    for number, option in enumerate(script.options):
        default = "" if option.default is None and option.type in ("str", "any") else option.default
        if not isinstance(default, str) or (default and not NO_TRAINING.fullmatch(default)):
            continue
        choice = _choice(option.name.rpartition(".")[2], default, tree, functions)
        if choice and (not option.choices or choice in option.choices):
            script.options[number] = replace(option, default=choice, required=False)
            script.idle |= {option.name: default} if default else {}
            way = f"with {default}" if default else "without a value"
            script.notes.append(f"{option.name} is {choice} here: {way} the script trains nothing")
    return script


def _choice(name: str, default: str, tree: ast.Module, functions: dict[str, ast.FunctionDef]) -> str:
    """Return the first value with which a script trains; '' if the default does, or no value."""
    blocks: list[ast.Module | ast.FunctionDef] = [tree, *functions.values()]
    for block in blocks:
        for chain in _chains(block):
            branches = _branches(chain, name)
            if not branches:
                continue
            branches.setdefault(default, _otherwise(chain))
            inside = {id(node) for node in ast.walk(chain)}
            beside = [node for node in _own_calls(block) if id(node) not in inside]
            if any(_trains(call, functions, 0) for call in beside):
                continue
            training = [value for value, body in branches.items() if _any_trains(body, functions, 0)]
            named = [value for value in branches if TRAINING.fullmatch(value)]
            training = sorted(training, key=lambda value: value not in named) or ([] if branches[default] else named)
            if training and default not in training:
                return training[0]
    return ""


def _chains(block: ast.Module | ast.FunctionDef) -> Iterator[ast.If]:
    """Yield the conditions of a block that are no `elif` of another one."""
    conditions = [node for line in _own_lines(block) for node in nodes_of(line, ast.If)]
    later = {id(node.orelse[0]) for node in conditions if len(node.orelse) == 1}
    yield from (node for node in conditions if id(node) not in later)


def _own_lines(block: ast.Module | ast.FunctionDef) -> list[ast.stmt]:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [line for line in block.body if not isinstance(line, definitions)]


def _own_calls(block: ast.Module | ast.FunctionDef) -> list[ast.Call]:
    return [call for line in _own_lines(block) for call in nodes_of(line, ast.Call)]


def _branches(chain: ast.If, name: str) -> dict[str, list[ast.stmt]]:
    """Return the lines for each text that an option is compared with."""
    branches: dict[str, list[ast.stmt]] = {}
    node: ast.If | None = chain
    while node is not None:
        match node.test:
            case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                value = literal_value(right)
                if dotted_name(left).rpartition(".")[2] != name or not isinstance(value, str):
                    return {}
                branches[value] = node.body
            case _:
                return {}
        following = node.orelse[0] if len(node.orelse) == 1 else None
        node = following if isinstance(following, ast.If) else None
    return branches


def _otherwise(chain: ast.If) -> list[ast.stmt]:
    """Return what is done where no condition of a chain holds."""
    following = chain.orelse
    while len(following) == 1 and isinstance(following[0], ast.If):
        following = following[0].orelse
    return following


def _any_trains(lines: Iterable[ast.stmt], functions: dict[str, ast.FunctionDef], depth: int) -> bool:
    return any(_trains(call, functions, depth) for line in lines for call in nodes_of(line, ast.Call))


def _trains(call: ast.Call, functions: dict[str, ast.FunctionDef], depth: int) -> bool:
    """Return whether a call trains, itself or by what it calls; `model.train()` only sets a mode."""
    called = dotted_name(call.func)
    owner, _, last = called.rpartition(".")
    last = last or getattr(call.func, "attr", "")
    is_mode = last == "train" and owner and "train" not in owner.lower() and not call.args
    if TRAINING.fullmatch(last) and not is_mode:
        return True
    function = functions.get(last) if not owner else None
    return function is not None and depth < MAX_DEPTH and _any_trains(function.body, functions, depth + 1)

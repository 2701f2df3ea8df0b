"""Where arguments stand in calls and signatures of a script.

It is used by `with_constants.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.syntax_nodes import all_nodes, is_plain, last_called, once, place_name, slot_value
    from hptui.scripts.table_slots import definitions, slot_in
else:  # started by the path of `with_constants.py`, where no package is
    syntax_nodes = importlib.import_module("syntax_nodes")
    all_nodes = syntax_nodes.all_nodes
    is_plain = syntax_nodes.is_plain
    last_called = syntax_nodes.last_called
    once = syntax_nodes.once
    place_name = syntax_nodes.place_name
    slot_value = syntax_nodes.slot_value
    table_slots = importlib.import_module("table_slots")
    definitions = table_slots.definitions
    slot_in = table_slots.slot_in


def given_in_calls(tree: ast.Module, name: str) -> list[tuple[Any, Any]] | None:
    """Return where the calls of `train` give `train.lr`; [] if they differ, None if no call gives it."""
    first, _, rest = name.partition(".")
    called = calls_by_name(tree).get(first, [])
    given: list[tuple[Any, Any]] = []
    is_hidden = False
    for call in called:
        slots = slots_in_call(tree, call, rest)
        is_starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        is_hidden |= not slots and (is_starred or any(word.arg is None for word in call.keywords))
        given += slots
    if not given and not is_hidden:
        return None
    is_one_value = len({ast.unparse(slot_value(*slot)) for slot in given}) == 1 and len(given) == len(called)
    return given if is_one_value and not is_hidden and is_plain(slot_value(*given[0])) else []


@once
def calls_by_name(tree: ast.Module) -> dict[str, list[ast.Call]]:
    """Return the calls by the last part of what is called, in source order."""
    by_name: dict[str, list[ast.Call]] = {}
    nodes = [node for node in all_nodes(tree) if isinstance(node, ast.Call)]
    for node in sorted(nodes, key=lambda call: (call.lineno, call.col_offset)):
        by_name.setdefault(last_called(node), []).append(node)
    return by_name


def slots_in_call(tree: ast.Module, call: ast.Call, argument: str) -> list[tuple[Any, Any]]:
    """Return where one call gives an argument, or an entry (`params.lr`) of the table that is one."""
    slots: list[tuple[Any, Any]] = [(word, "value") for word in call.keywords if word.arg == argument]
    first, _, inner = argument.partition(".")
    for word in call.keywords if inner else ():  # optimizer_params={"lr": 2e-5}
        slots += slot_in(word.value, inner) if word.arg == first else []
    order = [own.arg for own, _, _ in signature(tree, last_called(call))] or positional_names(call)
    is_placed = not slots and argument in order and order.index(argument) < len(call.args)
    return [(call.args, order.index(argument))] if is_placed else slots


@once
def named_calls(tree: ast.Module) -> dict[str, ast.Call]:
    """Return each call that is one of several of its name, by its variable, else by its number.

    `first = Adam(…)` is `first` where nothing else is assigned to that variable, and `Adam.0` otherwise.
    """
    owners: dict[int, str] = {}
    times: dict[str, int] = {}
    for node in all_nodes(tree):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [(place_name(target) or getattr(target, "id", "")).rpartition(".")[2] for target in targets if target]
        value = getattr(node, "value", None)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and value is not None and names:
            for name in names:
                times[name] = times.get(name, 0) + 1
            owners |= {id(value): names[0]} if isinstance(value, ast.Call) else {}
    by_name: dict[str, ast.Call] = {}
    taken = {*definitions(tree), *calls_by_name(tree)}
    for called, group in calls_by_name(tree).items():
        for number, call in enumerate(group if called and len(group) > 1 else ()):
            owner = owners.get(id(call), "")
            is_own = owner.isidentifier() and times[owner] == 1 and owner not in taken
            by_name[owner if is_own else f"{called}.{number}"] = call
    return by_name


def slots_in_named_call(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where `first.lr` or `Adam.0.lr` stands: in one of several calls of a name."""
    parts = name.split(".")
    for end in range(1, len(parts)):
        call = named_calls(tree).get(".".join(parts[:end]))
        slots = slots_in_call(tree, call, ".".join(parts[end:])) if call is not None else []
        if len(slots) == 1 and is_plain(slot_value(*slots[0])):
            return slots
    return []


OPTIMIZERS = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta")
"""Optimizers of torch and Keras, whose rate is often given by its place."""


RATE_FIRST = ("adam", "adamw", "sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adamax", "lion", "lamb", "lars",
              "adafactor", "yogi", "radam", "nadam", "sm3", "adabelief", "constant_schedule")  # fmt: skip
"""Optimizers of JAX, whose first argument is the rate."""
PLACES = {"StepLR": ["optimizer", "step_size", "gamma"], "ExponentialLR": ["optimizer", "gamma"],
          "MultiStepLR": ["optimizer", "milestones", "gamma"]}  # fmt: skip


def positional_names(call: ast.Call) -> list[str]:
    """Return the names of the arguments that well-known calls of libraries take by their place."""
    name = last_called(call) or ast.unparse(call.func).rpartition(".")[2]
    if name in RATE_FIRST and isinstance(call.func, ast.Attribute) and call.args and _is_number(call.args[0]):
        return ["learning_rate"]
    if name not in OPTIMIZERS or not call.args:
        return PLACES.get(name, [])
    is_rate = is_plain(call.args[0]) and not isinstance(call.args[0], (ast.List, ast.Tuple, ast.Dict))
    return ["learning_rate"] if is_rate else ["params", "lr"]


def _is_number(node: ast.expr) -> bool:
    return isinstance(getattr(node, "value", None), float)


def slots_in_signature(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where the default of an argument of a function, or of a class that is called, stands."""
    first, _, rest = name.partition(".")
    slots = [(owner, index) for argument, owner, index in signature(tree, first) if argument.arg == rest]
    return [slot for slot in slots if slot[0] is not None and is_plain(slot_value(*slot))]


def signature(tree: ast.Module, name: str) -> list[tuple[ast.arg, Any, Any]]:
    """Return the arguments of a function or class, each with the place of its default."""
    defined = definitions(tree).get(name, [])
    skipped = 0
    if len(defined) == 1 and isinstance(defined[0], ast.ClassDef):
        defined = [n for n in defined[0].body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        skipped = 1
    if len(defined) != 1:
        return []
    spec = defined[0].args
    arguments = [*spec.posonlyargs, *spec.args]
    missing = len(arguments) - len(spec.defaults)
    places = [(a, spec.defaults if n >= missing else None, n - missing) for n, a in enumerate(arguments)]
    named = [(a, spec.kw_defaults if spec.kw_defaults[n] else None, n) for n, a in enumerate(spec.kwonlyargs)]
    return [*places[skipped:], *named]

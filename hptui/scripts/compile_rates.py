"""The rate of an optimizer that `compile` of Keras is given by its name: `model.compile("adam", loss="mse")`.

To set it, the text gives way to what Keras itself makes of the text, with another rate. It is used by
`constant_slots.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.syntax_nodes import DefaultPlace, nodes_of, once
else:  # started by the path of `with_constants.py`, where no package is
    nodes = importlib.import_module("syntax_nodes")
    DefaultPlace, nodes_of, once = nodes.DefaultPlace, nodes.nodes_of, nodes.once

RATES = {"Adam": 1e-3, "AdamW": 1e-3, "Nadam": 1e-3, "Adamax": 1e-3, "RMSprop": 1e-3, "Adagrad": 1e-3, "SGD": 1e-2}
BY_NAME = {name.lower(): rate for name, rate in RATES.items()}
"""Rates of optimizers of Keras by class, and by name, where nothing says another one."""
KERAS = {"keras": "keras", "tf_keras": "tf_keras", "tensorflow": "tensorflow.keras"}
"""Where a script finds Keras, by the module that it imports."""


def rate_of_compile(tree: ast.Module, call: ast.Call) -> float | None:
    """Return the rate of the optimizer that a call names; None where it or Keras is not certain."""
    func = call.func if isinstance(call.func, ast.Attribute) and call.func.attr == "compile" else None
    is_method = func is not None and getattr(func.value, "id", "") not in _modules(tree)  # re.compile
    node = _given(call) if is_method and len(_homes(tree)) == 1 else None
    name = node.value if isinstance(node, ast.Constant) else None
    return BY_NAME.get(name.lower()) if isinstance(name, str) else None


def rate_slots(tree: ast.Module, group: list[ast.Call]) -> list[tuple[Any, Any]]:
    """Return where `compile.learning_rate` would stand; [] where calls name optimizers of several rates."""
    rates = {id(call): rate_of_compile(tree, call) for call in group}
    known = [call for call in group if rates[id(call)] is not None]
    if len({rates[id(call)] for call in known}) != 1:
        return []
    return [(_RateOfCompile(call, _homes(tree)[0], rates[id(call)]), "value") for call in known]


def _given(call: ast.Call) -> ast.expr | None:
    """Return what a call gives as the optimizer."""
    named = [word.value for word in call.keywords if word.arg == "optimizer"]
    return named[0] if named else call.args[0] if call.args else None


@once
def _homes(tree: ast.Module) -> list[str]:
    """Return where a script finds Keras: one place, or nothing is certain."""
    names = {alias.name for line in nodes_of(tree, ast.Import) for alias in line.names}
    lines = [line for line in nodes_of(tree, ast.ImportFrom) if not line.level]
    names |= {f"{line.module}.{alias.name}" for line in lines for alias in line.names}
    firsts = {name.partition(".")[0] for name in names}
    uses_its_keras = any(name.startswith("tensorflow.") and "keras" in name.split(".") for name in names)
    if not uses_its_keras and not any(node.attr == "keras" for node in nodes_of(tree, ast.Attribute)):
        firsts.discard("tensorflow")
    return [KERAS[first] for first in sorted(firsts & KERAS.keys())]


@once
def _modules(tree: ast.Module) -> set[str]:
    """Return the names by which a script knows modules."""
    return {
        (alias.asname or alias.name).partition(".")[0] for line in nodes_of(tree, ast.Import) for alias in line.names
    }


class _RateOfCompile(DefaultPlace):
    """The place of the rate: setting it gives the call an optimizer of the same name with that rate."""

    is_late = True
    """It is set after the name of the optimizer."""

    def __init__(self, call: ast.Call, home: str, default: float | None) -> None:
        super().__init__(call, default)
        self._home = home

    def write(self, value: ast.expr) -> None:
        name = _given(self.node)
        assert name is not None
        module, _, rest = f"{self._home}.optimizers.get".partition(".")
        source = f'__import__({module!r}).{rest}({{"class_name": 0, "config": {{"learning_rate": 0}}}})'
        new = ast.parse(source, mode="eval").body
        assert isinstance(new, ast.Call)
        table = new.args[0]
        assert isinstance(table, ast.Dict)
        config = table.values[1]
        assert isinstance(config, ast.Dict)
        table.values[0], config.values[0] = name, value
        for inner in ast.walk(new):
            ast.copy_location(inner, name)
        named = [word for word in self.node.keywords if word.arg == "optimizer"]
        if named:
            named[0].value = new
        else:
            self.node.args[0] = new

"""Of which data the values are that calls log under a name: `wandb.log({"loss": loss})`, `add_scalar`, `self.log`."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from hptui.scripts.inspect.outputs.data_of_calls import BOTH, DataOfCalls, data_of_words
from hptui.scripts.inspect.syntax import literal_value


class LoggedData:
    """Collects the data of what calls log under names that do not say it."""

    def __init__(self, tree: ast.AST) -> None:
        self._data = DataOfCalls(tree)
        self._seen: dict[str, set[str]] = {}

    def add(self, call: ast.Call, names: Iterable[str]) -> None:
        """Add the names under which a call logs values."""
        values = _values(call)
        for name in names:
            if not data_of_words([name]):
                of_value = data_of_words([values.get(name, "")])
                self._seen.setdefault(name, set()).update(of_value if len(of_value) == 1 else self._data.of(call))

    def indistinct(self) -> set[str]:
        """Return the names that get values of training and of held-out data."""
        return {name for name, data in self._seen.items() if data >= BOTH}


def _values(call: ast.Call) -> dict[str, str]:
    """Return the expressions that a call logs, by the names that stand in it."""
    match call.args:
        case [ast.Dict(keys=keys, values=values), *_]:
            named = ((literal_value(key), value) for key, value in zip(keys, values, strict=True) if key is not None)
            return {str(name): ast.unparse(value) for name, value in named}
        case [name, value, *_]:
            return {str(literal_value(name)): ast.unparse(value)}
    return {}

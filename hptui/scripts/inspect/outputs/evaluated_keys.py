"""Keys of tables that go through lists and loops: those that the evaluations of a script write out."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.outputs.ranking import is_quality, see_held_out_data
from hptui.scripts.inspect.syntax import literal_value
from hptui.scripts.syntax_nodes import nodes_of

UNKNOWN_KEY = "somekey"
"""What stands for the key of a table whose keys no source shows."""


def evaluated_keys(tree: ast.AST) -> list[str]:
    """Return the names of metrics that functions which see held-out data alone write as keys of tables."""
    keys: dict[str, None] = {}
    for function in nodes_of(tree, ast.FunctionDef):
        if see_held_out_data({function.name}):
            for table in nodes_of(function, ast.Dict):
                texts = [literal_value(key) for key in table.keys if key is not None]
                named = [text for text in texts if isinstance(text, str)]
                measured = [text for text in named if is_quality(text)]
                keys |= dict.fromkeys(measured if len(named) == len(table.keys) <= 2 * len(measured) else [])
    return list(keys)


def is_looked_up(loop: ast.For | ast.comprehension, table: ast.expr, target: ast.expr) -> bool:
    """Return whether a loop goes through keys: `for name in table` with `table[name]` in it."""
    shown = f"{ast.unparse(table)}[{ast.unparse(target)}]"
    return isinstance(loop, ast.For) and any(shown in ast.unparse(line) for line in loop.body)

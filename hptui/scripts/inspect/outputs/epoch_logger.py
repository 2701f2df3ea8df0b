"""Means that loggers of reinforcement learning print of what was stored: `log_tabular("EpRet")` is `AverageEpRet`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.outputs.ranking import is_quality
from hptui.scripts.inspect.syntax import calls, keyword_argument, literal_value


def stored_means(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a table has for means of what was stored since the last one."""
    for name, call in calls(tree):
        if name.rpartition(".")[2] != "log_tabular" or len(call.args) != 1 or keyword_argument(call, "val") is not None:
            continue
        key = literal_value(call.args[0])
        is_alone = literal_value(keyword_argument(call, "average_only")) is True
        if isinstance(key, str) and is_quality(shown := key if is_alone else f"Average{key}"):
            yield shown

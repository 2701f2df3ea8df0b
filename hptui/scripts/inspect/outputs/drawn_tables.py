"""Tables that libraries draw for a script: tabulate, rich, prettytable, Chainer."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator

from hptui.scripts.inspect.outputs.sample_texts import MAX_REPEATED, list_elements
from hptui.scripts.inspect.syntax import calls, keyword_argument
from hptui.scripts.inspect.unrolled import Unroller
from hptui.scripts.syntax_nodes import all_nodes


def drawn_tables(tree: ast.AST, unroller: Unroller, text_of: Callable[[ast.AST], str]) -> Iterator[str]:
    """Yield headings and rows of tables, with the texts of their cells."""
    columns: dict[str, list[str]] = {}
    for name, call in calls(tree):
        owner, _, last = name.rpartition(".")
        headers = keyword_argument(call, "headers") or (call.args[1] if call.args[1:] else None)
        if last == "tabulate" and call.args:
            rows = list_elements(call.args[0]) or []
            for row in [headers, *rows] if headers is not None else rows:
                cells = [text_of(part) for part in list_elements(row) or []]
                yield f"| {' | '.join(cells)} |"
        elif last == "add_column" and call.args:
            for version in itertools.islice(unroller.versions(call), MAX_REPEATED):
                columns.setdefault(owner, []).append(text_of(version.args[0]))
        elif last == "add_row" and call.args:
            yield "| " + " | ".join(text_of(part) for part in list_elements(call.args[0]) or call.args) + " |"
        elif last.endswith(("Report", "Printer", "Table")) and call.args:
            yield " | ".join(text_of(part) for part in list_elements(call.args[0]) or [])
    for node in all_nodes(tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr="field_names")], value=names):
                yield " | ".join(text_of(part) for part in list_elements(names) or [])
    yield from (" | ".join(names) for names in columns.values())

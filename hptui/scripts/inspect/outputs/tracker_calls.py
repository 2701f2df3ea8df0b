"""Calls that send values to a tracker of experiments, by what the object is made of that they belong to.

Their texts and tables never arrive in the output: `experiment.log_metrics({"val_loss": 0.3})`."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import all_nodes, nodes_of, once

TRACKERS = {"swanlab": "SwanLab", "comet_ml": "Comet", "neptune": "Neptune", "aim": "Aim", "clearml": "ClearML",
            "trains": "ClearML", "trackio": "Trackio", "dvclive": "DVCLive",
            "accelerate": "Accelerate's trackers"}  # fmt: skip
"""Libraries of trackers that hptui does not read, with their names."""
MAKERS = {"accelerate": ("Accelerator",)}
"""Of libraries that do more than to track, what makes the objects that do."""
SENDING = ("log", "log_metric", "log_metrics", "log_scalar", "report_scalar", "report_single_value", "track", "append",
           "extend", "upload")  # fmt: skip
"""Methods that send values."""


@once
def sent_to_trackers(tree: ast.AST) -> dict[int, tuple[ast.Call, str]]:
    """Return the calls that send values to trackers, each with the name of its tracker, by their identity."""
    owners = _owners(tree)
    sent: dict[int, tuple[ast.Call, str]] = {}
    for call in nodes_of(tree, ast.Call) if owners else ():
        func = call.func if isinstance(call.func, ast.Attribute) and call.func.attr in SENDING else None
        if func is not None and (library := _library_of(func.value, owners)):
            sent[id(call)] = call, TRACKERS[library]
    return sent


def _owners(tree: ast.AST) -> dict[str, str]:
    """Return the names of modules, classes and objects of trackers, each with its library."""
    owners: dict[str, str] = {}
    for line in nodes_of(tree, ast.Import):
        for alias in line.names:
            if (library := alias.name.partition(".")[0]) in TRACKERS:
                owners[alias.asname or library] = library
    for part in nodes_of(tree, ast.ImportFrom):
        library = (part.module or "").partition(".")[0]
        makers = [alias for alias in part.names if alias.name in MAKERS.get(library, (alias.name,))]
        owners |= {alias.asname or alias.name: library for alias in makers if library in TRACKERS}
    if owners:
        for node in [*all_nodes(tree), *all_nodes(tree)]:  # a logger of a task may stand before it
            for target, value in _made(node):
                library = _library_of(value, owners) if isinstance(value, ast.Call) else ""
                if library and dotted_name(target) and _is_maker(value, library):
                    owners[dotted_name(target)] = library
    return owners


def _made(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """Return the targets of an assignment or of a `with`, each with its value."""
    match node:
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(target, value)]
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            return [(target, value)]
    return []


def _is_maker(value: ast.expr, library: str) -> bool:
    makers = MAKERS.get(library)
    return makers is None or (isinstance(value, ast.Call) and dotted_name(value.func).rpartition(".")[2] in makers)


def _library_of(node: ast.expr, owners: dict[str, str]) -> str:
    """Return the library of the object in which an expression begins: of `Task.init(…).get_logger()`."""
    while True:
        if (name := dotted_name(node)) in owners:
            return owners[name]
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return ""

"""Scripts that run only where a launcher has set their ranks: they read `RANK`, or join a group of processes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

RANK_VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Variables that torchrun sets."""
STARTING_CALLS = ("spawn", "start_processes", "Process", "mp_spawn", "notebook_launcher", "elastic_launch")
"""Calls by which a script starts its processes itself."""
OF_ENVIRONMENT = "env://"
MAX_FUNCTIONS = 200
"""Functions that are followed from the lines that always run."""


def needs_launcher(tree: ast.Module) -> bool:
    """Return whether a script always reads its rank, and sets none of these variables itself."""
    if _sets_variables(tree) or any(name.rpartition(".")[2] in STARTING_CALLS for name, _ in calls(tree)):
        return False
    return any(_reads_rank(node) for node in _always_run(tree))


def _sets_variables(tree: ast.Module) -> bool:
    """Return whether a script sets the variables itself: `os.environ["RANK"] = "0"`, `setdefault`."""
    stored = [n for n in nodes_of(tree, ast.Subscript) if isinstance(n.ctx, ast.Store) and _is_environment(n.value)]
    keys = [literal_value(node.slice) for node in stored]
    for name, call in calls(tree):
        if name.rpartition(".")[2] in ("setdefault", "update", "putenv") and "environ" in name + "putenv":
            keys += [literal_value(node) for argument in call.args for node in all_nodes(argument)]
    return any(key in ("RANK", "WORLD_SIZE", "LOCAL_RANK") for key in keys)


def _is_environment(node: ast.expr) -> bool:
    return dotted_name(node).rpartition(".")[2] == "environ"


def _reads_rank(node: ast.AST) -> bool:
    match node:
        case ast.Subscript(value=value, slice=key, ctx=ast.Load()):
            return _is_environment(value) and literal_value(key) in RANK_VARIABLES
        case ast.Call(func=func, args=args) if dotted_name(func).rpartition(".")[2] == "init_process_group":
            method = args[1] if args[1:] else keyword_argument(node, "init_method")
            named = {word.arg for word in node.keywords} & {"rank", "world_size", "store", None}
            return not named and (method is None or literal_value(method) in (OF_ENVIRONMENT, None))
        case ast.Call(func=func):
            return dotted_name(func) == "deepspeed.init_distributed"
    return False


def _always_run(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of lines that run whatever the arguments are, through the functions that they call."""
    functions: dict[str, list[ast.stmt]] = {}
    for node in all_nodes(tree):
        if isinstance(node, ast.ClassDef):
            makers = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
            functions[node.name] = [line for maker in makers for line in maker.body]
        elif isinstance(node, ast.FunctionDef) and node.name not in functions:
            functions[node.name] = node.body
    waiting, seen = [tree.body], set[str]()
    while waiting and len(seen) < MAX_FUNCTIONS:
        for node in _unconditional(waiting.pop()):
            yield node
            for name in _called(node):
                if name in functions and name not in seen:
                    seen.add(name)
                    waiting.append(functions[name])


def _called(node: ast.AST) -> list[str]:
    """Return the functions that a call runs: its own, and one that it is given, as in `fire.Fire(main)`."""
    if not isinstance(node, ast.Call):
        return []
    last = node.func.attr if isinstance(node.func, ast.Attribute) else dotted_name(node.func)
    given = [argument.id for argument in node.args if isinstance(argument, ast.Name)]
    return [last, *given]


def _unconditional(lines: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield the nodes of lines that always run: none below a test, or behind one that may return."""
    for line in lines:
        match line:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Try():
                continue
            case ast.If(test=test, body=body, orelse=other):
                yield from _expressions(test)
                if "__name__" in ast.unparse(test):
                    yield from _unconditional(body)
                elif any(
                    isinstance(inner, ast.Return | ast.Raise) for part in (*body, *other) for inner in all_nodes(part)
                ):
                    return
            case ast.For(body=body) | ast.While(body=body):
                yield from _expressions(line.iter if isinstance(line, ast.For) else line.test)
                yield from _unconditional(body)
            case ast.With(items=items, body=body):
                for item in items:
                    yield from _expressions(item.context_expr)
                yield from _unconditional(body)
            case _:
                yield from _expressions(line)


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of an expression that are always evaluated."""
    yield node
    if isinstance(node, ast.IfExp):
        yield from _expressions(node.test)
    elif isinstance(node, ast.BoolOp):
        yield from _expressions(node.values[0])
    elif not isinstance(node, ast.Lambda):
        for inner in ast.iter_child_nodes(node):
            yield from _expressions(inner)

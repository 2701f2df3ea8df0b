"""Scripts whose command line is a signature below `@call_parse` of fastcore, which makes options of argparse of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes

DECORATOR = "call_parse"
PARAM_WORDS = ("help", "type", "opt", "action", "nargs", "const", "choices", "required", "default")
"""The arguments of `Param(…)`, in their order."""
PASSED_ON = ("help", "type", "action", "nargs", "const", "choices", "required", "default")
SWITCHES = {"store_true": "store_true", "bool": "store_true", "store_false": "store_false"}
"""Types that make an option a switch, with its action."""


def with_parser_of_signature(tree: ast.Module) -> ast.Module | None:
    """Return a script with the calls of argparse that `@call_parse` stands for; None for any other script."""
    functions = [node for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)]
    parsed = [node for node in functions if any(map(_is_parser, node.decorator_list))]
    if not parsed:
        return None
    made = ast.parse("parser = argparse.ArgumentParser()\n" + "\n".join(_lines(parsed[-1])))
    for node in ast.walk(made):  # behind all others: calls are read in the order of their lines
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno += parsed[-1].lineno
    return ast.Module([*tree.body, *made.body], [])


def _is_parser(node: ast.expr) -> bool:
    named = node.func if isinstance(node, ast.Call) else node
    return dotted_name(named).rpartition(".")[2] == DECORATOR


def _lines(function: ast.FunctionDef) -> Iterator[str]:
    """Yield `parser.add_argument(…)` for each argument of a function."""
    every = [*function.args.posonlyargs, *function.args.args]
    missing = [None] * (len(every) - len(function.args.defaults))
    defaults = [*missing, *function.args.defaults, *function.args.kw_defaults]
    for argument, default in zip([*every, *function.args.kwonlyargs], defaults, strict=True):
        words = _of_param(argument.annotation)
        if "type" not in words and argument.annotation is not None and not _is_param(argument.annotation):
            words["type"] = argument.annotation
        if default is not None and "default" not in words:
            words["default"] = default
        kind = dotted_name(words["type"]) if "type" in words else ""
        if kind in SWITCHES:
            words = {name: node for name, node in words.items() if name == "help"}
            words["action"] = ast.Constant(SWITCHES[kind])
        is_option = "default" in words or "action" in words
        is_option = is_option and literal_value(words.get("opt")) is not False
        given = ", ".join(f"{name}={ast.unparse(words[name])}" for name in PASSED_ON if name in words)
        yield f"parser.add_argument({'--' * is_option + argument.arg!r}{', ' * bool(given)}{given})"


def _is_param(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and dotted_name(node.func).rpartition(".")[2] == "Param"


def _of_param(node: ast.expr | None) -> dict[str, ast.expr]:
    """Return the arguments of `Param("Epochs", int)` by their names; {} for another annotation."""
    if not isinstance(node, ast.Call) or not _is_param(node):
        return {}
    words = dict(zip(PARAM_WORDS, node.args, strict=False))
    words |= {name: value for name in PARAM_WORDS if (value := keyword_argument(node, name)) is not None}
    return {name: value for name, value in words.items() if literal_value(value) is not None}

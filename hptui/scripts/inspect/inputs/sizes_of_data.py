"""Names of how many examples a script makes: they are the size of its data, which no model is better by."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import dotted_name
from hptui.scripts.syntax_nodes import nodes_of, once

SIZE_OF_DRAW = {
    "rand": 0, "randn": 0, "random": 0, "random_sample": 0, "ranf": 0, "standard_normal": 0, "choice": 1, "poisson": 1,
    "exponential": 1, "standard_t": 1, "normal": 2, "uniform": 2, "binomial": 2, "randint": 2, "integers": 2,
    "lognormal": 2, "gamma": 2, "beta": 2, "laplace": 2, "multivariate_normal": 2,
}  # fmt: skip
"""Calls that draw numbers, with the place of the first argument that says how many."""
OF_DIMENSIONS = ("rand", "randn", "zeros", "ones", "empty", "full")
"""Calls whose arguments are dimensions, one by one or as a tuple."""
MAKES_DATA = re.compile(r"make_[a-z_]+")
"""Functions that make data sets, the number of examples first."""
COUNTED = re.compile(r"size|shape|n_samples|num_samples|n_rows")
"""Keywords that say how many examples are made."""
HARMLESS = {
    "range", "int", "float", "len", "round", "max", "min", "abs", "print", "format", "str", "enumerate", "list",
    "arange", "repeat", "tile", "linspace", "reshape", "array", "asarray", "permutation", "DataFrame", "date_range",
    "concatenate", "stack", "floor", "ceil", "info", "debug",
    "dict", "tuple", "zip", "Series",
}  # fmt: skip
"""Calls that make no model of what they are given."""
OTHERS = re.compile(r".*(?:pop|particle|agent|env|individual|walker|hidden|unit|latent|batch|neuron|dim).*", re.I)
"""Names of what is drawn in numbers, and is part of the method."""


@once
def sizes_of_data(tree: ast.Module) -> set[str]:
    """Return the last parts of names that say how many examples are drawn, and that no model gets.

    A name that is ever another dimension than the first, or that draws in a loop, is none.
    """
    sizes, others = set[str](), set[str]()
    for name, is_size in _uses(tree, None, False):
        (sizes if is_size else others).add(name)
    return {name for name in sizes - others if not OTHERS.fullmatch(name)}


def _uses(node: ast.AST, place: bool | None, in_loop: bool) -> Iterator[tuple[str, bool]]:
    """Yield the names that are read, with whether each is a size; nothing of those that say neither.

    `place`: what a name here is: a size, not a size, or neither.
    """
    match node:
        case ast.Call():
            for argument, role in _arguments(node):
                within = role and not in_loop if role is not None else False if place is False else None
                yield from _uses(argument, within, in_loop)
            if isinstance(node.func, ast.Attribute):
                yield from _uses(node.func.value, None, in_loop)
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
            if place is not None:
                yield name, place
        case ast.For(iter=over) if _trains(node):
            yield from _uses(over, False, in_loop)
            for line in (*node.body, *node.orelse):
                yield from _uses(line, None, True)
        case ast.While() | ast.For():
            for inner in ast.iter_child_nodes(node):
                yield from _uses(inner, None, True)
        case ast.FunctionDef() | ast.ClassDef() | ast.Lambda():
            for inner in ast.iter_child_nodes(node):
                yield from _uses(inner, None, in_loop)
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Sub() | ast.Add(), right=right):
            yield from _uses(left, place, in_loop)
            yield from _uses(right, place, in_loop)
        case ast.Tuple(elts=[first, *rest]) if place:
            yield from _uses(first, True, in_loop)
            for inner in rest:
                yield from _uses(inner, False, in_loop)
        case ast.expr():
            for inner in ast.iter_child_nodes(node):
                yield from _uses(inner, place, in_loop)
        case _:
            for inner in ast.iter_child_nodes(node):
                yield from _uses(inner, None, in_loop)


def _trains(loop: ast.For) -> bool:
    """Return whether a loop counts steps of a training: its variable or a call in it says so."""
    target = ast.unparse(loop.target).lower()
    inner = [call for line in loop.body for call in nodes_of(line, ast.Call)]
    called = [dotted_name(call.func) or getattr(call.func, "attr", "") for call in inner]
    is_step = re.search(r"epoch|step|iter|round|episode", target) is not None
    return is_step or any(re.search(r"(?:^|[._])(?:step|backward|update|fit|train\w*)$", name) for name in called)


def _arguments(call: ast.Call) -> Iterator[tuple[ast.expr, bool | None]]:
    """Yield the arguments of a call, with what names in each are: a size, not a size, or neither."""
    last = dotted_name(call.func).rpartition(".")[2] or getattr(call.func, "attr", "")
    first = SIZE_OF_DRAW.get(last, 0 if MAKES_DATA.fullmatch(last) else None)
    is_known = first is not None or last in HARMLESS or last in OF_DIMENSIONS
    for number, argument in enumerate(call.args):
        if first is not None and number == first and last != "choice":
            yield argument, True
        elif last in OF_DIMENSIONS:
            is_many = isinstance(argument, ast.Tuple) and len(argument.elts) > 1
            yield argument, False if number > 0 or is_many else None
        else:
            yield argument, None if is_known else False
    for word in call.keywords:
        is_size = first is not None and COUNTED.fullmatch(word.arg or "") is not None
        yield word.value, True if is_size and last != "choice" else None if is_known else False

"""Which data a call sees that shows values: by the function in which it stands, and by what that function is given.

A function that is called with training and with held-out data sees both: `run_epoch(train_loader)`,
`run_epoch(val_loader, train=False)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from hptui.scripts.inspect.outputs.ranking import see_held_out_data
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

TRAINING, HELD_OUT = "training", "held out"
BOTH = frozenset((TRAINING, HELD_OUT))
TRAINING_WORD = re.compile(r"(?<![a-z])(?:train|training|trn)(?![a-z])", re.IGNORECASE)
HELD_OUT_WORD = re.compile(
    r"(?<![a-z])(?:val|vali|valid|validate|validation|dev|holdout|heldout|test|testing|eval|evaluate|evaluation)(?![a-z])",
    re.IGNORECASE,
)
"""Words in the names of data, and of what sees them."""
MAX_DEPTH = 3
"""Functions that are followed from one to those that call it."""

Data = frozenset[str]


def data_of_words(texts: Iterable[str]) -> Data:
    """Return the data that texts name."""
    joined = " ".join(texts)
    named = ((TRAINING, TRAINING_WORD), (HELD_OUT, HELD_OUT_WORD))
    return frozenset(data for data, word in named if word.search(joined))


class DataOfCalls:
    """Knows the functions of a script, and what their calls give them."""

    def __init__(self, tree: ast.AST) -> None:
        self._function_of: dict[int, ast.FunctionDef] = {}
        for function in nodes_of(tree, ast.FunctionDef):  # outer functions come before those within them
            self._function_of |= {id(call): function for _, call in calls(function)}
        self._sites: dict[str, list[ast.Call]] = {}
        for name, call in calls(tree):
            self._sites.setdefault(name.rpartition(".")[2], []).append(call)
        self._known: dict[int, Data] = {}

    def of(self, call: ast.Call) -> Data:
        """Return the data that a call may see; none where nothing says it."""
        function = self._function_of.get(id(call))
        return self._of_function(function, 0) if function is not None else frozenset()

    def _of_function(self, function: ast.FunctionDef, depth: int) -> Data:
        if id(function) not in self._known:
            self._known[id(function)] = frozenset()  # for a function that calls itself
            self._known[id(function)] = self._of_function_anew(function, depth)
        return self._known[id(function)]

    def _of_function_anew(self, function: ast.FunctionDef, depth: int) -> Data:
        sites = self._sites.get(function.name, [])
        by_flag = frozenset[str]().union(*(_of_flags(function, site) for site in sites))
        if by_flag == BOTH:
            return BOTH
        if see_held_out_data({function.name}):
            return frozenset((HELD_OUT,))
        if TRAINING_WORD.search(function.name):  # where it evaluates, too, its lines may be of either
            return frozenset() if HELD_OUT in data_of_words(_names_in(function)) else frozenset((TRAINING,))
        return by_flag or frozenset[str]().union(*(self._of_site(site, depth) for site in sites))

    def _of_site(self, site: ast.Call, depth: int) -> Data:
        """Return the data that a call gives a function; of one that names several, none is known."""
        given = [name for part in (*site.args, *(word.value for word in site.keywords)) for name in _names_in(part)]
        named = data_of_words(given)
        around = self._function_of.get(id(site))
        if named or around is None or depth >= MAX_DEPTH:
            return named if len(named) == 1 else frozenset()
        return self._of_function(around, depth + 1)


def _of_flags(function: ast.FunctionDef, site: ast.Call) -> Data:
    """Return the data that a flag of a call says: `train=False`, or `True` in its place."""
    arguments = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    defaults = dict(zip(reversed(arguments), reversed(function.args.defaults), strict=False))
    named = function.args.kwonlyargs
    defaults |= {a.arg: v for a, v in zip(named, function.args.kw_defaults, strict=True) if v is not None}
    bound = dict(zip(arguments[arguments[:1] == ["self"] :], site.args, strict=False))
    bound = {**defaults, **bound, **{word.arg: word.value for word in site.keywords if word.arg}}
    data = set[str]()
    for name, node in bound.items():
        is_on, named_data = literal_value(node), data_of_words([name])
        if isinstance(is_on, bool) and len(named_data) == 1:
            data |= named_data if is_on else BOTH - named_data
    return frozenset(data) if len(data) == 1 else frozenset()


def _names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names of variables and attributes in a node, and the texts that are keys."""
    for inner in all_nodes(node):
        match inner:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str() as text) if text.isidentifier():
                yield text


def calls_in_passes(tree: ast.AST) -> set[int]:
    """Return the calls of every round of a loop over the batches of an evaluation."""
    functions = [function for function in nodes_of(tree, ast.FunctionDef) if see_held_out_data({function.name})]
    loops = [loop for function in functions for loop in nodes_of(function, ast.For) if _is_over_batches(loop)]
    return {id(call) for loop in loops for line in loop.body for _, call in calls(line)}


def _is_over_batches(loop: ast.For) -> bool:
    names = {name for _, call in calls(loop.iter) for name in [dotted_name(call.func).rpartition(".")[2]]}
    return BATCHES.search(ast.unparse(loop.iter)) is not None and names.isdisjoint(("items", "keys", "values", "zip"))


BATCHES = re.compile(r"load|batch|(?<![a-z])(?:dl|dataset|data|iter|iterator|generator)(?![a-z])", re.IGNORECASE)
"""Words in what a loop over batches goes through."""

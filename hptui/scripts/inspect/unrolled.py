"""Calls as they run: those in loops once for each round, those of helper functions once for each of their calls.

`for name, default in OPTIONS: add_argument(f"--{name}", default=default)`; `def add(name, **kw): p.add_argument(name,
**kw)`; `add = p.add_argument`."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping

from hptui.scripts.inspect.folded import filled, table_of, truth
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes

MAX_ROUNDS = 100
"""Rounds of a loop that are written out."""
MAX_DEPTH = 3
"""Functions within functions that are followed."""
MAX_VERSIONS = 400
"""Times that one call is written out."""

Bindings = dict[str, ast.expr]


def unrolled_calls(tree: ast.Module, names: re.Pattern[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of methods with these names, each once for every set of literals that it gets."""
    unroller = Unroller(tree)
    for name, call in calls(tree):
        whole, given = unroller.aliases.get(name, (name, []))
        if names.fullmatch(whole.rpartition(".")[2]):
            for number, version in enumerate(unroller.versions(call)):
                if number >= MAX_VERSIONS:
                    break
                has = {word.arg for word in version.keywords}
                version.keywords = [*version.keywords, *(word for word in given if word.arg not in has)]
                yield whole, version


class Unroller:
    """Knows what stands around a call: loops, conditions, the function and its calls.

    `keeps` returns whether an expression is put in the place of a function's argument.
    """

    def __init__(self, tree: ast.AST, keeps: Callable[[ast.expr], bool] | None = None) -> None:
        self._keeps = keeps or (lambda node: True)
        self._parents = {id(child): node for node in all_nodes(tree) for child in ast.iter_child_nodes(node)}
        self._calls: dict[str, list[ast.Call]] = {}
        for name, call in calls(tree):
            self._calls.setdefault(name.rpartition(".")[2], []).append(call)
        assigned: dict[str, list[ast.expr]] = {}
        for node in all_nodes(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    assigned.setdefault(dotted_name(target), []).append(node.value)
        grown = set(_grown(tree))
        self._tables = {n: values[0] for n, values in assigned.items() if n and len(values) == 1 and n not in grown}
        self.aliases = dict(self._aliases(assigned))

    @staticmethod
    def _aliases(assigned: Mapping[str, list[ast.expr]]) -> Iterator[tuple[str, tuple[str, list[ast.keyword]]]]:
        """Yield `add` of `add = p.add_argument` or `add = partial(p.add_argument, type=float)`."""
        for name, values in assigned.items():
            match values[0]:
                case ast.Attribute(attr="add_argument" | "add_option"):
                    yield name, (dotted_name(values[0]), [])
                case ast.Call(func=func, args=[ast.Attribute() as method], keywords=words):
                    if dotted_name(func).endswith("partial"):
                        yield name, (dotted_name(method), words)

    def function_of(self, node: ast.AST | None) -> ast.FunctionDef | None:
        """Return the innermost function in which a node stands; None for one at the top level."""
        while node is not None and not isinstance(node, ast.FunctionDef):
            node = self._parents.get(id(node))
        return node

    def versions(self, call: ast.Call, whole: ast.Call | None = None) -> list[ast.Call]:
        """Return a call with what its variables stand for, for each round and each call of its function.

        `whole` is the call with the texts that its variables hold.
        """
        versions = []
        for bindings in self._bindings(call, 0, whole):
            version = filled(whole or call, bindings) if bindings else copy.deepcopy(whole or call)
            assert isinstance(version, ast.Call)
            versions.append(version)
        return versions

    def _bindings(self, call: ast.Call, depth: int, whole: ast.Call | None = None) -> list[Bindings]:
        """Return what variables stand for in each version of a call; one without any if nothing is known."""
        chain: list[ast.AST] = []
        node: ast.AST = call
        while (parent := self._parents.get(id(node))) is not None:
            chain.append(node)
            node = parent
            if isinstance(node, ast.FunctionDef):
                break
        function = node if isinstance(node, ast.FunctionDef) else None
        around = [inner for inner in reversed(chain) if isinstance(inner, ast.For | ast.If)]
        inside = {id(inner) for inner in chain}
        versions = self._calls_of(function, [whole or call, *around], depth) if function is not None else [{}]
        for outer in around:
            if isinstance(outer, ast.If):
                versions = [b for b in versions if self._runs(outer, inside, b)]
            else:
                versions = [{**b, **round_} for b in versions for round_ in self._rounds(outer, b) or [{}]]
        return versions

    @staticmethod
    def _runs(branch: ast.If, inside: set[int], bindings: Bindings) -> bool:
        """Return whether the branch of a condition in which the call stands may run."""
        holds = truth(filled(branch.test, bindings)) if bindings else None
        in_body = any(id(line) in inside for line in branch.body)
        return holds is None or holds is in_body

    def _calls_of(self, function: ast.FunctionDef, uses: list[ast.AST], depth: int) -> list[Bindings]:
        """Return what a function's arguments stand for in each of its calls, where `uses` need them."""
        spec = function.args
        arguments = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        named = [argument.arg for argument in spec.kwonlyargs]
        others = [argument.arg for argument in (spec.vararg, spec.kwarg) if argument is not None]
        call = uses[0]
        assert isinstance(call, ast.Call)
        parts = [*call.args, *(word.value for word in call.keywords)]
        parts += [node.iter for node in uses if isinstance(node, ast.For)]
        used = {inner.id for part in parts for inner in all_nodes(part) if isinstance(inner, ast.Name)}
        if not used & {*arguments, *named, *others} or depth >= MAX_DEPTH:
            return [{}]
        if arguments[:1] == ["self"]:
            arguments = arguments[1:]
        defaults = dict(zip(reversed(arguments), reversed(spec.defaults), strict=False))
        defaults |= {name: value for name, value in zip(named, spec.kw_defaults, strict=True) if value is not None}
        versions: list[Bindings] = []
        for site in self._calls.get(function.name, ()):
            for outer in self._bindings(site, depth + 1):
                given = filled(site, outer) if outer else site
                assert isinstance(given, ast.Call)
                bound = {**defaults, **_given(given, arguments, named, spec)}
                versions.append({name: value for name, value in bound.items() if self._keeps(value)})
        return versions or [{}]

    def _rounds(self, loop: ast.For, bindings: Bindings) -> list[Bindings]:
        """Return what the variables of a loop stand for in each round; [] if unknown."""
        items = self._items(filled(loop.iter, bindings) if bindings else loop.iter, 0)
        rounds = [_bound(loop.target, item) for item in (items or [])[:MAX_ROUNDS]]
        return [] if None in rounds else [bound for bound in rounds if bound is not None]

    def _items(self, node: ast.expr, depth: int) -> list[ast.expr] | None:
        """Return the elements of what a loop goes through; None if unknown."""
        if depth > MAX_DEPTH:
            return None
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return items
            case ast.Name() | ast.Attribute() if (name := dotted_name(node)) in self._tables:
                return self._items(self._tables[name], depth + 1)
            case ast.Call(func=ast.Name(id="sorted" | "list" | "reversed" | "tuple"), args=[inner]):
                return self._items(inner, depth + 1)
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
                inside = self._items(inner, depth + 1)
                return inside and [ast.Tuple([ast.Constant(n), item]) for n, item in enumerate(inside)]
            case ast.Call(func=ast.Name(id="zip"), args=inner):
                columns = [self._items(part, depth + 1) for part in inner]
                known = [column for column in columns if column is not None]
                return [ast.Tuple(list(row)) for row in zip(*known, strict=False)] if len(known) == len(inner) else None
            case ast.Call(func=ast.Attribute(value=table, attr="items" | "keys" | "values" as method), args=[]):
                return self._entries(table, method, depth)
        keys = table_of(node)
        return [key for key in keys.keys if key is not None] if keys is not None else None

    def _entries(self, node: ast.expr, method: str, depth: int) -> list[ast.expr] | None:
        pairs = self._pairs(node, depth)
        if pairs is None:
            return None
        made: dict[str, list[ast.expr]] = {
            "items": [ast.Tuple([key, value]) for key, value in pairs],
            "keys": [key for key, _ in pairs],
            "values": [value for _, value in pairs],
        }
        return made[method]

    def _pairs(self, node: ast.expr, depth: int) -> list[tuple[ast.expr, ast.expr]] | None:
        """Return the entries of a table, those of tables within it (`{**common, "lr": 0.1}`) included."""
        named = self._tables.get(dotted_name(node))
        table = table_of(node if named is None else named)
        if table is None or depth > MAX_DEPTH:
            return None
        pairs: list[tuple[ast.expr, ast.expr]] = []
        for key, value in zip(table.keys, table.values, strict=True):
            inner = self._pairs(value, depth + 1) if key is None else None
            pairs += (inner or []) if key is None else [(key, value)]
        return pairs


def _grown(tree: ast.AST) -> Iterator[str]:
    """Yield the tables that get more entries after they were made."""
    yield from (name.rpartition(".")[0] for name, _ in calls(tree) if name.endswith(".update"))
    for node in all_nodes(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            yield dotted_name(node.value)


def _bound(target: ast.expr, item: ast.expr) -> Bindings | None:
    """Return what the variables of a target stand for; None if the item does not fit."""
    if isinstance(target, ast.Name):
        return {target.id: item}
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(item, ast.Tuple | ast.List):
        return None
    if len(target.elts) != len(item.elts):
        return None
    bindings: Bindings = {}
    for part, value in zip(target.elts, item.elts, strict=True):
        inner = _bound(part, value)
        if inner is None:
            return None
        bindings |= inner
    return bindings


def _given(call: ast.Call, arguments: list[str], named: list[str], spec: ast.arguments) -> Bindings:
    """Return what a call gives for the arguments of a function."""
    bindings: Bindings = dict(zip(arguments, call.args, strict=False))
    words = {word.arg: word.value for word in call.keywords if word.arg}
    bindings |= {name: value for name, value in words.items() if name in (*arguments, *named)}
    if spec.vararg is not None:
        bindings[spec.vararg.arg] = ast.Tuple(call.args[len(arguments) :], ast.Load())
    if spec.kwarg is not None:
        more = {name: value for name, value in words.items() if name not in bindings}
        keys: list[ast.expr | None] = [ast.Constant(name) for name in more]
        bindings[spec.kwarg.arg] = ast.Dict(keys, list(more.values()))
    return bindings


def literal_texts(call: ast.Call) -> list[str]:
    """Return the texts among the arguments of a call."""
    return [value for argument in call.args if isinstance(value := literal_value(argument), str) and value]

"""Tables of metrics in a script: what keys a dictionary has that is put together, returned and merged."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from hptui.scripts.inspect.folded import filled, table_of
from hptui.scripts.inspect.outputs.chosen_keys import with_chosen_keys
from hptui.scripts.inspect.outputs.evaluate_metrics import computed_by_evaluate
from hptui.scripts.inspect.outputs.evaluated_keys import UNKNOWN_KEY, evaluated_keys, is_looked_up
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes

MAX_DEPTH = 10
"""Variables and functions that are followed from one table to the next."""
MAX_KEYS = 200
"""Keys of a table that is joined from others."""
MAX_GIVEN_DEPTH = 2
"""Functions within functions that are followed with what calls give them: that is done for each call."""
COPYING_CALLS = ("dict", "OrderedDict", "sorted", "copy", "deepcopy", "average", "reduce_dict", "asdict", "defaultdict")
"""Calls that return the table that they are given, or one with the same keys."""


METERS = ".meters"
"""The attribute of a collection of averages that has them by name."""
RESULTS = ("result", "results", "compute", "averages", "average", "summary", "as_dict", "get_metrics", "avg")
"""Methods of a collection of averages that return them by name."""


CALLED_METHODS = ("forward", "__call__", "call")
"""Methods that run where an object is called."""


class Tables:
    """Knows which tables variables hold and functions return; values are as the script writes them."""

    def __init__(self, tree: ast.AST, around: Tables | None = None) -> None:
        self._functions: dict[str, list[ast.FunctionDef]] = {} if around is None else around._functions
        for node in all_nodes(tree) if around is None else ():
            if isinstance(node, ast.FunctionDef):
                self._functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.ClassDef):
                called = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name in CALLED_METHODS]
                self._functions.setdefault(f"{node.name}()", []).extend(called)
        self._around = around
        self._inside: dict[int, Tables] = {} if around is None else around._inside
        self._known: dict[tuple[str, int], ast.Dict | None] = {}
        self._under_way: set[str] = set()
        self._returned: dict[tuple[int, int | None], tuple[ast.expr, ast.Dict | None]] = {}
        self._parts: dict[str, list[ast.expr]] = dict(_parts(tree))
        self._arguments = {inner.arg for inner in all_nodes(tree) if isinstance(inner, ast.arg)} if around else set()
        self.loops = {} if around else {**dict(self._key_loops(tree)), **dict(_literal_loops(tree))}
        """Loop variables that go through texts, with these."""

    def of(self, node: ast.AST | None, depth: int = 0) -> ast.Dict | None:
        """Return the table that an expression has, as one literal; None for what is no table."""
        if not isinstance(node, ast.expr) or depth > MAX_DEPTH:
            return None
        if (literal := table_of(node)) is not None:
            return literal
        match node:
            case ast.Name() | ast.Attribute():
                return self._of_variable(dotted_name(node), depth)
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int() as place)):
                return self._returned_by(call, depth, place)
            case ast.DictComp(key=key, generators=[ast.comprehension() as loop]):
                return self._comprehended(key, loop, depth)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return _joined([self.of(left, depth + 1), self.of(right, depth + 1)])
            case ast.Call(func=func, args=args):
                name = dotted_name(func).rpartition(".")[2] or (func.attr if isinstance(func, ast.Attribute) else "")
                if name in COPYING_CALLS and args:
                    return self.of(args[0], depth + 1)
                if (computed := computed_by_evaluate(node)) is not None:
                    return computed
                owner = dotted_name(func.value) if isinstance(func, ast.Attribute) else ""
                if name in RESULTS and (parts := self._parts_of(owner)):
                    return _joined([self.of(part, depth + 1) for part in parts])
                return self._returned_by(node, depth)
        return None

    def _of_variable(self, name: str, depth: int) -> ast.Dict | None:
        if (name, depth) not in self._known:
            if name in self._under_way:  # `table = {f"best_{k}": v for k, v in table.items()}`: once
                return None
            self._under_way.add(name)
            self._known[name, depth] = _joined([self.of(part, depth + 1) for part in self._parts_of(name)])
            self._under_way.discard(name)
        return self._known[name, depth]

    def _parts_of(self, name: str) -> list[ast.expr]:
        """Return what is assigned to a variable or put into it, in a function or around it."""
        name = name.removesuffix(METERS)
        if self._around is None or name in self._parts:
            return self._parts.get(name, [])
        return [] if name in self._arguments else self._around._parts_of(name)

    def _returned_by(self, call: ast.expr, depth: int, place: int | None = None) -> ast.Dict | None:
        """Return the table that a call of a function of the script returns, or that at a place of its tuple.

        Each call is looked at once: functions that call each other would be gone through again and again.
        """
        key = id(call), place
        if key not in self._returned:
            self._returned[key] = call, None  # for a function that calls itself; the call is kept for its id
            self._returned[key] = call, self._returned_anew(call, depth, place)
        return self._returned[key][1]

    def _returned_anew(self, call: ast.expr, depth: int, place: int | None) -> ast.Dict | None:
        func = call.func if isinstance(call, ast.Call) else call
        name = func.attr if isinstance(func, ast.Attribute) else dotted_name(func)
        returned: list[ast.Dict | None] = []
        functions = self._functions.get(name, [])
        for made in self._parts_of(dotted_name(func)) if not functions else ():  # criterion = Loss(); criterion(x)
            made_by = [dotted_name(n.func).rpartition(".")[2] for n in all_nodes(made) if isinstance(n, ast.Call)]
            functions = [*functions, *(f for by in made_by for f in self._functions.get(f"{by}()", []))]
        for function in functions:
            if id(function) not in self._inside:
                self._inside[id(function)] = Tables(function, self._around or self)
            inside = self._inside[id(function)]
            for value in _returned(function):
                parts = value.elts if isinstance(value, ast.Tuple) and place is not None else [value]
                part = parts[place] if place is not None and place < len(parts) else parts[0]
                given = _given(function, call) if isinstance(call, ast.Call) else {}
                table = inside.of(part, depth + 1)
                if table is None and (bound := inside._with(given, self, depth)) is not None:
                    table = bound.of(part, depth + 1)
                table = with_chosen_keys(table, function, given) if table is not None else None
                texts = {name: node for name, node in given.items() if isinstance(literal_value(node), str)}
                returned.append(_filled(table, texts) if table is not None and texts else table)
        return _joined(returned)

    def _with(self, given: dict[str, ast.expr], caller: Tables, depth: int) -> Tables | None:
        """Return the tables of a function with what a call gives it; None if it gives no table."""
        if depth > MAX_GIVEN_DEPTH:
            return None
        tables = {name: caller.of(node, depth + 1) for name, node in given.items()}
        known: dict[str, list[ast.expr]] = {name: [table] for name, table in tables.items() if table is not None}
        if not known:
            return None
        bound = copy.copy(self)
        bound._parts, bound._known, bound._returned = {**self._parts, **known}, {}, {}
        bound._under_way = set()
        bound._arguments = self._arguments - known.keys()
        return bound

    def _comprehended(self, key: ast.expr, loop: ast.comprehension, depth: int) -> ast.Dict | None:
        """Return the table of `{f"val_{k}": v for k, v in table.items()}`."""
        over = loop.iter
        if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr in ("items", "keys"):
            over = over.func.value
        target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) else loop.target
        listed = over.elts if isinstance(over, ast.List | ast.Tuple) else None
        table = self.of(over, depth + 1) if listed is None else None
        names = [name for name in table.keys if name is not None] if table else []
        names += [item.elts[0] if isinstance(item, ast.Tuple) and item.elts else item for item in listed or []]
        if not names or not isinstance(target, ast.Name):
            return None
        return ast.Dict([filled(key, {target.id: name}) for name in names], [ast.Constant(0.5) for _ in names])

    def made_of_entries(self, node: ast.GeneratorExp | ast.ListComp) -> list[ast.expr] | None:
        """Return what `f"{k}: {v:.3f}" for k, v in table.items()` makes; None for what goes through no table."""
        over, target = node.generators[0].iter, node.generators[0].target
        function = over.func if isinstance(over, ast.Call) else None
        is_over_entries = isinstance(function, ast.Attribute) and function.attr in ("items", "keys")
        table = self.of(function.value) if isinstance(function, ast.Attribute) and is_over_entries else None
        name = target.elts[0] if isinstance(target, ast.Tuple) else target
        if table is None or not isinstance(name, ast.Name) or len(node.generators) > 1:
            return None
        return [filled(node.elt, {name.id: key}) for key in table.keys if key is not None]

    def _key_loops(self, tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
        """Yield the loop variables that go through the keys of a table, with these where they are literal."""
        unknown, known = list[str](), set[str]()
        for node in all_nodes(tree):
            if not isinstance(node, ast.For | ast.comprehension):
                continue
            over: ast.expr = node.iter
            if isinstance(over, ast.Call) and dotted_name(over.func) in ("sorted", "list", "reversed") and over.args:
                over = over.args[0]
            method = over.func.attr if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) else ""
            if method in ("items", "keys") and isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute):
                over = over.func.value
            table = self.of(over)
            is_pair = method == "items" and isinstance(node.target, ast.Tuple)
            target = node.target.elts[0] if is_pair and isinstance(node.target, ast.Tuple) else node.target
            if not isinstance(target, ast.Name):
                continue
            if table is None:
                if method in ("items", "keys") or is_looked_up(node, over, target):
                    unknown.append(target.id)
                continue
            keys = [text for key in table.keys if isinstance(text := literal_value(key), str)]
            if keys:
                known.add(target.id)
                yield target.id, keys
        for name in unknown:
            if name not in known:
                yield name, evaluated_keys(tree) or [UNKNOWN_KEY]


def _given(function: ast.FunctionDef, call: ast.Call) -> dict[str, ast.expr]:
    """Return what a call gives for the arguments of a function, by name."""
    names = [argument.arg for argument in function.args.args]
    names = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return dict(zip(names, call.args, strict=False)) | {word.arg: word.value for word in call.keywords if word.arg}


def _filled(table: ast.Dict, texts: dict[str, ast.expr]) -> ast.Dict:
    """Return a table with the texts in its keys that a call has given: `f"{split}_loss"` for `"val"`."""
    return ast.Dict([key if key is None else filled(key, texts) for key in table.keys], table.values)


def _joined(tables: list[ast.Dict | None]) -> ast.Dict | None:
    """Return one table with the entries of several; None without any."""
    known = [table for table in tables if table is not None and table.keys]
    if not known:
        return None
    if len(known) == 1:
        return known[0]
    entries: dict[str, tuple[ast.expr | None, ast.expr]] = {}
    for table in known:
        for key, value in zip(table.keys, table.values, strict=True):
            entries.setdefault(_identity(key, value), (key, value))
    kept = [*entries.values()][:MAX_KEYS]
    return ast.Dict([key for key, _ in kept], [value for _, value in kept])


def _identity(key: ast.expr | None, value: ast.expr) -> str:
    """Return what tells an entry of a table from others: its key; what it puts in for `**table`."""
    if isinstance(key, ast.Constant):
        return repr(key.value)
    return ast.dump(key) if key is not None else f"**{ast.dump(value)}"


def _returned(function: ast.FunctionDef) -> list[ast.expr]:
    return [node.value for node in all_nodes(function) if isinstance(node, ast.Return) and node.value is not None]


def _parts(tree: ast.AST) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield the variables that may hold a table, with what is assigned, put in and merged."""
    parts: dict[str, list[ast.expr]] = {}
    for node in all_nodes(tree):
        match node:
            case ast.Assign(targets=[ast.Subscript(value=table, slice=key)], value=entry) if dotted_name(table):
                if isinstance(key, ast.Constant | ast.JoinedStr) and not isinstance(literal_value(key), int | float):
                    parts.setdefault(dotted_name(table), []).append(ast.Dict([key], [entry]))
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call() as call):
                for place, name in enumerate(map(dotted_name, targets)):
                    entry = ast.Subscript(call, ast.Constant(place), ast.Load())
                    parts.setdefault(name, []).append(entry)
            case ast.Assign(targets=targets, value=whole):
                for name in filter(None, map(dotted_name, targets)):
                    parts.setdefault(name, []).append(whole)
            case ast.Call(
                func=ast.Attribute(value=ast.Subscript(value=table, slice=key), attr="append" | "update" | "add"),
                args=[value, *_],
            ) if isinstance(key, ast.Constant | ast.JoinedStr | ast.BinOp):
                parts.setdefault(dotted_name(table).removesuffix(METERS), []).append(ast.Dict([key], [value]))
            case ast.Call(
                func=ast.Attribute(value=table, attr="update" | "add" | "add_scalar"),
                args=[ast.Constant(value=str()) as key, value, *_],
            ):
                parts.setdefault(dotted_name(table).removesuffix(METERS), []).append(ast.Dict([key], [value]))
            case ast.For():
                for name, entries in _copied(node):
                    parts.setdefault(name, []).append(entries)
            case ast.AnnAssign(target=annotated, value=ast.expr() as declared) if dotted_name(annotated):
                parts.setdefault(dotted_name(annotated), []).append(declared)
    for called, call in calls(tree):
        owner, _, method = called.rpartition(".")
        if method == "update" and owner and len(call.args) == 1:
            parts.setdefault(owner, []).append(call.args[0])
        if method == "update" and owner and call.keywords:
            named = [word for word in call.keywords if word.arg]
            parts.setdefault(owner, []).append(ast.Dict([ast.Constant(w.arg) for w in named], [w.value for w in named]))
            parts[owner] += [word.value for word in call.keywords if not word.arg]
    yield from parts.items()


def _copied(loop: ast.For) -> Iterator[tuple[str, ast.DictComp]]:
    """Yield the tables that get the keys of another: `for k, v in one.items(): sums[k] += v`."""
    target = loop.target.elts[0] if isinstance(loop.target, ast.Tuple) and loop.target.elts else loop.target
    if not isinstance(target, ast.Name):
        return
    for node in all_nodes(loop):
        table: ast.expr | None = None
        key: ast.expr | None = None
        match node:
            case (
                ast.Assign(targets=[ast.Subscript(value=table, slice=key)])
                | ast.AugAssign(target=ast.Subscript(value=table, slice=key))
                | ast.Call(func=ast.Attribute(value=ast.Subscript(value=table, slice=key), attr="append" | "extend"))
                | ast.Call(func=ast.Attribute(value=ast.Subscript(value=table, slice=key), attr="update" | "add"))
            ):
                pass
        names = {inner.id for inner in all_nodes(key) if isinstance(inner, ast.Name)} if key is not None else set()
        if table is not None and key is not None and target.id in names and (name := dotted_name(table)):
            over = ast.comprehension(loop.target, loop.iter, [], 0)
            yield name, ast.DictComp(key, ast.Constant(0.5), [over])


def _literal_loops(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Yield the loop variables that go through literal texts, with these."""
    for node in all_nodes(tree):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            values = literal_value(node.iter)
            if isinstance(values, list) and values and all(isinstance(value, str | int) for value in values):
                yield node.target.id, [str(value) for value in values]

"""Texts that a script chooses between, one of which names a split: `"train" if train else "val"`, `NAMES[train]`.

Names hold them, which conditions assign in turn; attributes get them where objects are made: `Runner("train")`."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.folded import table_of
from hptui.scripts.inspect.syntax import calls, dotted_name
from hptui.scripts.metrics.wording import SPLIT_WORD
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

MAX_DEPTH, MAX_OPTIONS, MAX_DECISIONS = 4, 6, 8
"""Choices within others, texts of one choice, and ways to decide them that are followed."""
CASES = ("upper", "lower", "capitalize", "title", "strip")
"""Methods that spell a text in another way."""

Decided = Mapping[str, int]
"""By what is chosen (a condition, a key), the number of the option."""


@dataclass(frozen=True, slots=True)
class TextChoice:
    """Expressions of texts, one of which stands there; `key` is by what it is chosen."""

    key: str
    options: tuple[ast.expr, ...]


class Choices:
    """Knows the choices in a script; `function_of` returns the function in which a node of it stands."""

    def __init__(self, tree: ast.AST, function_of: Callable[[ast.AST], ast.AST | None]) -> None:
        self._tree, self._function_of = tree, function_of
        self._assigned: dict[int, dict[str, list[ast.expr]]] = {}
        self._made = dict(_made_with_texts(tree))

    def of(self, node: ast.AST, here: ast.AST | None = None, depth: int = 0) -> TextChoice | None:
        """Return the choice that an expression is; `here` is the function of a copied node."""
        choice = self._choice(node, here, depth) if depth < MAX_DEPTH else None
        return choice if choice is not None and self._is_telling(choice, here, depth) else None

    def _choice(self, node: ast.AST, here: ast.AST | None, depth: int) -> TextChoice | None:
        match node:
            case ast.IfExp(test=test, body=body, orelse=other):
                return self._of_texts(ast.dump(test), (body, other), here, depth)
            case ast.Subscript(value=table, slice=key) if not isinstance(key, ast.Constant):
                values = self._values(table, here)
                return self._of_texts(ast.dump(key), values, here, depth) if values else None
            case ast.Name(id=name):
                function = self._function_of(node) or here
                if isinstance(function, ast.FunctionDef) and name in {argument.arg for argument in function.args.args}:
                    return None
                for place in (function, self._tree) if function is not None else (self._tree,):
                    values = tuple(self._names_in(place).get(name, ()))
                    if values:
                        return self._choice(values[0], here, depth + 1) if len(values) == 1 else None
            case ast.Attribute() if (name := dotted_name(node)) in self._made:
                return TextChoice(name, self._made[name])
        return None

    def _of_texts(self, key: str, options: tuple[ast.expr, ...], here: ast.AST | None, depth: int) -> TextChoice | None:
        known = all(_is_text(part) or self._choice(part, here, depth + 1) is not None for part in options)
        return TextChoice(key, options[:MAX_OPTIONS]) if known and len(options) > 1 else None

    def _is_telling(self, choice: TextChoice, here: ast.AST | None, depth: int) -> bool:
        """Return whether an option names a split."""
        inner = [self.of(option, here, depth + 1) for option in choice.options]
        texts = [option.value for option in choice.options if isinstance(option, ast.Constant)]
        return any(isinstance(text, str) and SPLIT_WORD.search(text) for text in texts) or any(inner)

    def _values(self, table: ast.expr, here: ast.AST | None) -> tuple[ast.expr, ...]:
        """Return the entries of a literal table or list, also of one that a variable holds."""
        if name := dotted_name(table):
            places = [place for place in (here, self._tree) if place is not None]
            held = next((held for place in places if (held := self._names_in(place).get(name))), [])
            table = held[0] if len(held) == 1 else table
        if isinstance(table, ast.List | ast.Tuple):
            return tuple(table.elts)
        known = table_of(table)
        return tuple(known.values) if known is not None else ()

    def _names_in(self, place: ast.AST) -> dict[str, list[ast.expr]]:
        """Return what is assigned to each name in a function or script; arms of a condition are one choice."""
        if id(place) not in self._assigned:
            arms = dict[str, list[tuple[set[int], ast.expr]]]()
            for branch in nodes_of(place, ast.If):
                for name, choice in _chosen_by(branch):
                    arms.setdefault(name, []).append(choice)
            names = dict[str, list[ast.expr]]()
            for node in nodes_of(place, ast.Assign):
                if place is self._tree and self._function_of(node) is not None:
                    continue
                if len(node.targets) != 1 or not (name := dotted_name(node.targets[0])):
                    continue
                whole = next((choice for inside, choice in arms.get(name, ()) if id(node) in inside), node.value)
                if not any(whole is known for known in names.setdefault(name, [])):
                    names[name].append(whole)
            self._assigned[id(place)] = names
        return self._assigned[id(place)]

    def texts(self, table: ast.Dict, here: ast.AST | None) -> Iterator[dict[str, str]]:
        """Yield the texts in a table by their keys, in each way to decide what stands there."""
        pairs = zip(table.keys, table.values, strict=True)
        fields = {k.value: v for k, v in pairs if isinstance(k, ast.Constant) and isinstance(k.value, str)}
        for decided in self.decisions(fields.values(), here, lambda name: None):
            chosen = dict(fields)
            for name in fields:
                while (choice := self.of(chosen[name], here)) is not None:
                    chosen[name] = choice.options[decided.get(choice.key, 0)]
            constants = {name: node.value for name, node in chosen.items() if isinstance(node, ast.Constant)}
            yield {name: value for name, value in constants.items() if isinstance(value, str)}

    def decisions(self, nodes: Iterable[ast.AST], here: ast.AST | None, held: Held) -> list[Decided]:
        """Return the ways to decide what expressions, and the texts that their names hold, choose between."""
        keys: dict[str, int] = {}
        waiting, seen = [(node, 0) for node in nodes], set[str]()
        while waiting:
            node, depth = waiting.pop()
            for inner in all_nodes(node):
                if (choice := self.of(inner, here)) is not None:
                    keys.setdefault(choice.key, len(choice.options))
                    waiting += [(option, depth + 1) for option in choice.options if depth < MAX_DEPTH]
                elif isinstance(inner, ast.Name) and inner.id not in seen and depth < MAX_DEPTH:
                    seen.add(inner.id)
                    waiting += [(text, depth + 1) for text in [held(inner.id)] if text is not None]
        ways = itertools.product(*(range(count) for count in keys.values()))
        return [dict(zip(keys, way, strict=True)) for way in itertools.islice(ways, MAX_DECISIONS)]


Held = Callable[[str], ast.expr | None]
"""Returns the text that a name holds."""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value.strip())


def _chosen_by(branch: ast.If) -> Iterator[tuple[str, tuple[set[int], ast.expr]]]:
    """Yield the names that both arms of a condition assign to, with the assignments and the choice."""
    first, second = _assigned_in(branch.body), _assigned_in(branch.orelse)
    for name in first.keys() & second.keys():
        (nodes, body), (others, orelse) = first[name], second[name]
        yield name, (nodes | others, ast.IfExp(branch.test, body, orelse))


def _assigned_in(arm: list[ast.stmt]) -> dict[str, tuple[set[int], ast.expr]]:
    """Return what an arm assigns to names last; of `elif` the choice between its own arms."""
    names: dict[str, tuple[set[int], ast.expr]] = {}
    for line in arm:
        match line:
            case ast.Assign(targets=[target], value=value) if dotted_name(target):
                names[dotted_name(target)] = {id(line)}, value
            case ast.If():
                names |= dict(_chosen_by(line))
    return names


def _made_with_texts(tree: ast.AST) -> Iterator[tuple[str, tuple[ast.expr, ...]]]:
    """Yield the attributes that an object gets as it is made, with the texts that the script gives."""
    for node in nodes_of(tree, ast.ClassDef):
        maker = next((f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"), None)
        if maker is None:
            continue
        names = [argument.arg for argument in maker.args.args][1:]
        made = [call for name, call in calls(tree) if name.rpartition(".")[2] == node.name]
        for line in nodes_of(maker, ast.Assign):
            given = line.value.id if isinstance(line.value, ast.Name) else ""
            if given not in names:
                continue
            values = [_given(call, names.index(given), given) for call in made]
            texts = {part.value: part for part in values if isinstance(part, ast.Constant) and _is_text(part)}
            if len(texts) > 1 and all(part is None or _is_text(part) for part in values):
                yield dotted_name(line.targets[0]), tuple(texts.values())


def _given(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((word.value for word in call.keywords if word.arg == name), None)
    return named if named is not None else call.args[place] if place < len(call.args) else None

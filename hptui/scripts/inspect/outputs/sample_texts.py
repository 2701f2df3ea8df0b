"""Texts that a script makes: of which expressions, and what stands for a number in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes

WHOLE_NUMBER_NAME = re.compile(
    r"(?:.*_)?(?:epochs?|steps?|iters?|iterations?|i|n|idx|index|batch|batch_idx|num|count|len|total|it|ep|trial|fold|rank)",
    re.IGNORECASE,
)
"""Names of expressions that are whole numbers."""
TEXT_NAME = re.compile(
    r"(?:.*_)?(?:name|path|dir|file|mode|phase|split|stage|device|model|optimizer|dataset|tag|prefix|time|timestamp|date|"
    r"table|report)(?:_(?:train|val|valid|test))?",
    re.IGNORECASE,
)
"""Names of expressions that are texts."""
TEXT_CALL = re.compile(
    r"(?:\w+\.)*(?:classification_report|tabulate|pformat|format_exc|strftime|to_string|to_markdown)\("
)
"""Calls of libraries that return a text."""
WHOLE, FRACTION, TEXT = "4357", "0.43", "text"
"""What stands for an expression: a whole number, another number (0.430001, 0.430002, …), a text.

The whole number is one that no script writes: a name that has it, `ndcg@4357`, is known to a run alone.
"""
MAX_REPEATED = 40
"""Times that a column of a printed row is repeated."""


def held_texts(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the variables that hold one text, with the expression that makes it, and what is added to it."""
    assigned: dict[str, list[ast.expr]] = {}
    added: dict[str, list[ast.expr]] = {}
    in_loops = dict(_grown_in_loops(tree))
    for node in all_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            given = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            for argument, default in given:
                if isinstance(default, ast.Constant) and isinstance(default.value, str) and default.value:
                    assigned.setdefault(argument.arg, []).append(default)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and isinstance(node.target, ast.Name):
            added.setdefault(node.target.id, []).append(in_loops.get(id(node), node.value))
    lines = _joined_lists(tree)
    for name, values in assigned.items():
        if name in lines and len(values) == 1 and isinstance(values[0], ast.List):
            elements = [*values[0].elts, *lines[name]]
            if elements and all(is_text(part) or makes_text(part) for part in elements):
                yield name, ast.List(elements, ast.Load())
            continue
        whole = _usual(values[0], is_prefix=name in added)
        if len(values) == 1 and (is_text(whole) or makes_text(whole)):
            for part in added.get(name, []):
                whole = ast.BinOp(whole, ast.Add(), part)
            yield name, whole


def _joined_lists(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Return the variables whose elements a text joins, with what is appended: `"\n".join(lines)`."""
    names = {
        argument.id
        for node in all_nodes(tree)
        if method_of(node) == "join" and isinstance(node, ast.Call)
        for argument in node.args
        if isinstance(argument, ast.Name)
    }
    lines: dict[str, list[ast.expr]] = {name: [] for name in names}
    for node in all_nodes(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[text]) if name in lines:
                lines[name].append(text)
    return lines


def _grown_in_loops(tree: ast.AST) -> Iterator[tuple[int, ast.expr]]:
    """Yield what loops over the entries of a table add to a text, as one text: `s += f"{k}: {v}"`."""
    for loop in all_nodes(tree):
        if isinstance(loop, ast.For) and method_of(loop.iter) in ("items", "keys"):
            for node in loop.body:
                if isinstance(node, ast.AugAssign) and (is_text(node.value) or makes_text(node.value)):
                    parts = ast.GeneratorExp(node.value, [ast.comprehension(loop.target, loop.iter, [], 0)])
                    yield id(node), ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [parts], [])


def texts_in_turn(tree: ast.AST) -> dict[str, list[tuple[int, ast.expr]]]:
    """Return the variables that hold one text after another, each with the line of its assignment."""
    assigned: dict[str, list[tuple[int, ast.expr]]] = {}
    for node in all_nodes(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append((node.lineno, node.value))
    return {
        name: sorted(texts, key=lambda text: text[0])
        for name, texts in assigned.items()
        if len(texts) > 1 and all(is_text(text) or makes_text(text) for _, text in texts)
    }


def _usual(value: ast.expr, *, is_prefix: bool) -> ast.expr:
    """Return the usual text of a mark, empty for `" ***" if better else ""`; else the expression.

    Before what is added to it, `"" if fold is None else f"fold {fold}"` is a mark, too.
    """
    match value:
        case ast.IfExp(body=ast.Constant(value=str() as body), orelse=ast.Constant(value=str() as other)):
            return ast.Constant("" if not (body and other) else body)
        case ast.IfExp(body=first, orelse=second) if all(is_text(part) or makes_text(part) for part in (first, second)):
            empty = next((part for part in (first, second) if isinstance(part, ast.Constant) and not part.value), None)
            return empty if is_prefix and empty is not None else second if first is empty else first
    return value


def padded(text: str, spec: str) -> str:
    """Return a text in the width that a format gives it."""
    match = re.fullmatch(r"([<>^]?)(\d+)s?", spec)
    return format(text, spec) if match else text


def method_of(node: ast.AST) -> str:
    """Return the name of the method that an expression calls; '' for any other expression."""
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def list_elements(node: ast.AST) -> list[ast.expr] | None:
    """Return the elements of a list, which may be put together: `["{}"] + ["{:.3f}"] * 4`."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return elements
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)) if times <= MAX_REPEATED:
            return None if (repeated := list_elements(left)) is None else repeated * times
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = list_elements(left), list_elements(right)
            return None if first is None or second is None else [*first, *second]
    return None


def makes_text(node: ast.AST) -> bool:
    """Return whether an expression makes a text of another."""
    match node:
        case ast.BinOp(left=left, op=ast.Mod() | ast.Add()):
            return is_text(left)
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "join")):
            return is_text(value)
        case ast.Call(func=ast.Attribute(attr="dumps")):
            return True
    return False


def stand_in(source: str, spec: str) -> str:
    """Return what stands for an expression, by its format and else by its name."""
    if spec.endswith("%"):
        return "81.20%"
    if spec.endswith(("f", "e", "g", "F", "E", "G")) or re.fullmatch(r"[<>^=]?[+ ]?0?\d*\.\d+", spec):
        return FRACTION
    if spec.endswith("d"):
        return WHOLE
    last = re.split(r"[^A-Za-z0-9_]+", source.rstrip(")]'\" "))[-1]
    is_mean = re.match(r"sum\(.*\) / \w", source) is not None
    if WHOLE_NUMBER_NAME.fullmatch(last) or (re.match(r"(?:len|int|sum)\(|.*\+ ?1$|.*//", source) and not is_mean):
        return WHOLE
    if " / " in source and "len(" in source:  # `correct / len(loader.dataset)`
        return FRACTION
    called = CALL_OF_FUNCTION.fullmatch(source)  # `evaluate(model)` is no text as `model` may be
    last = called[1] if called and called[1] not in TEXT_BUILTINS else last
    return TEXT if TEXT_NAME.fullmatch(last) or TEXT_CALL.match(source) else FRACTION


CALL_OF_FUNCTION = re.compile(r"([A-Za-z_]\w*)\([^()]*(?:\([^()]*\)[^()]*)*\)")
TEXT_BUILTINS = ("str", "repr", "type", "format", "Path", "basename", "next", "getattr", "vars", "asdict")
"""Functions that may return a text, whatever their own name says."""


def source_of(node: ast.AST) -> str:
    """Return the source of an expression; '' for one that has none."""
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):
        return ""


def is_text(node: ast.AST) -> bool:
    """Return whether an expression is a text of literals and what stands between them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return any(is_text(part) or makes_text(part) for part in (node.left, node.right))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def names_in(node: ast.AST) -> list[str]:
    """Return the variables of an expression."""
    return [inner.id for inner in all_nodes(node) if isinstance(inner, ast.Name)]


def counts(node: ast.expr) -> bool:
    """Return whether an expression is the length of something."""
    return isinstance(node, ast.Call) and dotted_name(node.func) == "len"


def is_fixed(node: ast.expr, spec: str) -> bool:
    """Return whether an expression is a number that is always the same."""
    return isinstance(literal_value(node), float) and (spec != "" or isinstance(node, ast.BinOp))

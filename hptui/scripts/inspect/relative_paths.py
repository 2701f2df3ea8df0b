"""Relative paths that expressions of a script may stand for, with `*` for parts that are not known."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.syntax import dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

MAX_TEXTS = 4
"""Values of one name that are followed."""
MAX_DEPTH = 7
"""Names and calls within one another that are followed."""
MAX_TEXT_CHARS = 200


class RelativePaths:
    """Knows the texts that expressions may have, by the last parts of the names of variables and arguments."""

    def __init__(self, tree: ast.Module) -> None:
        self.named: dict[str, list[ast.expr]] = {}
        self._arguments = {argument.arg for argument in nodes_of(tree, ast.arg)}
        for node in nodes_of(tree, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.withitem, ast.Call):
            for name, value in _named(node):
                self.named.setdefault(name, []).append(value)

    def of(self, node: ast.AST | None, depth: int = 0) -> list[str]:
        """Return the relative paths that an expression may be; [] of what is no path."""
        return [text for text in self._texts(node, depth) if _is_relative(text)]

    def values_of(self, node: ast.expr) -> list[Any]:
        """Return the values that a name is given anywhere, UNKNOWN among them for other expressions."""
        is_given = isinstance(node, ast.Name) and node.id in self._arguments
        return [UNKNOWN] if is_given else [literal_value(value) for value in self.named.get(last_name(node), [])]

    def _texts(self, node: ast.AST | None, depth: int) -> list[str]:
        if depth > MAX_DEPTH:
            return []
        match node:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.Name() | ast.Attribute():
                name = node.id if isinstance(node, ast.Name) else node.attr
                values = self.named.get(name, [])
                texts = [text for value in values[:MAX_TEXTS] for text in self._texts(value, depth + 1)]
                return list(dict.fromkeys(texts))[:MAX_TEXTS]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], "", depth)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], "/", depth)
            case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod()):
                return [re.sub(r"%[-+.\d]*[a-z]", "*", text)]
            case ast.JoinedStr(values=values):
                return self._joined(list(values), "", depth)
            case ast.FormattedValue(value=value):
                return self._texts(value, depth)
            case ast.IfExp(body=body, orelse=other):
                return [*self._texts(body, depth + 1), *self._texts(other, depth + 1)][:MAX_TEXTS]
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format")):
                return [re.sub(r"\{[^}]*\}", "*", text)]
            case ast.Call(func=func, args=[first, *others]):
                last = dotted_name(func).rpartition(".")[2]
                if last == "join" and dotted_name(func).endswith("path.join"):
                    return self._joined([first, *others], "/", depth)
                if last in ("Path", "str", "abspath", "open", "File", "expanduser"):
                    return self._texts(first, depth + 1)
        return []

    def _joined(self, nodes: list[ast.expr], between: str, depth: int) -> list[str]:
        """Return the first text that parts make together, `*` for those that are not known."""
        parts = [(self._texts(node, depth + 1) or ["*"])[0] for node in nodes]
        return [between.join(part.rstrip("/") if between else part for part in parts)]


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield what a node gives names to: variables, attributes, arguments with defaults, keywords of calls."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((last_name(target), value) for target in targets if last_name(target))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield last_name(target), value
        case ast.withitem(context_expr=value, optional_vars=ast.Name(id=name)):
            yield name, value
        case ast.FunctionDef(args=spec):
            arguments = [*spec.posonlyargs, *spec.args]
            yield from (
                (argument.arg, value)
                for argument, value in zip(reversed(arguments), reversed(spec.defaults), strict=False)
            )
            pairs = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
            yield from ((argument.arg, value) for argument, value in pairs if value is not None)
        case ast.Call(func=func, args=args, keywords=words):
            yield from ((word.arg, word.value) for word in words if word.arg)
            if dotted_name(func).endswith("add_argument") and args and isinstance(name := literal_value(args[0]), str):
                default = keyword_argument(node, "default")
                longest = max((text for arg in args if isinstance(text := literal_value(arg), str)), key=len)
                action = literal_value(keyword_argument(node, "action"))
                if default is None and not keyword_argument(node, "required") and longest.startswith("-"):
                    default = ast.Constant({"store_true": False, "store_false": True}.get(str(action)))
                yield from [(longest.lstrip("-").replace("-", "_"), default)] if default is not None else []


def last_name(target: ast.expr) -> str:
    """Return the last part of the name of a variable or an attribute; '' for any other expression."""
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _is_relative(text: str) -> bool:
    """Return whether a text may be a path below the directory where a script starts."""
    is_elsewhere = text.startswith(("/", "~", "*", "..", "{", "$")) or "://" in text
    return bool(text.strip("./")) and not is_elsewhere and len(text) <= MAX_TEXT_CHARS and text.isprintable()

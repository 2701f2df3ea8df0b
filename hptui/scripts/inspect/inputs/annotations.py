"""What a type annotation says about an option: its item type, whether it is a list, whether None is allowed."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.forms import Reads
from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes

READS_OF_NAME = {"int": Reads.INT, "float": Reads.FLOAT, "str": Reads.TEXT, "bool": Reads.BOOL, "Path": Reads.TEXT}
LIST_NAMES = ("list", "sequence", "set", "iterable", "collection", "frozenset")


@dataclass(frozen=True, slots=True)
class Annotation:
    """A type: what each word is, `count` of a list (`*` or a number, '' of a single value), whether None is allowed.

    `is_any`: there is none.
    """

    reads: Reads = Reads.UNKNOWN
    count: str = ""
    optional: bool = False
    is_any: bool = False


def read_annotation(node: ast.AST | None) -> Annotation:
    """Return what an annotation says; all unknown for one that is not understood.

    Anything is allowed where there is none.
    """
    if node is None:
        return Annotation(optional=True, is_any=True)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            try:
                return read_annotation(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return Annotation()
        return Annotation(optional=node.value is None)
    if isinstance(node, ast.BinOp):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _subscript(dotted_name(node.value).rpartition(".")[2], node.slice)
    last = dotted_name(node).rpartition(".")[2]
    if last.lower() in (*LIST_NAMES, "tuple"):
        return Annotation(count="*")
    return Annotation(READS_OF_NAME.get(last, Reads.UNKNOWN))


def _subscript(outer: str, inner: ast.expr) -> Annotation:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if outer == "Annotated":
        return read_annotation(parts[0])
    if outer == "Optional":
        return replace(read_annotation(inner), optional=True)
    if outer == "Union":
        return _union(parts)
    if outer == "Literal":
        texts = all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts)
        return Annotation(Reads.TEXT if texts else Reads.UNKNOWN)
    if outer.lower() in LIST_NAMES:
        return replace(read_annotation(inner), count="*", optional=False)
    if outer.lower() == "tuple":
        is_open = isinstance(parts[-1], ast.Constant) and parts[-1].value is ...
        return Annotation(read_annotation(parts[0]).reads, "*" if is_open else str(len(parts)))
    return Annotation()


def _union(parts: list[ast.expr]) -> Annotation:
    members = [read_annotation(part) for part in parts]
    is_none = [isinstance(part, ast.Constant) and part.value is None for part in parts]
    others = [member for member, none in zip(members, is_none, strict=True) if not none]
    optional = any(is_none) or any(member.optional for member in others)
    return replace(others[0], optional=optional) if len(others) == 1 else Annotation(optional=optional)


def enumeration_values(tree: ast.Module) -> dict[str, Any]:
    """Return the values of enumerations by dotted name: `Schedule.cosine` is "cosine"."""
    return {
        f"{node.name}.{line.targets[0].id}": literal_value(line.value)
        for node in all_nodes(tree)
        if isinstance(node, ast.ClassDef) and any(dotted_name(base).endswith("Enum") for base in node.bases)
        for line in node.body
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)
    }

"""What a script's converter (`type=` of argparse) makes of a word, as far as its source shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hptui.core.trial import Value
from hptui.scripts.inspect.forms import OptionForm, Reads
from hptui.scripts.inspect.syntax import dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes

PLAIN_CONVERTERS = {
    "int": Reads.INT,
    "float": Reads.FLOAT,
    "str": Reads.TEXT,
    "Path": Reads.TEXT,
    "bool": Reads.ANY_TEXT,
    "list": Reads.CHARACTERS,
    "tuple": Reads.CHARACTERS,
    "set": Reads.CHARACTERS,
    "literal_eval": Reads.PYTHON,
    "eval": Reads.PYTHON,
    "json.loads": Reads.JSON,
    "loads": Reads.JSON,
    "safe_load": Reads.YAML,
    "yaml.load": Reads.YAML,
    "PositiveInt": Reads.INT,
    "NonNegativeInt": Reads.INT,
    "PositiveFloat": Reads.FLOAT,
    "NonNegativeFloat": Reads.FLOAT,
}
"""Converters by name, or by the last part of it."""
BOOLEAN_NAME = re.compile(r"bool|true_?false", re.IGNORECASE)
TRUE_WORDS, FALSE_WORDS = ("True", "true", "1", "yes", "on"), ("False", "false", "0", "no", "off")
NULL_WORDS = ("None", "none", "null")


def converter_form(node: ast.AST | None, tree: ast.AST, form: OptionForm) -> OptionForm:
    """Return the form with what the converter `node` makes of a word, as its own text shows."""
    if node is None:
        return replace(form, reads=Reads.TEXT)
    name = dotted_name(node)
    for key in (name, name.rpartition(".")[2]):
        if key in PLAIN_CONVERTERS:
            return replace(form, reads=PLAIN_CONVERTERS[key])
    body = node if isinstance(node, ast.Lambda) else _definition(name, tree)
    if body is not None:
        return expression_form(body, form)
    if BOOLEAN_NAME.search(name):
        return replace(form, reads=Reads.BOOL)
    return form


def _definition(name: str, tree: ast.AST) -> ast.AST | None:
    """Return the function of this name, or the lambda that is assigned to it."""
    for node in all_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and any(dotted_name(target) == name for target in node.targets)
        ):
            return node.value
    return None


def expression_form(body: ast.AST, form: OptionForm) -> OptionForm:
    """Return what code that reads a word shows: the words that it compares with, what it calls."""
    called = {dotted_name(node.func) or _method(node) for node in all_nodes(body) if isinstance(node, ast.Call)}
    short = {name.rpartition(".")[2] for name in called}
    texts = {node.value for node in all_nodes(body) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    ignores_case = bool({"lower", "upper", "casefold"} & short)
    null = next((word for word in NULL_WORDS if _listed(word, texts, ignores_case)), "")
    form = replace(form, null=null, texts=tuple(sorted(texts)))
    separator = next(_separators(body), None)
    if separator is not None:
        names = {node.id for node in all_nodes(body) if isinstance(node, ast.Name)}
        items = Reads.INT if "int" in names else Reads.FLOAT if "float" in names else Reads.UNKNOWN
        return replace(form, reads=Reads.PARTS, separator=separator, items=items)
    for name in ("literal_eval", "eval", "loads", "safe_load"):
        if name in short:
            return replace(form, reads=PLAIN_CONVERTERS[name])
    true = next((word for word in TRUE_WORDS if _listed(word, texts, ignores_case)), "")
    false = next((word for word in FALSE_WORDS if _listed(word, texts, ignores_case)), "")
    if true or false or "strtobool" in short:
        partner = dict(zip(FALSE_WORDS + TRUE_WORDS, TRUE_WORDS + FALSE_WORDS, strict=True))
        return replace(
            form, reads=Reads.BOOL, words=(false or partner.get(true, "False"), true or partner.get(false, "True"))
        )
    if "bool" in short:
        number = bool({"int", "float"} & short)
        return replace(form, reads=Reads.BOOL, words=("0", "1")) if number else replace(form, reads=Reads.ANY_TEXT)
    if "int" in short:
        return replace(form, reads=Reads.INT)
    return replace(form, reads=Reads.FLOAT) if "float" in short else form


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _separators(body: ast.AST) -> Iterator[str]:
    for node in all_nodes(body):
        if isinstance(node, ast.Call) and _method(node) == "split":
            text = literal_value(node.args[0]) if node.args else " "
            if isinstance(text, str):
                yield text


def _listed(word: str, texts: set[str], ignores_case: bool) -> bool:
    return word in texts or (ignores_case and word.lower() in {text.lower() for text in texts})


def words_like(default: object, choices: Sequence[Value], fallback: tuple[str, str]) -> tuple[str, str]:
    """Return the words for false and true of an option of texts, as its default or choices spell them."""
    texts = [text for text in (*choices, default) if isinstance(text, str)]
    for false, true in zip(FALSE_WORDS, TRUE_WORDS, strict=True):
        if false in texts or true in texts:
            return false, true
    return fallback

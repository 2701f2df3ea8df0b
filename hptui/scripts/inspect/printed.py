"""Sample lines of what a script prints and logs, made from the literals of its calls: numbers stand for expressions."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Mapping

from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value

PRINT_CALLS = ("print", "echo", "secho", "rprint", "pprint", "print0", "master_print", "print_rank_0")
LOG_METHODS = ("info", "debug", "warning", "log", "write", "print", "success", "tqdm.write", "print_log")
"""Methods whose text arrives in the output: of loggers, consoles, sys.stdout and progress bars."""
LOGGER_LEVELS = ("INFO", "DEBUG", "WARNING", "logging")
BAR_METHODS = ("set_postfix", "set_postfix_str", "set_description", "set_description_str")
WHOLE_NUMBER_NAME = re.compile(
    r"(?:.*_)?(?:epochs?|steps?|iters?|iterations?|i|n|idx|index|batch|batch_idx|num|count|len|total|it|ep|trial|fold|rank)",
    re.IGNORECASE,
)
"""Names of expressions that are whole numbers."""
TEXT_NAME = re.compile(
    r"(?:.*_)?(?:name|path|dir|file|mode|phase|split|stage|device|model|optimizer|dataset|tag|prefix|time|timestamp|date)",
    re.IGNORECASE,
)
"""Names of expressions that are texts."""
MARKUP = re.compile(r"\[/?(?:bold|b|italic|dim|red|green|blue|cyan|yellow|magenta|white)\b[^\]]*\]|\[/\]")
"""Markup of rich, which is not printed."""
CONVERSION = re.compile(r"%(?:\((\w+)\))?[-+ #0]*(\d+|\*)?(?:\.(\d+|\*))?([diouxXeEfFgGcrsa%])")
FIELD = re.compile(r"\{\{|\}\}|\{([^{}:!]*)(?:![rsa])?(?::([^{}]*))?\}")
WHOLE, FRACTION, TEXT = "3", "0.43", "text"
"""What stands for an expression: a whole number, another number (0.430001, 0.430002, …), a text."""
MAX_SUBSTITUTIONS = 4
"""Variables that hold a text made of others."""
NAMING_CALLS = re.compile(
    r"log_tabular|logkv(_mean)?|record(_tabular|_mean)?|log_(value|scalar|stat|key)|put_scalar|(add|update|put)_(metric|stat)",
)
"""Methods of loggers that are given a name and a value, and print them in a table or in lines."""
METER = re.compile(r"(?:^|\.)[A-Za-z]*Meter$")
"""Classes that average a metric and print it under the name that they are given."""
MAX_REPEATED = 40
"""Times that a column of a printed row is repeated."""
MAX_VARIANTS = 12
"""Lines that are made of one call whose loop variables have several values."""


class Samples:
    """Sample lines of one script; a loop variable over literal texts (`for phase in ["train", "val"]`) takes each."""

    def __init__(self, tree: ast.AST) -> None:
        self._tree = tree
        self._tables = dict(_literal_tables(tree))
        self._loops = {**dict(_table_loops(tree, self._tables)), **dict(_literal_loops(tree))}
        self._bound: dict[str, str] = {}
        self._held = dict(_held_texts(tree))
        self._depth = 0
        self.sources: dict[float, str] = {}
        """The expressions that fractions stand for."""

    def lines(self) -> Iterator[str]:
        """Yield the lines, in the order of the calls."""
        for name, call in calls(self._tree):
            if parts := self._printed(name, call):
                yield from self._variants(parts)
            elif NAMING_CALLS.fullmatch(name.rpartition(".")[2]) and len(call.args) > 1 and _is_text(call.args[0]):
                yield f"| {self._text(call.args[0])} | {self._text(call.args[1], '.4f')} |"

    def meters(self) -> Iterator[str]:
        """Yield the names under which meters print their averages."""
        for name, call in calls(self._tree):
            if METER.search(name) and call.args and isinstance(title := literal_value(call.args[0]), str):
                yield title

    def keys(self, node: ast.AST | None) -> list[str]:
        """Return the keys of a table (a literal, or a variable that holds one), nested ones joined with dots."""
        table = self._table(node)
        if table is None:
            return []
        names = []
        for key, value in zip(table.keys, table.values, strict=True):
            for text in self._texts(key) if key is not None else ():
                inner = self.keys(value) if not isinstance(value, ast.Name) and self._table(value) else []
                names += [f"{text}.{name}" for name in inner] or [text]
            if key is None:  # {**metrics}
                names += self.keys(value)
        return names

    def _texts(self, node: ast.AST) -> list[str]:
        """Return the texts that an expression can have; [] if it is no text of literals and loop variables."""
        names = [name for name in _names_in(node) if name in self._loops]
        texts = []
        for values in itertools.islice(itertools.product(*(self._loops[name] for name in names)), MAX_VARIANTS):
            self._bound = dict(zip(names, values, strict=True))
            text = self._text(node)
            texts += [text] if FRACTION not in text and TEXT not in text and WHOLE not in text else []
        self._bound = {}
        return texts

    def _printed(self, name: str, call: ast.Call) -> list[ast.expr]:
        """Return the expressions whose texts a call prints in one line; [] for any other call."""
        match call.func:  # logging.getLogger("valid").info(…)
            case ast.Attribute(value=ast.Call(func=made_by), attr=method):
                name = f"logger.{method}" if dotted_name(made_by).endswith(("getLogger", "get_logger")) else name
        last, owner = name.rsplit(".", 1)[-1], name.rpartition(".")[0]
        if last in PRINT_CALLS and keyword_argument(call, "file") is None:
            return call.args
        if last in BAR_METHODS:
            return [*call.args, *(ast.Dict([ast.Constant(w.arg)], [w.value]) for w in call.keywords if w.arg)]
        if last in LOG_METHODS and owner and not owner.startswith(("wandb", "run", "self", "mlflow", "f", "file")):
            return call.args
        return []

    def _variants(self, parts: list[ast.expr]) -> Iterator[str]:
        names = [name for name in dict.fromkeys(n for part in parts for n in _names_in(part)) if name in self._loops]
        for values in itertools.islice(itertools.product(*(self._loops[name] for name in names)), MAX_VARIANTS):
            self._bound = dict(zip(names, values, strict=True))
            yield from MARKUP.sub("", self._line(parts)).splitlines()
        self._bound = {}

    def _line(self, parts: list[ast.expr]) -> str:
        if len(parts) > 1 and isinstance(parts[0], ast.Constant) and isinstance(parts[0].value, str):
            text = parts[0].value
            if len(CONVERSION.findall(text.replace("%%", ""))) == len(parts) - 1:  # logger.info("loss %f", loss)
                return self._percent(text, parts[1:])
            if len([match for match in FIELD.finditer(text) if match[1] is not None]) == len(parts) - 1:  # loguru
                return self._format(text, parts[1:], {})
        return " ".join(self._text(part) for part in parts)

    def _text(self, node: ast.AST, spec: str = "") -> str:
        """Return the sample text of one expression."""
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Constant(value=value):
                return str(value)
            case ast.JoinedStr(values=parts):
                return "".join(self._text(part) for part in parts)
            case ast.FormattedValue(value=value, format_spec=format_spec):
                given = self._text(format_spec) if format_spec is not None else ""
                return self._text(value, given)
            case ast.BinOp(left=left, op=ast.Mod(), right=right) if _is_text(left):
                return self._percent(self._text(left), right.elts if isinstance(right, ast.Tuple) else [right])
            case ast.BinOp(left=left, op=ast.Add(), right=right) if _is_text(node):
                return self._text(left) + self._text(right)
            case ast.Call(func=ast.Attribute(value=value, attr="format"), args=args, keywords=words) if self._has_text(
                value
            ):
                return self._format(self._text(value), args, {word.arg or "": word.value for word in words})
            case (
                ast.Call(func=ast.Attribute(attr="dumps"), args=[first, *_])
                | ast.Call(func=ast.Name(id="str" | "repr" | "dict"), args=[first])
                | ast.Call(func=ast.Name(id="round"), args=[first, *_])
            ):
                return self._text(first)
            case ast.Name(id=name) if name in self._bound:
                return self._bound[name]
            case ast.Name(id=name) if name in self._held and self._depth < MAX_SUBSTITUTIONS:
                self._depth += 1
                text = self._text(self._held[name], spec)
                self._depth -= 1
                return text
            case ast.IfExp(body=body):
                return self._text(body, spec)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as joint), attr="join"), args=[parts]):
                if (elements := _elements(parts)) is not None:
                    return joint.join(self._text(part) for part in elements)
        if (table := self._table(node)) is not None:
            return repr(
                {
                    name: float(self._fraction(name)) if not WHOLE_NUMBER_NAME.fullmatch(name) else 3
                    for name in self.keys(table)
                }
            )
        source = _source_of(node)
        text = _number(source, spec)
        return self._fraction(source) if text == FRACTION else text

    def _has_text(self, node: ast.AST) -> bool:
        return _is_text(node) or _makes_text(node) or (isinstance(node, ast.Name) and node.id in self._held)

    def _fraction(self, source: str) -> str:
        """Return a fraction of its own for an expression."""
        text = f"{FRACTION}{len(self.sources) + 1:04d}"
        self.sources[float(text)] = source
        return text

    def _table(self, node: ast.AST | None) -> ast.Dict | None:
        if isinstance(node, ast.Dict):
            return node
        if isinstance(node, ast.Call) and dotted_name(node.func) == "dict" and not node.args:
            named = [word for word in node.keywords if word.arg]
            return ast.Dict([ast.Constant(word.arg) for word in named], [word.value for word in named])
        return self._tables.get(node.id) if isinstance(node, ast.Name) else None

    def _percent(self, text: str, values: list[ast.expr]) -> str:
        remaining = iter(values)

        def replacement(match: re.Match[str]) -> str:
            if match[4] == "%":
                return "%"
            value = next(remaining, None)
            spec = {"d": "d", "i": "d", "s": "", "r": ""}.get(match[4], f".{match[3] or 4}f")
            return self._text(value, spec) if value is not None else _number("", spec)

        return CONVERSION.sub(replacement, text)

    def _format(self, text: str, values: list[ast.expr], named: Mapping[str, ast.expr]) -> str:
        remaining = iter(values)

        def replacement(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0][0]
            value = named.get(match[1]) or (
                values[int(match[1])] if match[1].isdigit() and int(match[1]) < len(values) else None
            )
            value = value or next(remaining, None)
            return self._text(value, match[2] or "") if value is not None else _number(match[1], match[2] or "")

        return FIELD.sub(replacement, text)


def _held_texts(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the variables that hold one text, with the expression that makes it."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    for name, values in assigned.items():
        if len(values) == 1 and (_is_text(values[0]) or _makes_text(values[0])):
            yield name, values[0]


def _elements(node: ast.AST) -> list[ast.expr] | None:
    """Return the elements of a list that is written down, or put together from such: `["{}"] + ["{:.3f}"] * 4`."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return elements
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)) if times <= MAX_REPEATED:
            return None if (repeated := _elements(left)) is None else repeated * times
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _elements(left), _elements(right)
            return None if first is None or second is None else [*first, *second]
    return None


def _makes_text(node: ast.AST) -> bool:
    match node:
        case ast.BinOp(left=left, op=ast.Mod() | ast.Add()):
            return _is_text(left)
        case ast.Call(func=ast.Attribute(value=value, attr="format" | "join")):
            return _is_text(value)
        case ast.Call(func=ast.Attribute(attr="dumps")):
            return True
    return False


def _number(source: str, spec: str) -> str:
    """Return what stands for an expression, by its format and else by its name."""
    if spec.endswith("%"):
        return "81.20%"
    if spec.endswith(("f", "e", "g", "F", "E", "G")) or re.fullmatch(r"[<>^=]?[+ ]?0?\d*\.\d+", spec):
        return FRACTION
    if spec.endswith("d"):
        return WHOLE
    last = re.split(r"[^A-Za-z0-9_]+", source.rstrip(")]'\" "))[-1]
    if WHOLE_NUMBER_NAME.fullmatch(last) or re.match(r"(?:len|int|sum)\(|.*\+ ?1$|.*//", source):
        return WHOLE
    return TEXT if TEXT_NAME.fullmatch(last) else FRACTION


def _source_of(node: ast.AST) -> str:
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):
        return ""


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return any(_is_text(part) or _makes_text(part) for part in (node.left, node.right))
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _names_in(node: ast.AST) -> list[str]:
    return [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]


def _literal_loops(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """Yield the loop variables that go through literal texts, with these."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            values = literal_value(node.iter)
            if isinstance(values, list) and values and all(isinstance(value, str) for value in values):
                yield node.target.id, values


def _table_loops(tree: ast.AST, tables: Mapping[str, ast.Dict]) -> Iterator[tuple[str, list[str]]]:
    """Yield the loop variables that go through the keys of a table with literal keys, with these."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        over = node.iter
        if isinstance(over, ast.Call) and dotted_name(over.func) in ("sorted", "list", "reversed") and over.args:
            over = over.args[0]
        has_pairs = isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr == "items"
        if isinstance(over, ast.Call) and isinstance(over.func, ast.Attribute) and over.func.attr in ("items", "keys"):
            over = over.func.value
        table = tables.get(over.id) if isinstance(over, ast.Name) else over if isinstance(over, ast.Dict) else None
        target = node.target.elts[0] if has_pairs and isinstance(node.target, ast.Tuple) else node.target
        if table is None or not isinstance(target, ast.Name):
            continue
        keys = [text for key in table.keys if isinstance(text := literal_value(key), str)]
        if keys:
            yield target.id, keys


def _literal_tables(tree: ast.AST) -> Iterator[tuple[str, ast.Dict]]:
    """Yield the variables that are assigned a table with literal keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and dotted_name(value.func) == "dict" and not value.args:
                named = [word for word in value.keywords if word.arg]
                value = ast.Dict([ast.Constant(word.arg) for word in named], [word.value for word in named])
            if isinstance(value, ast.Dict) and value.keys:
                yield node.targets[0].id, value

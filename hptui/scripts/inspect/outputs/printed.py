"""Sample lines of what a script prints and logs, made from the literals of its calls: numbers stand for expressions."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from hptui.scripts.inspect.choices import CASES, Choices, Decided
from hptui.scripts.inspect.folded import filled
from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.outputs.bar_labels import POSTFIX, BarLabels, drawn_bar
from hptui.scripts.inspect.outputs.drawn_tables import drawn_tables
from hptui.scripts.inspect.outputs.filled_texts import CONVERSION, FIELD, format_text, percent_text
from hptui.scripts.inspect.outputs.histories import Histories
from hptui.scripts.inspect.outputs.sample_texts import (
    FRACTION,
    TEXT,
    WHOLE,
    WHOLE_NUMBER_NAME,
    counts,
    held_texts,
    is_fixed,
    is_text,
    list_elements,
    makes_text,
    method_of,
    names_in,
    padded,
    source_of,
    stand_in,
    texts_in_turn,
)
from hptui.scripts.inspect.outputs.shown import (
    BAR_METHODS,
    LOG_METHODS,
    LOGGER_NAME,
    NAMING_CALLS,
    PRINT_CALLS,
    PRINT_METHOD,
    calls_of_batches,
    functions_of_calls,
    hides_debug,
    is_logger,
    loggers_of_files,
    logs_to_file_alone,
    shown_in_bar,
    unnamed,
    unseen_calls,
    values_by_name,
)
from hptui.scripts.inspect.outputs.tables import Tables
from hptui.scripts.inspect.outputs.text_functions import TextFunctions
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.inspect.unrolled import Unroller
from hptui.scripts.syntax_nodes import all_nodes

MARKUP = re.compile(r"\[/?(?:bold|b|italic|dim|red|green|blue|cyan|yellow|magenta|white)\b[^\]]*\]|\[/\]")
"""Markup of rich, which is not printed."""
MAX_SUBSTITUTIONS = 4
"""Variables that hold a text made of others."""
MAX_VARIANTS = 12
"""Lines that are made of one call whose loop variables have several values."""


class Samples:
    """Sample lines of one script; a loop variable over literal texts (`for phase in ["train", "val"]`) takes each.

    `texts` and `numbers` are defaults of options by name: what a script prints in the place of `args.loss`. With
    `of_files` the lines are those that go to files of text alone; calls that are `skipped` do not run by default.
    """

    def __init__(
        self,
        tree: ast.AST,
        texts: Mapping[str, str] | None = None,
        *,
        numbers: Mapping[str, int] | None = None,
        of_files: bool = False,
        skipped: Iterable[int] = (),
    ) -> None:
        self._tree, self._of_files = tree, of_files
        self._logs_to_file = logs_to_file_alone(tree)
        self._loggers_of_files = loggers_of_files(tree)
        self._hides_debug = hides_debug(tree)
        self.texts_of_options = texts or {}
        self._numbers_of_options = {name: str(number) for name, number in (numbers or {}).items()}
        self._tables, self._histories = Tables(tree), Histories(tree)
        self._unroller = Unroller(tree, keeps=self._is_telling)
        self._text_functions, self._bar_labels = TextFunctions(tree), BarLabels(tree)
        self.choices = Choices(tree, self._unroller.function_of)
        self._decided: Decided = {}
        self.function_here: ast.FunctionDef | None = None
        self._loops = self._tables.loops
        self._of_batches = calls_of_batches(tree)
        self._unseen = {*skipped, *unseen_calls(tree)}
        self._bound: dict[str, str] = {}
        self._held = dict(held_texts(tree))
        self._held_in: dict[int, tuple[dict[str, ast.expr], dict[str, list[tuple[int, ast.expr]]]]] = {}
        self._held_here: dict[str, ast.expr] = {}
        self._depth = 0
        self.sources: dict[float, str] = {}
        """The expressions that fractions stand for."""
        self._defined = {node.name for node in all_nodes(tree) if isinstance(node, ast.FunctionDef)}
        by_name = {id(call) for node in unnamed(tree) for _, call in calls(node)}
        self._functions = {call: name for call, name in functions_of_calls(tree) if call not in by_name}
        self.function = ""
        """The function whose lines are yielded."""
        self.in_bar = False
        """Whether the line that is yielded stands in a progress bar, or is of one batch."""
        self.call: ast.Call | None = None
        """The call that prints the line that is yielded; None for a table."""

    def lines(self) -> Iterator[str]:
        """Yield the lines, in the order of the calls."""
        yield from drawn_tables(self._tree, self._unroller, self._text)
        for name, call in calls(self._tree):
            if id(call) in self._unseen:
                continue
            self.call, self.function = call, self._functions.get(id(call), "")
            self._held_here = self._held_around(call)
            self.in_bar = name.rpartition(".")[2] in BAR_METHODS or id(call) in self._of_batches
            if self._printed(name, call):
                for version in self.versions(call):
                    for _ in self._decide(parts := self._printed(name, version)):
                        lines = self._variants(parts)
                        yield from map(drawn_bar, lines) if name.endswith(POSTFIX) else lines
            elif NAMING_CALLS.fullmatch(name.rpartition(".")[2]) and len(call.args) > 1 and is_text(call.args[0]):
                yield f"| {self._text(call.args[0])} | {self._text(call.args[1], '.4f')} |"

    def versions(self, call: ast.Call) -> Iterator[ast.Call]:
        """Yield a call with what its variables stand for, as often as it runs with other ones."""
        self._held_here = self._held_around(call)
        shown = self._bar_labels.with_label(call)
        texts = {name: text for name in names_in(shown) if (text := self._held_by(name)) is not None and names_in(text)}
        whole = filled(shown, texts) if texts and len(texts) < MAX_VARIANTS else shown
        assert isinstance(whole, ast.Call)
        yield from itertools.islice(self._unroller.versions(call, whole), MAX_VARIANTS)

    def _is_telling(self, node: ast.expr) -> bool:
        """Return whether an expression says something about a name, in the place of a function's argument."""
        is_list = isinstance(node, ast.List | ast.Tuple)
        return is_list or is_text(node) or makes_text(node) or self._tables.of(node) is not None

    def keys(self, node: ast.AST | None, *, measured: bool = False) -> list[str]:
        """Return the keys of a table (a literal, or a variable that holds one), nested ones joined with dots.

        With `measured` those are left out whose values are always the same, or count something.
        """
        table = self._tables.of(node)
        if table is None or self._depth > MAX_SUBSTITUTIONS:
            return []
        self._depth += 1
        names = []
        for key, value in zip(table.keys, table.values, strict=True):
            if measured and (isinstance(literal_value(value), int) or counts(value)):
                continue
            for text in self._texts(key) if key is not None else ():
                inner = self.keys(value) if not isinstance(value, ast.Name) and self._tables.of(value) else []
                names += [f"{text}.{name}" for name in inner] or [text]
            if key is None:  # {**metrics}
                names += self.keys(value, measured=measured)
        self._depth -= 1
        return list(dict.fromkeys(names))

    def keys_of(self, call: ast.Call, table: Callable[[ast.Call], ast.expr | None]) -> list[str]:
        """Return the keys of the table that a call is given, in every version of it."""
        versions = [call, *self.versions(call)]
        return list(dict.fromkeys(name for version in versions for name in self.keys(table(version))))

    def _texts(self, node: ast.AST) -> list[str]:
        """Return the texts that an expression can have; [] if it is no text of literals and loop variables."""
        names = [name for name in names_in(node) if name in self._loops]
        texts = []
        for _ in self._decide([node]):
            for values in itertools.islice(itertools.product(*(self._loops[name] for name in names)), MAX_VARIANTS):
                self._bound = dict(zip(names, values, strict=True))
                text = self._text(node).lstrip("" if isinstance(node, ast.Constant) else "_")  # behind what is empty
                texts += [text] if FRACTION not in text and TEXT not in text and WHOLE not in text else []
        self._bound = {}
        return texts

    def _decide(self, nodes: list[ast.expr] | list[ast.AST]) -> Iterator[None]:
        """Decide, in each way, what expressions choose between."""
        if self._decided:  # around these
            yield
            return
        for decided in self.choices.decisions(nodes, self.function_here, self._held_by):
            self._decided = decided
            yield
        self._decided = {}

    def _chosen(self, node: ast.AST) -> str | None:
        """Return the text that is chosen in the place of an expression; None for one that is no choice."""
        if isinstance(node, ast.Name) and node.id in self._bound:
            return self._bound[node.id]
        if isinstance(node, ast.Call) and method_of(node) in CASES and not node.args:
            inner = self._chosen(node.func.value)  # type: ignore[attr-defined]
            return getattr(inner, method_of(node))() if inner is not None else None
        if not isinstance(node, ast.IfExp | ast.Subscript | ast.Name | ast.Attribute):
            return None
        choice = self.choices.of(node, self.function_here)
        return None if choice is None else self._text(choice.options[self._decided.get(choice.key, 0)])

    def _printed(self, name: str, call: ast.Call) -> list[ast.expr]:
        """Return the expressions whose texts a call prints in one line; [] for any other call."""
        match call.func:  # logging.getLogger("valid").info(…)
            case ast.Attribute(value=ast.Call(func=made_by), attr=method):
                name = f"logger.{method}" if dotted_name(made_by).endswith(("getLogger", "get_logger")) else name
        last, owner = name.rsplit(".", 1)[-1], name.rpartition(".")[0]
        file = keyword_argument(call, "file")
        if by_name := values_by_name(name, call, self._defined):
            return by_name
        if last in PRINT_CALLS:
            is_shown = file is None or dotted_name(file) in ("sys.stderr", "sys.stdout")
            return call.args if is_shown is not self._of_files else []
        if self._of_files:
            is_written = last == "write" and dotted_name(call.func) and not is_logger(owner, last)
            to_file = self._logs_to_file or owner in self._loggers_of_files
            is_logged = to_file and last in LOG_METHODS and is_logger(owner, last)
            return call.args if is_written or is_logged else []
        if last in BAR_METHODS:
            return shown_in_bar(call)
        if PRINT_METHOD.fullmatch(last) and call.args and self._has_text(call.args[0]):
            return call.args[:1]
        is_shown = last in LOG_METHODS and is_logger(owner, last) and not (last == "debug" and self._hides_debug)
        to_file = owner in self._loggers_of_files or (self._logs_to_file and bool(LOGGER_NAME.search(owner)))
        return call.args if is_shown and not to_file else []

    def _variants(self, parts: list[ast.expr]) -> Iterator[str]:
        names = [name for name in dict.fromkeys(n for part in parts for n in names_in(part)) if name in self._loops]
        for values in itertools.islice(itertools.product(*(self._loops[name] for name in names)), MAX_VARIANTS):
            self._bound = dict(zip(names, values, strict=True))
            yield from MARKUP.sub("", self._line(parts)).splitlines()
        self._bound = {}

    def _line(self, parts: list[ast.expr]) -> str:
        if len(parts) > 1 and isinstance(parts[0], ast.Constant) and isinstance(parts[0].value, str):
            text = parts[0].value
            if len(CONVERSION.findall(text.replace("%%", ""))) == len(parts) - 1:  # logger.info("loss %f", loss)
                return percent_text(self._text, text, parts[1:])
            if len([match for match in FIELD.finditer(text) if match[1] is not None]) == len(parts) - 1:  # loguru
                return format_text(self._text, text, parts[1:], {})
        return " ".join(self._text(part) for part in parts)

    def _text(self, node: ast.AST, spec: str = "") -> str:
        """Return the sample text of one expression."""
        if (chosen := self._chosen(node)) is not None:
            return padded(chosen, spec)
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Constant(value=float()) | ast.BinOp(right=ast.Constant()) if is_fixed(node, spec):
                return TEXT  # what is always the same measures nothing
            case ast.Constant(value=value):
                return str(value)
            case ast.JoinedStr(values=parts):
                return "".join(self._text(part) for part in parts)
            case ast.FormattedValue(value=value, format_spec=format_spec):
                given = self._text(format_spec) if format_spec is not None else ""
                return padded(self._text(value, given), given) if is_text(value) else self._text(value, given)
            case ast.BinOp(left=left, op=ast.Mod(), right=right) if is_text(left):
                return percent_text(
                    self._text, self._text(left), right.elts if isinstance(right, ast.Tuple) else [right]
                )
            case ast.BinOp(left=left, op=ast.Add(), right=right) if is_text(node) or self._has_text(left):
                return self._text(left) + self._text(right)
            case ast.Call(func=ast.Attribute(value=value, attr="format"), args=args, keywords=words) if self._has_text(
                value
            ):
                return format_text(self._text, self._text(value), args, {word.arg or "": word.value for word in words})
            case (
                ast.Call(func=ast.Attribute(attr="dumps"), args=[first, *_])
                | ast.Call(func=ast.Name(id="str" | "repr" | "dict"), args=[first])
                | ast.Call(func=ast.Name(id="round"), args=[first, *_])
            ):
                return self._text(first)
            case ast.Name(id=name) if self._held_by(name) is not None and self._depth < MAX_SUBSTITUTIONS:
                self._depth += 1
                text = self._text(self._held_by(name) or node, spec)
                self._depth -= 1
                return text
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self.texts_of_options:
                return self.texts_of_options[name]
            case ast.Attribute(attr=name) if name in self._numbers_of_options:  # "ndcg@%d" % args.topk
                return self._numbers_of_options[name]
            case ast.IfExp(body=body):
                return self._text(body, spec)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as joint), attr="join"), args=[parts]):
                elements = list_elements(parts)
                if isinstance(parts, ast.GeneratorExp | ast.ListComp):
                    elements = self._tables.made_of_entries(parts)
                if elements is not None:
                    return joint.join(self._text(part) for part in elements)
        is_followed = isinstance(node, ast.Call) and self._depth < MAX_SUBSTITUTIONS
        if isinstance(node, ast.Call) and is_followed and (made := self._text_functions.text_of(node)) is not None:
            self._depth += 1
            text = self._text(made, spec)
            self._depth -= 1
            return text
        if (table := self._tables.of(node)) is not None:
            pairs = [(key, value) for key, value in zip(table.keys, table.values, strict=True) if key is not None]
            known = {literal_value(key): self._chosen(value) or literal_value(value) for key, value in pairs}
            texts = {key: text for key, text in known.items() if isinstance(text, str)}
            # A number is but what an entry begins with: its name says more.
            sources = {literal_value(key): source_of(v) for key, v in pairs if literal_value(v) is UNKNOWN}
            names = self.keys(table)
            return repr({n: texts[n] if n in texts else self._value_of(n, sources.get(n, n)) for n in names})
        source = source_of(node)
        text = self._histories.sample(node) or stand_in(source, spec)
        return text if text != FRACTION else self._fraction(source)

    def _value_of(self, name: str, source: str) -> float | int:
        """Return a number for an entry of a table, and keep its expression."""
        return int(WHOLE) if WHOLE_NUMBER_NAME.fullmatch(name) else float(self._fraction(source))

    def _has_text(self, node: ast.AST) -> bool:
        return is_text(node) or makes_text(node) or (isinstance(node, ast.Name) and self._held_by(node.id) is not None)

    def _held_by(self, name: str) -> ast.expr | None:
        """Return the text that a variable holds in the function of a call, else in the script."""
        return self._held_here.get(name) or self._held.get(name)

    def _held_around(self, call: ast.Call) -> dict[str, ast.expr]:
        function = self.function_here = self._unroller.function_of(call)
        if function is None:
            return {}
        if id(function) not in self._held_in:
            self._held_in[id(function)] = dict(held_texts(function)), texts_in_turn(function)
        held, in_turn = self._held_in[id(function)]
        last = {name: [text for line, text in texts if line < call.lineno] for name, texts in in_turn.items()}
        return held | {name: texts[-1] for name, texts in last.items() if texts}

    def _fraction(self, source: str) -> str:
        """Return a fraction of its own for an expression."""
        text = f"{FRACTION}{len(self.sources) + 1:04d}"
        self.sources[float(text)] = source
        return text

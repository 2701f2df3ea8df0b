"""Lines that print values without names, `print(step, loss.item())`, with the pattern that reads them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.outputs.folds import loops_over_parts, means_of_parts
from hptui.scripts.inspect.outputs.histories import Histories
from hptui.scripts.inspect.outputs.ranking import is_quality, is_training_metric, ranked
from hptui.scripts.inspect.outputs.sample_texts import WHOLE_NUMBER_NAME, is_text, makes_text
from hptui.scripts.inspect.outputs.shown import PRINT_CALLS
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import nodes_of

NUMBER = r"(?:[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?|nan|inf|-inf)"
WRAPPER = r"(?:tensor\(|Array\(|np\.float\d\d\()?"
AFTER = r"(?:, \w+=[^\s)]+)*\)?%?"
"""What an object shows behind its number: `, device='cuda:0')`."""
BETWEEN = re.compile(r"[\s,;:|/()\[\]-]*")
"""What may stand between values without naming them."""
TIME = re.compile(rf"(?P<unit>\s?(?:s|secs?|seconds|ms|mins?|h))(?![A-Za-z])(?P<rest>{BETWEEN.pattern})")
"""The unit of a time behind it, and what may stand before the next value."""
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
NO_VALUES = re.compile(r"(?:len|type|str|repr|list|dict|sorted|zip)\(|\bif\b|\.shape|\.keys\(")

COUNT_OF_MEAN = re.compile(r"(?<=\)) / len\([\w.]+\)$")
"""What a sum is divided by: `sum(scores) / len(scores)`."""


@dataclass(frozen=True, slots=True)
class NamelessLine:
    """Values that a script prints without names: the pattern that finds them, and what they are."""

    pattern: str
    names: tuple[str, ...]
    is_counted: bool
    """Whether a counter is in them, too: else any number alone in a line looks like them."""
    sources: tuple[tuple[str, str], ...] = ()
    """The expressions of the values by name."""

    def is_mean(self, tree: ast.Module) -> bool:
        """Return whether the line has the mean over folds or the like alone."""
        return not self.is_counted and bool(means_of_parts(tree, dict(self.sources)))


def is_of_one_part(tree: ast.Module, metric: str) -> bool:
    """Return whether a library prints a metric of each fold, whose best is that of the luckiest fold."""
    return re.fullmatch(r"(?:valid|validation)_\d[ -].*", metric) is not None and bool(loops_over_parts(tree))


def after_own(names: list[str], of_parts: Collection[str]) -> list[str]:
    """Return ranked names with what a library prints of each fold behind what the script prints."""
    own = [name for name in names if name not in of_parts]
    return names if all(map(is_training_metric, own)) else [*own, *(name for name in names if name in of_parts)]


def nameless_line(tree: ast.Module) -> NamelessLine | None:
    """Return the line of values without names that a script prints, where it prints one such line only."""
    printing = [call for name, call in calls(tree) if name.rpartition(".")[2] in PRINT_CALLS]
    histories = Histories(tree)
    bare = [call for call in printing if any(isinstance(part, ast.expr) for part in _parts(call) or ())]
    bare = [call for call in bare if not any(map(histories.sample, ast.walk(call)))]
    lists = {
        name for node in nodes_of(tree, ast.Assign) if _is_list(node.value) for name in map(dotted_name, node.targets)
    }
    bare = [call for call in bare if len(call.args) != 1 or dotted_name(call.args[0]) not in lists - {""}]
    lines = [_line(call) for call in bare]
    known = {line for line in lines if line is not None}
    if len(known) != 1:
        return None
    line = known.pop()
    return line if line.is_counted or None not in lines else None


def _is_list(node: ast.expr) -> bool:
    """Return whether an expression is a list, which is printed in brackets."""
    return isinstance(node, ast.List | ast.ListComp | ast.Dict | ast.DictComp)


def _line(call: ast.Call) -> NamelessLine | None:
    parts = _parts(call)
    groups: list[str] = []
    names: list[str] = []
    counters: list[str] = []
    sources: dict[str, str] = {}
    for part in parts or ():
        if isinstance(part, str):
            time = TIME.fullmatch(part)
            between = time["rest"] if time else part
            unit = re.escape(time["unit"]) if time else ""
            groups.append(unit + (r"[\s,;:|/()\[\]-]*" if between.strip() or time else r"\s+"))
            continue
        kind, name = _named(part)
        if kind != "measure" and is_fraction(part):
            groups.append(NUMBER)  # a time, or what nothing names
        elif kind == "counter" and name not in counters:
            counters.append(name)
            groups.append(rf"(?P<{name}>\d+)")
        elif kind == "measure" and name not in names:
            names.append(name)
            sources[name] = ast.unparse(part.value if isinstance(part, ast.FormattedValue) else part)
            groups.append(rf"{WRAPPER}(?P<{name}>{NUMBER}){AFTER}")
        else:
            return None
    if not names or (not counters and len(names) != 1):
        return None
    return NamelessLine(rf"^\s*{''.join(groups)}\s*$", tuple(ranked(names)), bool(counters), tuple(sources.items()))


def _parts(call: ast.Call) -> list[ast.expr | str] | None:
    """Return the expressions of a printed line with the texts between them; None where a text has words."""
    if any(word.arg not in ("flush", "file") for word in call.keywords):
        return None
    parts: list[ast.expr | str] = []
    for number, argument in enumerate(call.args):
        if number:
            parts.append(" ")
        pieces = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        for piece in pieces:
            text = literal_value(piece)
            if isinstance(text, str):
                if not BETWEEN.fullmatch(text) and not (parts and TIME.fullmatch(text)):
                    return None
                parts.append(text)
            elif isinstance(piece, ast.Starred) or is_text(piece) or makes_text(piece):
                return None
            else:
                parts.append(piece)
    return parts


def is_fraction(node: ast.expr) -> bool:
    """Return whether a format shows a value with its fraction: `{t:.1f}`."""
    spec = node.format_spec if isinstance(node, ast.FormattedValue) else None
    return spec is not None and ast.unparse(spec).rstrip("'\"").endswith(("f", "e", "g"))


def _named(node: ast.expr) -> tuple[str, str]:
    """Return whether an expression is a counter or a measure, and its name; two empty texts for any other."""
    node = node.value if isinstance(node, ast.FormattedValue) else node
    source = ast.unparse(node)
    name = dotted_name(node).rpartition(".")[2]
    if WHOLE_NUMBER_NAME.fullmatch(name) or name in ("t", "e", "j", "k"):
        return "counter", "epoch" if name.startswith("ep") or name == "e" else "step"
    if NO_VALUES.search(COUNT_OF_MEAN.sub("", source)):
        return "", ""
    measures = [word for word in IDENTIFIER.findall(source) if is_quality(word)]
    return ("measure", measures[0]) if measures else ("", "")

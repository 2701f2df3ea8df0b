"""Reads a script's syntax tree: names, literals, calls; and the result of inspecting a script."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.trial import Value
from hptui.scripts.constant_slots import assigned_pairs, top_level
from hptui.scripts.inspect.forms import UNKNOWN, OptionForm
from hptui.scripts.reaching import reaching_places
from hptui.scripts.syntax_nodes import NUMBER_TYPES, all_nodes, converted_number, is_plain, nodes_of, once, slot_value

Constants = dict[str, Any]
"""Constants of a script by name."""


def dotted_name(node: ast.AST) -> str:
    """Return the dotted name of an expression such as `torch.optim.Adam`, '' for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        prefix = dotted_name(node.value)
        return f"{prefix}.{node.attr}" if prefix else ""
    return ""


def literal_value(node: ast.AST | None, constants: dict[str, Any] | None = None) -> Any:
    """Return the value of a literal; UNKNOWN for any other expression.

    Also of `-1e-3`, `64 * 4`, and with `constants` of what they make known: `lr`, `Config.lr`, `DEFAULTS["lr"]`,
    `float(os.getenv("LR", "0.1"))`. Tuples and sets become lists.
    """
    if node is None:
        return None
    if isinstance(node, ast.Name) and constants and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.Attribute) and constants and (name := dotted_name(node)) in constants:
        return constants[name]
    if isinstance(node, ast.BinOp):
        return _computed(node, constants)
    if (call := converted_number(node)) is not None and is_plain(call):
        return _converted(call)
    if constants is not None and isinstance(node, ast.Subscript | ast.Call | ast.BoolOp):
        return looked_up(node, constants)
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return UNKNOWN
    if isinstance(value, tuple | set):
        value = list(value)
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return UNKNOWN


def _converted(call: ast.Call) -> Any:
    """Return the number that `int(1e5)` makes of a literal."""
    with suppress(ValueError, TypeError, OverflowError):
        return NUMBER_TYPES[getattr(call.func, "id", "")](literal_value(call.args[0]))
    return UNKNOWN


def _computed(node: ast.BinOp, constants: dict[str, Any] | None) -> Any:
    left, right = literal_value(node.left, constants), literal_value(node.right, constants)
    if not all(isinstance(operand, int | float) and not isinstance(operand, bool) for operand in (left, right)):
        return UNKNOWN
    try:
        match node.op:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Div():
                return left / right
            case ast.FloorDiv():
                return left // right
            case ast.Pow() if abs(right) <= 64:
                return left**right
    except (ArithmeticError, ValueError):
        pass
    return UNKNOWN


LOOK_UP_CALLS = ("os.environ.get", "os.getenv", "environ.get", "getenv")
CONVERTERS: dict[str, Callable[[Any], Any]] = {"float": float, "int": int, "str": str, "Path": str, "pathlib.Path": str}


def looked_up(node: ast.Subscript | ast.Call | ast.BoolOp, constants: dict[str, Any]) -> Any:
    """Return the value of a look-up or a conversion; UNKNOWN for any other expression.

    What is looked up in the environment has its default.
    """
    if isinstance(node, ast.BoolOp):
        values = [literal_value(part, constants) for part in node.values]
        is_or = isinstance(node.op, ast.Or) and UNKNOWN not in values
        return next((value for value in values if value), values[-1]) if is_or else UNKNOWN
    if isinstance(node, ast.Subscript):
        return _entry(literal_value(node.value, constants), literal_value(node.slice, constants), UNKNOWN)
    called = dotted_name(node.func)
    given = [literal_value(argument, constants) for argument in node.args]
    if node.keywords or UNKNOWN in given:
        return UNKNOWN
    if called in LOOK_UP_CALLS and given:
        return given[1] if given[1:] else None
    if called in CONVERTERS and len(given) == 1 and isinstance(given[0], bool | int | float | str):
        try:
            return CONVERTERS[called](given[0])
        except (ValueError, OverflowError):
            return UNKNOWN
    if called in ("os.path.join", "path.join") and all(isinstance(part, str) for part in given):
        return "/".join(given)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and given:
        table = literal_value(node.func.value, constants)
        return _entry(table, given[0], given[1] if given[1:] else None) if isinstance(table, dict) else UNKNOWN
    return UNKNOWN


def _entry(table: Any, key: Any, absent: Any) -> Any:
    """Return the entry of a dictionary or list at a key; `absent` where there is none."""
    if isinstance(table, list) and isinstance(key, int) and -len(table) <= key < len(table):
        return table[key]
    return table.get(key, absent) if isinstance(table, dict) and isinstance(key, str | int) else UNKNOWN


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with the dotted name of what is called ('' if it has none), in source order."""
    yield from _calls(tree)


@once
def _calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    nodes = sorted(nodes_of(tree, ast.Call), key=lambda call: (call.lineno, call.col_offset))
    return [(dotted_name(node.func), node) for node in nodes]


@once
def imported_modules(tree: ast.AST) -> set[str]:
    """Return the first parts of the names of all imported modules."""
    names: list[str] = []
    for node in all_nodes(tree):
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
    return {name.partition(".")[0] for name in names}


def keyword_argument(call: ast.Call, name: str) -> ast.expr | None:
    """Return the argument that is passed by this name, or None."""
    return next((word.value for word in call.keywords if word.arg == name), None)


def top_level_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the variables that the top level assigns a plain value to, with the values that are used."""
    values: dict[str, Any] = {}
    used = {name: [slot_value(*place) for place in places] for name, places in reaching_places(tree).items()}
    for name, expression in _assigned_at_top(tree):
        value = literal_value(expression, values) if name not in used or expression in used[name] else None
        if value is not UNKNOWN and value is not None:
            values[name] = value
    return values


def first_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the plain values that variables at the top level have first."""
    values: dict[str, Any] = {}
    for name, expression in _assigned_at_top(tree):
        value = literal_value(expression, values) if name not in values else None
        if value is not UNKNOWN and value is not None:
            values[name] = value
    return values


def _assigned_at_top(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in top_level(tree):
        for target, expression in assigned_pairs(node):
            if isinstance(target, ast.Name):
                yield target.id, expression


def type_name(node: ast.AST | None) -> str:
    """Return the type that an annotation or converter names; `any` if it is none of TYPES."""
    if node is None:
        return "any"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return type_name(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return "any"
    if isinstance(node, ast.BinOp):  # int | None
        first = type_name(node.left)
        return first if first != "any" else type_name(node.right)
    if isinstance(node, ast.Subscript):
        outer = dotted_name(node.value).rsplit(".", 1)[-1].lower()
        if outer == "optional":
            return type_name(node.slice)
        return "list" if outer in ("list", "sequence", "tuple") else "any"
    return TYPES.get(dotted_name(node).rsplit(".", 1)[-1].lower(), "any")


TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "path": "str"}
"""Annotations and converters by the last part of their name."""


def type_of(value: Any) -> str:
    """Return the type name of a plain value."""
    for kind in (bool, int, float, str, list):
        if isinstance(value, kind):
            return kind.__name__
    return "any"


DEFAULT_IN_HELP = re.compile(r"[\s,;]*[\[(]?\s*(?:defaults?(?: to| is)?\s*[:=]?\s*)?%\(\w+\)\w[\])]?", re.IGNORECASE)


def help_text(node: ast.AST | None, constants: Constants) -> str:
    """Return a help text without the parts that argparse would fill in."""
    value = literal_value(node, constants)
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return DEFAULT_IN_HELP.sub("", text).replace("%%", "%").strip()


@dataclass(frozen=True, slots=True)
class ScriptOption:
    """A parameter that a script takes.

    `name` is its name in a study, `flag` its spelling in the script, without dashes. `default` is None if the script
    states none that can be read. `positional`: it is no option and needs a place in the command. `listed`: it takes
    several values. `before`: it precedes the subcommand. `form` is how the script declares it, None if that is not
    seen; `aliases` are other names that a study may use for it. `role` is the usual name of what the script uses it
    as, where its own name does not tell: `learning_rate`.
    """

    name: str
    flag: str = ""
    type: str = "any"
    default: Value = None
    choices: tuple[Value, ...] = ()
    help: str = ""
    required: bool = False
    positional: bool = False
    listed: bool = False
    before: bool = False
    form: OptionForm | None = field(default=None, compare=False)
    aliases: tuple[str, ...] = field(default=(), compare=False)
    role: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """Relative paths in a script, `*` for parts that are not known; trials that start in one directory share them.

    `resumed` are gone on from where they are found. `made` are directories that must not be there when the script
    begins. `saved` are written. `folders` are those that it reads its data from, or downloads it to. `made_folders` are
    made if they are not there. `written` and `read` are what any call writes to and reads from. With `anchored` the
    script also makes paths from that of its own file.
    """

    resumed: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    made_folders: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    anchored: bool = False


@dataclass
class InspectedScript:
    """A script: `parser` names how it reads its parameters ('' for none), `style` how hptui passes them.

    `words` follow it on the command line (a subcommand). `metrics` are names of what it seems to measure, the likeliest
    objective first. `notes` are for the user.
    """

    parser: str = ""
    style: Value = "argparse"
    options: list[ScriptOption] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    """What its options are where no study gives them, those that it keeps, too."""
    metrics: list[str] = field(default_factory=list)
    maximized: set[str] = field(default_factory=set)
    """Metrics of which larger is better, as the script's own names for their values say."""
    minimized: set[str] = field(default_factory=set)
    """Scores of which smaller is better, as the script uses them."""
    idle: dict[str, str] = field(default_factory=dict)
    """The default of an option with which the script trains nothing, where another of its values trains."""
    chance: dict[str, str] = field(default_factory=dict)
    """Metrics whose single values are chance, with what each is of: the best of many says little."""
    of_training: set[str] = field(default_factory=set)
    """Metrics that only functions show which see training data alone."""
    indistinct: list[str] = field(default_factory=list)
    """What it shows of training and of held-out data under one name, which is therefore no objective."""
    unread: dict[str, str] = field(default_factory=dict)
    """Metrics that it sends to a tracker alone, which nothing reads, with the name of each tracker."""
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Value] = field(default_factory=dict)
    """Further settings of the trainer, such as words that set the directory that the script writes to."""
    config: Path | None = None
    """The file that holds the settings; each trial has a copy."""
    config_option: ScriptOption | None = None
    """The option that names that file."""
    outputs: list[str] = field(default_factory=list)
    """Options that say where the script writes its metrics."""
    read: list[str] = field(default_factory=list)
    """Options that name what the script reads, whatever they are called."""
    unmade: set[str] = field(default_factory=set)
    """Options that name a folder which must be there before the script starts."""
    untrue_at_zero: set[str] = field(default_factory=set)
    """Options of which the script asks whether they are true: a seed of 0 is none to it."""
    metric_files: list[str] = field(default_factory=list)
    """Files that alone hold the metrics: paths, in which `{NAME}` is the value of an option."""
    needs_one_of: list[list[str]] = field(default_factory=list)
    """Groups of options of which it needs one, though none is required by itself."""
    asks: bool = False
    """Whether it may wait for an answer, which nobody gives in a trial."""
    shared_files: SharedFiles = field(default_factory=SharedFiles)
    """What it writes and goes on from where it starts."""
    texts: frozenset[str] = frozenset()
    """Its literal texts that may be paths."""

    def give_defaults(self, values: Mapping[str, Any]) -> None:
        """Make values the defaults of the options with their names, which are demanded no longer."""
        self.options = [
            replace(option, default=values[option.name], required=False) if option.name in values else option
            for option in self.options
        ]

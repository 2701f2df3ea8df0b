"""Which calls of a script arrive in its output: of loggers, in files alone, in functions that nothing calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.outputs.ranking import see_held_out_data
from hptui.scripts.inspect.outputs.tracker_calls import sent_to_trackers
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of


def functions_of_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the calls in functions, each with the name of the innermost one."""
    for node in all_nodes(tree):  # outer functions come before those within them
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((id(call), node.name) for _, call in calls(node))


def is_logger(owner: str, method: str) -> bool:
    """Return whether the text that a method of an object is given arrives in the output."""
    first, last = owner.partition(".")[0], owner.rpartition(".")[2]
    if not owner or first in TRACKERS or (owner == "self" and method not in ("print", "info")):
        return False
    is_named = LOGGER_NAME.search(last) is not None
    return is_named or method in ("info", "debug", "warning", "success") or first not in ("self", *FILES)


TRACKERS = ("wandb", "run", "mlflow")
"""What gets metrics by name, and no text."""
FILES = ("f", "fp", "fd", "fout", "fw", "file", "out_file", "log_file", "outfile")
"""Usual names of opened files."""
LOGGER_NAME = re.compile(r"log(?:ger|ging)?$|console|stdout|stderr|printer", re.IGNORECASE)


def logs_to_file_alone(tree: ast.AST) -> bool:
    """Return whether what a script logs goes to a file, and nowhere else."""
    made = [(name.rpartition(".")[2], call) for name, call in calls(tree)]
    names = {name for name, _ in made}
    basic = [call for name, call in made if name == "basicConfig"]
    to_file = "FileHandler" in names or any(keyword_argument(call, "filename") is not None for call in basic)
    shows_too = bool(names & {"StreamHandler", "RichHandler"}) or any(
        keyword_argument(call, "filename") is None and keyword_argument(call, "handlers") is None for call in basic
    )
    return to_file and not shows_too


def hides_debug(tree: ast.AST) -> bool:
    """Return whether what a script logs at the level DEBUG does not arrive in its output.

    The logging of Python shows it only where a level says so; a handler of the output may have one of its own.
    """
    if "loguru" in imported_modules(tree) or "logging" not in imported_modules(tree):
        return False
    shown = {
        dotted_name(node.targets[0])
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if dotted_name(node.value.func).endswith(("StreamHandler", "RichHandler"))
    }
    levels = [
        (name.rpartition(".")[0], _level(call.args[0]))
        for name, call in calls(tree)
        if name.endswith(".setLevel") and call.args
    ]
    if any(owner in shown and level in HIGHER_LEVELS for owner, level in levels):
        return True
    names = {_level(node) for node in all_nodes(tree) if isinstance(node, ast.Attribute | ast.Constant)}
    return "DEBUG" not in names


HIGHER_LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL")


def _level(node: ast.expr) -> str:
    """Return the name of a level: of `logging.INFO`, and of `"info"`."""
    text = literal_value(node)
    return text.upper() if isinstance(text, str) else dotted_name(node).rpartition(".")[2]


def loggers_of_files(tree: ast.AST) -> set[str]:
    """Return the loggers that have handlers of files alone: `log.addHandler(FileHandler("a"))`."""
    made = {
        dotted_name(node.targets[0]): dotted_name(node.value.func).rpartition(".")[2]
        for node in all_nodes(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    }
    handlers: dict[str, set[str]] = {}
    for name, call in calls(tree):
        owner, _, method = name.rpartition(".")
        if method == "addHandler" and call.args:
            given = call.args[0]
            kind = dotted_name(given.func).rpartition(".")[2] if isinstance(given, ast.Call) else dotted_name(given)
            handlers.setdefault(owner, set()).add(made.get(kind, kind))
    for node in all_nodes(tree):  # log.handlers = [console]
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            named = [dotted_name(getattr(part, "func", part)).rpartition(".")[2] for part in node.value.elts]
            owners = [dotted_name(target).rpartition(".") for target in node.targets]
            for owner, _, last in owners:
                if last == "handlers" and named:
                    handlers.setdefault(owner, set()).update(made.get(kind, kind) for kind in named)
    of_files = {"FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler"}
    return {owner for owner, kinds in handlers.items() if kinds <= of_files} - {"", "logging"}


PRINT_CALLS = ("print", "echo", "secho", "rprint", "pprint", "print0", "master_print", "print_rank_0", "rank0_print",
               "print_rank_last", "print_rank0", "print_main", "print_once")  # fmt: skip
PRINT_METHOD = re.compile(
    r"[a-z]?print(?:_(?:log|line|msg|message|and_\w+))?|(?:log|write)_(?:string|line|msg|message|info)"
)
"""Methods of other projects that print the text that they are given: `io.cprint(…)`, `self.print_log(…)`."""
LOG_METHODS = ("info", "debug", "warning", "log", "write", "print", "success", "tqdm.write", "print_log")
"""Methods whose text arrives in the output: of loggers, consoles, sys.stdout and progress bars."""
BAR_METHODS = ("set_postfix", "set_postfix_str", "set_description", "set_description_str")
LOG_FUNCTIONS = ("log", "log_metrics", "logger.log", "log_stats")
"""Functions that print the values that they are given by name."""
NAMING_CALLS = re.compile(
    r"log_tabular|logkv(_mean)?|record(_tabular|_mean)?|log_(value|scalar|stat|key)|put_scalar|(add|update|put)_(metric|stat)",
)
"""Methods of loggers that are given a name and a value, and print them in a table or in lines."""
METER = re.compile(r"(?:^|\.)[A-Za-z]*Meter$")
"""Classes that average a metric and print it under the name that they are given."""
METER_OWNER = re.compile(r"(?:meter|metric|log)(?:s|_?logger|ger)?$", re.IGNORECASE)
"""Variables that hold several averages: `metric_logger.update(loss=…)`."""


def shown_in_bar(call: ast.Call) -> list[ast.expr]:
    """Return what a call puts behind a progress bar, a table for each value that it names."""
    given = [word for word in call.keywords if word.arg not in ("refresh", "s", "desc")]
    tables = [word.value for word in given if word.arg in (None, "ordered_dict")]
    named = [ast.Dict([ast.Constant(w.arg)], [w.value]) for w in given if w.arg not in (None, "ordered_dict")]
    return [*call.args, *tables, *named]


def calls_of_batches(tree: ast.AST) -> set[int]:
    """Return the calls that show single batches of an evaluation: every few rounds of a loop over them."""
    functions = [n for n in all_nodes(tree) if isinstance(n, ast.FunctionDef) and see_held_out_data({n.name})]
    loops = [loop for function in functions for loop in all_nodes(function) if isinstance(loop, ast.For)]
    tests = [node for loop in loops for node in all_nodes(loop) if isinstance(node, ast.If) and _counts_rounds(node)]
    return {id(call) for node in tests for line in node.body for _, call in calls(line)}


def _counts_rounds(node: ast.If) -> bool:
    return any(isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mod) for inner in all_nodes(node.test))


def values_by_name(name: str, call: ast.Call, defined: Collection[str]) -> list[ast.expr]:
    """Return what a function of another project prints of values by name: `log(Loss=a, Val=b)`."""
    named = [word for word in call.keywords if word.arg and literal_value(word.value) is UNKNOWN]
    if name not in LOG_FUNCTIONS or call.args or not named or name in defined:
        return []
    parts: list[ast.expr] = [
        part
        for word in named
        for part in (ast.Constant(f"{word.arg}: "), ast.FormattedValue(word.value, -1), ast.Constant(", "))
    ]
    return [ast.JoinedStr(parts)]


def meters(tree: ast.AST) -> Iterator[str]:
    """Yield the names under which meters print their averages."""
    for name, call in calls(tree):
        if METER.search(name) and call.args and isinstance(title := literal_value(call.args[0]), str):
            yield title
        owner, _, method = name.rpartition(".")
        if method == "update" and not call.args and METER_OWNER.search(owner):
            yield from (word.arg for word in call.keywords if word.arg)


BY_NAME = {"globals", "locals", "vars", "eval", "exec", "getattr", "Fire", "fire.Fire", "import_module"}
"""Calls that may reach a function by its name."""


def never_called(tree: ast.AST) -> list[ast.stmt]:
    """Return the functions of a script that nothing in it names, if it reaches none by its name."""
    return [] if any(name in BY_NAME for name, _ in calls(tree)) else unnamed(tree)


def unseen_calls(tree: ast.AST) -> set[int]:
    """Return the calls whose texts do not arrive in the output.

    They handle exceptions, stand in functions that nothing calls, or send values to a tracker.
    """
    unseen = [*nodes_of(tree, ast.ExceptHandler), *never_called(tree)]
    return {*sent_to_trackers(tree), *(id(call) for node in unseen for _, call in calls(node))}


def unnamed(tree: ast.AST) -> list[ast.stmt]:
    """Return the functions at the top level of a script that nothing in it names."""
    nodes = list(all_nodes(tree))
    if not isinstance(tree, ast.Module):
        return []
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    named |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    return [function for function in functions if function.name not in named]

"""Whether a Python script can be asked with `--help`, as far as its source shows: nothing may act before it reads that.

At the top level only imports, definitions, constants and harmless calls may stand before the command line is read, and
so it is in the functions that are called on the way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from enum import Enum, auto
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes

PARSES = re.compile(
    r"(?:parse_args|parse_known_args|parse_intermixed_args|parse_args_into_dataclasses|parse_args_and_config|parse_yaml_file)"
    r"|fire\.Fire|Fire|typer\.run|tyro\.cli|docopt(?:\.docopt)?|absl\.app\.run|app\.run|(?:jsonargparse\.)?(?:CLI|auto_cli)"
    r"|(?:\w+\.)*LightningCLI"
)
"""Calls that read the command line, and end the program at `--help`."""
READS_ARGUMENTS = re.compile(
    r"(?:parse|get|read)_(?:known_)?(?:cli_)?arg(?:ument)?s|(?:get|make|build|create)_(?:arg\w*_)?parser"
)
"""Imported functions that are known by their name: they build a parser or read the command line."""
HARMLESS_METHODS_TEXT = """
    add_argument add_argument_group add_mutually_exclusive_group add_subparsers add_parser set_defaults
    add_class_arguments add_function_arguments add_subclass_arguments link_arguments add_subcommands add_typer
    setLevel addHandler setFormatter info debug warning error basicConfig getLogger filterwarnings simplefilter
    get items keys values copy append extend update setdefault join split strip lower upper format replace startswith
    endswith resolve absolute joinpath with_suffix with_name store register_new_resolver exists is_file is_dir
    expanduser
"""
"""Methods that touch nothing outside the program, of anything but a module."""
HARMLESS_METHODS = frozenset(HARMLESS_METHODS_TEXT.split())
HARMLESS_CALLS_TEXT = """
    int float str bool list tuple dict set frozenset len min max sum sorted range zip enumerate map filter abs round
    isinstance hasattr getattr print repr vars type super object
    Path pathlib.Path PurePath os.getenv os.path.join os.path.dirname os.path.abspath os.path.realpath os.path.basename
    os.path.exists os.path.isfile os.path.expanduser os.getcwd os.cpu_count os.environ.get os.environ.setdefault
    sys.path.insert sys.path.append namedtuple collections.namedtuple defaultdict OrderedDict partial functools.partial
    TypeVar NewType field dataclass re.compile time.time time.strftime datetime.now datetime.datetime.now
    argparse.ArgumentParser ArgumentParser jsonargparse.ArgumentParser HfArgumentParser TrlParser
    transformers.HfArgumentParser ConfigArgumentParser argparse.Namespace
    click.group click.command click.option click.argument click.Choice click.Path click.IntRange click.FloatRange
    typer.Typer typer.Option typer.Argument Typer
    logging.basicConfig logging.getLogger getLogger get_logger warnings.filterwarnings warnings.simplefilter
    random.seed np.random.seed numpy.random.seed torch.manual_seed torch.cuda.manual_seed torch.cuda.manual_seed_all
    torch.set_num_threads torch.set_float32_matmul_precision torch.device torch.cuda.is_available
    torch.backends.mps.is_available torch.cuda.device_count torch.use_deterministic_algorithms
    ConfigStore.instance sys.exit exit quit check_min_version require_version load_dotenv multiprocessing.freeze_support
"""
"""Calls that touch nothing outside the program, or only its own settings."""
HARMLESS_CALLS = frozenset(HARMLESS_CALLS_TEXT.split())
LOGGERS = ("logging", "logger", "log", "warnings", "LOGGER", "_logger")
MAX_CALL_DEPTH = 6
"""Functions within functions that are followed."""


class _Outcome(Enum):
    """What running some code comes to, if the first word is `--help`."""

    GOES_ON = auto()
    ENDS = auto()
    """It reads the command line, and so ends."""
    ACTS = auto()
    """It may do something."""


def reads_help_first(path: Path) -> bool:
    """Return whether a Python file reads `--help` before it does anything, as far as its source shows."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return False
    parsers = [call for name, call in calls(tree) if name.rpartition(".")[2] == "ArgumentParser"]
    without_help = [call for call in parsers if literal_value(keyword_argument(call, "add_help")) is False]
    if parsers and len(parsers) == len(without_help):
        return False
    return _Reader(tree).run(tree.body) is _Outcome.ENDS


@dataclass
class _Reader:
    """Follows the statements of a script until it reads its command line."""

    tree: ast.Module
    functions: dict[str, ast.FunctionDef] = field(init=False)
    classes: dict[str, ast.ClassDef] = field(init=False)
    apps: set[str] = field(init=False)
    modules: set[str] = field(init=False)
    uses_absl: bool = field(init=False)
    depth: int = 0

    def __post_init__(self) -> None:
        nodes = list(all_nodes(self.tree))
        self.functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self.classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
        self.modules = {
            (alias.asname or alias.name).partition(".")[0]
            for node in nodes
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        self.uses_absl = "absl" in imported_modules(self.tree)
        self.apps = {
            dotted_name(target)
            for node in nodes
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and dotted_name(node.value.func).rpartition(".")[2] in ("Typer", "Group")
            for target in node.targets
        }

    def run(self, statements: Sequence[ast.stmt]) -> _Outcome:
        """Return what statements come to, one after another."""
        for statement in statements:
            outcome = self._statement(statement)
            if outcome is not _Outcome.GOES_ON:
                return outcome
        return _Outcome.GOES_ON

    def _statement(self, node: ast.stmt) -> _Outcome:
        match node:
            case (
                ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal()
                | ast.Break() | ast.Continue() | ast.Raise()
            ):  # fmt: skip
                return _Outcome.GOES_ON
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._first_of(
                    *(self._calls(default) for default in [*node.args.defaults, *node.args.kw_defaults] if default)
                )
            case ast.ClassDef():
                return self._first_of(self.run(node.body))
            case ast.If():
                if _is_main_guard(node.test):
                    return self.run(node.body)
                return self._first_of(self._calls(node.test), self._branches(node.body, node.orelse))
            case ast.For() | ast.While():
                header = node.iter if isinstance(node, ast.For) else node.test
                return self._first_of(self._calls(header), self._branches(node.body, [], node.orelse))
            case ast.Try():
                rest = [*node.orelse, *node.finalbody]
                handlers = (
                    self._branches(*(handler.body for handler in node.handlers)) if node.handlers else _Outcome.GOES_ON
                )
                body = self.run(node.body)
                return body if body is not _Outcome.GOES_ON else self._first_of(handlers, self.run(rest))
            case ast.With():
                return self._first_of(*(self._calls(item.context_expr) for item in node.items), self.run(node.body))
            case (
                ast.Return()
                | ast.Expr()
                | ast.Assign()
                | ast.AnnAssign()
                | ast.AugAssign()
                | ast.Assert()
                | ast.Delete()
            ):
                return self._calls(node)
        return _Outcome.ACTS

    @staticmethod
    def _first_of(*outcomes: _Outcome) -> _Outcome:
        return next((outcome for outcome in outcomes if outcome is not _Outcome.GOES_ON), _Outcome.GOES_ON)

    def _branches(self, *branches: Sequence[ast.stmt]) -> _Outcome:
        """Return what one of several ways comes to: the command line is read if each of them reads it."""
        outcomes = {self.run(branch) for branch in branches}
        if _Outcome.ACTS in outcomes:
            return _Outcome.ACTS
        return _Outcome.ENDS if outcomes == {_Outcome.ENDS} else _Outcome.GOES_ON

    def _calls(self, node: ast.AST) -> _Outcome:
        """Return what the calls in an expression come to, the inner ones first."""
        for call in _in_order_of_evaluation(node):
            outcome = self._call(call)
            if outcome is not _Outcome.GOES_ON:
                return outcome
        return _Outcome.GOES_ON

    def _call(self, call: ast.Call) -> _Outcome:
        name = dotted_name(call.func)
        last = call.func.attr if isinstance(call.func, ast.Attribute) else name
        if name in self.functions and name not in self.apps:
            return self._function(self.functions[name])
        is_absl = name.endswith("app.run")
        if self.uses_absl if is_absl else PARSES.fullmatch(name) or PARSES.fullmatch(last):
            return _Outcome.ENDS if not self._starts_object(name, call) else _Outcome.ACTS
        if name in self.apps:
            return _Outcome.ENDS
        if name in self.classes:
            members = [node for node in self.classes[name].body if isinstance(node, ast.FunctionDef)]
            return self._first_of(
                *(self._function(node) for node in members if node.name in ("__init__", "__post_init__"))
            )
        if READS_ARGUMENTS.fullmatch(last):
            return _Outcome.GOES_ON if "parser" in last else _Outcome.ENDS
        is_flag = last.startswith(("DEFINE_", "mark_flag"))
        owner = name.partition(".")[0]
        is_method = last in HARMLESS_METHODS and (owner not in self.modules or owner in LOGGERS)
        harmless = name in HARMLESS_CALLS or is_method or is_flag
        return _Outcome.GOES_ON if harmless else _Outcome.ACTS

    def _starts_object(self, name: str, call: ast.Call) -> bool:
        """Return whether Fire makes an object of a class that may act before `--help` is read."""
        if not name.endswith("Fire") or not call.args:
            return False
        component = self.classes.get(dotted_name(call.args[0]))
        members = component.body if component is not None else []
        return any(
            isinstance(node, ast.FunctionDef)
            and node.name == "__init__"
            and self.run(node.body) is not _Outcome.GOES_ON
            for node in members
        )

    def _function(self, node: ast.FunctionDef) -> _Outcome:
        names = [dotted_name(item.func if isinstance(item, ast.Call) else item) for item in node.decorator_list]
        if any(name == "hydra.main" or name.rpartition(".")[2] in ("command", "group") for name in names):
            return _Outcome.ENDS
        if self.depth >= MAX_CALL_DEPTH:
            return _Outcome.ACTS
        self.depth += 1
        outcome = self.run(node.body)
        self.depth -= 1
        return outcome


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and "__name__" in (dotted_name(test.left), *map(dotted_name, test.comparators))


def _in_order_of_evaluation(node: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of an expression as Python makes them; those in lambdas are not made here."""
    if isinstance(node, ast.Lambda):
        return
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    for child in children:
        yield from _in_order_of_evaluation(child)
    if isinstance(node, ast.Call):
        yield node

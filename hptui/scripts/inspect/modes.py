"""Flags without which a script neither trains nor measures, such as `--do_train`: new studies set them."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from hptui.scripts.inspect.folded import table_of
from hptui.scripts.inspect.forms import OptionForm, Reads
from hptui.scripts.inspect.syntax import InspectedScript, ScriptOption, calls, dotted_name, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

TRAINING_MODE = re.compile(r"(?:do_?|is_?|run_?)?train(?:ing)?|do_fit")
MEASURING_MODE = re.compile(
    r"do_?(?:eval|evaluate|evaluation|val|valid|validate|validation)|(?:evaluate|eval|validate|test)_during_train(?:ing)?"
)
TEST_MODE = re.compile(r"do_?test(?:ing)?")
"""Flags of a test, which are set where no flag of a validation is."""
ONLY = re.compile(r"\bonly\b|\bskip\b|\binstead\b", re.IGNORECASE)
CLASSES_WITH_MODES = ("HfArgumentParser", "TrlParser")
"""Parsers whose `TrainingArguments` have these flags."""


def with_modes(script: InspectedScript, tree: ast.Module) -> InspectedScript:
    """Return the script with the flags of training and measuring set that its conditions ask for."""
    on = _modes(script.options, tree)
    script.options = [replace(o, default=True, required=False) if o.name in on else o for o in script.options]
    if any(o.name.rpartition(".")[2] in STRATEGIES and o.default in NEVER for o in script.options):
        script.options = _with_evaluations(script.options, tree)
    if script.parser in CLASSES_WITH_MODES:
        known, asked = {option.name for option in script.options}, _asked(tree)
        more = [name for name in ("do_train", "do_eval") if name in asked and name not in known]
        script.options += [ScriptOption(name, name, "bool", True) for name in more]
        if "eval_strategy" not in known and _parses_library_class(tree) and _needs_evaluations(tree):
            form = OptionForm(reads=Reads.TEXT, flags=("--eval_strategy",), silent="no")
            script.options.append(ScriptOption("eval_strategy", "eval_strategy", "str", "epoch", form=form))
    return script


def _parses_library_class(tree: ast.Module) -> bool:
    """Return whether a parser may be given a class that the script does not define by itself alone.

    A class of its own without bases has the options that it says, and no others.
    """
    own = {node.name for node in nodes_of(tree, ast.ClassDef) if not node.bases}
    parsed = [
        dotted_name(part)
        for name, call in calls(tree)
        if name.rpartition(".")[2] in CLASSES_WITH_MODES
        for given in (*call.args, *(word.value for word in call.keywords))
        for part in (given.elts if isinstance(given, ast.Tuple | ast.List) else [given])
    ]
    return not parsed or any(name not in own for name in parsed)


STRATEGIES, NEVER = ("eval_strategy", "evaluation_strategy"), ("no", "NO", None)
"""Options of a script that say when its Trainer evaluates, and what they are where it does not."""


def _with_evaluations(options: list[ScriptOption], tree: ast.Module) -> list[ScriptOption]:
    """Return options with evaluations asked for, where a Trainer has data for them and no call makes one."""
    given = [
        word.value
        for name, call in calls(tree)
        if name.endswith("Trainer")
        for word in call.keywords
        if word.arg == "eval_dataset"
    ]
    held = [
        node.value
        for node in nodes_of(tree, ast.Assign)
        for target in node.targets
        if dotted_name(target) and dotted_name(target) in [dotted_name(node) for node in given]
    ]
    may_be_none = any(
        isinstance(part, ast.Constant) and part.value is None
        for node in (*given, *held)
        for part in (node, *((node.body, node.orelse) if isinstance(node, ast.IfExp) else ()))
    )
    methods = [node.attr for node in all_nodes(tree) if isinstance(node, ast.Attribute)]
    if not given or may_be_none or "evaluate" in methods:
        return options
    return [
        replace(option, default="epoch")
        if option.name.rpartition(".")[2] in STRATEGIES
        and option.default in NEVER
        and (not option.choices or "epoch" in option.choices)
        else option
        for option in options
    ]


def _needs_evaluations(tree: ast.Module) -> bool:
    """Return whether a script evaluates only if its TrainingArguments say so: by default they do not.

    It gives its trainer held-out data, or asks for `eval_strategy`; it calls no `evaluate`, and sets none itself.
    """
    methods = [node.attr for node in all_nodes(tree) if isinstance(node, ast.Attribute)]
    given = {word.arg for name, call in calls(tree) if name.endswith("Trainer") for word in call.keywords}
    stored = [node for node in all_nodes(tree) if isinstance(node, ast.Assign)]
    sets = any(dotted_name(target).endswith("eval_strategy") for node in stored for target in node.targets)
    is_given = any(word.arg == "eval_strategy" for _, call in calls(tree) for word in call.keywords)
    is_silent = "evaluate" not in methods and not sets and not is_given
    is_in_table = None in given and surely_held_out(tree)
    return is_silent and ("eval_dataset" in given or is_in_table or "eval_strategy" in _asked(tree))


def held_out_in_tables(tree: ast.Module) -> list[ast.expr]:
    """Return what tables have as data to evaluate with, which a Trainer is given as `**data`."""
    tables = [table for node in nodes_of(tree, ast.expr) if (table := table_of(node)) is not None]
    pairs = (pair for table in tables for pair in zip(table.keys, table.values, strict=True))
    return [value for key, value in pairs if key is not None and literal_value(key) == "eval_dataset"]


def surely_held_out(tree: ast.Module) -> bool:
    """Return whether every table of data has some to evaluate with, whatever its options say.

    A Trainer that is asked to evaluate fails without them.
    """
    held: dict[str, list[ast.expr]] = {}
    for node in nodes_of(tree, ast.Assign):
        for target in node.targets:
            held.setdefault(dotted_name(target), []).append(node.value)
    given = held_out_in_tables(tree)
    return bool(given) and not any(
        isinstance(part, ast.Constant) and part.value is None
        for node in given
        for value in [node, *(held.get(dotted_name(node), []) if dotted_name(node) else [])]
        for part in [value, *((value.body, value.orelse) if isinstance(value, ast.IfExp) else ())]
    )


def mode_words(options: Sequence[ScriptOption], tree: ast.Module) -> list[str]:
    """Return the words that set these flags on a command line whose other options stand elsewhere."""
    on = _modes(options, tree)
    return [_word_of(option.form) for option in options if option.name in on and option.form and option.form.flags]


def _word_of(form: OptionForm) -> str:
    if form.takes_value:
        return f"{form.flags[0]}={form.words[1]}"
    return next((flag for value, flag in form.sets if value is True), form.flags[0])


def _modes(options: Sequence[ScriptOption], tree: ast.Module) -> set[str]:
    """Return the flags that are off and that the conditions of a script ask for, to train and to measure."""
    asked, known = _asked(tree), {option.name: option for option in options}
    names = [name for name in asked if TRAINING_MODE.fullmatch(name) or MEASURING_MODE.fullmatch(name)]
    if not any(MEASURING_MODE.fullmatch(name) for name in names):
        names += [name for name in asked if TEST_MODE.fullmatch(name)]
    return {name for name in names if name in known and _is_off(known[name])}


def skipped_calls(tree: ast.AST, off: set[str], zero: Collection[str] = ()) -> set[int]:
    """Return the calls that run only if an option is given that is `off` by default: `if args.wandb:`.

    Those that are `zero` are off as well, where they are asked for as numbers: `if args.eval_every > 0:`.
    """
    branches = [
        node for node in all_nodes(tree) if isinstance(node, ast.If) and (off or zero) and _needs(node.test, off, zero)
    ]
    lines: list[ast.AST] = [line for branch in branches for line in branch.body]
    lines += [
        node.body for node in all_nodes(tree) if isinstance(node, ast.IfExp) and _needs(node.test, off, zero)
    ]  # SummaryWriter(…) if args.tensorboard else None
    return {id(inner) for line in lines for inner in all_nodes(line) if isinstance(inner, ast.Call)}


def _needs(test: ast.expr, off: set[str], zero: Collection[str]) -> bool:
    """Return whether a condition fails where an option is off."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_needs(value, off, zero) for value in values)
        case ast.BoolOp(values=values):
            return all(_needs(value, off, zero) for value in values)
        case ast.Compare(left=left, ops=[ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None | "")]):
            return _needs(left, off, ())
        case ast.Compare(left=left, ops=[ast.Gt() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
            return _needs(left, set(), zero)
        case ast.Compare(left=left, ops=[ast.GtE()], comparators=[ast.Constant(value=1)]):
            return _needs(left, set(), zero)
    return dotted_name(test).rpartition(".")[2] in {*off, *zero} and isinstance(test, ast.Attribute)


def _is_off(option: ScriptOption) -> bool:
    return option.type == "bool" and not option.default and not ONLY.search(option.help)


def _asked(tree: ast.Module) -> list[str]:
    """Return the last parts of the names that conditions of a script ask for."""
    tests = [node.test for node in all_nodes(tree) if isinstance(node, ast.If | ast.IfExp)]
    parts = [inner for test in tests for inner in all_nodes(test) if isinstance(inner, ast.Attribute | ast.Name)]
    return list(dict.fromkeys(dotted_name(part).rpartition(".")[2] for part in parts))

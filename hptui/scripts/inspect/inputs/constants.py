"""Constants of a script that stand in a dictionary, a class or a call: `params = {"lr": 0.1}`, `train(lr=0.1)`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hptui.scripts.absent_keys import absent_keys
from hptui.scripts.call_slots import calls_by_name, named_calls, positional_names, signature, slots_in_call
from hptui.scripts.constant_slots import (
    assigned_pairs,
    attributes_in_function,
    find_slots,
    returned_tables,
    set_attributes,
    top_level,
    variables_of,
)
from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.inputs.roles import is_rate, roles_by_use
from hptui.scripts.inspect.outputs.shown import never_called
from hptui.scripts.inspect.ranges import has_rule, is_searched_at_once, is_tuned
from hptui.scripts.inspect.syntax import calls, dotted_name, literal_value
from hptui.scripts.library_defaults import left_at_defaults
from hptui.scripts.scopes import is_trial
from hptui.scripts.syntax_nodes import (
    all_nodes,
    assigned_to,
    called_name,
    is_plain,
    nodes_of,
    once,
    place_name,
    slot_value,
)
from hptui.scripts.table_slots import NAMESPACES, own_attributes, table_entries

MAX_DEPTH = 4
"""Dictionaries within dictionaries that are followed."""
MIN_ENTRIES = 2
"""Entries with a plain value from which a dictionary or class is taken for settings."""
NO_SETTINGS = ("labels", "classes", "names", "mapping", "vocab", "colors", "colours", "id2label", "label2id", "headers")
"""Ends of the names of dictionaries that hold no settings."""


def nested_constants(tree: ast.Module, wanted: Callable[[str], bool] = lambda name: True) -> dict[str, Any]:
    """Return the plain values in dictionaries and classes, by dotted name: `params.lr`, `CFG.lr`.

    Only for those that are `wanted` it is looked up whether they have one place: that takes long in large modules.
    """
    values_by_name: dict[str, Any] = {}
    set_later = _set_later(tree)
    for name, node in _tables(tree):
        entries = [pair for pair in _plain_entries(node, f"{name}.", 0) if pair[0] not in set_later]
        by_name = {key: _standing(tree, key) if wanted(key) else value for key, value in entries}
        values = {key: value for key, value in by_name.items() if value is not UNKNOWN}
        if len(values) >= MIN_ENTRIES and not name.lower().endswith(NO_SETTINGS):
            values_by_name |= values
    attributes = {name: literal_value(value) for name, value in _attributes(tree)}
    owners = {name.split(".")[-2] for name in attributes if has_rule(name.rpartition(".")[2])}
    return values_by_name | {
        name: value for name, value in attributes.items() if name.split(".")[-2] in owners and _is_value(value)
    }


def _attributes(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the literals that lines set by dotted name, but for those of functions that nothing calls."""
    unseen = never_called(tree)
    hidden = {id(node) for function in unseen for node in all_nodes(function)}
    yield from ((name, line.value) for name, line in set_attributes(tree).items() if id(line) not in hidden)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function not in unseen:
            for name, [place] in attributes_in_function(tree, function.name).items():
                yield name, slot_value(*place)


def _is_value(value: Any) -> bool:
    """Return whether a literal is a setting: no table, and a list only of numbers."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, int | float) for part in value)
    return isinstance(value, bool | int | float | str)


def _standing(tree: ast.Module, name: str) -> Any:
    """Return the literal that stands where a dotted name is set from; UNKNOWN without one place."""
    slots = find_slots(tree, name)  # several hold one value: both optimizers of a GAN get `lr=2e-4`
    return literal_value(slot_value(*slots[0])) if slots else UNKNOWN


@once
def _set_later(tree: ast.Module) -> set[str]:
    """Return the entries that the script sets again (`config.lr = …`).

    What is set on an instance (`config = Config()`) counts for its class.
    """
    trials = {id(line) for node in nodes_of(tree, ast.If) if is_trial(node) for line in node.body}
    nodes = [node for node in all_nodes(tree) if id(node) not in trials]
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AugAssign)]
    pairs = [
        (t, node.value) for node in assigned for t in (node.targets if isinstance(node, ast.Assign) else [node.target])
    ]
    classes = {dotted_name(t): dotted_name(value.func) for t, value in pairs if isinstance(value, ast.Call)}
    places = [place_name(t) for t, _ in pairs]
    owners = [(owner, name) for owner, _, name in (place.rpartition(".") for place in places) if owner]
    # `cfg.optim.lr = …` sets a field of the class of `cfg.optim`, which one of those with such a field is.
    parts = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_settings(node)]
    inner = {name for owner, name in owners if "." in owner and not owner.startswith("self.")}
    within = {f"{node.name}.{name}" for node in parts for name, _ in _entries(node) or () if name in inner}
    return within | {f"{classes.get(owner) or owner}.{name}" for owner, name in owners}


def argument_constants(tree: ast.Module) -> dict[str, Any]:
    """Return the plain values in calls, and defaults that they leave, by dotted name.

    Of what the script calls from libraries (`AdamW(…, lr=3e-4)`), those with the names of hyperparameters are taken.
    """
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names = {f"{table}.{key}": None for table, keys in absent_keys(tree).items() for key in keys}
    for called, call in calls(tree):
        first, _, last = called.partition(".")[0], "", called.rpartition(".")[2]
        if _draws(first, last) or called_name(call, NAMESPACES):
            continue
        given = [word.arg for word in call.keywords if word.arg]
        given += positional_names(call)[: len(call.args)] if last not in own else []
        arguments = [*given, *(argument.arg for argument, _, _ in signature(tree, last))] if last in own else given
        is_training = last in own and (TRAINING_FUNCTION.fullmatch(last) or SETTINGS_CLASS.fullmatch(last))
        is_model = any(has_rule(name) for name in given)  # LogisticRegression(C=0.1, max_iter=100)
        names |= {f"{last}.{name}": None for name in arguments if last and (is_training or is_model or is_tuned(name))}
        tables = [(w.arg, w.value) for w in call.keywords if w.arg and isinstance(w.value, ast.Dict | ast.Call)]
        inside = [f"{name}.{key}" for name, table in tables for key, _ in _plain_entries(table, "", 0) if is_tuned(key)]
        names |= {f"{last}.{name}": None for name in (*inside, *left_at_defaults(tree, call)) if last}
    for function in own:
        is_main = TRAINING_FUNCTION.fullmatch(function) is not None
        variables = variables_of(tree, function).items()
        names |= {f"{function}.{n}": None for n, slots in variables if is_tuned(n) or (is_main and _is_number(slots))}
    for node in tree.body:
        attributes = own_attributes(node) if isinstance(node, ast.ClassDef) else []
        names |= {f"{node.name}.{name}": None for name, *_ in attributes if is_tuned(name)}  # type: ignore[attr-defined]
    by_name = {}
    for name in [each for joint in names for each in _one_by_one(tree, joint)]:
        value = _standing(tree, name)
        if isinstance(value, bool | int | float | str | list) and not name.rpartition(".")[2].startswith("_"):
            by_name[name] = value
    return {name: value for name, value in by_name.items() if not _is_axis(name.rpartition(".")[2], value)}


MAX_CALLS = 12
"""Calls of one name up to which their arguments are listed one by one."""


def _one_by_one(tree: ast.Module, name: str) -> list[str]:
    """Return an argument by the names of the calls that give it, where they differ: `first.lr`."""
    called, _, argument = name.partition(".")
    group = calls_by_name(tree).get(called, [])
    if find_slots(tree, name) or not 1 < len(group) <= MAX_CALLS:
        return [name]
    named = {id(call): key for key, call in named_calls(tree).items()}
    giving = [call for call in group if slots_in_call(tree, call, argument) or argument in left_at_defaults(tree, call)]
    return [f"{named[id(call)]}.{argument}" for call in giving]


def _is_axis(name: str, value: Any) -> bool:
    """Return whether an argument is an axis of a tensor: `softmax(x, dim=1)`, not `Model(dim=64)`."""
    if name in ("keepdim", "keepdims"):
        return True
    return name in ("dim", "axis") and isinstance(value, int) and abs(value) <= LAST_AXIS


LAST_AXIS = 4
"""The dimensions that tensors have; no model is that narrow."""


def _is_number(slots: list[tuple[Any, Any]]) -> bool:
    return type(literal_value(slot_value(*slots[0]))) in (int, float)


DRAWING = re.compile(r"plt|sns|px|go|pyplot|matplotlib|tqdm|argparse|logging|(?:ax|axes|axs|fig|figure|subplot)_?\d*")
"""What calls belong to that draw or report, whose arguments may be called `alpha`."""
DRAWING_CALLS = {"plot", "scatter", "fill_between", "errorbar", "axhline", "axvline", "axvspan", "imshow", "legend",
                 "annotate", "savefig", "semilogx", "semilogy", "loglog", "contour", "contourf", "heatmap",
                 "from_estimator", "from_predictions"}  # fmt: skip
"""Names of calls that draw, whatever they belong to."""


def _draws(first: str, last: str) -> bool:
    """Return whether a call draws or reports, by the first and the last part of its name."""
    return DRAWING.fullmatch(first) is not None or last in DRAWING_CALLS


TRAINING_FUNCTION = re.compile(r"(?:.*_)?(?:train\w*|fit|finetune|fine_tune|run|main|experiment|learn)", re.IGNORECASE)
"""Names of functions whose arguments are all settings."""


def plain_constants(tree: ast.Module) -> set[str]:
    """Return the names at the top level that are assigned literals."""
    pairs = [pair for node in top_level(tree) for pair in assigned_pairs(node)]
    return {target.id for target, value in pairs if isinstance(target, ast.Name) and is_plain(value)}


def known_values(tree: ast.Module) -> dict[str, Any]:
    """Return what expressions may refer to: dictionaries and variables by name, `Config.lr` of classes."""
    values: dict[str, Any] = {}
    assigned: dict[str, list[ast.expr]] = {}
    for node in all_nodes(tree):
        for target, expression in assigned_pairs(node):
            if isinstance(target, ast.Name):
                assigned.setdefault(target.id, []).append(expression)
    for name, expressions in assigned.items():
        if len(expressions) == 1 and is_plain(expressions[0]) and (value := literal_value(expressions[0])) is not None:
            values[name] = value
    classes = {node.name: dict(entries_of_table(node)) for node in tree.body if isinstance(node, ast.ClassDef)}
    made = {name: dotted_name(e[0].func) for name, e in assigned.items() if len(e) == 1 and isinstance(e[0], ast.Call)}
    for name, entries in [*classes.items(), *((name, classes.get(made_by, {})) for name, made_by in made.items())]:
        values |= {f"{name}.{key}": value for key, value in entries.items()}
    return {**values, **literal_tables(tree)}


def all_constants(tree: ast.Module, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constants of a script that may be parameters.

    Those in calls are among them; only the tuned ones, if another constant is tuned first.
    """
    plain = plain_constants(tree)
    plain = plain & _read_names(tree) or plain  # what nothing reads is no setting
    counted = _counted(tree)
    plain = {name for name in plain if is_tuned(name) or name not in counted}
    settings = {name: value for name, value in constants.items() if name in plain and is_setting(name, value)}
    settings |= nested_constants(tree)
    given, roles = argument_constants(tree), roles_by_use(tree)
    if not any(is_searched_at_once(name) or is_rate(name, value, roles) for name, value in settings.items()):
        return settings | given
    return settings | {name: value for name, value in given.items() if is_tuned(name.rpartition(".")[2])}


def _read_names(tree: ast.Module) -> set[str]:
    """Return the variables that a script reads; all that it has, if it may read them by their names."""
    names = list(nodes_of(tree, ast.Name))
    by_name = {"globals", "locals", "vars", "exec", "eval", "__import__"}
    reads_all = any(node.id in by_name for node in names)
    return {node.id for node in names if reads_all or isinstance(node.ctx, ast.Load)}


def _counted(tree: ast.Module) -> set[str]:
    """Return the variables that a script changes as it runs: `best = acc` in a loop, `step += 1`."""
    loops = nodes_of(tree, ast.For, ast.While)
    lines = [line for loop in loops for line in all_nodes(loop) if isinstance(line, ast.Assign)]
    targets = [target for line in lines for target in line.targets]
    targets += [node.target for node in nodes_of(tree, ast.AugAssign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def is_setting(name: str, value: Any) -> bool:
    """Return whether a constant at the top level may be a parameter."""
    return not name.startswith("_") and isinstance(value, bool | int | float | str) and name != "__version__"


def literal_tables(tree: ast.Module) -> dict[str, Any]:
    """Return the values of variables that are assigned one dictionary of plain values, by name."""
    return {name: value for name, node in _tables(tree) if isinstance(value := _table_value(node, 0), dict)}


def _tables(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield dictionaries that are assigned to one name each, and classes that hold constants alone."""
    assigned = assigned_to(tree)
    for name, values in assigned.items():
        if len(values) == 1 and _entries(values[0]) is not None and not name.startswith("_"):
            yield name, values[0]
    for name, table in returned_tables(tree):
        if _entries(table) is not None and name not in assigned:
            yield name, table
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_settings(node):
            yield node.name, node


SETTINGS_CLASS = re.compile(
    r"\w*(?:config\w*|cfg|conf|args|arguments|hparams?|hyper_?param\w*|settings|params|parameters|opts?|options?|constants)",
    re.IGNORECASE,
)
"""Names of classes that hold settings, whatever else they do."""


def _is_settings(node: ast.ClassDef) -> bool:
    """Return whether a class holds settings: by its name, as a dataclass, or as a table."""
    is_table = not node.bases and (_holds_constants(node) or _only_sets(node))
    return _is_dataclass(node) or is_table or SETTINGS_CLASS.fullmatch(node.name) is not None


def _only_sets(node: ast.ClassDef) -> bool:
    """Return whether a class has nothing but a constructor that sets attributes."""
    lines = [line for line in node.body if not isinstance(line, ast.Expr)]
    maker = lines[0] if len(lines) == 1 else None
    if not isinstance(maker, ast.FunctionDef) or maker.name != "__init__":
        return False
    return all(isinstance(line, ast.Assign | ast.AnnAssign | ast.Expr) for line in maker.body)


def _holds_constants(node: ast.ClassDef) -> bool:
    """Return whether a class is a table of settings: constants, and nothing that runs."""
    kinds = ast.Assign | ast.AnnAssign | ast.Expr | ast.Pass | ast.ClassDef
    return all(isinstance(line, kinds) for line in node.body)


def _is_dataclass(node: ast.ClassDef) -> bool:
    """Return whether a class is a dataclass, a named tuple, or a model of pydantic."""
    decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    names = [dotted_name(item).rpartition(".")[2] for item in (*decorators, *node.bases)]
    return not {"dataclass", "define", "BaseModel", "NamedTuple"}.isdisjoint(names)


def _entries(node: ast.AST) -> list[tuple[str, ast.expr]] | None:
    """Return the entries of a table with text keys; None for anything else."""
    entries = table_entries(node)
    if entries is None or not all(isinstance(key, str) for key, *_ in entries):
        return None
    return [(key, value) for key, value, _, _ in entries]


def _plain_entries(node: ast.AST, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    is_list = isinstance(node, ast.List)  # of tables, such as the groups of an optimizer: what else is in it is data
    for key, item in _entries(node) or ():
        if is_list and isinstance(item, ast.Dict):
            inside = _plain_entries(item, f"{prefix}{key}.", depth + 1)
            yield from ((name, value) for name, value in inside if has_rule(name.rpartition(".")[2]))
        elif _entries(item) is not None and depth < MAX_DEPTH:
            yield from _plain_entries(item, f"{prefix}{key}.", depth + 1)
        elif (
            isinstance(value := literal_value(item), bool | int | float | str)
            or (isinstance(value, list) and value and all(isinstance(part, int | float) for part in value))
        ) and not key.startswith("_"):
            yield prefix + key, value


def entries_of_table(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of `{…}` or `dict(…)`, those of tables within it by dotted name."""
    return _plain_entries(node, "", 0)


def _table_value(node: ast.AST, depth: int) -> Mapping[str, Any] | None:
    entries = _entries(node)
    if entries is None or isinstance(node, ast.ClassDef | ast.List):
        return None
    values = {key: _table_value(item, depth + 1) or literal_value(item) for key, item in entries}
    return {key: value for key, value in values.items() if value is not UNKNOWN}

"""What modules of Lightning log: in the progress bar, in tables after a test, in the files of its loggers."""

from __future__ import annotations

import ast
import re

from hptui.scripts.inspect.folded import table_of
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.outputs.logged_data import LoggedData
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.ranking import words_of
from hptui.scripts.inspect.outputs.shown import functions_of_calls
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

LIGHTNING_MODULES = {"lightning", "pytorch_lightning"}
PARTS_OF_STEPS = {"test": "test", "validate": "validation"}
"""What the steps of a method of the Trainer begin with."""
VALIDATION_DATA = ("val_dataloaders", "val_dataloader", "datamodule")
"""Arguments of `fit` by which a Trainer gets data to validate with."""


def logged_by_lightning(
    tree: ast.Module, samples: Samples, values: GivenValues, data: LoggedData
) -> tuple[list[str], list[str]]:
    """Return the names that Lightning shows in its progress bar, and those in the files of its loggers.

    `data` gets them with their calls.
    """
    if not imported_modules(tree) & LIGHTNING_MODULES:
        return [], []
    shown, logged = list[str](), list[str]()
    in_tables, skipped = _calls_in_steps(tree, _tested(tree)), _calls_in_steps(tree, _left_out(tree, values))
    functions = dict(functions_of_calls(tree))
    for name, call in calls(tree):
        if name in ("self.log", "self.log_dict", "pl_module.log") and call.args and id(call) not in skipped:
            keys = samples.keys_of(call, _table if name.endswith("dict") else _named)
            keys = [part for key in keys for part in _forked(key, call, functions.get(id(call), ""))]
            data.add(call, keys)
            in_bar = literal_value(keyword_argument(call, "prog_bar")) is True
            (shown if in_bar or id(call) in in_tables else logged).extend(keys)
    return (shown, logged) if shown or logged else returned_by_steps(tree, samples)


def returned_by_steps(tree: ast.Module, samples: Samples) -> tuple[list[str], list[str]]:
    """Return what steps return to be shown and logged by Lightning before version 1."""
    names: dict[str, list[str]] = {"progress_bar": [], "log": []}
    for function in nodes_of(tree, ast.FunctionDef):
        if not OLD_STEP.fullmatch(function.name):
            continue
        held = {dotted_name(node.targets[0]): node.value for node in nodes_of(function, ast.Assign)}
        for line in nodes_of(function, ast.Return):
            whole = table_of(held.get(dotted_name(line.value), line.value)) if line.value is not None else None
            for key, value in zip(whole.keys, whole.values, strict=True) if whole is not None else ():
                if (place := literal_value(key)) in names:
                    names[str(place)] += samples.keys(held.get(dotted_name(value), value))
    return list(dict.fromkeys(names["progress_bar"])), list(dict.fromkeys(names["log"]))


OLD_STEP = re.compile(r"(?:training|validation|test)_(?:step|end|epoch_end)")


def _forked(key: str, call: ast.Call, function: str) -> list[str]:
    """Return the names under which a value is logged: two where it is one of steps and of epochs.

    Where a call does not say it, those of a training step are of steps, and others of epochs.
    """
    words = words_of(function) if STEP_FUNCTION.fullmatch(function) else words_of(key)
    is_training = not {"train", "training"}.isdisjoint(words)
    is_end = function.endswith(("_end", "_start"))
    on_step, on_epoch = (literal_value(keyword_argument(call, name)) for name in ("on_step", "on_epoch"))
    of_steps = on_step if isinstance(on_step, bool) else is_training and not is_end
    of_epochs = on_epoch if isinstance(on_epoch, bool) else not is_training or is_end
    return [f"{key}_epoch", f"{key}_step"] if of_steps and of_epochs else [key]


STEP_FUNCTION = re.compile(r"(?:on_)?(?:training|validation|test|train|val|predict)_\w+")
"""Functions of which the data is known by their names; what others log, its own name tells."""


def _table(call: ast.Call) -> ast.expr:
    return call.args[0]


def _named(call: ast.Call) -> ast.expr:
    return ast.Dict([call.args[0]], [ast.Constant(0)])


def root_of_lightning(tree: ast.Module) -> ast.expr | None:
    """Return the expression of the directory that a Trainer is given; None without one."""
    given = (keyword_argument(call, "default_root_dir") for name, call in calls(tree) if name.endswith("Trainer"))
    return next((node for node in given if node is not None), None)


def _methods(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    """Return the calls of methods of a Trainer, by the last part of their names."""
    made = {
        dotted_name(target)
        for node in nodes_of(tree, ast.Assign)
        if isinstance(node.value, ast.Call) and dotted_name(node.value.func).endswith("Trainer")
        for target in node.targets
    }
    owned = [(*name.rpartition(".")[::2], call) for name, call in calls(tree)]
    return [(method, call) for owner, method, call in owned if "trainer" in owner.lower() or owner in made - {""}]


def _tested(tree: ast.Module) -> list[str]:
    """Return what steps begin with of whose values Lightning prints a table: of `trainer.test(…)`."""
    methods = {name for name, _ in _methods(tree)}
    return [part for method, part in PARTS_OF_STEPS.items() if method in methods]


def _left_out(tree: ast.Module, values: GivenValues) -> list[str]:
    """Return what the names of steps begin with that never run.

    They are of a test that nothing starts, or of a validation without data.
    """
    tested = _tested(tree)
    fits = [call for name, call in _methods(tree) if name == "fit"]
    is_run = bool(fits) or any(name.endswith("LightningCLI") for name, _ in calls(tree))
    parts = ["test"] if is_run and "test" not in tested else []
    if "validation" not in tested and (_is_switched_off(tree, values) or not _validates(tree, fits, values)):
        parts.append("validation")
    return parts


def _is_switched_off(tree: ast.Module, values: GivenValues) -> bool:
    limits = [keyword_argument(call, "limit_val_batches") for name, call in calls(tree) if name.endswith("Trainer")]
    known = [values.of(node) for node in limits if node is not None]
    return bool(known) and all(value == 0 for value in known)


def _validates(tree: ast.Module, fits: list[ast.Call], values: GivenValues) -> bool:
    """Return whether a Trainer may have data to validate with.

    What another module defines is not seen.
    """
    defined = {node.name for node in nodes_of(tree, ast.FunctionDef)}
    if not fits or "val_dataloader" in defined:
        return True
    return any(_has_data(call, values, defined) for call in fits)


def _has_data(fit: ast.Call, values: GivenValues, defined: set[str]) -> bool:
    named = {word.arg for word in fit.keywords}
    if len(fit.args) > 2 or None in named or any(isinstance(part, ast.Starred) for part in fit.args):
        return True
    if any(
        values.of(node) is not None for name in VALIDATION_DATA if (node := keyword_argument(fit, name)) is not None
    ):
        return True
    train = keyword_argument(fit, "train_dataloaders") or keyword_argument(fit, "train_dataloader")
    if train is None and len(fit.args) == 1:
        return "train_dataloader" not in defined
    if train is not None:
        return False
    second = fit.args[1] if len(fit.args) > 1 else None
    made = values.made(second) if second is not None else None
    last = dotted_name(made.func).rpartition(".")[2] if made is not None else ""
    is_loader = last.endswith(("DataLoader", "train_dataloader")) or "train" in dotted_name(second or fit).lower()
    return not is_loader


def _calls_in_steps(tree: ast.Module, parts: list[str]) -> set[int]:
    """Return the calls in functions that belong to steps which begin with one of these words."""
    return {
        call for call, name in functions_of_calls(tree) if any(name.removeprefix("on_").startswith(p) for p in parts)
    }

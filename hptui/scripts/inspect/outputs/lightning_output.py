"""What modules of Lightning log: in the progress bar, in tables after a test, in the files of its loggers."""

from __future__ import annotations

import ast

from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.outputs.shown import functions_of_calls
from hptui.scripts.inspect.syntax import calls, dotted_name, imported_modules, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import nodes_of

LIGHTNING_MODULES = {"lightning", "pytorch_lightning"}
PARTS_OF_STEPS = {"test": "test", "validate": "validation"}
"""What the steps of a method of the Trainer begin with."""
VALIDATION_DATA = ("val_dataloaders", "val_dataloader", "datamodule")
"""Arguments of `fit` by which a Trainer gets data to validate with."""


def logged_by_lightning(tree: ast.Module, samples: Samples, values: GivenValues) -> tuple[list[str], list[str]]:
    """Return the names that Lightning shows in its progress bar, and those in the files of its loggers."""
    if not imported_modules(tree) & LIGHTNING_MODULES:
        return [], []
    shown, logged = list[str](), list[str]()
    in_tables, skipped = _calls_in_steps(tree, _tested(tree)), _calls_in_steps(tree, _left_out(tree, values))
    for name, call in calls(tree):
        if name in ("self.log", "self.log_dict", "pl_module.log") and call.args and id(call) not in skipped:
            keys = samples.keys_of(call, _table if name.endswith("dict") else _named)
            in_bar = literal_value(keyword_argument(call, "prog_bar")) is True
            (shown if in_bar or id(call) in in_tables else logged).extend(keys)
    return shown, logged


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

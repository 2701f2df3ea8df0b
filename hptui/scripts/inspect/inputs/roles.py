"""What a script uses its parameters as, whatever they are called: `adam(step)` makes `step` a learning rate."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hptui.scripts.call_slots import OPTIMIZERS, RATE_FIRST
from hptui.scripts.inspect.inputs.sizes_of_data import sizes_of_data
from hptui.scripts.inspect.ranges import OF_TREES, has_rule
from hptui.scripts.inspect.syntax import ScriptOption, calls, imported_modules
from hptui.scripts.syntax_nodes import all_nodes, once

RATE = "learning_rate"
SIZE_OF_DATA = "num_samples"
ROLES = {
    "lr": RATE,
    "learning_rate": RATE,
    "step_size": RATE,
    "weight_decay": "weight_decay",
    "batch_size": "batch_size",
    "per_device_train_batch_size": "batch_size",
    "momentum": "momentum",
    "dropout": "dropout",
    "label_smoothing": "label_smoothing",
    "num_warmup_steps": "warmup_steps",
    "max_norm": "max_grad_norm",
    "hidden_size": "hidden_size",
    "hidden_dim": "hidden_dim",
    "num_layers": "num_layers",
    "num_heads": "num_heads",
}
"""The usual names of what is tuned, by keywords of calls that take it."""
MANY_USES = ("alpha",)
"""Names that are usual for several things: alpha of LoRA, or the rate of an optimizer."""
OF_NETWORKS = {"torch", "tensorflow", "keras", "jax"}
"""Libraries in a script with which `gamma` may be the decay of a learning rate."""
MASS_SECOND = ("momentum", "nesterov")
SCHEDULES = ("StepLR", "MultiStepLR", "CyclicLR", "scheduler", "lr_scheduler")
"""Calls whose `step_size` is a number of epochs."""


def with_roles(options: Sequence[ScriptOption], tree: ast.Module) -> list[ScriptOption]:
    """Return options with the roles of those whose names do not tell what they are."""
    roles = roles_by_use(tree) if options else {}
    return [
        replace(option, role=roles[last])
        if (last := option.name.rpartition(".")[2]) in roles and not option.role
        else option
        for option in options
    ]


@once
def roles_by_use(tree: ast.Module) -> dict[str, str]:
    """Return what variables are used as, by the last part of their names, where it is one thing."""
    uses: dict[str, set[str]] = {}
    for node, role in (*_in_calls(tree), *_in_updates(tree)):
        name = _last(node)
        if name and (name in MANY_USES or not has_rule(name)):
            uses.setdefault(name, set()).add(role)
    if "xgboost" in (modules := imported_modules(tree)) and modules.isdisjoint(OF_NETWORKS):
        uses |= {name: {role} for name, role in OF_TREES.items()}
    for name in sizes_of_data(tree):
        uses.setdefault(name, set()).add(SIZE_OF_DATA)
    return {name: next(iter(roles)) for name, roles in uses.items() if len(roles) == 1}


def is_rate(name: str, value: object, roles: dict[str, str]) -> bool:
    """Return whether a constant is a learning rate, by its use or as a step that is a part of 1."""
    return isinstance(value, float) and roles.get(name.rpartition(".")[2]) == RATE


def _in_calls(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield the arguments of calls, each with its role."""
    for called, call in calls(tree):
        last = called.rpartition(".")[2] or getattr(call.func, "attr", "")
        for word in call.keywords:
            role = ROLES.get(word.arg or "")
            if role and not (word.arg == "step_size" and last.endswith(SCHEDULES)):
                yield word.value, role
        if last in OPTIMIZERS and len(call.args) > 1:
            yield call.args[1], RATE
        is_of_jax = last in RATE_FIRST and "." in called
        if is_of_jax and call.args:
            yield call.args[0], RATE
        if is_of_jax and last in MASS_SECOND and len(call.args) > 1:
            yield call.args[1], "momentum"


def _in_updates(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield the factors of gradients in steps that a script makes itself: `w - step * dw`."""
    for node in all_nodes(tree):
        weight: ast.expr
        if isinstance(node, ast.AugAssign):
            weight, product = node.target, node.value
        elif isinstance(node, ast.BinOp):
            weight, product = node.left, node.right
        else:
            continue
        if (
            not isinstance(node.op, ast.Sub)
            or not isinstance(product, ast.BinOp)
            or not isinstance(product.op, ast.Mult)
        ):
            continue
        for factor, gradient in ((product.left, product.right), (product.right, product.left)):
            if _is_gradient(gradient, weight):
                yield factor, RATE
                break


def _is_gradient(node: ast.expr, weight: ast.expr) -> bool:
    name = ast.unparse(node).lower()
    return "grad" in name or name in (f"d{ast.unparse(weight).lower()}", f"d_{ast.unparse(weight).lower()}")


def _last(node: ast.expr) -> str:
    """Return the last part of the name of what is used, also within `float(…)`."""
    match node:
        case ast.Call(func=ast.Name(id="float" | "int"), args=[inner]):
            return _last(inner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
    return ""

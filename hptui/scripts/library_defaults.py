"""Arguments of optimizers and models of libraries that a script leaves at their defaults: `Adam(params)` has lr 1e-3.

It is used by `constant_slots.py` in the environment of the user's script, so it imports the standard library alone.
"""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from hptui.scripts.call_slots import calls_by_name, named_calls
    from hptui.scripts.compile_rates import RATES, rate_of_compile, rate_slots
    from hptui.scripts.syntax_nodes import DefaultPlace, nodes_of, once
    from hptui.scripts.table_slots import definitions
else:  # started by the path of `with_constants.py`, where no package is
    slots, nodes = importlib.import_module("call_slots"), importlib.import_module("syntax_nodes")
    calls_by_name, named_calls = slots.calls_by_name, slots.named_calls
    DefaultPlace, nodes_of, once = nodes.DefaultPlace, nodes.nodes_of, nodes.once
    definitions = importlib.import_module("table_slots").definitions
    compile_rates = importlib.import_module("compile_rates")
    RATES = compile_rates.RATES
    rate_of_compile, rate_slots = compile_rates.rate_of_compile, compile_rates.rate_slots

TORCH: dict[str, dict[str, Any]] = {
    "Adam": {"lr": 1e-3, "weight_decay": 0.0},
    "AdamW": {"lr": 1e-3, "weight_decay": 1e-2},
    "NAdam": {"lr": 2e-3, "weight_decay": 0.0},
    "RAdam": {"lr": 1e-3, "weight_decay": 0.0},
    "Adamax": {"lr": 2e-3, "weight_decay": 0.0},
    "Adagrad": {"lr": 1e-2, "weight_decay": 0.0},
    "RMSprop": {"lr": 1e-2, "weight_decay": 0.0},
    "SGD": {"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0},
}
KERAS: dict[str, dict[str, Any]] = {
    **{name: {"learning_rate": rate} for name, rate in RATES.items()},
    "SGD": {"learning_rate": RATES["SGD"], "momentum": 0.0},
}
TINYGRAD: dict[str, dict[str, Any]] = {
    "Adam": {"lr": 1e-3},
    "AdamW": {"lr": 1e-3, "weight_decay": 1e-2},
    "SGD": {"lr": 1e-3, "momentum": 0.0},
}
BOOSTING: dict[str, Any] = {"learning_rate": 0.1, "n_estimators": 100, "max_depth": 3, "subsample": 1.0}
FOREST: dict[str, Any] = {"n_estimators": 100, "min_samples_leaf": 1}
NETWORK: dict[str, Any] = {"learning_rate_init": 1e-3, "alpha": 1e-4, "max_iter": 200}
HISTOGRAMS: dict[str, Any] = {"learning_rate": 0.1, "max_iter": 100, "max_leaf_nodes": 31, "l2_regularization": 0.0}
PENALTY: dict[str, Any] = {"alpha": 1.0}
INVERSE_PENALTY: dict[str, Any] = {"C": 1.0}
NEIGHBOURS: dict[str, Any] = {"n_neighbors": 5}
GRADIENT_STEPS: dict[str, Any] = {"alpha": 1e-4}
SMALL_TREES: dict[str, Any] = {"n_estimators": 50, "learning_rate": 1.0}
SKLEARN: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), BOOSTING),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), HISTOGRAMS),
    **dict.fromkeys(("RandomForestClassifier", "ExtraTreesClassifier"), FOREST),
    **dict.fromkeys(("RandomForestRegressor", "ExtraTreesRegressor"), FOREST),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), NETWORK),
    **dict.fromkeys(("LogisticRegression", "SVC", "LinearSVC", "SVR", "LinearSVR"), INVERSE_PENALTY),
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor"), NEIGHBOURS),
    **dict.fromkeys(("SGDClassifier", "SGDRegressor"), GRADIENT_STEPS),
    **dict.fromkeys(("Ridge", "RidgeClassifier", "Lasso", "MultinomialNB"), PENALTY),
    **dict.fromkeys(("AdaBoostClassifier", "AdaBoostRegressor"), SMALL_TREES),
    "ElasticNet": {"alpha": 1.0, "l1_ratio": 0.5},
}
TREES_OF_XGBOOST: dict[str, Any] = {"learning_rate": 0.3, "max_depth": 6, "n_estimators": 100, "subsample": 1.0}
XGBOOST = dict.fromkeys(("XGBClassifier", "XGBRegressor", "XGBRanker"), TREES_OF_XGBOOST)
TREES_OF_LIGHTGBM: dict[str, Any] = {"learning_rate": 0.1, "num_leaves": 31, "n_estimators": 100}
LIGHTGBM = dict.fromkeys(("LGBMClassifier", "LGBMRegressor", "LGBMRanker"), TREES_OF_LIGHTGBM)
ARGUMENTS: dict[str, Any] = {"learning_rate": 5e-5, "per_device_train_batch_size": 8, "weight_decay": 0.0}
TRANSFORMERS = dict.fromkeys(("TrainingArguments", "Seq2SeqTrainingArguments"), ARGUMENTS)
SENTENCES = dict.fromkeys(
    (f"{name}TrainingArguments" for name in ("SentenceTransformer", "CrossEncoder", "SparseEncoder")), ARGUMENTS
)
PREFERENCES: dict[str, Any] = {**ARGUMENTS, "learning_rate": 1e-6, "beta": 0.1}
TRL: dict[str, dict[str, Any]] = {
    "SFTConfig": {**ARGUMENTS, "learning_rate": 2e-5},
    "RewardConfig": {**ARGUMENTS, "learning_rate": 1e-4},
    "GRPOConfig": {**ARGUMENTS, "learning_rate": 1e-6, "beta": 0.0},
    "RLOOConfig": {**ARGUMENTS, "learning_rate": 1e-6, "beta": 0.05},
    **dict.fromkeys(("DPOConfig", "KTOConfig", "ORPOConfig", "CPOConfig"), PREFERENCES),
}
PEFT: dict[str, dict[str, Any]] = {"LoraConfig": {"r": 8, "lora_alpha": 8, "lora_dropout": 0.0}}
ON_POLICY: dict[str, Any] = {"gamma": 0.99, "ent_coef": 0.0}
OFF_POLICY: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 256, "tau": 0.005, "gamma": 0.99}
AGENTS: dict[str, dict[str, Any]] = {
    "PPO": {
        "learning_rate": 3e-4,
        "n_steps": 2048,
        "batch_size": 64,
        "gae_lambda": 0.95,
        "clip_range": 0.2,
        **ON_POLICY,
    },
    "A2C": {"learning_rate": 7e-4, "n_steps": 5, "gae_lambda": 1.0, **ON_POLICY},
    "DQN": {"learning_rate": 1e-4, "batch_size": 32, "gamma": 0.99},
    "SAC": {**OFF_POLICY, "learning_rate": 3e-4},
    "TD3": OFF_POLICY,
    "DDPG": OFF_POLICY,
}
OBLIVIOUS: dict[str, Any] = {"depth": 6, "l2_leaf_reg": 3.0}
CATBOOST = dict.fromkeys(("CatBoostClassifier", "CatBoostRegressor"), OBLIVIOUS)
LIBRARIES: tuple[tuple[str, dict[str, dict[str, Any]], int], ...] = (
    ("torch.optim.", TORCH, 1),
    ("keras.", KERAS, 0),
    ("tensorflow.keras.", KERAS, 0),
    ("tinygrad.", TINYGRAD, 1),
    ("sklearn.", SKLEARN, 0),
    ("xgboost.", XGBOOST, 0),
    ("lightgbm.", LIGHTGBM, 0),
    ("catboost.", CATBOOST, 0),
    ("transformers.", TRANSFORMERS, 1),
    ("sentence_transformers.", SENTENCES, 1),
    ("trl.", TRL, 0),
    ("peft.", PEFT, 0),
    ("stable_baselines3.", AGENTS, 2),
)
"""Beginnings of the full names of what is called, with the defaults that people tune, by the last part.

The number is that of the arguments in front, which none of these is.
"""
SAME_NAMES = (
    {"learning_rate", "lr", "eta", "shrinkage_rate"},
    {"max_depth", "depth"},
    {"subsample", "bagging_fraction", "sub_row", "bagging"},
    {"num_leaves", "num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes"},
    {"l2_leaf_reg", "reg_lambda"},
    {"n_estimators", "num_boost_round", "num_round", "num_rounds", "num_iterations", "num_iteration", "n_iter",
     "nrounds", "num_tree", "num_trees", "iterations", "max_iter"},
    {"per_device_train_batch_size", "per_gpu_train_batch_size"},
)  # fmt: skip
"""Names of one setting, older ones among them: where one of them is given, it is not at its default."""
SET_RATES = {"LearningRateScheduler", "reset_parameter", "OneCycleLR", "CyclicLR"}
"""What is called to give an optimizer or a booster its rates: nothing else that stands for the rate is used."""


def library_slots(tree: ast.Module, name: str) -> list[tuple[Any, Any]]:
    """Return where `Adam.lr` would stand in calls that leave it at its default; [] if one does not."""
    first, _, argument = name.rpartition(".")
    named = named_calls(tree).get(first)
    group = [named] if named is not None else calls_by_name(tree).get(first, [])
    if any(rate_of_compile(tree, call) is not None for call in group):
        return rate_slots(tree, group) if argument == "learning_rate" and not sets_rates(tree) else []
    known = [left_at_defaults(tree, call) for call in group]
    if not group or not all(argument in defaults for defaults in known):
        return []
    return [(_AbsentArgument(call, argument, known[0][argument]), "value") for call in group]


def left_at_defaults(tree: ast.Module, call: ast.Call) -> dict[str, Any]:
    """Return the arguments that a call of a library leaves, with their defaults; {} for other calls."""
    if (rate := rate_of_compile(tree, call)) is not None:
        return {} if sets_rates(tree) else {"learning_rate": rate}
    full = full_name(tree, call.func)
    library = next((entry for entry in LIBRARIES if full.startswith(entry[0])), None)
    defaults = library[1].get(full.rpartition(".")[2], {}) if library is not None else {}
    if library is None or not defaults or any(word.arg is None for word in call.keywords):
        return {}
    _, table, places = library
    if len(call.args) > places or any(isinstance(word, ast.Starred) for word in call.args):
        return {}
    if "learning_rate" in defaults and "per_device_train_batch_size" in defaults and _has_own_optimizer(tree):
        return {}
    if any(table is searched for searched in (SKLEARN, XGBOOST, LIGHTGBM, CATBOOST)) and is_searched_itself(tree):
        return {}
    given = all_names({str(word.arg) for word in call.keywords})
    if any("'lr'" in ast.unparse(arg) for arg in call.args) or sets_rates(tree):  # groups of weights with their rates
        given |= all_names({"lr"})
    return {name: value for name, value in defaults.items() if name not in given}


def all_names(names: set[str]) -> set[str]:
    """Return names of settings with the other names of the same settings."""
    return names.union(*(same for same in SAME_NAMES if not same.isdisjoint(names)))


@once
def _has_own_optimizer(tree: ast.Module) -> bool:
    """Return whether a script gives a Trainer an optimizer: the rate of its arguments is not used then."""
    return any(word.arg == "optimizers" for word in nodes_of(tree, ast.keyword))


@once
def is_searched_itself(tree: ast.Module) -> bool:
    """Return whether a script searches or sets the arguments of its models itself."""
    setting = {"set_params", "grid_search", "randomized_search"}  # the last two are methods of CatBoost
    return any(name.endswith("SearchCV") or name in setting for name in calls_by_name(tree))


@once
def sets_rates(tree: ast.Module) -> bool:
    """Return whether a script sets the rate after it has made the optimizer: its default is not used then.

    It may do so by `group["lr"] = …`, `optimizer.learning_rate = …`, `K.set_value(optimizer.lr, …)`, a schedule.
    """
    calls = calls_by_name(tree)
    if not SET_RATES.isdisjoint(calls) or not RATES_BY_NAME.isdisjoint(set_keys(tree)):
        return True
    if any(word.arg == "learning_rates" for word in nodes_of(tree, ast.keyword)):
        return True
    rates = [node for node in nodes_of(tree, ast.Attribute) if node.attr in RATES_BY_NAME and _is_optimizer(node.value)]
    assigned = {id(call.args[0]) for call in calls.get("set_value", []) if call.args}
    assigned |= {id(c.func.value) for c in calls.get("assign", []) if isinstance(c.func, ast.Attribute)}
    return any(isinstance(node.ctx, ast.Store) or id(node) in assigned for node in rates)


RATES_BY_NAME = {"lr", "learning_rate"}


def _is_optimizer(node: ast.AST) -> bool:
    """Return whether an object is named as an optimizer: `model.optimizer`, `opt`."""
    return (getattr(node, "attr", "") or getattr(node, "id", "")).lower().startswith("opt")


@once
def set_keys(tree: ast.Module) -> set[str]:
    """Return the keys that a script sets: `group["lr"] = …` puts another rate in the place of the default."""
    stored = (node for node in nodes_of(tree, ast.Subscript) if isinstance(node.ctx, ast.Store))
    keys = [node.slice.value for node in stored if isinstance(node.slice, ast.Constant)]
    return {key for key in keys if isinstance(key, str)}


def full_name(tree: ast.Module, node: ast.AST) -> str:
    """Return the name of what is called with the module that it comes from; '' if no import tells."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or definitions(tree).get(node.id):
        return ""
    return ".".join([_imported(tree)[node.id], *parts]) if node.id in _imported(tree) else ""


@once
def _imported(tree: ast.Module) -> dict[str, str]:
    """Return the full names of what a script imports, by its own names."""
    names: dict[str, str] = {}
    for node in nodes_of(tree, ast.ImportFrom):
        for alias in node.names:
            names[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}" if not node.level else ""
    for line in nodes_of(tree, ast.Import):
        for alias in line.names:
            first = alias.name.partition(".")[0]
            names[alias.asname or first] = alias.name if alias.asname else first
    return names


class _AbsentArgument(DefaultPlace):
    """The place of an argument that a call does not give: setting it adds it to the call."""

    def __init__(self, call: ast.Call, name: str, default: Any) -> None:
        super().__init__(call, default)
        self._name = name

    def write(self, value: ast.expr) -> None:
        self.node.keywords.append(ast.copy_location(ast.keyword(self._name, value), self.node))

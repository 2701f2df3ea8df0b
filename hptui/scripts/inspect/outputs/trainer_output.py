"""What a Trainer of transformers logs as a script runs: nothing of an evaluation where none is asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from enum import Enum

from hptui.scripts.inspect.forms import UNKNOWN
from hptui.scripts.inspect.given_values import GivenValues
from hptui.scripts.inspect.modes import CLASSES_WITH_MODES, held_out_in_tables, skipped_calls, surely_held_out
from hptui.scripts.inspect.outputs.computed_scores import computed_scores
from hptui.scripts.inspect.outputs.evaluate_metrics import computed_by_evaluate
from hptui.scripts.inspect.outputs.evaluators import measures_by_evaluator_alone, metrics_of_evaluators
from hptui.scripts.inspect.outputs.own_evaluations import own_evaluations
from hptui.scripts.inspect.outputs.printed import Samples
from hptui.scripts.inspect.syntax import calls, dotted_name, keyword_argument, literal_value
from hptui.scripts.syntax_nodes import all_nodes, nodes_of

REWARD_TRAINERS = ("GRPOTrainer", "RLOOTrainer", "OnlineDPOTrainer", "PPOTrainer")
"""Trainers of trl that log the mean reward: their loss says little."""
STRATEGIES = ("eval_strategy", "evaluation_strategy")
"""Arguments that say when a Trainer evaluates."""
NEVER = ("no", "NO", None)
"""Values of these arguments by which it does not; that is so, too, where none is given."""
OTHER_TRAINERS = ("lightning", "pytorch_lightning", "ignite", "allennlp", "keras", "fairseq", "detectron2", "mmengine")
"""Libraries whose Trainer is another one."""
MAX_SURE_LOGGING_STEPS = 10
"""Steps between two losses of training up to which every run has one."""


class Evaluations(Enum):
    """Whether a Trainer evaluates: it does, has data for it but never does, or has none."""

    ARE_MADE = "are made"
    ARE_NOT_ASKED_FOR = "are not asked for"
    HAVE_NO_DATA = "have no data"


def trainer_metrics(tree: ast.Module, values: GivenValues, skipped: Collection[int] = ()) -> list[str]:
    """Return the metrics that a Trainer of transformers logs.

    Calls that are `skipped` do not run by default.
    """
    trainers = list(_trainers(tree))
    if not trainers:
        return []
    of_rewards = ["reward"] if any(name.endswith(REWARD_TRAINERS) for name, _ in trainers) else []
    known = [*of_rewards, *_losses(trainers, values)]
    prefixes = list(_prefixes_of_evaluations(tree, trainers, values, skipped))
    if prefixes and (logged := own_evaluations(tree, trainers)) is not None:
        return [*logged, *known]
    own = [
        key
        for node in nodes_of(tree, ast.FunctionDef)
        if "metric" in node.name
        for inner in all_nodes(node)
        if isinstance(inner, ast.Return)
        for key in Samples(node).keys(inner.value)
    ]
    own += [
        str(key.value)
        for _, call in calls(tree)
        if (computed := computed_by_evaluate(call)) is not None
        for key in computed.keys
        if isinstance(key, ast.Constant) and str(key.value).isidentifier()
    ]
    own += metrics_of_evaluators(tree)
    best = [literal_value(keyword_argument(call, "metric_for_best_model")) for _, call in calls(tree)]
    own += [text.removeprefix("eval_") for text in best if isinstance(text, str)]
    losses = [] if measures_by_evaluator_alone(tree, trainers) else ["loss"]
    names = [*of_rewards, *losses, *own]
    return [*(f"{prefix}_{name}" for prefix in prefixes for name in names), *known]


def evaluates_by_itself(tree: ast.Module) -> bool:
    """Return whether a Trainer of a script's own evaluates without the library: it logs no `eval_loss`."""
    return own_evaluations(tree, list(_trainers(tree))) is not None


def scores_of_evaluations(tree: ast.Module, values: GivenValues, skipped: Collection[int] = ()) -> list[str]:
    """Return the scores of the task that evaluations of a Trainer surely log besides the loss."""
    trainers = list(_trainers(tree))
    prefixes = list(_prefixes_of_evaluations(tree, trainers, values, skipped))
    if prefixes and own_evaluations(tree, trainers) is not None:
        return []
    keys = computed_scores(tree, [call for _, call in trainers], values) if prefixes else []
    return [f"{prefix}_{key.removeprefix(f'{prefix}_')}" for prefix in prefixes[:1] for key in keys]


def evaluations(tree: ast.Module, values: GivenValues, skipped: Collection[int] = ()) -> Evaluations:
    """Return whether the Trainers of a script evaluate; those of a script without any have no data."""
    trainers = list(_trainers(tree))
    if any(_prefixes_of_evaluations(tree, trainers, values, skipped)):
        return Evaluations.ARE_MADE
    with_data = [call for _, call in trainers if _has_data(tree, call, values)]
    has_data = any(_data_by_name(call) for call in with_data) or (bool(with_data) and surely_held_out(tree))
    return Evaluations.ARE_NOT_ASKED_FOR if has_data else Evaluations.HAVE_NO_DATA


def _trainers(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls that make a Trainer of transformers, or of a library or class that derives from it."""
    roots = dict(_imported_roots(tree))
    own = {node.name: node for node in nodes_of(tree, ast.ClassDef)}
    held = _held_classes(tree)
    for called, call in calls(tree):
        name = held.get(called, called)
        last = name.rpartition(".")[2]
        if not last.endswith("Trainer") or roots.get(name.partition(".")[0], "") in OTHER_TRAINERS:
            continue
        bases = [dotted_name(base).rpartition(".")[2] for base in own[last].bases] if last in own else [last]
        if any(base.endswith("Trainer") for base in bases):
            yield name, call


def _held_classes(tree: ast.Module) -> dict[str, str]:
    """Return the Trainer that a variable holds, the last of several: `kind = Mine if mine else Trainer`."""
    held: dict[str, str] = {}
    for node in nodes_of(tree, ast.Assign):
        values = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
        names = [dotted_name(value) for value in values]
        if all(name.rpartition(".")[2].endswith("Trainer") for name in names):
            held |= {dotted_name(target): names[-1] for target in node.targets if dotted_name(target)}
    return held


def _imported_roots(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what imports bring, each with the first part of the module's name."""
    for node in all_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((a.asname or a.name.partition(".")[0], a.name.partition(".")[0]) for a in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((a.asname or a.name, (node.module or "").partition(".")[0]) for a in node.names)


def _prefixes_of_evaluations(
    tree: ast.Module, trainers: list[tuple[str, ast.Call]], values: GivenValues, skipped: Collection[int]
) -> Iterator[str]:
    """Yield what the names of metrics of evaluations begin with, each once.

    A strategy asks for evaluations, or a call makes one.
    """
    prefixes = ["eval"] if any(_evaluates(tree, call, values) for _, call in trainers) else []
    made = {
        dotted_name(target)
        for node in nodes_of(tree, ast.Assign)
        if any(node.value is call for _, call in trainers)
        for target in node.targets
    }
    parses_modes = any(name.rpartition(".")[2] in CLASSES_WITH_MODES for name, _ in calls(tree))
    is_option = values.of(ast.Name("do_eval", ast.Load())) is not UNKNOWN
    if not parses_modes and not is_option and not _says(tree, "do_eval"):
        skipped = {*skipped, *skipped_calls(tree, {"do_eval"})}
    for _, call in calls(tree):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        owner = dotted_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        is_made = owner in made or "trainer" in owner.lower() or _is_trainer(call.func, trainers)
        if method == "evaluate" and trainers and is_made and id(call) not in skipped:
            third = call.args[2] if len(call.args) > 2 else None
            given = literal_value(keyword_argument(call, "metric_key_prefix") or third)
            prefixes.append(given if isinstance(given, str) else "eval")
    yield from dict.fromkeys(prefixes)


def _is_trainer(func: ast.expr, trainers: list[tuple[str, ast.Call]]) -> bool:
    """Return whether a method is one of a Trainer that is made just there: `Trainer(…).evaluate()`."""
    return isinstance(func, ast.Attribute) and any(func.value is call for _, call in trainers)


def _says(tree: ast.Module, name: str) -> bool:
    """Return whether a call is given an argument by this name that is not false."""
    given = (keyword_argument(call, name) for _, call in calls(tree))
    return any(node is not None and literal_value(node) not in (False, None) for node in given)


def _evaluates(tree: ast.Module, trainer: ast.Call, values: GivenValues) -> bool:
    """Return whether a Trainer evaluates as it trains: it has data, and its arguments say when."""
    return _has_data(tree, trainer, values) and _is_asked_to_evaluate(tree, trainer, values)


def _is_asked_to_evaluate(tree: ast.Module, trainer: ast.Call, values: GivenValues) -> bool:
    """Return whether a Trainer is asked to evaluate, as far as the source shows.

    Arguments do not ask for it by default.
    """
    stored = [node for node in nodes_of(tree, ast.Assign) for target in node.targets if _is_strategy(target)]
    if stored:
        return any(values.of(node.value) not in NEVER for node in stored)
    if any(
        isinstance(node, ast.Attribute) and node.attr in ("should_evaluate", "set_evaluate") for node in all_nodes(tree)
    ):
        return True
    node, is_silent = _arguments_of(trainer)
    made = values.made(node) if node is not None else None
    if made is None:
        chosen = [values.of(ast.Name(name, ast.Load())) for name in STRATEGIES]
        if _parses_defaults(tree) and all(value is UNKNOWN for value in chosen):
            return False
        return not is_silent and any(value not in NEVER for value in chosen)
    given, is_all = values.arguments(made)
    asked = [given[name] for name in STRATEGIES if name in given]
    if not asked:
        name = dotted_name(made.func).rpartition(".")[2]
        is_arguments = name.endswith("TrainingArguments") or OF_CONFIGS.fullmatch(name) is not None
        own = [item for item in nodes_of(tree, ast.ClassDef) if item.name == name]
        is_named = any(text in ast.unparse(item) for item in own for text in STRATEGIES)
        # Before the strategies there was a truth value.
        is_old = literal_value(given.get("evaluate_during_training")) is True
        return not (is_all and is_arguments) or is_named or is_old
    return any(values.of(node) not in NEVER and not dotted_name(node).endswith(".NO") for node in asked)


def _parses_defaults(tree: ast.Module) -> bool:
    """Return whether a command line alone makes TrainingArguments, whose strategy is "no" by default."""
    names = {name.rpartition(".")[2] for name, _ in calls(tree)}
    is_given = any(word.arg in STRATEGIES for _, call in calls(tree) for word in call.keywords)
    return "HfArgumentParser" in names and not is_given


OF_CONFIGS = re.compile(r"(?:[A-Z][A-Za-z]{0,6})Config")
"""Names of classes of trl that derive from TrainingArguments: `SFTConfig`, `GRPOConfig`."""


def _is_strategy(target: ast.expr) -> bool:
    return isinstance(target, ast.Attribute) and target.attr in STRATEGIES


def _arguments_of(trainer: ast.Call) -> tuple[ast.expr | None, bool]:
    """Return the expression of a Trainer's arguments, and whether it surely has none but the default ones."""
    node = keyword_argument(trainer, "args") or (trainer.args[1] if len(trainer.args) > 1 else None)
    may_have = any(word.arg is None for word in trainer.keywords) or any(
        isinstance(part, ast.Starred) for part in trainer.args
    )
    return node, node is None and not may_have


def _losses(trainers: list[tuple[str, ast.Call]], values: GivenValues) -> list[str]:
    """Return the losses of training that are surely logged.

    Where it is not logged every few steps, that is the mean at the end alone.
    """
    return ["loss", "train_loss"] if any(_logs_often(call, values) for _, call in trainers) else ["train_loss"]


def _logs_often(trainer: ast.Call, values: GivenValues) -> bool:
    """Return whether a Trainer logs its loss so often that a short run has one, too.

    By default it does not.
    """
    node, _ = _arguments_of(trainer)
    made = values.made(node) if node is not None else None
    given = values.arguments(made)[0] if made is not None else {}

    def value(name: str) -> object:
        return values.of(given.get(name, ast.Name(name, ast.Load())))

    if value("logging_first_step") is True or value("logging_strategy") == "epoch":
        return True
    steps = value("logging_steps")
    return isinstance(steps, int | float) and not isinstance(steps, bool) and 0 < steps <= MAX_SURE_LOGGING_STEPS


def _has_data(tree: ast.Module, trainer: ast.Call, values: GivenValues) -> bool:
    """Return whether a Trainer is given data to evaluate with, by name or in a table: `Trainer(**data)`."""
    given = _data_by_name(trainer)
    if any(word.arg is None for word in trainer.keywords):
        given += held_out_in_tables(tree)
    return any(values.of(node) is not None and not _is_left_out(tree, node) for node in given)


def _data_by_name(trainer: ast.Call) -> list[ast.expr]:
    return [word.value for word in trainer.keywords if word.arg in ("eval_dataset", "evaluator")]


def _is_left_out(tree: ast.Module, node: ast.expr) -> bool:
    """Return whether data to evaluate with depends on a strategy that the script does not choose."""
    match node:
        case ast.IfExp(test=test, orelse=ast.Constant(value=None)) if "strategy" in ast.unparse(test):
            if any(name.endswith("TrlParser") for name, _ in calls(tree)):  # it reads a recipe, too
                return False
            words = (word for _, call in calls(tree) for word in call.keywords)
            return all(literal_value(word.value) == "no" for word in words if word.arg in STRATEGIES)
    return False

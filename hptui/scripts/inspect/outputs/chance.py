"""Objectives whose single values are chance: of one episode, or of one batch of training data.

The best of many such values says little of a setting: means of them come first, else the last one counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping

from hptui.scripts.inspect.outputs.ranking import (
    CROSS_VALIDATED,
    HELD_OUT_SPLITS,
    REWARDS,
    is_training_metric,
    see_held_out_data,
    words_of,
)
from hptui.scripts.inspect.outputs.single_parts import is_of_episodes, is_of_folds
from hptui.scripts.syntax_nodes import nodes_of

OF_MANY = re.compile(
    r"(?:^|[^a-z])(?:mean|avg|average[ds]?|running|smooth(?:ed)?|ema|moving|rolling|median|total|epoch|cumulative)(?![a-z])"
    r"|last_?\d|\d_?(?:ep|eps|episodes?)(?![a-z])|sum\(|(?<!/)/(?!/)",
    re.IGNORECASE,
)
"""Signs in a name or an expression of a value that is made of many: `np.mean(rewards[-100:])`, `loss / len(data)`."""
SUM_OF_STEPS = re.compile(r"total|cumulative", re.IGNORECASE)
"""Signs that say nothing of a reward: the total of an episode is that of its steps."""
OF_EPISODES = "of single episodes or batches"
OF_BATCHES = "of single batches"
OF_BATCHES_SO_FAR = "of the batches so far"
OF_FOLDS = "of single folds"
OF_RUNS = "of single runs, and at last their mean"
UPDATES = re.compile(r"\.(?:step|backward)\(|value_and_grad|GradientTape|apply_gradients|\bgrad\(")
"""Calls by which a script trains a model step by step."""
EVALUATES = re.compile(
    r"\b\w*(?:test|val|valid|validation|eval|evaluate|evaluation|dev|holdout|heldout)(?![a-z])|no_grad|inference_mode"
    r"|train\s*=\s*False|training\s*=\s*False|is_training",
    re.IGNORECASE,
)
"""Signs of held-out data, or of a pass without training, anywhere in a script."""


def means_of_rewards_first(names: list[str], sources: Mapping[str, str], chosen: Iterable[str]) -> list[str]:
    """Return ranked metrics, with a mean of rewards in the place of the reward of one episode.

    What the script has `chosen` its best by stays the first.
    """
    if not names or names[0] in {*chosen} or not _is_reward_of_one(names[0], sources):
        return names
    mean = next((name for name in names if _is_of_rewards(name, sources) and _is_of_many(name, sources)), None)
    return names if mean is None else [mean, *(name for name in names if name != mean)]


def chance(
    tree: ast.Module,
    name: str,
    sources: Mapping[str, str],
    functions: Iterable[str],
    printing: Collection[ast.Call] = (),
) -> str:
    """Return what single values of a metric are of, where they are chance; else ''.

    `functions` are those that print it, `printing` the calls in them.
    """
    words = words_of(name)
    if CROSS_VALIDATED[0] not in words and is_of_folds(tree, printing):
        return OF_FOLDS
    is_named = any(word in (*HELD_OUT_SPLITS, *CROSS_VALIDATED) for word in words)
    if is_named or see_held_out_data({*functions}) or _is_of_many(name, sources):
        return ""
    if _is_of_rewards(name, sources) or is_of_episodes(tree, printing, sources.get(name, "")):
        return OF_EPISODES
    source = "\n".join(ast.unparse(node) for node in tree.body)
    if not UPDATES.search(source):  # a library trains, and prints what it measures
        return ""
    if is_training_metric(name):
        return OF_BATCHES
    bodies = [ast.unparse(node) for node in nodes_of(tree, ast.FunctionDef) if node.name in {*functions}]
    return "" if EVALUATES.search("\n".join(bodies) or source) else OF_BATCHES


def _is_reward_of_one(name: str, sources: Mapping[str, str]) -> bool:
    of_held_out = any(word in HELD_OUT_SPLITS for word in words_of(name))
    return _is_of_rewards(name, sources) and not of_held_out and not _is_of_many(name, sources)


def _is_of_rewards(name: str, sources: Mapping[str, str]) -> bool:
    words = {*words_of(name), *re.findall(r"[a-z]+", sources.get(name, "").lower())}
    return not REWARDS.isdisjoint(words)


def _is_of_many(name: str, sources: Mapping[str, str]) -> bool:
    texts = [" ".join(words_of(name)), sources.get(name, "")]
    if _is_of_rewards(name, sources):
        texts = [SUM_OF_STEPS.sub("", text) for text in texts]
    return any(OF_MANY.search(text) for text in texts)

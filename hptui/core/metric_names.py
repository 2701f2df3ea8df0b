"""Names of metrics: what they say of the goal, and their form in expressions, where `/` divides.

`eval/loss` is written `eval_loss` there: characters that identifiers lack become `_`. A metric with exactly that name
takes precedence; a name that would denote two metrics denotes none."""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")

LARGER_IS_BETTER = re.compile(
    r"acc|accuracy|acc\d+|top\d|bleu\d?|rouge\w*|meteor|chrf\w*|f1|f1score|em|exact|rewards?|(?:ep|eval)?rews?|returns?|"
    r"(?:[a-z]*ep)?rets?|scores?|auc|auroc|auprc|ap|m?ap\d*|ndcg\w*|mrr|hits?|precision|recall|sensitivity|specificity|pearson\w*|spearman\w*|kendall\w*|ktau|"
    r"corr|correlation|r2|mcc|matthews\w*|kappa|qwk|cindex|concordance|m?iou|jaccard|dice|psnr|ssim|elbo|likelihood|sharpe|sortino|calmar|ic|icir|pesq|stoi|si_?sdr|sdr|rate|winrate"
)
"""Words of a metric's name that say that it is better when larger."""
RATES = ("pass", "win", "success", "hit")
"""Rates that are better when larger; a learning rate or an error rate is not."""
SMALLER_IS_BETTER = re.compile(
    r"(?:\w*(?:loss|losses|errors?|err|mse|rmse|rmsle|msle|mae|mape|nll|ppl|perplexity|regret|distance)|"
    r"(?:fid|kid)\d*k?|ce|bce|bp[bcd]|brier|crps|pinball|cost|wer|cer|eer|epe|ade|fde|mpjpe|frechet|wasserstein|"
    r"chamfer|hausdorff|lpips|fvd|mase|wape|bouldin|incorrects?|mistakes?|misclassified|misclassifications?)\d?"
)
"""Words of a metric's name that say that it is better when smaller, whatever else it says: `dice_loss`."""

INDEX_OR_REWARD = re.compile(
    r"(?<![a-z])c[-_ ]?index(?![a-z])|(?<![a-z])(?:ep|eps|eval|episode|avg|mean|test|total|cum)[-_ /]r$"
)
"""Names of the concordance index and of rewards in letters: `val c-index`, `eval_r`."""

LOSS = re.compile(r"[a-z]*loss(?:es)?|nll|[rn]?mse|mae|xent|ppl|perplexity|bp[bc]")
"""Last words of the names of losses."""
EVALUATION_WORDS = {"val", "valid", "validation", "vali", "eval", "evaluation", "test", "testing", "dev"}
SPLIT_WORDS = {*EVALUATION_WORDS, "train", "training"}


def is_loss(metric: str) -> bool:
    """Return whether a metric is a loss by its name: `val_loss`, `loss/train`; not `loss_scale`."""
    words = [word for word in _words(metric) if word not in SPLIT_WORDS]
    return bool(words) and LOSS.fullmatch(words[-1]) is not None


def is_of_evaluation(metric: str) -> bool:
    """Return whether the name of a metric says that an evaluation measures it: `val_loss`."""
    return not EVALUATION_WORDS.isdisjoint(_words(metric))


def _words(metric: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", metric).lower())


def larger_is_better(metric: str) -> bool:
    """Return whether a metric is better when larger, as far as its name says: `val/acc`, `mAP@50`."""
    if INDEX_OR_REWARD.search(re.sub(r"([a-z])([A-Z])", r"\1_\2", metric).lower()):
        return True
    words = re.findall(r"[a-z]+\d*", re.sub(r"([a-z])([A-Z])", r"\1_\2", metric).lower())
    words += re.findall(r"[a-z]+\d*", metric.lower())
    if says_smaller_is_better(words):
        return False
    if not any(word in RATES for word in words):
        words = [word for word in words if word != "rate"]
    return any(LARGER_IS_BETTER.fullmatch(word) for word in words)


def says_smaller_is_better(words: Iterable[str]) -> bool:
    """Return whether one of the words of a metric's name says that it is better when smaller."""
    return any(SMALLER_IS_BETTER.fullmatch(word) for word in words)


@functools.lru_cache(maxsize=1 << 12)
def identifier(metric: str) -> str:
    """Return the name of a metric in expressions.

    `eval/loss` becomes `eval_loss`, `5-shot acc` `_5_shot_acc`, `lambda` `lambda_`.
    """
    name = re.sub(r"[^A-Za-z0-9_]", "_", metric)
    if not name or name[0].isdigit():
        name = f"_{name}"
    if name.startswith("__"):  # expressions refuse names that begin with __
        name = f"_{name.lstrip('_')}"
    return f"{name}_" if keyword.iskeyword(name) else name


def metric_named(name: str, metrics: Iterable[str]) -> str | None:
    """Return the metric that a name in an expression denotes; None if there is none, or several."""
    known = list(metrics)
    if name in known:
        return name
    matches = [metric for metric in known if identifier(metric) == name]
    return matches[0] if len(matches) == 1 else None


def by_identifier(values: Mapping[str, T]) -> dict[str, T]:
    """Return the values of metrics, by the names that the metrics have in expressions."""
    names = dict.fromkeys(identifier(metric) for metric in values)
    return {name: values[metric] for name in names if (metric := metric_named(name, values)) is not None}

"""Orders metrics as objectives: of held-out data before others, whole losses before parts, means before their parts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from hptui.core.metric_names import larger_is_better, says_smaller_is_better
from hptui.scripts.metrics.pairs import canonical_name

HELD_OUT_SPLITS = ("val", "eval", "dev", "heldout", "holdout", "test")
"""Splits of which a metric is an objective, the best first: `test` is to stay unseen until the end."""
TRAINING_SPLITS = ("train", "training")
CROSS_VALIDATED = ("cv", "oof", "fold", "folds")
"""Words of means over folds, each of which was held out."""
LESSER_WORDS = ("best", "final", "last", "min", "max", "running", "total", "batch", "step", "naive", "baseline",
                "persistence", "chosen", "rejected", "margin", "margins", "std")  # fmt: skip
"""Words of a name that another metric of the same quantity does better without."""
HELD_OUT_GROUPS = 1
"""The groups of `rank` up to this one are of held-out data."""


RATES_OF_ERRORS = ("per", "ter", "der", "ser")
"""Last words of rates of errors: of phones, of diarization; `per` also stands within other names."""


def is_quality(name: str) -> bool:
    """Return whether a metric says how good a model is, unlike a learning rate or a time."""
    words = words_of(name)
    is_smaller_better = says_smaller_is_better(words) or words[-1] in RATES_OF_ERRORS
    return larger_is_better(name) or is_smaller_better


def is_training_metric(name: str) -> bool:
    """Return whether a metric is one of the training data: it says so, or is a loss that names no split."""
    words = words_of(name)
    if any(word in HELD_OUT_SPLITS or word in CROSS_VALIDATED for word in words):
        return False
    return any(word in TRAINING_SPLITS for word in words) or any("loss" in word for word in words)


def ranked(
    names: Iterable[str],
    places: Mapping[str, set[str]] | None = None,
    chosen: Iterable[str] = (),
    validated: Collection[str] = (),
) -> list[str]:
    """Return names of metrics, the likeliest objective first: held-out before others, losses first.

    `places` are the functions that print them; what the script has `chosen` its best by is before others of its kind.
    Those that are `validated` are of validation data, whatever their names say.
    """
    by_choice = set(chosen)

    def key(name: str) -> tuple[int | bool, ...]:
        group, *rest = rank(name)
        if group == NO_SPLIT:
            group = _group_of_places((places or {}).get(name, set()))
            group = min(group, NO_SPLIT) if name in by_choice else group
            group = 0 if name in validated else group
        return (
            not OF_OTHER_MODELS.isdisjoint(words_of(name)),
            OF_ALL_FOLDS.isdisjoint(words_of(name)) or is_of_training_data(name),
            HELD_OUT_GROUPS if group < HELD_OUT_GROUPS and by_choice else group,
            name not in by_choice,
            group,
            is_of_training_data(name),  # `loss` of an epoch before `train_loss` of a step
            *rest,
            WHOLE_WORDS.isdisjoint(words_of(name)),
        )

    ordered = sorted(dict.fromkeys(names), key=key)
    ordered = [name for name in ordered if not _is_numbered(name, ordered)] + [
        name for name in ordered if _is_numbered(name, ordered)
    ]
    if ordered and _is_part_of_loss(ordered[0]) and ordered[0] not in by_choice:
        # A whole score says more than a part of a loss, whatever it is of.
        whole = next((name for name in ordered if larger_is_better(name) and not is_of_training_data(name)), ordered[0])
        ordered.sort(key=lambda name: name != whole)
    if ordered and ordered[0] not in by_choice and (whole := _whole_of_precision(ordered[0], ordered)):
        ordered.sort(key=lambda name: name != whole)
    return ordered


def _is_numbered(name: str, names: Iterable[str]) -> bool:
    """Return whether a metric is one of several parts of another one: `val_loss_12` of `val_loss`."""
    whole = NUMBERED.sub("", canonical_name(name))
    return whole != canonical_name(name) and any(canonical_name(other) == whole for other in names)


NUMBERED = re.compile(r"(?<=loss)_?\d+$")
"""The number of a part of a loss."""


def _whole_of_precision(name: str, names: Iterable[str]) -> str:
    """Return the F1 next to an `acc` that is a precision: a recall is there, and no precision; else ''."""
    *before, last = words_of(name)
    others = {words_of(other)[-1]: other for other in names if words_of(other)[:-1] == before}
    is_half = last in ("acc", "accuracy") and "recall" in others and "precision" not in others
    return others.get("f1", "") if is_half else ""


def _is_part_of_loss(name: str) -> bool:
    words = words_of(name)
    parts = [word for word in words if word not in (*HELD_OUT_SPLITS, *TRAINING_SPLITS, *LESSER_WORDS)]
    return "loss" in words and not all(WHOLE_LOSS.fullmatch(word) for word in parts)


OF_OTHER_MODELS = {
    "teacher",
    "baseline",
    "initial",
    "original",
    "pretrained",
    "before",
    "untrained",
    "untuned",
    "oracle",
}
"""Words of what is measured of a model that is not trained here, or before it is."""
OF_ALL_FOLDS = {"cv", "oof"}
"""Words of a metric over all folds of a cross-validation."""
WHOLE_WORDS = {"ensemble", "overall", "combined"}
"""Words of what a script makes of its parts, of which another metric is each."""


def means_first(names: list[str], means: set[str], chosen: Iterable[str] = ()) -> list[str]:
    """Return ranked names with the means over folds or the like before what is of one of them.

    Before `accuracy` comes `mean_accuracy`, of whatever it is the mean, but where the script has `chosen` its best by
    `accuracy`.
    """
    first = [name for name in names if name in means and not is_of_training_data(name)]
    names = [*first, *(name for name in names if name not in first)]
    for name in [name for name in names if MEAN_WORDS & set(words_of(name))]:
        plain = "_".join(word for word in words_of(name) if word not in MEAN_WORDS)
        place = next((i for i, other in enumerate(names) if canonical_name(other) == plain), len(names))
        if place < names.index(name) and names[place] not in chosen:
            names.remove(name)
            names.insert(place, name)
    return names


MEAN_WORDS = {"mean", "avg", "average", "averaged", "overall", "cv"}
"""Words of a mean in a name."""


def is_of_training_data(name: str) -> bool:
    """Return whether a name says that a metric is of the training data."""
    return any(word in TRAINING_SPLITS for word in words_of(name))


def _group_of_places(functions: set[str]) -> int:
    """Return the group of a metric that names no split, by the functions that print it."""
    if see_held_out_data(functions):
        return HELD_OUT_GROUPS
    return OF_TRAINING if functions and all(OF_A_STEP.fullmatch(name) for name in functions) else NO_SPLIT


def see_held_out_data(functions: set[str]) -> bool:
    """Return whether functions see held-out data alone, as their names say."""
    return bool(functions) and all(OF_HELD_OUT_DATA.fullmatch(name) for name in functions)


OF_HELD_OUT_DATA = re.compile(
    r"(?:(?!train).)*(?:^|_)(?:val|valid\w*|eval\w*|test|testing|check|infer)(?:_(?!train).*)?",
    re.IGNORECASE,
)
OF_A_STEP = re.compile(r"train(?:ing)?_(?:one_)?(?:epoch|step|batch|fn|loop)|(?:one_)?epoch_train", re.IGNORECASE)
"""Names of functions that see held-out data, and of those that see training data alone."""


def rank(name: str) -> tuple[int, int, int, int]:
    """Return the key by which metrics are ordered as objectives."""
    words = words_of(name)
    split = next((index for index, split in enumerate(HELD_OUT_SPLITS) if split in words), len(HELD_OUT_SPLITS))
    training = any(word in TRAINING_SPLITS for word in words)
    is_held_out = split < len(HELD_OUT_SPLITS) - 1
    group = 0 if is_held_out else 1 if split == len(HELD_OUT_SPLITS) - 1 else OF_TRAINING if training else NO_SPLIT
    is_reward = not REWARDS.isdisjoint(words)
    is_loss = is_reward or any("loss" in word for word in words)
    following = [*words[1:], ""]
    # Of `reward_last_50` none is lesser: it is a mean.
    lesser = sum(word in LESSER_WORDS and not after.isdigit() for word, after in zip(words, following, strict=True))
    of_quantity = [word for word in words if word not in (*HELD_OUT_SPLITS, *TRAINING_SPLITS, *LESSER_WORDS)]
    lesser += is_loss and not is_reward and not all(WHOLE_LOSS.fullmatch(word) for word in of_quantity)
    lesser += bool(HALF_SCORES & set(words)) and len(of_quantity) < MANY_WORDS
    if not OF_ALL_FOLDS.isdisjoint(words) and not training:  # of held-out data, and of all of them
        group, lesser = 0, lesser - MANY_WORDS
    is_score = larger_is_better(name) or not MEASURES_OF_TESTS.isdisjoint(words)
    is_first = is_score if group == NO_SPLIT else is_loss  # without a split a loss is of training
    lesser -= MANY_WORDS * (is_reward and group == NO_SPLIT)  # a loss without a split is of an agent's networks
    return group, lesser, 0 if is_reward else 1 if is_first else 2 if is_loss else 3, split


def is_any_score(name: str) -> bool:
    """Return whether a name says no more than that it is a score."""
    return (
        not {"score", "scores", "metric", "value"}.isdisjoint(words_of(name)) and len(set(words_of(name))) <= MANY_WORDS
    )


def is_minimized(name: str) -> bool:
    """Return whether a name says that a smaller value is better."""
    return says_smaller_is_better(words_of(name))


def is_task_score(name: str) -> bool:
    """Return whether a name is that of a score or an error, apart from the loss of training."""
    words = set(words_of(name))
    return larger_is_better(name) or (bool(words & MEASURES_OF_TESTS) and not any("loss" in word for word in words))


HALF_SCORES, MANY_WORDS = {"precision", "recall", "sensitivity", "specificity"}, 3
"""Words of scores that are easily bought by another one: an F1 or an accuracy says more."""
MEASURES_OF_TESTS = {"error", "wer", "cer", "per", "fid", "kid", "bpb", "bpc"}
"""Words of what is measured apart from the loss that is trained with, and is smaller where it is better."""
REWARDS = {"reward", "rewards", "return", "returns", "ret", "rets", "rew", "rews", "epret", "eprew"}
"""Words of what an agent is trained for: the losses of its networks say little."""
NO_SPLIT, OF_TRAINING = 2, 3
"""Groups of the metrics that name no data, and of those of the training data."""
WHOLE_LOSS = re.compile(r"\w*loss|set|data|total|epoch|avg|average|mean|nll|ce|bce|mse|cross|entropy|log|lm|\d+")
"""Words of a whole loss; `loss_cls` is a part of one, and a score says more."""


def words_of(name: str) -> list[str]:
    """Return the words of a name, as metrics are compared."""
    return canonical_name(re.sub(r"([a-z])([A-Z])", r"\1_\2", name)).split("_")

"""Compares the length of a training with evaluations, warm-up and decay, all in steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hptui.model.errors import StudyError
from hptui.model.space import Choice
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.model.values import is_number
from hptui.storage.studyfile.values import show

EVALUATION_PREFIXES = ("eval", "val", "valid", "validation", "test")
"""Prefixes of metrics that only an evaluation reports."""
EVALUATION_INTERVAL_SETTINGS, TRAINING_STEPS_SETTINGS, EPOCHS_SETTINGS = (
    ("eval_every", "eval_steps"),
    ("steps", "max_steps", "total_steps"),
    ("epochs",),
)
"""Settings, by the names that trainers use: steps between evaluations, steps and epochs of a whole training."""
WARMUP_SETTINGS = ("warmup_steps", "num_warmup_steps", "warmup_iters")
"""Settings, by the names that trainers use: steps of warm-up."""
DECAY_SETTINGS = ("decay_steps", "lr_decay_steps", "lr_decay_iters", "lr_steps", "milestones")
"""Settings, by the names that trainers use: steps at which, or over which, the learning rate decays."""


def validate_lengths(study: Study, base: Mapping[str, Value]) -> None:
    """Raise for a stop rule that is tried before its evaluation metric has a first value."""
    first = _first_evaluation(study, base)
    for index, rule in enumerate(study.search.stop):
        metrics = sorted(name for name in rule.when.names if name.split("_")[0] in EVALUATION_PREFIXES)
        if first is not None and metrics and 0 < rule.after < min(1.0, first) - 1e-9:
            percent = f"{100 * rule.after:g} %"
            message = (
                f"{metrics[0]} has no value after {percent} of training: the first evaluation is at {100 * first:.0f} %"
            )
            hint = f"after = {min(0.99, first):.2g}, or evaluate more often"
            raise StudyError(message, where=f"search.stop[{index}].after", value=rule.after, hint=hint)


def schedule_warnings(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    """Yield warnings about warm-up and decay beyond the end of a training.

    The learning rate schedule is then not the intended one.
    """
    lengths = [least for name in TRAINING_STEPS_SETTINGS if (least := _setting_range(study, name, base)[0])]
    if not lengths:
        return
    shortest = min(lengths)
    for name in WARMUP_SETTINGS:
        if (high := _setting_range(study, name, base)[1]) and high >= shortest:
            message = f"up to {show(_plain(high))} of warm-up in a training of {show(_plain(shortest))} steps"
            yield f"{name}: {message}, so the learning rate that was asked for is never reached"
    for name in DECAY_SETTINGS:
        if (high := _largest_number(study, name, base)) and high >= shortest:
            yield f"{name}: a decay at {show(_plain(high))} never comes in a training of {show(_plain(shortest))} steps"


def _plain(number: float) -> Value:
    return int(number) if float(number).is_integer() else number


def _first_evaluation(study: Study, base: Mapping[str, Value]) -> float | None:
    """Return the least progress (0 to 1) at which any configuration is evaluated.

    None where that is not known.
    """
    every = [low for name in EVALUATION_INTERVAL_SETTINGS if (low := _setting_range(study, name, base)[0])]
    length = [high for name in TRAINING_STEPS_SETTINGS if (high := _setting_range(study, name, base)[1])]
    if every and length:
        return every[0] / length[0]
    epochs = [high for name in EPOCHS_SETTINGS if (high := _setting_range(study, name, base)[1])]
    once_an_epoch = any(_possible_values(study, name, base) == [0] for name in EVALUATION_INTERVAL_SETTINGS)
    by_epochs = any(_possible_values(study, name, base) == [0] for name in TRAINING_STEPS_SETTINGS)
    return min(1.0, 1 / epochs[0]) if epochs and once_an_epoch and by_epochs else None


def _setting_range(study: Study, name: str, base: Mapping[str, Value]) -> tuple[float | None, float | None]:
    """Return the least and the largest value of a setting.

    None where it is not a positive number in every configuration.
    """
    values = _possible_values(study, name, base)
    numbers = [value for value in values if is_number(value) and value > 0]
    return (min(numbers), max(numbers)) if numbers and len(numbers) == len(values) else (None, None)


def _largest_number(study: Study, name: str, base: Mapping[str, Value]) -> float | None:
    """Return the largest number that a setting, or a list in it, can hold."""
    numbers: list[float] = []
    for value in _possible_values(study, name, base):
        numbers += [item for item in (value if isinstance(value, list) else [value]) if is_number(item)]
    return max(numbers, default=None)


def _possible_values(study: Study, name: str, base: Mapping[str, Value]) -> list[Value]:
    """Return the values that a setting can have.

    They are bounds of a range, choices, its `[trainer]` value, and those of listed trials.
    """
    if any(derived.name == name for derived in study.space.derived):
        return []
    parameter = study.space.get(name)
    if isinstance(parameter, Choice):
        values: list[Value] = list(parameter.choices)
    else:
        values = [parameter.low, parameter.high] if parameter else []
    values += [base[name]] if name in base and (study.search.baseline or not values) else []
    return values + [trial.set[name] for trial in study.trials if name in trial.set]

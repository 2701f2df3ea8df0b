"""How long a training is against what is measured in its steps: evaluations, warm-up, decay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hptui.model.errors import StudyError
from hptui.model.space import Choice
from hptui.model.study import Study
from hptui.model.trial import Value
from hptui.model.values import is_number
from hptui.storage.studyfile.values import show

EVALUATED = ("eval", "val", "valid", "validation", "test")
EVERY, LENGTH, EPOCHS = ("eval_every", "eval_steps"), ("steps", "max_steps", "total_steps"), ("epochs",)
"""Settings, by the names that trainers use: steps between evaluations, steps and epochs of a whole training."""
WARM_UP = ("warmup_steps", "num_warmup_steps", "warmup_iters")
DECAY = ("decay_steps", "lr_decay_steps", "lr_decay_iters", "lr_steps", "milestones")


def check_timely(study: Study, base: Mapping[str, Value]) -> None:
    """What an evaluation measures has a value at the first one: a rule that is to be tried before never means that."""
    first = _first_evaluation(study, base)
    for index, rule in enumerate(study.search.stop):
        late = sorted(name for name in rule.when.names if name.split("_")[0] in EVALUATED)
        if first is not None and late and 0 < rule.after < min(1.0, first) - 1e-9:
            share = f"{100 * rule.after:g} %"
            what = f"{late[0]} has no value after {share} of training: the first evaluation is at {100 * first:.0f} %"
            hint = f"after = {min(0.99, first):.2g}, or evaluate more often"
            raise StudyError(what, where=f"search.stop[{index}].after", value=rule.after, hint=hint)


def schedules(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    """Warm-up and decay that lie beyond the end of a training: the schedule is then not the one that was asked for."""
    lengths = [low for name in LENGTH if (low := _range(study, name, base)[0])]
    if not lengths:
        return
    shortest = min(lengths)
    for name in WARM_UP:
        if (most := _range(study, name, base)[1]) and most >= shortest:
            what = f"up to {show(_plain(most))} of warm-up in a training of {show(_plain(shortest))} steps"
            yield f"{name}: {what}, so the learning rate that was asked for is never reached"
    for name in DECAY:
        if (most := _largest(study, name, base)) and most >= shortest:
            yield f"{name}: a decay at {show(_plain(most))} never comes in a training of {show(_plain(shortest))} steps"


def _plain(number: float) -> Value:
    return int(number) if float(number).is_integer() else number


def _first_evaluation(study: Study, base: Mapping[str, Value]) -> float | None:
    """The least progress at which any configuration is evaluated; None where that is not known."""
    every = [low for name in EVERY if (low := _range(study, name, base)[0])]
    length = [high for name in LENGTH if (high := _range(study, name, base)[1])]
    if every and length:
        return every[0] / length[0]
    epochs = [high for name in EPOCHS if (high := _range(study, name, base)[1])]
    once_an_epoch = any(_values(study, name, base) == [0] for name in EVERY)
    by_epochs = any(_values(study, name, base) == [0] for name in LENGTH)
    return min(1.0, 1 / epochs[0]) if epochs and once_an_epoch and by_epochs else None


def _range(study: Study, name: str, base: Mapping[str, Value]) -> tuple[float | None, float | None]:
    """The least and the largest value of a setting; None where it is no positive number in every configuration."""
    values = _values(study, name, base)
    numbers = [value for value in values if is_number(value) and value > 0]
    return (min(numbers), max(numbers)) if numbers and len(numbers) == len(values) else (None, None)


def _largest(study: Study, name: str, base: Mapping[str, Value]) -> float | None:
    """The largest number that a setting, or a list in it, can hold."""
    found: list[float] = []
    for value in _values(study, name, base):
        found += [one for one in (value if isinstance(value, list) else [value]) if is_number(one)]
    return max(found, default=None)


def _values(study: Study, name: str, base: Mapping[str, Value]) -> list[Value]:
    """The values that a setting can have: bounds of a range, choices, [trainer]'s own, those of listed trials."""
    if any(derived.name == name for derived in study.space.derived):
        return []
    parameter = study.space.get(name)
    if isinstance(parameter, Choice):
        values: list[Value] = list(parameter.choices)
    else:
        values = [parameter.low, parameter.high] if parameter else []
    values += [base[name]] if name in base and (study.search.baseline or not values) else []
    return values + [trial.set[name] for trial in study.trials if name in trial.set]

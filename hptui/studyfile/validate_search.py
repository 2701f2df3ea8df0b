"""Whether a sampler can search its study; stages, each validated as the study that its engine searches.

Also compares the length of a training with evaluations, warm-up and decay."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec

from hptui import plugins
from hptui.core.errors import Problems, StudyError, Unsupported, UserError
from hptui.core.masking import mask_text
from hptui.core.space import Choice
from hptui.core.stages import as_stage, stage_space
from hptui.core.study import Stage, Study
from hptui.core.trial import Value
from hptui.core.values import is_number, show

UNRANKED_SAMPLERS = ("grid", "random", "qmc", "list")
"""Samplers that compare no trials, so that they need no objective."""


def validate_unranked(study: Study) -> None:
    """Raise for a study without objectives in which something compares trials."""
    if study.objectives:
        return
    search = study.search
    comparing = [
        ("search.sampler", search.sampler, search.sampler not in UNRANKED_SAMPLERS),
        ("search.pruner", search.pruner.kind, search.pruner.kind != "none"),
        ("search.until.target", search.until.target, search.until.target is not None),
        ("search.until.no_improvement", search.until.no_improvement, search.until.no_improvement is not None),
        *((f"stage[{n}].from", stage.name, stage.best is not None) for n, stage in enumerate(study.stages)),
    ]
    for where, value, compares in comparing:
        if compares:
            hint = f'[objective] metric = "val_loss" gives one; without, the sampler is {", ".join(UNRANKED_SAMPLERS)}'
            raise StudyError("compares trials, and the study has no objective", where=where, value=value, hint=hint)


def validate_sampler(study: Study) -> None:
    """Raise for a sampler that has nothing to propose, or cannot search the study."""
    sampler, space = study.search.sampler, study.space
    compares_base_model = study.search.baseline and study.search.evaluate_base
    if sampler == "list" and not study.trials and not compares_base_model:
        raise StudyError(
            "'list' runs the [[trial]] tables, and there are none",
            where="search.sampler",
            value=sampler,
            hint="evaluate_base = true compares [trainer], as it stands, with the untouched model",
        )
    if sampler != "list" and not space.parameters:
        hint = "add parameters to [space], or write [[trial]] tables"
        raise StudyError(f"is empty, so {sampler!r} has nothing to search", where="space", hint=hint)
    validate_abilities(study)


def validate_names(study: Study) -> None:
    """Check that no name is a secret: names stand in every table, report and export."""
    places = {"objective.metric": [objective.metric for objective in study.objectives], "metrics": [*study.metrics]}
    places |= {"space": [*study.space.names], "trainer": [*study.trainer.settings]}
    for place, names in places.items():
        for name in names:
            if mask_text(name) != name:
                hint = "names are shown and exported; a secret belongs in a variable: {env.NAME}"
                raise StudyError(f"a name that looks like a secret: {mask_text(name)}", where=place, hint=hint)


def validate_abilities(study: Study) -> None:
    """Raise for a study that its sampler cannot search, or not on this machine."""
    sampler = study.search.sampler
    if sampler == "auto":
        return
    try:
        spec = plugins.spec("samplers", sampler, study.directory)
        check = plugins.load("samplers", sampler, "check", study.directory)
    except UserError as error:
        raise StudyError(error.message, where="search.sampler", value=sampler, hint=error.hint) from None
    for module in spec.requires:
        if find_spec(module) is None:
            message = f"search.sampler: {sampler!r} needs {module}, which is not installed"
            raise Unsupported(message, hint=f'install it with "pip install {module}", or choose another sampler')
    if check is not None:
        check(study)


ViewValidator = Callable[[Study, Problems], None]
"""Collects the problems of a study without stages."""


def validate_stages(study: Study, validate_view: ViewValidator, problems: Problems) -> None:
    """Collect the problems of all stages, each once.

    `validate_view` validates a study without stages.
    """
    with problems.collect():
        _check_stage_constraints(study)
    texts: set[str] = set()
    for index, stage in enumerate(study.stages):
        stage_problems = Problems()
        with stage_problems.collect():
            _check_stage_search(study, index)
        if not stage_problems.errors:
            stage_study = as_stage(study, stage)
            with stage_problems.collect():
                validate_abilities(stage_study)
            validate_view(stage_study, stage_problems)
        for error in stage_problems.errors:
            located = _located(error, index, stage)
            if str(located) not in texts:
                texts.add(str(located))
                problems.errors.append(located)


def _check_stage_constraints(study: Study) -> None:
    """Raise for a constraint that binds no parameter of any stage."""
    spaces = [study.space, *(stage_space(study, stage) for stage in study.stages)]
    names = {name for space in spaces for name in (*space.names, *(derived.name for derived in space.derived))}
    for index, constraint in enumerate(study.space.constraints):
        if not constraint.names & names:
            message = f"{constraint.text!r} names no parameter of any stage"
            hint = f"parameters: {', '.join(sorted(names))}"
            raise StudyError(message, where=f"search.constraints[{index}]", value=constraint.text, hint=hint)


def _check_stage_search(study: Study, index: int) -> None:
    """Raise unless a stage that searches has a space and an end.

    It also must not set what it searches.
    """
    stage = study.stages[index]
    where, stage_study = f"stage[{index}]", as_stage(study, stage)
    if not stage.searches:
        return
    if not stage_study.space.parameters:
        hint = 'give it a space, or write from = "best 1" to run the best trial again'
        raise StudyError(f"stage {stage.name!r} has nothing to search", where=where, value=stage.name, hint=hint)
    searched = {*stage_study.space.names, *(derived.name for derived in stage_study.space.derived)}
    for name in stage.set:
        if name in searched:
            reason = "is searched" if name in stage_study.space.names else "is derived"
            raise StudyError(f"{reason} in this stage, so a value here means nothing", where=f"{where}.set.{name}")
    endless = stage_study.search.trials is None and stage_study.search.sampler != "grid"
    if endless and stage_study.search.until.no_improvement is None and index + 1 < len(study.stages):
        consequence = f"stage {study.stages[index + 1].name!r} would never begin"
        raise StudyError(
            f"missing: without a limit {consequence}", where=f"{where}.trials", hint="for instance trials = 20"
        )


def _located(error: StudyError | Unsupported, index: int, stage: Stage) -> StudyError | Unsupported:
    """Return the error with its location in the file.

    It lies in the stage's own table where that has the part, else the message names the stage.
    """
    if isinstance(error, Unsupported):
        return Unsupported(f"stage[{index}]: {error.message}", hint=error.hint)
    table, _, key = error.where.partition(".")
    if table.startswith("stage["):
        return error
    if table == "space" and stage.space is not None:
        where, problem = f"stage[{index}].{error.where}", error.problem
    elif (key.startswith("pruner") and stage.pruner is not None) or (key == "sampler" and stage.sampler):
        where, problem = f"stage[{index}].{key}", error.problem
    else:
        where, problem = error.where, f"in stage {stage.name!r}: {error.problem}"
    return StudyError(problem, where=where, value=error.value, hint=error.hint)


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
    """Yield warnings about warm-up, decay and evaluations beyond the end of a training.

    The learning rate schedule is then not the intended one.
    """
    yield from _never_evaluated(study, base)
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


INTERVALS_OF_SCRIPTS = re.compile(
    r"(?:eval|evaluate|evaluation|val|valid|validate|validation)_?(?:every|interval|freq|frequency)|eval_steps"
)
LENGTHS_OF_SCRIPTS = re.compile(
    r"(?:(?:max|num|n|total)_?)?(?:train(?:ing)?_?)?(?:steps|iters|iterations|batches|updates)"
)
"""Parameters of scripts, in small letters: steps between evaluations, and steps of a whole training."""


def _never_evaluated(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    """Yield a warning where a script would be evaluated for the first time after its training."""
    strategies = [base.get(name) for name in ("eval_strategy", "evaluation_strategy")]
    if study.trainer.kind != "command" or any(strategy not in (None, "steps") for strategy in strategies):
        return
    names = {*base, *(parameter.name for parameter in study.space.parameters)}
    highs = {name: _setting_range(study, name, base) for name in names if LENGTHS_OF_SCRIPTS.fullmatch(name.lower())}
    longest = min((high for _, high in highs.values() if high), default=None)
    for name in sorted(names) if longest is not None else ():
        every = _setting_range(study, name, base)[0] if INTERVALS_OF_SCRIPTS.fullmatch(name.lower()) else None
        if every is not None and longest is not None and every > longest:
            length = show(_plain(longest))
            yield f"{name}: {show(_plain(every))} is more than the {length} steps of a training: it is not evaluated"


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

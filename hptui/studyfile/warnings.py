"""Warnings about what is allowed in a study file, but probably not meant. `hptui check` prints them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

from hptui.core.command_settings import script_parameters
from hptui.core.masking import mask
from hptui.core.metric_names import larger_is_better
from hptui.core.space import Choice
from hptui.core.stages import as_stage
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import show, unquote_hint
from hptui.studyfile.trainer_settings import Schema, accepts_any_setting, default_settings, look_up
from hptui.studyfile.validate import rule_warnings
from hptui.studyfile.validate_search import schedule_warnings

MAX_LINEAR_DECADES = 1.5
"""Decades of a linear range from which a log scale is suggested."""
MIN_FEASIBLE_SHARE = 0.01
"""Feasible share (0 to 1) of the space below which a warning is given."""


def study_warnings(study: Study, schema: Schema | None = None) -> list[str]:
    """Return sentences about a study, each naming its key; none when nothing is suspicious."""
    settings = look_up(schema, study.trainer.kind, study.directory)
    base = {**default_settings(settings), **study.trainer.settings}
    return [
        *study.remarks,
        *(_stage_warnings(study, default_settings(settings)) if study.stages else _search_warnings(study, base)),
        *_goal_warnings(study),
        *rule_warnings(study),
        *(_quoted_number_warnings(study) if accepts_any_setting(settings) else []),
    ]


def _search_warnings(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    """Yield the warnings about the search of a study, or of one stage seen as a study."""
    yield from _baseline_warnings(study, base)
    yield from _scale_warnings(study)
    yield from schedule_warnings(study, base)
    yield from _share_warnings(study, base)
    yield from _limit_warnings(study)


def _stage_warnings(study: Study, trainer_defaults: Mapping[str, Value]) -> Iterator[str]:
    """Yield the warnings of each stage that searches, each text once. The baseline runs in the first."""
    texts: set[str] = set()
    for index, stage in enumerate(study.stages):
        view = as_stage(study, stage)
        view = view if index == 0 else replace(view, search=replace(view.search, baseline=False))
        for text in _search_warnings(view, {**trainer_defaults, **view.trainer.settings}) if stage.searches else ():
            if text not in texts:
                texts.add(text)
                yield f"stage {stage.name}: {text}" if stage.space is not None else text


def _baseline_warnings(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    """Yield warnings about a baseline outside the space, to which the search cannot return."""
    if not study.search.baseline or study.search.sampler == "list":
        return
    active = study.space.active(base, {})
    for parameter in study.space.parameters:
        name = parameter.name
        if name in base and name in active and not parameter.contains(base[name]):
            value, range_ = mask(show(base[name]), name), mask(parameter.describe(), name)
            yield f"baseline: {name} = {value} lies outside its range, {range_}"
    for constraint in study.space.violated(base, {}):
        yield f"baseline: breaks the constraint {constraint.text}"


def _scale_warnings(study: Study) -> Iterator[str]:
    for parameter in study.space.parameters:
        if isinstance(parameter, Choice) or parameter.log or parameter.step is not None or parameter.low <= 0:
            continue
        if any(text.startswith(f"parameters.{parameter.name}:") and "linear scale" in text for text in study.remarks):
            continue
        if math.log10(parameter.high / parameter.low) > MAX_LINEAR_DECADES:
            factor = f"{parameter.high / parameter.low:,.0f}"
            yield (
                f"space.{parameter.name}: {parameter.describe()} spans a factor of {factor} on a linear scale, "
                "so small values are hardly tried; log = true tries all magnitudes alike"
            )


def _share_warnings(study: Study, base: Mapping[str, Value]) -> Iterator[str]:
    if study.space.constraints and study.search.sampler != "list":
        share = study.space.feasible_share(base)
        if share < MIN_FEASIBLE_SHARE:
            amount = f"about {share:.1%}" if share else "at most 0.1%"
            yield f"search.constraints: {amount} of [space] keeps them; narrow the ranges, or derive settings with expr"


def _limit_warnings(study: Study) -> Iterator[str]:
    search = study.search
    if search.sampler == "list" and study.space.parameters:
        yield "space: is not searched, because search.sampler is 'list'"
    limits = (search.trials, search.until.hours, search.until.no_improvement)
    if search.sampler not in ("list", "grid") and limits == (None, None, None):
        yield "search: has no limit, so it runs until it is stopped; trials = 20 or until = { hours = 8 } gives one"


def _goal_warnings(study: Study) -> Iterator[str]:
    for objective in study.objectives:
        if objective.goal == "minimize" and larger_is_better(objective.metric):
            yield f'objective: {objective.metric} is minimized; goal = "maximize" makes it large'


def _quoted_number_warnings(study: Study) -> Iterator[str]:
    """Yield warnings about numbers in quotes.

    With a trainer whose settings are unknown, they stay text.
    """
    own = script_parameters(study.trainer.kind, study.trainer.settings)
    locations = [(f"trainer.{name}", value) for name, value in own.items()]
    for parameter in study.space.parameters:
        if isinstance(parameter, Choice):
            locations += [(f"space.{parameter.name}.choices[{n}]", value) for n, value in enumerate(parameter.choices)]
    for location, value in locations:
        if hint := unquote_hint(value):
            yield f"{location}: is the text {show(value)}; if a number is meant, {hint}"

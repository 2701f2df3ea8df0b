"""Settings of trials that a study will run, and the request that a runner hands to a trainer's preparation.

A preparation examines them, so that a value that cannot work is detected before a trial draws it. Choices are covered
completely, ranges by their ends."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import settings as format_settings
from hptui.core.parameters import Choice, Parameter
from hptui.core.required_metrics import RequiredMetric, required_metrics
from hptui.core.space import Space
from hptui.core.stages import as_stage
from hptui.core.study import Study
from hptui.core.trial import Value
from hptui.core.values import configuration_key

MAX_COMBINATIONS = 64
"""Most combinations of values that are examined; if there are more, each value is examined by itself."""


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """The complete settings of a planned trial. `where` names its origin in the study file.

    `runs` is False for a preset, which runs only if a person queues it.
    """

    settings: Mapping[str, Value]
    where: str
    runs: bool = True


def representative_settings(study: Study, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """Return settings that represent all trials of a study.

    They are the trainer's table; if no trial runs that as it is, with a value from the space for each parameter.
    `defaults` are the trainer's values for settings that the table lacks; expressions may need them.
    """
    table, derived = study.trainer.settings, {entry.name for entry in study.space.derived}
    settled = study.space.settle({**defaults, **table}, _initial_values(study, defaults))
    as_written = {name for name in derived & table.keys() if _table_is_run(study)}
    return {**table, **{name: value for name, value in settled.items() if name not in as_written}}


def _table_is_run(study: Study) -> bool:
    return study.search.baseline or study.search.evaluate_base


def _initial_values(study: Study, defaults: Mapping[str, Value]) -> dict[str, Value]:
    """Return a value for each parameter of the space.

    It is the value of the table or the trainer if that is run or could be drawn, else the first value of the parameter.
    """
    run_as_written = _table_is_run(study)
    table = {**defaults, **study.trainer.settings} if run_as_written else study.trainer.settings
    return {
        parameter.name: table[parameter.name]
        if parameter.name in table and (run_as_written or parameter.contains(table[parameter.name]))
        else _ends(parameter)[0]
        for parameter in study.space.parameters
    }


def planned_differences(study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> list[PlannedTrial]:
    """Return the planned trials that differ from the representative settings in one of `names`, each once."""
    planned: list[PlannedTrial] = []
    for stage in study.stages or (None,):
        stage_study = as_stage(study, stage)
        prefix = f"stage {stage.name}: " if stage is not None else ""
        if stage is not None:
            planned.append(PlannedTrial(representative_settings(stage_study, defaults), f"stage {stage.name}"))
        if stage is None or stage.searches:
            planned += [
                PlannedTrial(settings, prefix + label)
                for settings, label in _searched_settings(stage_study, names, defaults)
            ]
    base = as_stage(study, study.stages[0] if study.stages else None).trainer.settings
    for n, listed in enumerate(study.trials):
        label = listed.name or listed.title or str(n + 1)
        planned.append(PlannedTrial(_settings_with(study.space, base, listed.set, defaults), f"[[trial]] {label}"))
    for preset in study.presets:
        planned.append(
            PlannedTrial(
                _settings_with(study.space, base, preset.set, defaults), f"[[preset]] {preset.name}", runs=False
            )
        )
    known_keys, distinct = {_key(representative_settings(study, defaults), names)}, list[PlannedTrial]()
    for variant in planned:
        if (key := _key(variant.settings, names)) not in known_keys:
            known_keys.add(key)
            distinct.append(variant)
    return distinct


def _settings_with(
    space: Space, base: Mapping[str, Value], params: Mapping[str, Value], defaults: Mapping[str, Value]
) -> dict[str, Value]:
    env = {**defaults, **base}
    derived = {entry.name for entry in space.derived}
    settled = {name: value for name, value in space.settle(env, params).items() if name in derived}
    return {**base, **settled, **params}


def _key(settings: Mapping[str, Value], names: Collection[str]) -> str:
    return str(configuration_key({name: settings[name] for name in names if name in settings}))


def _searched_settings(
    study: Study, names: Collection[str], defaults: Mapping[str, Value]
) -> Iterator[tuple[dict[str, Value], str]]:
    """Yield feasible settings of the search, each with a label.

    Every combination of the parameters that matter, or, if there are too many, one parameter at a time.
    """
    space, base, initial = study.space, study.trainer.settings, _initial_values(study, defaults)
    env = {**defaults, **base}
    ends = {item.name: _ends(item) for item in space.parameters if item.name in _names_needed(space, names)}
    if math.prod(map(len, ends.values())) <= MAX_COMBINATIONS:
        samples = [dict(zip(ends, values, strict=True)) for values in itertools.product(*ends.values())]
    else:
        samples = [{name: value} for name, values in ends.items() for value in values]
    labelled = {*names, *ends}
    for sample in samples:
        settled = space.settle(env, {**initial, **sample})
        if space.margin(env, settled) <= 0:
            changed = {
                name: value for name, value in settled.items() if name in labelled and initial.get(name) != value
            }
            yield {**base, **settled}, format_settings(changed or sample)


def _names_needed(space: Space, names: Collection[str]) -> set[str]:
    """Return `names` and all names that they are derived from or conditional on."""
    needed, pending = set[str](), list(names)
    while pending:
        name = pending.pop()
        if name in needed:
            continue
        needed.add(name)
        for derived in space.derived:
            pending += derived.expr.names if derived.name == name else ()
        for parameter in space.parameters:
            pending += parameter.when.names if parameter.name == name and parameter.when is not None else ()
    return needed


def _ends(parameter: Parameter) -> tuple[Value, ...]:
    """Return all values of a choice, or the first and last value of a range."""
    if isinstance(parameter, Choice):
        return parameter.choices
    values = parameter.values() if parameter.step is not None else None
    return (values[0], values[-1]) if values else (parameter.low, parameter.high)


@dataclass(frozen=True, slots=True)
class PrepareRequest:
    """Input of a trainer's preparation step.

    `settings` are representative settings of the study, `variants` the planned trials that differ from them in a
    setting that matters to the preparation, `wanted` the metrics that the study file names.
    """

    settings: Mapping[str, Value]
    variants: Sequence[PlannedTrial] = ()
    wanted: Sequence[RequiredMetric] = ()

    @classmethod
    def for_study(cls, study: Study, names: Collection[str], defaults: Mapping[str, Value]) -> PrepareRequest:
        """Build the request for a study.

        `names` are the settings that matter to the preparation, `defaults` the trainer's values for settings that the
        study file does not give.
        """
        return cls(
            representative_settings(study, defaults),
            planned_differences(study, names, defaults),
            required_metrics(study),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the request as a JSON object; `read` is the inverse."""
        planned, metrics = [asdict(trial) for trial in self.variants], [asdict(metric) for metric in self.wanted]
        return {"settings": dict(self.settings), "variants": planned, "wanted": metrics}

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> PrepareRequest:
        """Build the request from an object that `to_json` returned."""
        planned = [PlannedTrial(**fields) for fields in config.get("variants", ())]
        return cls(config["settings"], planned, [RequiredMetric(**fields) for fields in config.get("wanted", ())])

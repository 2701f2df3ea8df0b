"""Edit a search space: a draft of it, what the draft would mean, and making it the next revision."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, UserError, did_you_mean
from hptui.core.ranking import meets_outcome, ranking
from hptui.core.space import Derived, Parameter, Space
from hptui.core.stages import as_stage, stage_named
from hptui.core.study import Study
from hptui.core.trial import Trial, TrialStatus, Value
from hptui.core.unit_cube import fraction_of
from hptui.operations.runner_process import defaults_of
from hptui.operations.script_space import option_help, script_options
from hptui.operations.steer import change_spec, restore_script_arguments, stage_with_space, study_of
from hptui.results.packing import own_seconds
from hptui.results.view import View, read_view
from hptui.search.feasible import FeasibleSampler
from hptui.search.projection import SpaceProjection
from hptui.store.paths import StudyDir

DEFAULT_SAMPLES = 8
"""Configurations that are shown for a draft."""
TOP_TRIALS = 10
"""Best trials whose values are shown in each range."""


@dataclass(frozen=True, slots=True)
class SpaceDraft:
    """A space being edited.

    `entries` are parameters and derived values by name, as tables of `[space]` have them. `stage` names the stage whose
    own space this is; '' for the study's.
    """

    entries: Mapping[str, Mapping[str, Value]]
    constraints: tuple[str, ...] = ()
    stage: str = ""

    def with_entry(self, name: str, entry: Mapping[str, Value] | None, *, was: str = "") -> SpaceDraft:
        """Return the draft with an entry set, or removed if `entry` is None.

        The entry takes the place of the one called `was`, if that is given.
        """
        entries: dict[str, Mapping[str, Value]] = {}
        for key, old in self.entries.items():
            if key in (was or name, name):
                if entry is not None and name not in entries:
                    entries[name] = dict(entry)
            else:
                entries[key] = old
        if entry is not None and name not in entries:
            entries[name] = dict(entry)
        return replace(self, entries=entries)

    def with_constraints(self, constraints: Sequence[str]) -> SpaceDraft:
        """Return the draft with other constraints; empty ones are left out."""
        return replace(self, constraints=tuple(text for text in constraints if text.strip()))


@dataclass(frozen=True, slots=True)
class DraftEffect:
    """The effect of a draft.

    `fits` of `tried` trials would still inform the search; `outside` are the numbers of the others. `feasible` is the
    share (0 to 1) of the space that satisfies the constraints, `samples` are configurations that a random search would
    draw, `seconds` is an estimate of what the remaining trials take.
    """

    study: Study
    space: Space
    feasible: float
    configurations: int | None
    fits: int
    tried: int
    outside: tuple[int, ...]
    samples: tuple[Mapping[str, Value], ...] = ()
    seconds: float | None = None
    trials_left: int | None = None
    warnings: tuple[str, ...] = ()
    positions_of_best: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Positions (0 to 1) of the best trials in each range, of those that lie in it."""


def draft_of(sd: StudyDir) -> SpaceDraft:
    """Return the space of now: the study's, or that of the current stage if it has its own."""
    from hptui import studyfile

    restore_script_arguments(sd)
    view, stage = read_view(sd, secrets=True), stage_with_space(sd)
    document = studyfile.to_json(view.study)
    section: Mapping[str, Value] = document
    if stage:
        stages = document.get("stage")
        section = next(table for table in stages if isinstance(table, dict) and table["name"] == stage)  # type: ignore[union-attr]
    entries = {}
    for entry in section.get("space") or ():  # type: ignore[union-attr]
        assert isinstance(entry, dict)
        values = {key: value for key, value in entry.items() if key != "name" and value is not False}
        if entry.get("ordered") is False:
            values["ordered"] = False
        entries[str(entry["name"])] = values
    return SpaceDraft(entries, tuple(constraint.text for constraint in view.study.space.constraints), stage)


def with_changes(
    draft: SpaceDraft, changes: Mapping[str, str], added: Sequence[str], dropped: Sequence[str]
) -> SpaceDraft:
    """Return the draft with short texts for parameters and other constraints.

    '' removes a parameter, `= 2 * rank` makes it a derived value. Raises: `StudyError` for a name or constraint that is
    not in the draft.
    """
    from hptui.studyfile.space_entries import expand_short_entry

    for name, text in changes.items():
        old = draft.entries.get(name)
        if not text.strip():
            if old is None:
                hint = did_you_mean(name, draft.entries)
                raise StudyError("is not in the space", where=f"space.{name}", value=name, hint=hint)
            draft = draft.with_entry(name, None)
            continue
        preserved = {key: value for key, value in (old or {}).items() if key in ("when", "note")}
        if text.strip().startswith("="):
            draft = draft.with_entry(name, {"expr": text.strip().removeprefix("=").strip(), **preserved})
        else:
            draft = draft.with_entry(name, {**expand_short_entry(name, text, dict(old) if old else None), **preserved})
    for text in dropped:
        if text not in draft.constraints:
            hint = did_you_mean(text, draft.constraints)
            raise StudyError("is no constraint of the study", where="search.constraints", value=text, hint=hint)
    return draft.with_constraints([*(text for text in draft.constraints if text not in dropped), *added])


def entry_reader(study: Study) -> Callable[[str, Mapping[str, Value]], Parameter | Derived]:
    """Return a function that parses an entry and checks it against the trainer's setting of that name."""
    from hptui import studyfile
    from hptui.studyfile.space_entries import read_entry
    from hptui.studyfile.trainer_settings import find_setting, validate_parameter
    from hptui.trainers import registry

    settings = studyfile.look_up(registry.schema, study.trainer.kind, study.directory)

    def read(name: str, entry: Mapping[str, Value]) -> Parameter | Derived:
        parsed = read_entry(name, dict(entry), settings)
        if settings and not getattr(settings, "open", False):
            validate_parameter(find_setting(settings, name, f"space.{name}"), parsed, f"space.{name}")
        return parsed

    return read


def settings_to_search(study: Study) -> list[tuple[str, str]]:
    """Return (name, help with default and typical range) of settings that could be parameters."""
    from hptui.trainers import registry

    if study.trainer.kind == "command":
        options = script_options(study)
        return [
            (name, option_help(option, study.trainer.settings.get(name, option.default)))
            for name, option in options.items()
        ]
    settings = registry.schema(study.trainer.kind, study.directory) or {}
    choices = []
    for name, info in settings.items():
        typical = f"; usually {info.typical}" if info.typical else ""
        choices.append((name, f"{info.help} (default {info.default}{typical})"))
    return choices


def study_with(study: Study, draft: SpaceDraft) -> Study:
    """Return the study with the draft as its space, checked as a file is.

    Raises: `StudyError` that names what is wrong in it.
    """
    from hptui import studyfile
    from hptui.studyfile.read import error_file, study_from_document
    from hptui.trainers import registry

    document = studyfile.to_json(study)
    source, directory = str(document.pop("source")), str(document.pop("directory"))
    entries: Value = {name: dict(entry) for name, entry in draft.entries.items()}
    if draft.stage:
        stages = document["stage"]
        assert isinstance(stages, list)
        for table in stages:
            if isinstance(table, dict) and table["name"] == draft.stage:
                table["space"] = entries
    else:
        document["space"] = entries
    search = document["search"]
    assert isinstance(search, dict)
    search["constraints"] = list(draft.constraints)
    with error_file(source):
        return study_from_document(document, source, directory, registry.schema, checked=True)


def effect_of(sd: StudyDir, draft: SpaceDraft, *, samples: int = DEFAULT_SAMPLES, seed: int = 0) -> DraftEffect:
    """Return what the draft would mean for this study.

    Raises: `StudyError` where it cannot be a space.
    """
    from hptui import studyfile
    from hptui.trainers import registry

    restore_script_arguments(sd)
    view = read_view(sd, secrets=True)
    changed_study = study_with(view.study, draft)
    stage = stage_named(changed_study, draft.stage)
    study = as_stage(changed_study, stage) if changed_study.stages else changed_study
    base = {**defaults_of(study), **study.trainer.settings}
    projection = SpaceProjection(study.space, base)
    informative = [
        trial for trial in view.trials if _informs(trial) and trial.stage == (stage.name if stage else trial.stage)
    ]
    outside = tuple(trial.number for trial in informative if projection.point(trial.params) is None)
    configurations = study.space.enumerate(base, 100_000) if study.space.parameters else []
    seconds, left = _remaining_cost(view, changed_study)
    return DraftEffect(
        study=changed_study,
        space=study.space,
        feasible=study.space.feasible_share(base) if study.space.parameters else 1.0,
        configurations=len(configurations) if configurations is not None else None,
        fits=len(informative) - len(outside),
        tried=len(informative),
        outside=outside,
        samples=tuple(_sample(projection, samples, seed)),
        seconds=seconds,
        trials_left=left,
        warnings=tuple(studyfile.study_warnings(changed_study, registry.schema)),
        positions_of_best=_positions_of_best(view, study.space, base),
    )


def save(sd: StudyDir, draft: SpaceDraft, why: str) -> str:
    """Make the draft the next revision, in the store and in the study file, whose comments are kept.

    Returns a sentence for the user. Raises: `UserError` when nothing has changed.
    """
    from hptui import studyfile
    from hptui.trainers import registry

    study = study_of(sd)
    changed_study = study_with(study, draft)
    if studyfile.to_json(changed_study) == studyfile.to_json(study):
        raise UserError("nothing has changed", hint="edit a parameter first")
    source = Path(study.source) if study.source else None
    writable = source is not None and source.is_file() and source.suffix == ".toml"
    answer = change_spec(sd, changed_study, why)
    if not writable or source is None:
        return f"{answer} (there is no study file to write it to, so only the store was changed)"
    settings = studyfile.look_up(registry.schema, study.trainer.kind, study.directory)
    try:
        studyfile.write_entries(source, draft.entries, draft.constraints, draft.stage, settings=settings)
    except StudyError as error:
        return f"{answer}; the study file was left as it is: {error.problem}"
    return f"{answer} (written to {source})"


def _informs(trial: Trial) -> bool:
    """Return True when an engine could learn from a trial."""
    return not trial.is_unranked and trial.status in (TrialStatus.COMPLETE, TrialStatus.PRUNED)


def _sample(projection: SpaceProjection, count: int, seed: int) -> list[dict[str, Value]]:
    feasible, seen, configurations = FeasibleSampler(projection), set[str](), []
    for number in range(count if projection.parameters else 0):
        params = feasible.draw(random.Random(f"{seed} {number}"), seen)
        if params is None:
            break
        seen.add(projection.identity(params))
        configurations.append(params)
    return configurations


def _remaining_cost(view: View, study: Study) -> tuple[float | None, int | None]:
    """Return (seconds that the rest of the search takes on one slot, number of trials left)."""
    limit = study.search.trials
    left = None if limit is None else max(0, limit - sum(trial.role.counts_as_trial for trial in view.trials))
    durations = [
        own_seconds(trial) for trial in view.trials if trial.status is TrialStatus.COMPLETE and trial.seconds > 0
    ]
    return (left * statistics.median(durations) if left is not None and durations else None), left


def _positions_of_best(view: View, space: Space, base: Mapping[str, Value]) -> dict[str, tuple[float, ...]]:
    """Return the positions (0 to 1) of the ten best trials in each range.

    They are the best of those that may be ranked together. With several objectives they are those of the Pareto front.
    """
    study = view.study
    count = TOP_TRIALS if len(study.objectives) == 1 else len(view.front)
    top = ranking(study, view.trials, "" if view.best is None else view.best.stage, min(count, TOP_TRIALS))
    top = [trial for trial in top if meets_outcome(study, trial) is not False] or top  # others are never the best
    positions = {}
    for parameter in space.parameters:
        values = [{**base, **trial.params}.get(parameter.name) for trial in top]
        inside = [value for value in values if value is not None and parameter.contains(value)]
        positions[parameter.name] = tuple(fraction_of(parameter, value) for value in inside)
    return positions

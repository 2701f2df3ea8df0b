"""Editing the whole search space: a draft of it, what the draft would mean, and making it the next revision."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hptui.actions.process import defaults_of
from hptui.actions.steer import change_spec, recall, stage_with_space, study_of
from hptui.model.errors import StudyError, UserError, did_you_mean
from hptui.model.space import Derived, Parameter, Space
from hptui.model.stages import stage_named, staged
from hptui.model.study import Study
from hptui.model.trial import Trial, TrialStatus, Value
from hptui.results.view import View, best_trials, look
from hptui.search.cube import share
from hptui.search.feasible import Feasible
from hptui.search.lens import Lens
from hptui.storage.paths import StudyDir

SAMPLES = 8
TOP = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """A space being edited. `entries` are parameters and derived values by name, as tables of `[space]` have them.

    `stage` names the stage whose own space this is; '' for the study's.
    """

    entries: Mapping[str, Mapping[str, Value]]
    constraints: tuple[str, ...] = ()
    stage: str = ""

    def put(self, name: str, entry: Mapping[str, Value] | None, *, was: str = "") -> Draft:
        """The draft with an entry set (in place of the one called `was`), or, with None, taken out."""
        entries: dict[str, Mapping[str, Value]] = {}
        for known, old in self.entries.items():
            if known in (was or name, name):
                if entry is not None and name not in entries:
                    entries[name] = dict(entry)
            else:
                entries[known] = old
        if entry is not None and name not in entries:
            entries[name] = dict(entry)
        return replace(self, entries=entries)

    def bind(self, constraints: Sequence[str]) -> Draft:
        """The draft with other constraints."""
        return replace(self, constraints=tuple(text for text in constraints if text.strip()))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a draft would mean. `fits` of `tried` trials would still inform the search; `outside` are the others.

    `samples` are configurations that a random search would draw; `seconds` is a guess of what the rest will take.
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
    places: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Where the best trials stand in each range that holds them, from 0 to 1."""


def draft_of(sd: StudyDir) -> Draft:
    """The space as it is now: the study's, or that of the stage under way if it has its own."""
    from hptui.storage import studyfile

    recall(sd)
    view, stage = look(sd), stage_with_space(sd)
    document = studyfile.to_json(view.study)
    held: Mapping[str, Value] = document
    if stage:
        stages = document.get("stage")
        held = next(one for one in stages if isinstance(one, dict) and one["name"] == stage)  # type: ignore[union-attr]
    entries = {}
    for entry in held.get("space") or ():  # type: ignore[union-attr]
        assert isinstance(entry, dict)
        kept = {key: value for key, value in entry.items() if key != "name" and value is not False}
        if entry.get("ordered") is False:
            kept["ordered"] = False
        entries[str(entry["name"])] = kept
    return Draft(entries, tuple(one.text for one in view.study.space.constraints), stage)


def changed(draft: Draft, changes: Mapping[str, str], added: Sequence[str], dropped: Sequence[str]) -> Draft:
    """The draft with short texts for parameters ('' takes one out, `= 2 * rank` derives it) and other constraints."""
    from hptui.storage.studyfile.entries import short_entry

    for name, text in changes.items():
        old = draft.entries.get(name)
        if not text.strip():
            if old is None:
                hint = did_you_mean(name, draft.entries)
                raise StudyError("is not in the space", where=f"space.{name}", value=name, hint=hint)
            draft = draft.put(name, None)
            continue
        kept = {key: value for key, value in (old or {}).items() if key in ("when", "note")}
        if text.strip().startswith("="):
            draft = draft.put(name, {"expr": text.strip().removeprefix("=").strip(), **kept})
        else:
            draft = draft.put(name, {**short_entry(name, text, dict(old) if old else None), **kept})
    for text in dropped:
        if text not in draft.constraints:
            hint = did_you_mean(text, draft.constraints)
            raise StudyError("is no constraint of the study", where="search.constraints", value=text, hint=hint)
    return draft.bind([*(one for one in draft.constraints if one not in dropped), *added])


def entry_reader(study: Study) -> Callable[[str, Mapping[str, Value]], Parameter | Derived]:
    """What one entry says, checked against the trainer's setting of that name: for a form that is being typed."""
    from hptui.storage import studyfile
    from hptui.storage.studyfile.entries import entry_of
    from hptui.storage.studyfile.schema import check_parameter, setting
    from hptui.trainers import registry

    settings = studyfile.look_up(registry.schema, study.trainer.kind, study.directory)

    def read(name: str, entry: Mapping[str, Value]) -> Parameter | Derived:
        found = entry_of(name, dict(entry), settings)
        if settings and not getattr(settings, "open", False):
            check_parameter(setting(settings, name, f"space.{name}"), found, f"space.{name}")
        return found

    return read


def settings_to_search(study: Study) -> list[tuple[str, str]]:
    """Settings of the trainer that could be parameters: name, and its help with default and typical range."""
    from hptui.trainers import registry

    settings = registry.schema(study.trainer.kind, study.directory) or {}
    found = []
    for name, info in settings.items():
        typical = f"; usually {info.typical}" if info.typical else ""
        found.append((name, f"{info.help} (default {info.default}{typical})"))
    return found


def study_with(study: Study, draft: Draft) -> Study:
    """The study with the draft as its space, checked as a file is. `StudyError` names what is wrong in it."""
    from hptui.storage import studyfile
    from hptui.storage.studyfile.read import build, naming
    from hptui.trainers import registry

    document = studyfile.to_json(study)
    source, directory = str(document.pop("source")), str(document.pop("directory"))
    entries: Value = {name: dict(entry) for name, entry in draft.entries.items()}
    if draft.stage:
        stages = document["stage"]
        assert isinstance(stages, list)
        for one in stages:
            if isinstance(one, dict) and one["name"] == draft.stage:
                one["space"] = entries
    else:
        document["space"] = entries
    search = document["search"]
    assert isinstance(search, dict)
    search["constraints"] = list(draft.constraints)
    with naming(source):
        return build(document, source, directory, registry.schema, checked=True)


def mean(sd: StudyDir, draft: Draft, *, samples: int = SAMPLES, seed: int = 0) -> Meaning:
    """What the draft would mean for this study. `StudyError` where it cannot be a space."""
    from hptui.storage import studyfile
    from hptui.trainers import registry

    recall(sd)
    view = look(sd)
    whole = study_with(view.study, draft)
    stage = stage_named(whole, draft.stage)
    study = staged(whole, stage) if whole.stages else whole
    base = {**defaults_of(study), **study.trainer.settings}
    lens = Lens(study.space, base)
    told = [trial for trial in view.trials if _informs(trial) and trial.stage == (stage.name if stage else trial.stage)]
    outside = tuple(trial.number for trial in told if lens.point(trial.params) is None)
    few = study.space.enumerate(base, 100_000) if study.space.parameters else []
    seconds, left = _cost(view, whole)
    return Meaning(
        study=whole,
        space=study.space,
        feasible=study.space.feasible_share(base) if study.space.parameters else 1.0,
        configurations=len(few) if few is not None else None,
        fits=len(told) - len(outside),
        tried=len(told),
        outside=outside,
        samples=tuple(_drawn(lens, samples, seed)),
        seconds=seconds,
        trials_left=left,
        warnings=tuple(studyfile.warnings(whole, registry.schema)),
        places=_places(view, study.space, base),
    )


def save(sd: StudyDir, draft: Draft, why: str) -> str:
    """Make the draft the next revision, in the store and, comments kept, in the study file. Returns what was done."""
    from hptui.storage import studyfile
    from hptui.trainers import registry

    study = study_of(sd)
    new = study_with(study, draft)
    if studyfile.to_json(new) == studyfile.to_json(study):
        raise UserError("nothing has changed", hint="edit a parameter first")
    source = Path(study.source) if study.source else None
    written = source is not None and source.is_file() and source.suffix == ".toml"
    said = change_spec(sd, new, why)
    if not written or source is None:
        return f"{said} (there is no study file to write it to, so only the store was changed)"
    settings = studyfile.look_up(registry.schema, study.trainer.kind, study.directory)
    try:
        studyfile.write_entries(source, draft.entries, draft.constraints, draft.stage, settings=settings)
    except StudyError as error:
        return f"{said}; the study file was left as it is: {error.problem}"
    return f"{said} (written to {source})"


def _informs(trial: Trial) -> bool:
    """Whether an engine could learn from a trial."""
    return not trial.aside and trial.status in (TrialStatus.COMPLETE, TrialStatus.PRUNED)


def _drawn(lens: Lens, count: int, seed: int) -> list[dict[str, Value]]:
    feasible, seen, found = Feasible(lens), set[str](), []
    for number in range(count if lens.parameters else 0):
        drawn = feasible.draw(random.Random(f"{seed} {number}"), seen)
        if drawn is None:
            break
        seen.add(lens.key(drawn))
        found.append(drawn)
    return found


def _cost(view: View, study: Study) -> tuple[float | None, int | None]:
    """Seconds that the rest of the search will take on one slot, and how many trials that is."""
    limit = study.search.trials
    left = None if limit is None else max(0, limit - sum(trial.role.counts for trial in view.trials))
    took = [trial.seconds for trial in view.trials if trial.status is TrialStatus.COMPLETE and trial.seconds > 0]
    return (left * statistics.median(took) if left is not None and took else None), left


def _places(view: View, space: Space, base: Mapping[str, Value]) -> dict[str, tuple[float, ...]]:
    """Where the ten best trials stand in each range."""
    study = view.study
    scored = [trial for trial in view.trials if trial.values and _informs(trial)]
    if len(study.objectives) == 1:
        metric, sign = study.objective.metric, 1 if study.objective.goal == "minimize" else -1
        top = sorted((t for t in scored if metric in (t.values or {})), key=lambda t: sign * (t.values or {})[metric])
    else:
        top = best_trials(study, view.trials)
    found = {}
    for parameter in space.parameters:
        values = [{**base, **trial.params}.get(parameter.name) for trial in top[:TOP]]
        inside = [value for value in values if value is not None and parameter.contains(value)]
        found[parameter.name] = tuple(share(parameter, value) for value in inside)
    return found

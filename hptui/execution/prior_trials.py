"""Prior trials: trials of other studies, and imported ones, that the engines of a study learn from.

`[search] warm_start` names studies. Their trials are copied into the store once, when the study is made or the key is
added: later changes of the other study have no effect, and a killed study proposes what an undisturbed one does. They
are no trials of this study: they have negative numbers, only engines see them, and those that do not fit today's space
and settings are not used. How many are used is stored by stage, so that a report can show it."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hptui import studyfile
from hptui.core.dataclass import dataclass
from hptui.core.errors import StudyError, did_you_mean
from hptui.core.masking import mask
from hptui.core.study import Study
from hptui.core.trial import Role, Trial, Value
from hptui.core.values import NAME_PATTERN, value_text, values_equal
from hptui.search.engine_process import trial_from_json, trial_to_json
from hptui.search.history import has_unrecorded_setting, observe
from hptui.search.projection import SpaceProjection
from hptui.store.paths import StudyDir, list_studies
from hptui.store.reader import StoreReader
from hptui.store.recorded import EventKind, MetaKey
from hptui.store.store import Store


@dataclass(frozen=True, slots=True)
class Misfit:
    """A reason why a search cannot learn from `count` trials: a setting, or another `kind`; the first one, and why."""

    kind: str
    count: int
    first: str
    why: str

    @property
    def text(self) -> str:
        """The reason in words: `15 for width (in old/3 width is 512, and here 64)`."""
        return f"{self.count} for {self.kind} (in {self.first} {self.why})"


@dataclass(frozen=True, slots=True)
class LearnableTrials:
    """How many of some trials a search can learn from, and why not from the others, the most frequent reason first."""

    count: int
    misfits: tuple[Misfit, ...] = ()


def count_learnable(projection: SpaceProjection, study: Study, trials: Sequence[Trial]) -> LearnableTrials:
    """Count the trials that a search over the space of `projection` can learn from."""
    trials_by_kind: dict[str, list[tuple[Trial, str]]] = defaultdict(list)
    for trial in trials:
        if (reason := _why_unusable(projection, study, trial)) is not None:
            kind, why = reason
            trials_by_kind[kind].append((trial, why))
    misfits = [
        Misfit(kind, len(others), others[0][0].name or f"trial {others[0][0].number}", others[0][1])
        for kind, others in trials_by_kind.items()
    ]
    unused = sum(misfit.count for misfit in misfits)
    return LearnableTrials(len(trials) - unused, tuple(sorted(misfits, key=lambda misfit: -misfit.count)))


def store_prior_knowledge(
    store: Store,
    study: Study,
    stage: str,
    projection: SpaceProjection,
    sources: Sequence[PriorStudy],
    imported: Sequence[Trial],
) -> None:
    """Store which prior and imported trials the search of a stage can use.

    The caller holds the transaction.
    """
    entries = [*_study_counts(projection, study, sources), *_import_counts(projection, study, imported)]
    stored = store.read.prior_knowledge()
    if entries != stored.get(stage, []):
        store.set_meta(MetaKey.PRIOR_KNOWLEDGE, json.dumps({**stored, stage: entries}))


def _study_counts(projection: SpaceProjection, study: Study, sources: Sequence[PriorStudy]) -> Iterator[dict[str, Any]]:
    for source in sources:
        origin = {"study": source.name, "uuid": source.uuid, "at": source.at}
        yield {**origin, **_counts(count_learnable(projection, study, source.trials), source.trials)}


def _import_counts(projection: SpaceProjection, study: Study, imported: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """Yield the counts of imported trials, by the file that they are from."""
    files: dict[str, list[Trial]] = defaultdict(list)
    for trial in imported:
        if trial.role is Role.IMPORTED:
            files[str(trial.facts.get("imported_from", ""))].append(trial)
    for name, trials in files.items():
        numbers = [trial.number for trial in trials]
        yield {"file": name, "numbers": numbers, **_counts(count_learnable(projection, study, trials), trials)}


def _counts(learnable: LearnableTrials, trials: Sequence[Trial]) -> Mapping[str, Any]:
    misfits = [asdict(misfit) for misfit in learnable.misfits]
    return {"trials": len(trials), "heard": learnable.count, "misfits": misfits}


def _why_unusable(projection: SpaceProjection, study: Study, trial: Trial) -> tuple[str, str] | None:
    """Return why a search cannot learn from a trial, as a kind and in words; None if it can."""
    if observe(trial, study) is None:
        return "a missing result", f"there was no result ({trial.reason or trial.status})"
    if projection.point(trial.params) is None:
        other = "their settings", "the settings are no point of this space"
        return next(_misfitting_settings(projection, trial), other)
    if has_unrecorded_setting(projection, trial):
        unrecorded = [
            name
            for name in projection.parameters
            if name not in trial.params and name in projection.active(trial.params)
        ]
        why = f"{', '.join(unrecorded)} {'is' if len(unrecorded) == 1 else 'are'} not recorded"
        return "settings that are not recorded", why
    return None


def _misfitting_settings(projection: SpaceProjection, trial: Trial) -> Iterator[tuple[str, str]]:
    """Yield each setting of a trial that does not fit, and why."""
    for name, value in trial.params.items():
        if name in projection.parameters:
            if not projection.parameters[name].contains(value):
                range_ = mask(projection.parameters[name].describe(), name)
                yield name, f"{name} is {mask(value_text(value), name)}, and here it is {range_}"
        elif name not in projection.base:
            yield name, f"{name} is {mask(value_text(value), name)}, and here there is no such setting"
        elif not values_equal(projection.base[name], value) and name not in [
            derived.name for derived in projection.space.derived
        ]:
            here = mask(value_text(projection.base[name]), name)
            yield name, f"{name} is {mask(value_text(value), name)}, and here {here}"


WARM_START_SETTING = "search.warm_start"
"""Place of the key in the study file, for error messages."""


@dataclass(frozen=True, slots=True)
class PriorStudy:
    """The trials of another study, each with all its settings; `at` is the Unix time of the copy."""

    ref: str
    name: str
    uuid: str
    at: float
    trials: tuple[Trial, ...]


def read_prior_studies(study: Study, home: Path, skipped: Sequence[str] = ()) -> list[PriorStudy]:
    """Read the studies that a study starts from, except those in `known`.

    Raises: `StudyError` when one cannot be used.
    """
    return [_read_study(study, ref, home) for ref in study.search.warm_start if ref not in skipped]


def store_prior_trials(store: Store, study: Study, new_studies: Sequence[PriorStudy] | None = None) -> None:
    """Copy prior trials that are not in the store yet, and record an event for each study.

    They are `found`, or read now. Raises: `StudyError` when a study cannot be used.
    """
    stored = stored_prior_studies(store)
    new = (
        read_prior_studies(study, store.connection.path.parent.parent, [source.ref for source in stored])
        if new_studies is None
        else new_studies
    )
    if not new:
        return
    projection = SpaceProjection(study.space, {**store.read.defaults(), **study.trainer.settings})
    with store.transaction(durable=True):
        store.set_meta(MetaKey.PRIOR_TRIALS, json.dumps([_to_json(source) for source in (*stored, *new)]))
        for source in new:
            store.add_event("info", EventKind.PRIOR_TRIALS, _warm_start_message(projection, study, source))


def prior_trials(store: Store, study: Study) -> list[Trial]:
    """Return the trials of other studies that engines learn from, numbered from -1 downwards."""
    trials = [trial for source in prior_studies_of(store, study) for trial in source.trials]
    return [replace(trial, number=-number) for number, trial in enumerate(trials, start=1)]


def prior_studies_of(store: Store, study: Study) -> list[PriorStudy]:
    """Return the studies that a study starts from, as they were copied."""
    stored = {source.ref: source for source in stored_prior_studies(store)}
    return [stored[ref] for ref in study.search.warm_start if ref in stored]


# reading another study ------------------------------------------------------------------------------------------


def _read_study(study: Study, ref: str, home: Path) -> PriorStudy:
    sd = _find_study(study, ref, home)
    with StoreReader.open(sd) as reader, reader.connection.snapshot():
        row, trials, defaults = reader.study(), reader.trials(), reader.defaults()
        revisions = {row.rev: studyfile.from_json(row.spec).trainer.settings for row in reader.revisions()}
    other = studyfile.from_json(row.spec)
    _check_comparable(study, other, ref)
    usable = [
        _as_prior_trial(other.name, trial, {**defaults, **revisions.get(trial.revision, other.trainer.settings)})
        for trial in trials
        if not trial.is_uninformative and not trial.status.open and observe(trial, study)
    ]
    return PriorStudy(ref, other.name, row.uuid, time.time(), tuple(usable))


def _find_study(study: Study, ref: str, home: Path) -> StudyDir:
    if NAME_PATTERN.fullmatch(ref):
        sd = StudyDir(home / ref)
        names = [other.name for other in list_studies(home) if other.name != study.name]
        hint = did_you_mean(ref, names) if names else f"there is none in {home}"
    else:
        path = Path(study.directory or ".", ref).expanduser()
        sd, hint = StudyDir((path.parent if path.name == "study.db" else path).absolute()), "a study's directory"
    if not sd.exists():
        raise StudyError(
            f"there is no study {ref!r}", file=study.source, where=WARM_START_SETTING, value=ref, hint=hint
        )
    if sd.root == (home / study.name).absolute():
        raise StudyError("a study cannot start from itself", file=study.source, where=WARM_START_SETTING, value=ref)
    return sd


def _check_comparable(study: Study, other: Study, ref: str) -> None:
    """Check that a study has the same trainer and metrics, else its values mean something else.

    Raises: `StudyError` when it has not.
    """
    goals = {objective.metric: objective.goal for objective in other.objectives}
    required = ", ".join(f"{objective.goal} {objective.metric}" for objective in study.objectives)
    if any(goals.get(objective.metric) != objective.goal for objective in study.objectives):
        available = ", ".join(f"{goal} {metric}" for metric, goal in goals.items())
        message = f"{ref!r} was run to {available}, and this study is to {required}"
        raise StudyError(message, file=study.source, where=WARM_START_SETTING, value=ref)
    if study.trainer.kind != other.trainer.kind:
        message = f"{ref!r} trains with {other.trainer.kind!r}, and this study with {study.trainer.kind!r}"
        raise StudyError(message, file=study.source, where=WARM_START_SETTING, value=ref)


def _as_prior_trial(study: str, trial: Trial, base: Mapping[str, Value]) -> Trial:
    """Return a copy of a trial with everything that it ran with as overrides.

    Overrides alone mean nothing over another `[trainer]` table. The copy counts as ended before any trial of this
    study, and as proposed by no engine of it.
    """
    settings = {} if trial.role is Role.IMPORTED else base
    return Trial(
        number=-1,
        name=f"{study}/{trial.name or trial.number}",
        status=trial.status,
        role=Role.IMPORTED,
        params={**settings, **trial.params},
        reason=trial.reason,
        values=trial.values,
        metrics=trial.metrics,
        final=trial.final,
        last_step=trial.last_step,
        progress=trial.progress,
        peak_memory_gb=trial.peak_memory_gb,
        seconds=trial.seconds,
        ended=0.0,
    )


# what is stored ---------------------------------------------------------------------------------------------------


def stored_prior_studies(store: Store) -> list[PriorStudy]:
    """Return the studies whose trials have been copied."""
    return [
        PriorStudy(row["ref"], row["name"], row["uuid"], row["at"], tuple(map(trial_from_json, row["trials"])))
        for row in json.loads(store.read.get_meta(MetaKey.PRIOR_TRIALS) or "[]")
    ]


def _to_json(source: PriorStudy) -> dict[str, object]:
    return {
        "ref": source.ref,
        "name": source.name,
        "uuid": source.uuid,
        "at": source.at,
        "trials": [trial_to_json(trial) for trial in source.trials],
    }


def _warm_start_message(projection: SpaceProjection, study: Study, source: PriorStudy) -> str:
    """Return how many of another study's trials are used here, and why the first of the others is not."""
    learnable = count_learnable(projection, study, source.trials)
    text = (
        f"warm start: {learnable.count} of {len(source.trials)} trials "
        f"of {source.name} ({source.uuid}) inform this search"
    )
    unused = len(source.trials) - learnable.count
    if unused:
        reasons = ", ".join(misfit.text for misfit in learnable.misfits)
        text += f"; {unused} {'does' if unused == 1 else 'do'} not fit: {reasons}"
    return text

"""Warm start: trials of other studies that the engines of this one learn from.

`[search] warm_start` names studies. Their trials are copied into the store once, when the study is made or the key is
added: later changes of the other study have no effect, and a killed study proposes what an undisturbed one does. They
are no trials of this study: they have negative numbers, only engines see them, and those that do not fit today's space
and settings are not used.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import NAME_PATTERN, Study
from hptui.model.trial import Role, Trial, Value
from hptui.running.knowledge import count_learnable
from hptui.search.history import observe
from hptui.search.lens import SpaceProjection
from hptui.search.wire import trial_from_json, trial_to_json
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir, list_studies
from hptui.storage.reader import StoreReader
from hptui.storage.store import Store

PRIOR_TRIALS_KEY = "warm_start"
"""Meta key of the copied trials, and event kind."""

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
        read_prior_studies(study, store.path.parent.parent, [source.ref for source in stored])
        if new_studies is None
        else new_studies
    )
    if not new:
        return
    projection = SpaceProjection(study.space, {**store.defaults(), **study.trainer.settings})
    with store.transaction(durable=True):
        store.set_meta(PRIOR_TRIALS_KEY, json.dumps([_to_json(source) for source in (*stored, *new)]))
        for source in new:
            store.add_event("info", PRIOR_TRIALS_KEY, _warm_start_message(projection, study, source))


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
    with StoreReader(sd) as reader, reader.snapshot():
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
        for row in json.loads(store.get_meta(PRIOR_TRIALS_KEY) or "[]")
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
        text += f"; {unused} {'does' if unused == 1 else 'do'} not fit: in {learnable.misfit} {learnable.why}"
    return text

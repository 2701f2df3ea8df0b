"""Warm start: what trials of other studies teach the engines of this one.

`[search] warm_start` names studies. Their trials are copied into the store once, when the study is made or the key is
added: what happens to the other study later changes nothing here, and a killed study proposes what an undisturbed one
does. They are no trials of this study: they have negative numbers, only engines see them, and those that do not fit
today's space and settings are not heard.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hptui.model.errors import StudyError, did_you_mean
from hptui.model.study import NAME, Study
from hptui.model.trial import Role, Trial, Value
from hptui.running.knowledge import hearing
from hptui.search.history import hear
from hptui.search.lens import Lens
from hptui.search.wire import trial_from_json, trial_to_json
from hptui.storage import studyfile
from hptui.storage.paths import StudyDir, studies_in
from hptui.storage.reader import Reader
from hptui.storage.store import Store

KEY = "warm_start"
"""Where the store keeps them."""

WHERE = "search.warm_start"


@dataclass(frozen=True, slots=True)
class Source:
    """The trials of another study, with all their settings, and whose they are."""

    ref: str
    name: str
    uuid: str
    at: float
    trials: tuple[Trial, ...]


def gather(study: Study, home: Path, known: Sequence[str] = ()) -> list[Source]:
    """Read the studies that a study starts from, but those `known`; `StudyError` says which one cannot teach it."""
    return [_read(study, ref, home) for ref in study.search.warm_start if ref not in known]


def keep(store: Store, study: Study, found: Sequence[Source] | None = None) -> None:
    """Copy what is not in the store yet, and say how much of it there is. `StudyError` when it cannot be had."""
    known = kept(store)
    new = gather(study, store.path.parent.parent, [one.ref for one in known]) if found is None else found
    if not new:
        return
    lens = Lens(study.space, {**store.defaults(), **study.trainer.settings})
    with store.transaction(durable=True):
        store.set_meta(KEY, json.dumps([_to_json(one) for one in (*known, *new)]))
        for one in new:
            store.event("info", KEY, _told(lens, study, one))


def lessons(store: Store, study: Study) -> list[Trial]:
    """The trials of other studies that engines hear of, numbered from -1 downwards."""
    trials = [trial for one in sources(store, study) for trial in one.trials]
    return [replace(trial, number=-number) for number, trial in enumerate(trials, start=1)]


def sources(store: Store, study: Study) -> list[Source]:
    """The studies that a study starts from, as they were copied."""
    known = {one.ref: one for one in kept(store)}
    return [known[ref] for ref in study.search.warm_start if ref in known]


# reading another study ------------------------------------------------------------------------------------------


def _read(study: Study, ref: str, home: Path) -> Source:
    sd = _find(study, ref, home)
    with Reader(sd) as reader, reader.snapshot():
        row, trials, defaults = reader.study(), reader.trials(), reader.defaults()
        revisions = {one.rev: studyfile.from_json(one.spec).trainer.settings for one in reader.revisions()}
    other = studyfile.from_json(row.spec)
    _comparable(study, other, ref)
    heard = [
        _foreign(other.name, trial, {**defaults, **revisions.get(trial.revision, other.trainer.settings)})
        for trial in trials
        if not trial.mute and not trial.status.open and hear(trial, study)
    ]
    return Source(ref, other.name, row.uuid, time.time(), tuple(heard))


def _find(study: Study, ref: str, home: Path) -> StudyDir:
    if NAME.fullmatch(ref):
        found = StudyDir(home / ref)
        known = [one.name for one in studies_in(home) if one.name != study.name]
        hint = did_you_mean(ref, known) if known else f"there is none in {home}"
    else:
        path = Path(study.directory or ".", ref).expanduser()
        found, hint = StudyDir((path.parent if path.name == "study.db" else path).absolute()), "a study's directory"
    if not found.exists():
        raise StudyError(f"there is no study {ref!r}", file=study.source, where=WHERE, value=ref, hint=hint)
    if found.root == (home / study.name).absolute():
        raise StudyError("a study cannot start from itself", file=study.source, where=WHERE, value=ref)
    return found


def _comparable(study: Study, other: Study, ref: str) -> None:
    """The same trainer, and values of the same metrics: else the numbers mean something else."""
    theirs = {one.metric: one.goal for one in other.objectives}
    wanted = ", ".join(f"{one.goal} {one.metric}" for one in study.objectives)
    if any(theirs.get(one.metric) != one.goal for one in study.objectives):
        has = ", ".join(f"{goal} {metric}" for metric, goal in theirs.items())
        what = f"{ref!r} was run to {has}, and this study is to {wanted}"
        raise StudyError(what, file=study.source, where=WHERE, value=ref)
    if study.trainer.kind != other.trainer.kind:
        what = f"{ref!r} trains with {other.trainer.kind!r}, and this study with {study.trainer.kind!r}"
        raise StudyError(what, file=study.source, where=WHERE, value=ref)


def _foreign(study: str, trial: Trial, base: Mapping[str, Value]) -> Trial:
    """A trial with everything that it ran with: overrides alone say nothing over another `[trainer]` table.

    It ended before anything here, and proposed by nobody here.
    """
    own = {} if trial.role is Role.IMPORTED else base
    return Trial(
        number=-1,
        name=f"{study}/{trial.name or trial.number}",
        status=trial.status,
        role=Role.IMPORTED,
        params={**own, **trial.params},
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


# what is kept ---------------------------------------------------------------------------------------------------


def kept(store: Store) -> list[Source]:
    """The studies whose trials have been copied."""
    return [
        Source(one["ref"], one["name"], one["uuid"], one["at"], tuple(map(trial_from_json, one["trials"])))
        for one in json.loads(store.get_meta(KEY) or "[]")
    ]


def _to_json(source: Source) -> dict[str, object]:
    return {
        "ref": source.ref,
        "name": source.name,
        "uuid": source.uuid,
        "at": source.at,
        "trials": [trial_to_json(trial) for trial in source.trials],
    }


def _told(lens: Lens, study: Study, source: Source) -> str:
    """How many of another study's trials inform this one, and why the first of the others does not."""
    heard = hearing(lens, study, source.trials)
    text = (
        f"warm start: {heard.count} of {len(source.trials)} trials of {source.name} ({source.uuid}) inform this search"
    )
    left = len(source.trials) - heard.count
    if left:
        text += f"; {left} {'does' if left == 1 else 'do'} not fit: in {heard.misfit} {heard.why}"
    return text

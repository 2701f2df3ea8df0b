"""Which trials of other studies and imported trials a search can learn from.

The numbers are stored by stage, so that a report can show them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hptui.model.study import Study
from hptui.model.trial import Role, Trial
from hptui.model.values import value_text, values_equal
from hptui.search.history import has_unrecorded_setting, observe
from hptui.search.lens import SpaceProjection
from hptui.storage.queries import META_KNOWLEDGE
from hptui.storage.store import Store

if TYPE_CHECKING:
    from hptui.running.warmstart import PriorStudy


@dataclass(frozen=True, slots=True)
class LearnableTrials:
    """How many of some trials a search can learn from; the name of the first other one, and why it cannot."""

    count: int
    misfit: str = ""
    why: str = ""


def count_learnable(projection: SpaceProjection, study: Study, trials: Sequence[Trial]) -> LearnableTrials:
    """Count the trials that a search over the space of `projection` can learn from."""
    reasons = [(trial, _why_unusable(projection, study, trial)) for trial in trials]
    misfits = [(trial, why) for trial, why in reasons if why]
    if not misfits:
        return LearnableTrials(len(trials))
    first_misfit, why = misfits[0]
    return LearnableTrials(len(trials) - len(misfits), first_misfit.name or f"trial {first_misfit.number}", why)


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
    stored = store.prior_knowledge()
    if entries != stored.get(stage, []):
        store.set_meta(META_KNOWLEDGE, json.dumps({**stored, stage: entries}))


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
    return {"trials": len(trials), "heard": learnable.count, "misfit": learnable.misfit, "why": learnable.why}


def _why_unusable(projection: SpaceProjection, study: Study, trial: Trial) -> str:
    """Return why a search cannot learn from a trial; '' if it can."""
    if observe(trial, study) is None:
        return f"there was no result ({trial.reason or trial.status})"
    if projection.point(trial.params) is None:
        return next(_misfitting_settings(projection, trial), "the settings are no point of this space")
    if has_unrecorded_setting(projection, trial):
        unrecorded = [
            name
            for name in projection.parameters
            if name not in trial.params and name in projection.active(trial.params)
        ]
        return f"{', '.join(unrecorded)} {'is' if len(unrecorded) == 1 else 'are'} not recorded"
    return ""


def _misfitting_settings(projection: SpaceProjection, trial: Trial) -> Iterator[str]:
    for name, value in trial.params.items():
        if name in projection.parameters:
            if not projection.parameters[name].contains(value):
                yield f"{name} is {value_text(value)}, and here it is {projection.parameters[name].describe()}"
        elif name not in projection.base:
            yield f"{name} is {value_text(value)}, and here there is no such setting"
        elif not values_equal(projection.base[name], value) and name not in [
            derived.name for derived in projection.space.derived
        ]:
            yield f"{name} is {value_text(value)}, and here {value_text(projection.base[name])}"

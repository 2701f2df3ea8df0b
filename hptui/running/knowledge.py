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
from hptui.model.values import same, value_text
from hptui.search.history import hear, unsaid
from hptui.search.lens import Lens
from hptui.storage.queries import KNOWLEDGE
from hptui.storage.store import Store

if TYPE_CHECKING:
    from hptui.running.warmstart import Source


@dataclass(frozen=True, slots=True)
class Hearing:
    """How many of some trials a search can learn from; the name of the first other one, and why it cannot."""

    count: int
    misfit: str = ""
    why: str = ""


def hearing(projection: Lens, study: Study, trials: Sequence[Trial]) -> Hearing:
    """Count the trials that a search over the space of `projection` can learn from."""
    reasons = [(trial, _why_unusable(projection, study, trial)) for trial in trials]
    misfits = [(trial, why) for trial, why in reasons if why]
    if not misfits:
        return Hearing(len(trials))
    first_misfit, why = misfits[0]
    return Hearing(len(trials) - len(misfits), first_misfit.name or f"trial {first_misfit.number}", why)


def note(
    store: Store, study: Study, stage: str, projection: Lens, sources: Sequence[Source], imported: Sequence[Trial]
) -> None:
    """Store which prior and imported trials the search of a stage can use.

    The caller holds the transaction.
    """
    entries = [*_study_counts(projection, study, sources), *_import_counts(projection, study, imported)]
    stored = store.knowledge()
    if entries != stored.get(stage, []):
        store.set_meta(KNOWLEDGE, json.dumps({**stored, stage: entries}))


def _study_counts(projection: Lens, study: Study, sources: Sequence[Source]) -> Iterator[dict[str, Any]]:
    for source in sources:
        origin = {"study": source.name, "uuid": source.uuid, "at": source.at}
        yield {**origin, **_counts(hearing(projection, study, source.trials), source.trials)}


def _import_counts(projection: Lens, study: Study, imported: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """Yield the counts of imported trials, by the file that they are from."""
    files: dict[str, list[Trial]] = defaultdict(list)
    for trial in imported:
        if trial.role is Role.IMPORTED:
            files[str(trial.facts.get("imported_from", ""))].append(trial)
    for name, trials in files.items():
        numbers = [trial.number for trial in trials]
        yield {"file": name, "numbers": numbers, **_counts(hearing(projection, study, trials), trials)}


def _counts(learnable: Hearing, trials: Sequence[Trial]) -> Mapping[str, Any]:
    return {"trials": len(trials), "heard": learnable.count, "misfit": learnable.misfit, "why": learnable.why}


def _why_unusable(projection: Lens, study: Study, trial: Trial) -> str:
    """Return why a search cannot learn from a trial; '' if it can."""
    if hear(trial, study) is None:
        return f"there was no result ({trial.reason or trial.status})"
    if projection.point(trial.params) is None:
        return next(_misfitting_settings(projection, trial), "the settings are no point of this space")
    if unsaid(projection, trial):
        unrecorded = [
            name
            for name in projection.parameters
            if name not in trial.params and name in projection.active(trial.params)
        ]
        return f"{', '.join(unrecorded)} {'is' if len(unrecorded) == 1 else 'are'} not recorded"
    return ""


def _misfitting_settings(projection: Lens, trial: Trial) -> Iterator[str]:
    for name, value in trial.params.items():
        if name in projection.parameters:
            if not projection.parameters[name].contains(value):
                yield f"{name} is {value_text(value)}, and here it is {projection.parameters[name].describe()}"
        elif name not in projection.base:
            yield f"{name} is {value_text(value)}, and here there is no such setting"
        elif not same(projection.base[name], value) and name not in [
            derived.name for derived in projection.space.derived
        ]:
            yield f"{name} is {value_text(value)}, and here {value_text(projection.base[name])}"

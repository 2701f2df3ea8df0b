"""What a search knows that it has not found out itself: trials of other studies, and imported experiments.

What of it a proposal has really heard is kept with the store, by stage, so that a report can say it.
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
    """How many of some trials inform a search; the name of the first that does not, and why."""

    count: int
    misfit: str = ""
    why: str = ""


def hearing(lens: Lens, study: Study, trials: Sequence[Trial]) -> Hearing:
    """Which of these trials inform a search over the space of `lens`."""
    reasons = [(trial, _misfit(lens, study, trial)) for trial in trials]
    bad = [(trial, why) for trial, why in reasons if why]
    if not bad:
        return Hearing(len(trials))
    first, why = bad[0]
    return Hearing(len(trials) - len(bad), first.name or f"trial {first.number}", why)


def note(
    store: Store, study: Study, stage: str, lens: Lens, sources: Sequence[Source], imported: Sequence[Trial]
) -> None:
    """Keep what the search of a stage has heard of others. The caller holds the transaction."""
    found = [*_studies(lens, study, sources), *_imports(lens, study, imported)]
    known = store.knowledge()
    if found != known.get(stage, []):
        store.set_meta(KNOWLEDGE, json.dumps({**known, stage: found}))


def _studies(lens: Lens, study: Study, sources: Sequence[Source]) -> Iterator[dict[str, Any]]:
    for one in sources:
        whose = {"study": one.name, "uuid": one.uuid, "at": one.at}
        yield {**whose, **_told(hearing(lens, study, one.trials), one.trials)}


def _imports(lens: Lens, study: Study, imported: Sequence[Trial]) -> Iterator[dict[str, Any]]:
    """By the file that they are from."""
    files: dict[str, list[Trial]] = defaultdict(list)
    for trial in imported:
        if trial.role is Role.IMPORTED:
            files[str(trial.facts.get("imported_from", ""))].append(trial)
    for name, trials in files.items():
        numbers = [trial.number for trial in trials]
        yield {"file": name, "numbers": numbers, **_told(hearing(lens, study, trials), trials)}


def _told(heard: Hearing, trials: Sequence[Trial]) -> Mapping[str, Any]:
    return {"trials": len(trials), "heard": heard.count, "misfit": heard.misfit, "why": heard.why}


def _misfit(lens: Lens, study: Study, trial: Trial) -> str:
    """Why a trial from elsewhere says nothing here; '' if it does."""
    if hear(trial, study) is None:
        return f"there was no result ({trial.reason or trial.status})"
    if lens.point(trial.params) is None:
        return next(_reasons(lens, trial), "the settings are no point of this space")
    if unsaid(lens, trial):
        silent = [name for name in lens.parameters if name not in trial.params and name in lens.active(trial.params)]
        return f"{', '.join(silent)} {'is' if len(silent) == 1 else 'are'} not recorded"
    return ""


def _reasons(lens: Lens, trial: Trial) -> Iterator[str]:
    for name, value in trial.params.items():
        if name in lens.parameters:
            if not lens.parameters[name].contains(value):
                yield f"{name} is {value_text(value)}, and here it is {lens.parameters[name].describe()}"
        elif name not in lens.base:
            yield f"{name} is {value_text(value)}, and here there is no such setting"
        elif not same(lens.base[name], value) and name not in [one.name for one in lens.space.derived]:
            yield f"{name} is {value_text(value)}, and here {value_text(lens.base[name])}"

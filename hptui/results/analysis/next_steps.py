"""What more trials may bring: of a grid what is left, of independent draws a chance, of an adaptive search a count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from hptui.core.dataclass import dataclass
from hptui.core.ranking import in_order_of_end
from hptui.core.space import configuration_key
from hptui.core.trial import Reason, Role, Trial, Value
from hptui.core.values import canonical_json
from hptui.results.analysis.cohort import (
    objective_value,
    ranked_trials,
    searched_space,
    training_length,
    violates_outcome,
)
from hptui.results.analysis.comparable import is_apart
from hptui.results.view import View
from hptui.store.records import Revision

MIN_TRIALS_FOR_OUTLOOK = 3
MAX_GRID = 10_000
"""A larger grid is not counted."""
INDEPENDENT = ("random", "qmc", "sobol")
"""Samplers whose trials do not depend on earlier ones."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of more trials.

    `left` of `size` configurations of a grid have not run; `chance` that `more` independent draws hold a better one;
    else only when the best came, `best_at`, from 1, in the order of ending, and how many came `since`. No draws are
    left of a space of which every configuration has run.
    """

    kind: Literal["grid", "independent", "adaptive"]
    order: tuple[Trial, ...]
    best_at: int
    since: int
    size: int = 0
    left: int = 0
    more: int = 0
    chance: float = 0.0


def outlook_of(view: View, searched_by_revision: Mapping[int, str] | None = None) -> Outlook | None:
    """Return the outlook of a search; None for fewer than three of its trials, or if all values are equal.

    `searched_by_revision` says which revisions of the study searched alike: draws of others are of another kind.
    """
    ranked = [trial for trial in ranked_trials(view) if not violates_outcome(view, trial)]  # those never are the best
    if view.best is not None:  # a longer training or other code is no find of the search
        ranked = [trial for trial in ranked if not is_apart(view, view.best, trial)]
    trials = in_order_of_end([trial for trial in ranked if trial.role is not Role.IMPORTED])
    searched = [trial for trial in trials if trial.role is Role.SEARCH]
    if len(searched) < MIN_TRIALS_FOR_OUTLOOK or view.best is None or len(view.study.objectives) > 1:
        return None
    if len({objective_value(view, trial) for trial in trials}) < 2:
        return None
    objective, best_at, best = view.study.objective, 0, objective_value(view, trials[0])
    for index, trial in enumerate(trials):
        if objective.better(objective_value(view, trial), best):
            best_at, best = index, objective_value(view, trial)
    n, order = len(trials), tuple(trials)
    since = n - best_at - 1
    engines = {trial.engine for trial in searched if trial.engine} or {view.study.search.sampler}
    counted = _configurations(view)
    if engines == {"grid"} and counted is not None:
        return Outlook("grid", order, best_at + 1, since, counted[1], counted[0])
    left = math.inf if counted is None else counted[0]
    # Each of n + m independent draws is the best with equal probability; those that failed count.
    drawn = [
        trial
        for trial in view.trials
        if trial.role is Role.SEARCH and not trial.status.open and trial.stage == searched[0].stage
    ]
    is_one_search = len({(searched_by_revision or {}).get(trial.revision) for trial in drawn}) == 1
    until = view.study.search.until
    # Which of two draws is pruned depends on their order, so they are not alike.
    is_any_compared = any(trial.reason is Reason.PRUNER for trial in drawn)
    is_count_given = until.target is None and until.no_improvement is None  # else values decided how many there are
    if (
        is_count_given
        and not is_any_compared
        and engines <= set(INDEPENDENT)
        and trials[best_at].role is Role.SEARCH
        and _are_alike(view, searched)
        and left > 0
    ):
        more = int(min(max(5, n // 2), left))  # no configuration is proposed twice
        if is_one_search:
            return Outlook("independent", order, best_at + 1, since, more=more, chance=more / (len(drawn) + more))
    return Outlook("adaptive", order, best_at + 1, since)


def _configurations(view: View) -> tuple[int, int] | None:
    """Return how many configurations of the space have not run, and of how many; None if not counted."""
    space = searched_space(view)
    everything = space.enumerate(view.base, MAX_GRID) if space.parameters else None
    if everything is None:
        return None
    names = [*space.names, *(entry.name for entry in space.derived)]
    ended = [trial for trial in view.trials if not trial.status.open and not trial.is_uninformative]
    ran = {configuration_key(_only(view.settings(trial), names)) for trial in ended}
    left = sum(configuration_key(_only({**view.base, **row}, names)) not in ran for row in everything)
    return left, len(everything)


def has_nothing_left(view: View) -> bool:
    """Return whether every configuration of the current space has run: no search can propose any."""
    counted = _configurations(view)
    return counted is not None and counted[0] == 0


def searched_by_revision(revisions: Sequence[Revision]) -> dict[int, str]:
    """Return what each revision of the study searched, as text: space, constraints, settings, stages."""
    return _by_revision(revisions, "constraints")


def _by_revision(revisions: Sequence[Revision], *keys: str) -> dict[int, str]:
    """Return space, settings, stages and some keys of the search of each revision, as text."""
    return {
        revision.rev: canonical_json(
            [
                *map(revision.spec.get, ("space", "trainer", "stage")),
                *map((revision.spec.get("search") or {}).get, keys),
            ]
        )
        for revision in revisions
    }


def of_earlier_files(view: View, revisions: Sequence[Revision]) -> list[Trial]:
    """Return the trials that the study file proposed before it was edited, and proposes no more.

    Of the baseline and a listed trial only the settings count.
    """
    proposed = _by_revision(revisions, "constraints", "sampler", "seed")
    now = proposed.get(max(proposed, default=0))
    return [
        trial
        for trial in view.trials
        if (trial.role is Role.SEARCH and proposed.get(trial.revision, now) != now)
        or (trial.role in (Role.BASELINE, Role.LISTED) and view.base_of(trial.revision) != view.base)
    ]


def _are_alike(view: View, trials: Sequence[Trial]) -> bool:
    """Return whether trials trained equally long in one stage, so that their values are draws of one kind."""
    return len({(training_length(view, trial), trial.stage) for trial in trials}) == 1


def _only(settings: Mapping[str, Value], names: Sequence[str]) -> dict[str, Value]:
    return {name: settings.get(name) for name in names}

"""The mean of the fresh runs of the best trial, for the command line and the screens.

Ranking, and what samplers learn from, stay by the run that was ranked; this is what its repeats say of it. It is free
of numpy and scipy, and reads curves only of studies in which something was repeated.
"""

from __future__ import annotations

from hptui.core.dataclass import dataclass
from hptui.core.errors import NotFound
from hptui.core.format import metric
from hptui.core.stages import stage_named
from hptui.core.study import Study
from hptui.core.trial import Trial
from hptui.results.analysis.cohort import objective_value, ranked_trials, replicates
from hptui.results.analysis.fresh import (
    CHOSEN_TEMPLATE,
    LEADER_TEMPLATE,
    MEAN_TEMPLATE,
    SINGLE_TEMPLATE,
    Fresh,
    Summaries,
    all_fresh,
    dead_numbers,
    dead_seeds,
    fresh_leader,
    fresh_runs,
    leads,
)
from hptui.results.view import View
from hptui.store.reader import StoreReader


@dataclass(frozen=True, slots=True)
class FreshMeans:
    """The fresh runs of the best trial, if it has any, and those with the best mean (the same, or another trial's)."""

    best: Fresh | None
    leader: Fresh
    compared: int = 1
    """Number of trials that have fresh runs."""
    other_leads: bool = False
    """Whether the fresh runs of another trial are better than what is known of the best."""

    def of(self, number: int) -> Fresh | None:
        """Return the fresh runs of a trial, if it is one of the two."""
        return next((fresh for fresh in (self.best, self.leader) if fresh and fresh.trial.number == number), None)


def fresh_means(view: View, reader: StoreReader | None = None) -> FreshMeans | None:
    """Return what fresh runs say of the best trial; None if there are none.

    With several objectives there is no single best trial, and the answer is None. Without a `reader` the study's own
    store is read, for the curves that tell whether the seed changes anything.
    """
    if not view.replicates or len(view.study.objectives) != 1 or view.best is None:
        return None
    dead = dead_numbers(dead_seeds(view, _summaries(view, reader)))
    ranked = ranked_trials(view)
    repeated = all_fresh(view, ranked, dead)
    leader = fresh_leader(view, repeated)
    if leader is None:
        return None
    best = next((trial for trial in ranked if view.best is not None and trial.number == view.best.number), None)
    own = None if best is None else fresh_runs(view, best, dead, ranked)
    return FreshMeans(own, leader, len(repeated), best is not None and leads(view, leader, best, own))


def ranked_mean(view: View, trial: Trial) -> tuple[float, list[int]] | None:
    """Return the mean that a trial is ranked by, and the runs of it; None where its own value ranks it."""
    stage = stage_named(view.study, trial.stage)
    if len(view.study.objectives) != 1 or stage is None or stage.seeds < 2:
        return None
    own = next((other for other in ranked_trials(view) if other.number == trial.number), trial)
    if own.values == trial.values:
        return None
    return objective_value(view, own), [run.number for run in replicates(view, trial)]


def mean_text(view: View, trial: Trial) -> str:
    """Return `mean of 2 runs 0.5821` for a trial that is ranked by it; else ''."""
    mean = ranked_mean(view, trial)
    if mean is None:
        return ""
    return f"mean of {len(mean[1])} runs {metric(mean[0], view.study.metrics.get(view.study.objective.metric))}"


def fresh_of(view: View, trial: Trial, reader: StoreReader | None = None) -> Fresh | None:
    """Return the fresh runs of any ranked trial; None if it has none."""
    if trial.number not in view.replicates or len(view.study.objectives) != 1:
        return None
    ranked = ranked_trials(view)
    own = next((other for other in ranked if other.number == trial.number), None)
    dead = dead_numbers(dead_seeds(view, _summaries(view, reader)))
    return None if own is None else fresh_runs(view, own, dead, ranked)


def _summaries(view: View, reader: StoreReader | None) -> Summaries:
    if reader is not None:
        return {name: reader.summaries_of_metric(name) for name in reader.metric_names()}
    if not view.sd.db.is_file():
        return {}
    with StoreReader.open(view.sd) as opened:
        return _summaries(view, opened)


def fresh_text(study: Study, fresh: Fresh) -> str:
    """Return `mean of 3 fresh runs 0.571`, in the words of the report."""
    value = metric(fresh.mean, study.metrics.get(study.objective.metric))
    if len(fresh.runs) == 1:
        return SINGLE_TEMPLATE.format(value=value)
    return MEAN_TEMPLATE.format(n=len(fresh.runs), mean=value)


def chosen_text(study: Study, fresh: Fresh) -> str:
    """Return `chosen by 0.562`: the value of the run that was ranked."""
    return CHOSEN_TEMPLATE.format(value=metric(fresh.chosen, study.metrics.get(study.objective.metric)))


def whole_text(study: Study, fresh: Fresh) -> str:
    """Return `mean of 3 fresh runs 0.571, chosen by 0.562`."""
    return f"{fresh_text(study, fresh)}, {chosen_text(study, fresh)}"


def leader_text(study: Study, means: FreshMeans) -> str:
    """Return that another trial leads by fresh runs; '' if none does."""
    if not means.other_leads:
        return ""
    return LEADER_TEMPLATE.format(other=f"trial {means.leader.trial.number}", value=fresh_text(study, means.leader))


def best_notes(view: View, means: FreshMeans | None, by: str = "rank") -> list[str]:
    """Return what fresh runs say of the trial that `best` is; empty if it has none."""
    chosen = None if means is None else means.leader if by == "fresh" else means.best
    if means is None or chosen is None:
        return []
    notes = [f"best is trial {chosen.trial.number}: {whole_text(view.study, chosen)}"]
    if means.best is None and view.best is not None:
        notes.append(f"trial {view.best.number}, the best by rank, has no fresh runs")
    if by != "fresh" and (leader := leader_text(view.study, means)):
        notes.append(f"{leader}; --by fresh selects it")
    return notes


def means_json(means: FreshMeans) -> dict[str, object]:
    """Return the fresh runs as `hptui status --json` lists them."""
    return {
        "best": None if means.best is None else _fresh_json(means.best),
        "leader": _fresh_json(means.leader),
    }


def _fresh_json(fresh: Fresh) -> dict[str, object]:
    runs = [run.number for run in fresh.runs]
    return {"number": fresh.trial.number, "mean": fresh.mean, "chosen_by": fresh.chosen, "runs": runs}


def trial_by_fresh(view: View, reader: StoreReader) -> Trial:
    """Return the trial whose fresh runs have the best mean.

    Raises: `NotFound` when nothing was repeated, or a single trial that is not the best: it leads nothing.
    """
    means = fresh_means(view, reader)
    if means is None:
        hint = f"hptui add {view.row.name} --repeat best --seeds 3, then hptui run {view.row.name}"
        if len(view.study.objectives) != 1:
            hint = "fresh runs are compared by one objective"
        raise NotFound(f"study {view.row.name!r} has no fresh runs to choose by", hint=hint)
    if means.compared < 2 and means.best is None:
        message = f"of study {view.row.name!r} trial {means.leader.trial.number} alone has fresh runs: it leads nothing"
        raise NotFound(
            message, hint=f"hptui add {view.row.name} --repeat best --seeds 3, then hptui run {view.row.name}"
        )
    return means.leader.trial

"""FR in a stage with seeds: runs that were added once the stage had chosen its best, and those that chose it."""

from __future__ import annotations

from collections.abc import Iterator

from hptui.core.trial import Trial
from hptui.results.analysis.added_runs import added_runs, mean_of
from hptui.results.claims.claim import Claim
from hptui.results.fact_writer import FactWriter
from hptui.results.facts import line


def added_claims(facts: FactWriter, best: Trial) -> Iterator[Claim]:
    """Yield the mean of runs that began after the stage had chosen the best, and of those before."""
    runs, metric = added_runs(facts.view, best, facts.data.dead), facts.data.metric
    if runs is None:
        return
    key, mean = f"added.{best.number}", mean_of(facts.view, runs.added)
    text = line(
        "The {n} of its runs that began after its stage had chosen it {have} {mean}, the {before} that chose it {own}.",
        n=facts.count(f"{key}.n", runs.added),
        have="has" if len(runs.added) == 1 else "have a mean of",
        mean=facts.of_metric(f"{key}.mean", metric, mean, runs.added, f"values.{metric}"),
        before=facts.count(f"{key}.before", runs.chosen_by),
        own=facts.of_metric(
            f"{key}.chosen", metric, mean_of(facts.view, runs.chosen_by), runs.chosen_by, f"values.{metric}"
        ),
    )
    numbers = tuple(run.number for run in (*runs.chosen_by, *runs.added))
    yield Claim("FR", text, {"runs": len(runs.added), "mean": mean}, metric, numbers)

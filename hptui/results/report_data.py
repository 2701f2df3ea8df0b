"""`ReportData`: what a report reads of a study, in one transaction, and the analyses of it, each made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hptui.core.format import is_count
from hptui.core.masking import mask
from hptui.core.trial import Attempt, Trial, TrialStatus, Value
from hptui.results.analysis.cohort import has_finite_values, measured_value, ranked_trials, sort_by_rank
from hptui.results.analysis.confounding import ConfoundedPair, IgnoredSetting, confounded_pairs, ignored_settings
from hptui.results.analysis.effects import (
    MIN_TRIALS_FOR_EFFECT,
    Effect,
    OneFactorStep,
    one_factor_steps,
    setting_effects,
)
from hptui.results.analysis.failure_regions import BestAtEdge, FailureRegion, bests_at_edge, failure_regions
from hptui.results.analysis.next_steps import ExpectedImprovement, SuggestedRange, expected_improvement, suggest_ranges
from hptui.results.analysis.significance import SIGNIFICANCE_LEVEL, ComparisonsWithBest, compare_with_best
from hptui.results.diagnosis import Diagnosis, diagnose
from hptui.results.importance import Importance, importance
from hptui.results.masked_view import masked_record
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import CheckpointRow, EventRow, MetricSummary, Revision

Curve = list[tuple[int, float, float]]
"""Points (step, value, seconds) of a metric."""

MAX_POINTS_OF_ALL_CURVES = 300_000
"""With more points in total only the curves of the best trials are read, to bound memory and time."""
MAX_TRIALS_WITH_CURVES = 40
"""Number of trials whose curves are then read."""


@dataclass(frozen=True)
class ReportData:
    """A study as a report reads it.

    Analyses are cached properties, computed on first use from these fields alone; a report reads the store only once.
    """

    view: View
    attempts: Mapping[int, tuple[Attempt, ...]] = field(default_factory=dict)
    summaries: Mapping[str, Mapping[int, MetricSummary]] = field(default_factory=dict)
    curves: Mapping[int, Mapping[str, Curve]] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    warnings: tuple[EventRow, ...] = ()
    checkpoints: tuple[CheckpointRow, ...] = ()
    revisions: tuple[Revision, ...] = ()
    rejected: int = 0
    knowledge: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """The metric of the first objective."""
        return self.view.study.objective.metric

    @cached_property
    def order(self) -> list[Trial]:
        """The ranked trials, best first."""
        return sort_by_rank(self.view, ranked_trials(self.view))

    @cached_property
    def best(self) -> Trial | None:
        """The best trial, with the values by which it is ranked (a mean where it was replicated)."""
        best = self.view.best
        return next((trial for trial in self.order if best is not None and trial.number == best.number), None)

    @cached_property
    def best_trials(self) -> list[Trial]:
        """The trials that no other beats: the best and its equals, or the Pareto set."""
        return self.view.front

    @cached_property
    def steps(self) -> list[OneFactorStep]:
        """The ranked trials that differ from the baseline in one setting."""
        return one_factor_steps(self.view, sorted(self.order, key=lambda trial: trial.number))

    @cached_property
    def effect_trials(self) -> list[Trial]:
        """The trials among which effects of settings are estimated.

        These are the ranked trials; if a last stage has too few, the trials of the stage that has most.
        """
        if len(self.order) >= MIN_TRIALS_FOR_EFFECT or not self.view.study.stages:
            return self.order
        usable = [trial for trial in self.view.trials if not trial.is_unranked and has_finite_values(self.view, trial)]
        by_stage: dict[str, list[Trial]] = defaultdict(list)
        for trial in usable:
            by_stage[trial.stage].append(trial)
        return max((sort_by_rank(self.view, trials) for trials in by_stage.values()), key=len, default=self.order)

    @property
    def is_stepwise(self) -> bool:
        """Whether nearly all trials are one-factor steps from the baseline; groups by setting would mix them.

        Many values of a single setting are a search of that setting, not steps.
        """
        changed_settings = {tuple(step.changed) for step in self.steps}
        is_varied = len(changed_settings) > 1 or len(self.order) < MIN_TRIALS_FOR_EFFECT
        return is_varied and len(self.steps) > 1 and len(self.steps) >= 0.8 * (len(self.order) - 1)

    @cached_property
    def comparisons(self) -> ComparisonsWithBest | None:
        """The best trial compared with all others."""
        return compare_with_best(self.view)

    @cached_property
    def effects(self) -> list[Effect]:
        """Effects of the settings on the first objective."""
        return self.effects_on(self.metric)

    def effects_on(self, metric: str) -> list[Effect]:
        """Return the effects of the settings on a metric, `seconds` or `peak_memory_gb`."""
        if metric not in self._effects:
            self._effects[metric] = self._effects_on(metric)
        return self._effects[metric]

    @cached_property
    def _effects(self) -> dict[str, list[Effect]]:
        return {}

    def _effects_on(self, metric: str) -> list[Effect]:
        return setting_effects(
            self.view, sorted(self.effect_trials, key=lambda t: t.number), metric, lambda t: measured_value(t, metric)
        )

    @cached_property
    def confounded(self) -> list[ConfoundedPair]:
        """Pairs of settings that changed together."""
        return confounded_pairs(self.view, sorted(self.effect_trials, key=lambda trial: trial.number))

    @cached_property
    def ignored_settings(self) -> list[IgnoredSetting]:
        """Settings that made no difference at all."""
        return ignored_settings(self.view, self.order, self.summaries)

    @cached_property
    def regions(self) -> list[FailureRegion]:
        """Regions of the space in which trials fail."""
        return failure_regions(self.view)

    @cached_property
    def edges(self) -> list[BestAtEdge]:
        """Settings whose best value lies at the edge of its range, with a trend of the metric towards it."""
        effects = {effect.setting: effect for effect in self.effects}
        is_minimized = self.view.study.objective.goal == "minimize"
        candidates = bests_at_edge(self.view, self.best) if self.best else []
        return [
            edge for edge in candidates if _improves_outward(edge, effects.get(edge.setting), is_minimized=is_minimized)
        ]

    @cached_property
    def suggested_ranges(self) -> list[SuggestedRange]:
        """Suggested ranges."""
        return suggest_ranges(self.view, self.effects, self.confounded, self.edges) if self.best else []

    @cached_property
    def expected_improvement(self) -> ExpectedImprovement | None:
        """Whether more trials are likely to improve the best; None if unknown."""
        return expected_improvement(self.view, self.comparisons)

    @cached_property
    def importance(self) -> Importance | None:
        """The importance of settings for the objective; None with several objectives."""
        return importance(self.view) if len(self.view.study.objectives) == 1 else None

    @cached_property
    def diagnoses(self) -> dict[int, Diagnosis]:
        """Diagnoses by number of the trials whose curves were read or that failed."""
        diagnoses = {}
        for trial in self.view.trials:
            if trial.number in self.curves or trial.status is TrialStatus.FAILED:
                diagnoses[trial.number] = diagnose(self.view, trial, self.curves.get(trial.number, {}))
        return diagnoses

    def environment(self, trial: Trial | None) -> Mapping[str, Any]:
        """Return the environment of a trial's last attempt, or of any trial if that has none."""
        numbers = ([trial.number] if trial else []) + sorted(self.attempts, reverse=True)
        for number in numbers:
            for attempt in reversed(self.attempts.get(number, ())):
                if attempt.environment:
                    environment: Mapping[str, Any] = mask(attempt.environment)
                    return environment
        return {}

    @property
    def asof(self) -> float:
        """The latest time in the store, which dates the report; the clock would make it irreproducible."""
        row = self.view.row
        moments = [row.created, row.started, row.ended]
        for trial in self.view.trials:
            moments += [trial.started, trial.ended]
        moments += [revision.at for revision in self.revisions]
        return max(moment for moment in moments if moment is not None)


def _improves_outward(edge: BestAtEdge, effect: Effect | None, *, is_minimized: bool) -> bool:
    """Return whether trials improved significantly towards the edge; of few trials nothing is concluded."""
    if (
        effect is None
        or not effect.is_trend
        or effect.strength is None
        or effect.p is None
        or effect.p >= SIGNIFICANCE_LEVEL
    ):
        return False
    return (effect.strength < 0 if is_minimized else effect.strength > 0) != edge.low


def read_report_data(sd: StudyDir, reader: StoreReader | None = None) -> ReportData:
    """Return the data of a study at this moment."""
    if reader is None:
        with StoreReader.open(sd) as opened:
            return read_report_data(sd, opened)
    with reader.connection.snapshot():
        view = read_view(sd, reader)
        attempts: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in reader.attempts():
            attempts[attempt.trial].append(attempt)
        names = reader.metric_names()
        summaries = {name: reader.summaries_of_metric(name) for name in names}
        chosen = _trials_with_curves(view, summaries)
        curves = {
            number: {
                name: reader.curve(number, name) for name in names if number in summaries[name] and not is_count(name)
            }
            for number in chosen
        }
        best = view.best
        facts = mask(reader.study_facts())
        events = (event for event in reader.events() if event.level != "info" and event.trial is None)
        warnings = tuple(map(masked_record, events))
        checkpoints = tuple(reader.checkpoints(best.number)) if best else ()
        revisions = tuple(map(masked_record, reader.revisions()))
        knowledge = mask(reader.prior_knowledge())
    return ReportData(
        view,
        {number: tuple(runs) for number, runs in attempts.items()},
        summaries,
        curves,
        facts,
        warnings,
        checkpoints,
        revisions,
        sum(len(trial.rejections) for trial in view.trials),
        knowledge,
    )


def _trials_with_curves(view: View, summaries: Mapping[str, Mapping[int, MetricSummary]]) -> list[int]:
    """Return the trials whose curves are read: all, or if there are too many points the best ones."""
    numbers = [
        trial.number
        for trial in view.trials
        if any(trial.number in summaries_of_metric for summaries_of_metric in summaries.values())
    ]
    if (
        sum(summary.n for summaries_of_metric in summaries.values() for summary in summaries_of_metric.values())
        <= MAX_POINTS_OF_ALL_CURVES
        and len(numbers) <= 1000
    ):
        return numbers
    return sorted(trial.number for trial in sort_by_rank(view, ranked_trials(view))[:MAX_TRIALS_WITH_CURVES])

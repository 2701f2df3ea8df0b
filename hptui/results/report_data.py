"""`ReportData`: what a report reads of a study, in one transaction, and the analyses of it, each made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any

from hptui.core.dataclass import dataclass
from hptui.core.format import is_count
from hptui.core.masking import mask
from hptui.core.rungs import RungResult, RungSummary
from hptui.core.space import Space
from hptui.core.stages import stage_named, stage_space
from hptui.core.study import Objective
from hptui.core.trial import Attempt, Trial, TrialStatus, Value
from hptui.results.analysis.cohort import (
    has_finite_values,
    measured_value,
    ranked_trials,
    sort_by_rank,
    violates_outcome,
)
from hptui.results.analysis.comparable import Cohort, cohort_of, is_apart
from hptui.results.analysis.confounding import IgnoredSetting, ignored_settings
from hptui.results.analysis.effects import OneFactorStep, SettingGroups, one_factor_steps, setting_groups
from hptui.results.analysis.evidence import EffectAnalysis, analyse
from hptui.results.analysis.failure_regions import FailureRegion, failure_regions
from hptui.results.analysis.fresh import (
    Fresh,
    Noise,
    all_fresh,
    dead_numbers,
    dead_seeds,
    fresh_leader,
    fresh_runs,
    noise_of,
    pooled_noise,
)
from hptui.results.analysis.fresh_difference import fresh_difference
from hptui.results.analysis.next_steps import Outlook, has_nothing_left, outlook_of, searched_by_revision
from hptui.results.analysis.range_test import RangeTest, range_test
from hptui.results.analysis.rungs import summaries_by_stage
from hptui.results.analysis.scores import Scores, score_trials
from hptui.results.analysis.shares import Importance, importance_of
from hptui.results.diagnosis import Diagnosis, diagnose, scatter_pools
from hptui.results.masked_view import masked_record
from hptui.results.record_curves import Curve, score_curves_of, trials_with_curves
from hptui.results.view import View, read_view
from hptui.store.paths import StudyDir
from hptui.store.reader import StoreReader
from hptui.store.records import CheckpointRow, EventRow, MetricSummary, Revision

MAX_TRIALS_IN_STEPS = 400
"""With more ranked trials none is looked at as a step from the baseline."""
MIN_TRIALS_FOR_GROUPS = 5
"""Of fewer trials single steps from the baseline are shown, not groups."""


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
    score_curves: Mapping[str, Mapping[int, Curve]] = field(default_factory=dict)
    """Curves of an objective that were read besides, to rank trials without a value."""
    rung_results: tuple[RungResult, ...] = ()
    is_runner_gone: bool = False
    """Whether the store says that the study is running, and nobody runs it."""

    @property
    def metric(self) -> str:
        """The metric of the first objective."""
        return self.view.study.objective.metric

    @cached_property
    def order(self) -> list[Trial]:
        """The ranked trials, best first."""
        return sort_by_rank(self.view, ranked_trials(self.view))

    @cached_property
    def candidates(self) -> list[Trial]:
        """The ranked trials that keep the conditions of the study, best first: the best was chosen among them."""
        return [trial for trial in self.order if not violates_outcome(self.view, trial)]

    @cached_property
    def peers(self) -> list[Trial]:
        """The candidates that trained as long as the best with its code and data, as far as is known."""
        best = self.best
        if best is None or len(self.view.study.objectives) != 1:
            return self.candidates
        return [trial for trial in self.candidates if not is_apart(self.view, best, trial)]

    @cached_property
    def best(self) -> Trial | None:
        """The best trial, with the values by which it is ranked (a mean where it was replicated)."""
        return next((t for t in self.order if self.view.best is not None and t.number == self.view.best.number), None)

    @cached_property
    def best_trials(self) -> list[Trial]:
        """The trials that no other beats: the best and its equals, or the Pareto set."""
        return self.view.front

    @cached_property
    def steps(self) -> list[OneFactorStep]:
        """The ranked trials that differ from the baseline in one setting; none of very many."""
        if len(self.order) > MAX_TRIALS_IN_STEPS:
            return []
        return one_factor_steps(self.view, sorted(self.order, key=lambda trial: trial.number))

    @cached_property
    def effect_trials(self) -> list[Trial]:
        """The complete trials of the cohort in which settings are looked at, best first.

        These are the ranked trials; if a last stage has too few, the trials of the stage that has most.
        """
        stage, other = self.cohort.stage, {trial.number for trial in self.cohort.other_code}
        if not self.view.study.stages or self.best is None or stage == self.best.stage:
            return [trial for trial in self.order if trial.number not in other]
        own = [t for t in self.view.trials if t.stage == stage and t.number not in other and not t.is_unranked]
        return sort_by_rank(self.view, [trial for trial in own if has_finite_values(self.view, trial)])

    @property
    def effect_stage(self) -> str:
        """The stage in which settings are looked at, where trials of another stage are ranked; else ''."""
        stage = self.cohort.stage
        return stage if stage and any(trial.stage != stage for trial in self.order) else ""

    @cached_property
    def cohort(self) -> Cohort:
        """The trials of one stage and one length in which settings are looked at."""
        return cohort_of(self.view)

    def effect_analysis(self, metric: str | None = None, stage: str | None = None) -> EffectAnalysis:
        """Return what the trials say of settings for an objective, of one stage; made once."""
        key = (metric or self.metric, stage)
        if key not in self._analyses:
            objective = next(goal for goal in self.view.study.objectives if goal.metric == key[0])
            space, scores, ignored = self.effect_inputs(objective, stage)
            objectives = len(self.view.study.objectives)
            self._analyses[key] = analyse(self.view, space, objective, scores, ignored, objectives)
        return self._analyses[key]

    def effect_inputs(self, objective: Objective, stage: str | None = None) -> tuple[Space, Scores, list[str]]:
        """Return the space, the trials with their scores, and the settings that the trainer does not read."""
        cohort = self.cohort if stage is None else cohort_of(self.view, stage)
        space = stage_space(self.view.study, stage_named(self.view.study, cohort.stage))
        curves = {
            n: by_metric[objective.metric] for n, by_metric in self.curves.items() if objective.metric in by_metric
        }
        curves |= self.score_curves.get(objective.metric, {})
        # The very same run again is no second one.
        own = [trial for trial in cohort.trials if trial.number not in self.dead or trial.replicate_of is None]
        scores = score_trials(self.view, own, objective, curves)
        return space, scores, [setting.setting for setting in self.ignored_settings]

    @cached_property
    def _analyses(self) -> dict[tuple[str, str | None], EffectAnalysis]:
        return {}

    @property
    def is_stepwise(self) -> bool:
        """Whether nearly all trials are one-factor steps from the baseline; groups by setting would mix them.

        Many values of a single setting are a search of that setting, not steps.
        """
        changed_settings = {tuple(step.changed) for step in self.steps}
        is_varied = len(changed_settings) > 1 or len(self.order) < MIN_TRIALS_FOR_GROUPS
        # Pruned trials of a search count in the claims about settings, and are no steps.
        pruned = sum(trial.status is TrialStatus.PRUNED for trial in self.view.trials)
        return is_varied and len(self.steps) > 1 and len(self.steps) >= 0.8 * (len(self.order) + pruned - 1)

    @cached_property
    def range_test(self) -> RangeTest | None:
        """Which trials are distinguished from the best; None without a measure of noise.

        Where fresh runs of the best compare it with the baseline, what they say holds.
        """
        test, baseline = range_test(self.view, self.dead), self.view.baseline
        fresh = None if test is None or self.best is None or baseline is None else self.fresh(self.best)
        if test is None or baseline is None or fresh is None or not has_finite_values(self.view, baseline):
            return test
        difference = fresh_difference(self.view, fresh, baseline, self.dead)
        return test if difference is None else test.settled_by_fresh(baseline, difference.answer(self.view))

    @cached_property
    def equal_runs(self) -> list[tuple[Trial, Trial]]:
        """Pairs of runs of one configuration with different seeds that are equal in every point."""
        return dead_seeds(self.view, self.summaries)

    @property
    def dead_seeds(self) -> list[tuple[Trial, Trial]]:
        """Such pairs where no repeat differs: the seed changes nothing."""
        return self.equal_runs if pooled_noise(self.view, self.dead) is None else []

    @cached_property
    def dead(self) -> frozenset[int]:
        """The trials of pairs of equal runs: they measure no noise."""
        return dead_numbers(self.equal_runs)

    @cached_property
    def noise(self) -> Noise | None:
        """The noise between seeds, if anything was repeated."""
        return noise_of(self.view, self.dead)

    def fresh(self, trial: Trial) -> Fresh | None:
        """Return the runs of a ranked trial that had no part in choosing it; None if there are none."""
        if trial.number not in self._fresh:
            self._fresh[trial.number] = fresh_runs(self.view, trial, self.dead, self.order)
        return self._fresh[trial.number]

    @cached_property
    def _fresh(self) -> dict[int, Fresh | None]:
        return {}

    @cached_property
    def fresh_leader(self) -> Fresh | None:
        """The fresh runs with the best mean; None if no ranked trial has any."""
        return fresh_leader(self.view, all_fresh(self.view, self.order, self.dead))

    @cached_property
    def groups(self) -> list[SettingGroups]:
        """The trials by value of each setting, for tables."""
        trials = sorted(self.effect_trials, key=lambda trial: trial.number)
        return setting_groups(self.view, trials, self.metric, lambda trial: measured_value(trial, self.metric))

    @cached_property
    def ignored_settings(self) -> list[IgnoredSetting]:
        """Settings that made no difference at all."""
        return ignored_settings(self.view, self.order, self.summaries)

    @cached_property
    def regions(self) -> list[FailureRegion]:
        """Regions of the space in which trials fail."""
        return failure_regions(self.view)

    @cached_property
    def outlook(self) -> Outlook | None:
        """What more trials may bring; None if unknown."""
        return outlook_of(self.view, searched_by_revision(self.revisions))

    @cached_property
    def is_spent(self) -> bool:
        """Whether every configuration of the current space has run."""
        return has_nothing_left(self.view)

    @cached_property
    def rungs(self) -> list[RungSummary]:
        """The rungs of each stage."""
        return summaries_by_stage(self.view, self.rung_results)

    @cached_property
    def importance(self) -> Importance | None:
        """The importance of settings for the objective; None with several objectives."""
        return importance_of(self.effect_analysis()) if len(self.view.study.objectives) == 1 else None

    @cached_property
    def diagnoses(self) -> dict[int, Diagnosis]:
        """Diagnoses by number of the trials whose curves were read or that failed."""
        diagnoses = {}
        pools = scatter_pools(self.view, self.curves)
        for trial in self.view.trials:
            if trial.number in self.curves or trial.status is TrialStatus.FAILED:
                diagnoses[trial.number] = diagnose(self.view, trial, self.curves.get(trial.number, {}), pools)
        return diagnoses

    def environment(self, trial: Trial | None) -> Mapping[str, Any]:
        """Return the environment of a trial's last attempt, or of any trial if that has none."""
        numbers = ([trial.number] if trial else []) + sorted(self.attempts, reverse=True)
        for number in numbers:
            for attempt in reversed(self.attempts.get(number, ())):
                if attempt.environment:
                    return dict(mask(attempt.environment))
        return {}

    @property
    def asof(self) -> float:
        """The latest time in the store, which dates the report; the clock would make it irreproducible."""
        row = self.view.row
        moments = [row.created, row.started, row.ended, *(revision.at for revision in self.revisions)]
        moments += [moment for trial in self.view.trials for moment in (trial.started, trial.ended)]
        return max(moment for moment in moments if moment is not None)


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
        chosen = trials_with_curves(view, summaries)
        curves = {
            number: {
                name: reader.curve(number, name) for name in names if number in summaries[name] and not is_count(name)
            }
            for number in chosen
        }
        facts = mask(reader.study_facts())
        events = (event for event in reader.events() if event.level != "info" and event.trial is None)
        warnings = tuple(map(masked_record, events))
        checkpoints = tuple(reader.checkpoints(view.best.number)) if view.best else ()
        revisions = tuple(map(masked_record, reader.revisions()))
        knowledge = mask(reader.prior_knowledge())
        score_curves = score_curves_of(view, reader, summaries, curves)
        rung_results = tuple(reader.rungs())
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
        score_curves,
        rung_results,
    )


def read_effects_record(view: View, reader: StoreReader | None = None) -> ReportData:
    """Return the part of a record that says what settings do."""
    if reader is None:
        if not view.sd.db.is_file():
            return ReportData(view)
        with StoreReader.open(view.sd) as opened:
            return read_effects_record(view, opened)
    summaries = {name: reader.summaries_of_metric(name) for name in reader.metric_names()}
    return ReportData(view, summaries=summaries, score_curves=score_curves_of(view, reader, summaries, {}))

"""All that a report reads of a study, read in one transaction; and the analyses, each made once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hptui.model.counts import is_count
from hptui.model.trial import Attempt, Trial, TrialStatus, Value
from hptui.results.analysis.cohort import finite, in_rank, measured, ranked
from hptui.results.analysis.compare import ALPHA, Comparisons, against_best
from hptui.results.analysis.confounded import Confounded, confounded
from hptui.results.analysis.effects import FEW, Effect, Step, effects, one_factor
from hptui.results.analysis.inert import Inert, inert
from hptui.results.analysis.outlook import Narrower, Outlook, narrower, outlook
from hptui.results.analysis.regions import Edge, Region, edges, regions
from hptui.results.diagnosis import Diagnosis, diagnose
from hptui.results.importance import Importance, importance
from hptui.results.view import View, look
from hptui.storage.paths import StudyDir
from hptui.storage.reader import Reader
from hptui.storage.rows import CheckpointRow, EventRow, LastValue, Revision

Curve = list[tuple[int, float, float]]

POINTS = 300_000
"""Beyond so many points, curves are read of the best and of a few other trials only."""
SOME = 40


@dataclass(frozen=True)
class Record:
    """A study as a report sees it. What is derived is computed when first asked for, from these fields alone."""

    view: View
    attempts: Mapping[int, tuple[Attempt, ...]] = field(default_factory=dict)
    summaries: Mapping[str, Mapping[int, LastValue]] = field(default_factory=dict)
    curves: Mapping[int, Mapping[str, Curve]] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    warnings: tuple[EventRow, ...] = ()
    checkpoints: tuple[CheckpointRow, ...] = ()
    revisions: tuple[Revision, ...] = ()
    rejected: int = 0
    knowledge: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """The first objective."""
        return self.view.study.objective.metric

    @cached_property
    def order(self) -> list[Trial]:
        """The ranked trials, the best first."""
        return in_rank(self.view, ranked(self.view))

    @cached_property
    def best(self) -> Trial | None:
        """The best trial, as ranked."""
        best = self.view.best
        return next((trial for trial in self.order if best is not None and trial.number == best.number), None)

    @cached_property
    def winners(self) -> list[Trial]:
        """The trials that none beats: the best and its equals, or the Pareto set."""
        return self.view.front

    @cached_property
    def steps(self) -> list[Step]:
        """The ranked trials that differ from the baseline in one thing."""
        return one_factor(self.view, sorted(self.order, key=lambda trial: trial.number))

    @cached_property
    def field(self) -> list[Trial]:
        """The trials that effects are looked for in: the ranked ones, or where a last stage has but a handful, those of
        the stage that has the most.
        """
        if len(self.order) >= FEW or not self.view.study.stages:
            return self.order
        usable = [trial for trial in self.view.trials if not trial.aside and finite(self.view, trial)]
        by: dict[str, list[Trial]] = defaultdict(list)
        for trial in usable:
            by[trial.stage].append(trial)
        return max((in_rank(self.view, own) for own in by.values()), key=len, default=self.order)

    @property
    def stepwise(self) -> bool:
        """Whether nearly all trials are such steps: then groups by a setting would mix them.

        Many values of one and the same setting are no steps, but a search of that setting.
        """
        kinds = {tuple(step.changed) for step in self.steps}
        several = len(kinds) > 1 or len(self.order) < FEW
        return several and len(self.steps) > 1 and len(self.steps) >= 0.8 * (len(self.order) - 1)

    @cached_property
    def comparisons(self) -> Comparisons | None:
        """The best against all others."""
        return against_best(self.view)

    @cached_property
    def effects(self) -> list[Effect]:
        """Effects on the first objective."""
        return self.effects_on(self.metric)

    def effects_on(self, metric: str) -> list[Effect]:
        """Effects on a metric, `seconds` or `peak_memory_gb`."""
        if metric not in self._effects:
            self._effects[metric] = self._effects_on(metric)
        return self._effects[metric]

    @cached_property
    def _effects(self) -> dict[str, list[Effect]]:
        return {}

    def _effects_on(self, metric: str) -> list[Effect]:
        return effects(self.view, sorted(self.field, key=lambda t: t.number), metric, lambda t: measured(t, metric))

    @cached_property
    def confounded(self) -> list[Confounded]:
        """Settings that changed together."""
        return confounded(self.view, sorted(self.field, key=lambda trial: trial.number))

    @cached_property
    def inert(self) -> list[Inert]:
        """Settings that made no difference at all."""
        return inert(self.view, self.order, self.summaries)

    @cached_property
    def regions(self) -> list[Region]:
        """Where trials go wrong."""
        return regions(self.view)

    @cached_property
    def edges(self) -> list[Edge]:
        """Where the best lies at the edge of its range, and the trials got better towards it."""
        known = {one.setting: one for one in self.effects}
        down = self.view.study.objective.goal == "minimize"
        found = edges(self.view, self.best) if self.best else []
        return [edge for edge in found if _outward(edge, known.get(edge.setting), down=down)]

    @cached_property
    def narrower(self) -> list[Narrower]:
        """Recommended ranges."""
        return narrower(self.view, self.effects, self.confounded, self.edges) if self.best else []

    @cached_property
    def outlook(self) -> Outlook | None:
        """Whether more trials are likely to help."""
        return outlook(self.view, self.comparisons)

    @cached_property
    def importance(self) -> Importance | None:
        """Which settings explain the objective."""
        return importance(self.view) if len(self.view.study.objectives) == 1 else None

    @cached_property
    def diagnoses(self) -> dict[int, Diagnosis]:
        """Of the trials whose curves were read, and of those that failed."""
        found = {}
        for trial in self.view.trials:
            if trial.number in self.curves or trial.status is TrialStatus.FAILED:
                found[trial.number] = diagnose(self.view, trial, self.curves.get(trial.number, {}))
        return found

    def environment(self, trial: Trial | None) -> Mapping[str, Any]:
        """The surroundings of a trial's last attempt, or of any trial where that has none."""
        numbers = ([trial.number] if trial else []) + sorted(self.attempts, reverse=True)
        for number in numbers:
            for attempt in reversed(self.attempts.get(number, ())):
                if attempt.environment:
                    return attempt.environment
        return {}

    @property
    def asof(self) -> float:
        """The newest moment that the store knows: what a report is dated by."""
        row = self.view.row
        moments = [row.created, row.started, row.ended]
        for trial in self.view.trials:
            moments += [trial.started, trial.ended]
        moments += [one.at for one in self.revisions]
        return max(moment for moment in moments if moment is not None)


def _outward(edge: Edge, effect: Effect | None, *, down: bool) -> bool:
    """Whether trials got better towards the edge, by more than chance: of a handful nothing can be said."""
    if effect is None or not effect.steady or effect.strength is None or effect.p is None or effect.p >= ALPHA:
        return False
    return (effect.strength < 0 if down else effect.strength > 0) != edge.low


def read(sd: StudyDir, reader: Reader | None = None) -> Record:
    """The study in a directory, at this moment."""
    if reader is None:
        with Reader(sd) as opened:
            return read(sd, opened)
    with reader.snapshot():
        view = look(sd, reader)
        attempts: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in reader.attempts():
            attempts[attempt.trial].append(attempt)
        names = reader.metric_names()
        summaries = {name: reader.summaries(name) for name in names}
        chosen = _chosen(view, summaries)
        curves = {
            number: {
                name: reader.curve(number, name) for name in names if number in summaries[name] and not is_count(name)
            }
            for number in chosen
        }
        best = view.best
        facts = reader.study_facts()
        warnings = tuple(event for event in reader.events() if event.level != "info" and event.trial is None)
        checkpoints = tuple(reader.checkpoints(best.number)) if best else ()
        revisions = tuple(reader.revisions())
        knowledge = reader.knowledge()
    return Record(
        view,
        {number: tuple(own) for number, own in attempts.items()},
        summaries,
        curves,
        facts,
        warnings,
        checkpoints,
        revisions,
        sum(len(trial.rejections) for trial in view.trials),
        knowledge,
    )


def _chosen(view: View, summaries: Mapping[str, Mapping[int, LastValue]]) -> list[int]:
    """The trials whose curves are read: all, or where there are too many points the best ones."""
    every = [trial.number for trial in view.trials if any(trial.number in by for by in summaries.values())]
    if sum(one.n for by in summaries.values() for one in by.values()) <= POINTS and len(every) <= 1000:
        return every
    return sorted(trial.number for trial in in_rank(view, ranked(view))[:SOME])

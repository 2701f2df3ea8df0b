"""The diagnosis of a trial from its curves and the way it ended, with changes of its settings that may help.

`diagnose` reads nothing but the given curves; `diagnose_trials` reads them from the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hptui.core.format import memory, number, visible_metrics
from hptui.core.trial import Reason, Trial, TrialStatus
from hptui.results import suggestions as remedies
from hptui.results.curve_summary import CurveSummary, summarize_curve
from hptui.results.facts import Fact, Line, Name, line, plain_text
from hptui.results.roles import goal_of, training_and_validation
from hptui.results.suggestions import Suggestion
from hptui.results.view import View
from hptui.store.reader import StoreReader

Kind = Literal[
    "oom",
    "nan",
    "exploding",
    "failed",
    "flat",
    "underfit",
    "overfit",
    "noisy",
    "plateau",
    "improving",
    "fine",
    "unknown",
]
"""Kinds of diagnoses."""
CLAIMS: Mapping[str, str] = {
    "overfit": "C2",
    "improving": "C4",
    "plateau": "C5",
    "flat": "C6",
    "exploding": "C7",
    "nan": "C7",
    "noisy": "C8",
}
"""Classes of sentences by kind; C0 states values only."""
Curves = Mapping[str, Sequence[tuple[int, float, float]]]
"""Points (step, value, seconds) by metric, in the order of steps, as a store reader returns them."""

EXPLOSION_RATIO = 1.5
"""A loss that ends above this multiple of its first value has exploded."""
MAX_FLAT_GAIN = 0.01
"""A metric whose best value is better than its first by at most this share did not improve."""
MIN_LEARNED_GAIN = 0.1
"""A loss that fell by less than this share is underfitted, unless no other trial got further."""
MIN_OVERFIT_RISE = 0.02
"""A validation metric that ends worse than its best value by more than this share indicates overfitting."""
OVERFIT_RATIO = 2.0
"""A validation loss above this multiple of the training loss indicates overfitting."""
MIN_LATE_GAIN = 0.05
"""Share of the whole improvement that falls into the last fifth of a training that is still improving."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The diagnosis of a trial. `evidence` are the numbers that it rests on, by name."""

    kind: Kind
    line: Line
    evidence: Mapping[str, float] = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def claim(self) -> str:
        """The class of its sentence."""
        return CLAIMS.get(self.kind, "C0")

    @property
    def sentence(self) -> str:
        """The diagnosis as plain text."""
        return plain_text(self.line)

    @property
    def healthy(self) -> bool:
        """Whether the diagnosis indicates no problem. Such a diagnosis may carry suggestions, too."""
        return self.kind in ("fine", "improving", "plateau", "unknown")


def diagnose(view: View, trial: Trial, curves: Curves) -> Diagnosis:
    """Return the diagnosis of one trial. The reason of a failure takes precedence over its curves."""
    numbers = _TrialFacts(trial.number)
    suggestions = remedies.SuggestionRules(view, view.settings(trial))
    if trial.reason in (Reason.OOM, Reason.HOST_OOM):
        device = "the GPU" if trial.reason is Reason.OOM else "the machine"
        peak = {} if trial.peak_memory_gb is None else {"peak_memory_gb": trial.peak_memory_gb}
        message = line(f"{device} ran out of memory")
        if peak:
            message += line("; it had reached {gb}", gb=numbers.memory("peak_memory_gb", trial.peak_memory_gb))
        return Diagnosis("oom", message, peak, suggestions.oom())
    summaries = {name: summarize_curve(points) for name, points in curves.items()}
    objective = next((goal.metric for goal in view.study.objectives), "")
    nonfinite = next(
        (name for name in [objective, *summaries] if name in summaries and summaries[name].nonfinite_step is not None),
        None,
    )
    if trial.reason is Reason.NAN or nonfinite:
        message = line("a value became NaN or infinite")
        evidence: dict[str, float] = {}
        if nonfinite and (step := summaries[nonfinite].nonfinite_step) is not None:
            message = line(
                "{metric} became NaN or infinite at step {step}",
                metric=Name(nonfinite),
                step=numbers.fact("step", step),
            )
            evidence = {"step": step}
        return Diagnosis("nan", message, evidence, suggestions.nan())
    train_metric, val_metric = training_and_validation(objective, summaries)
    falling = [
        name
        for name in (train_metric, val_metric, objective)
        if name in summaries and goal_of(view.study, str(name)) == "minimize"
    ]
    for name in dict.fromkeys(falling):
        summary = summaries[str(name)]
        if (
            summary.n >= 3
            and summary.first > 0
            and summary.last > EXPLOSION_RATIO * summary.first
            and summary.last > EXPLOSION_RATIO * summary.low
        ):
            message = line(
                "{metric} exploded: {first} at first, {last} at the end",
                metric=Name(str(name)),
                first=numbers.fact(f"first.{name}", summary.first),
                last=numbers.fact(f"last.{name}", summary.last),
            )
            return Diagnosis("exploding", message, {"first": summary.first, "last": summary.last}, suggestions.nan())
    if trial.status is TrialStatus.FAILED:
        return Diagnosis("failed", line("failed ({why})", why=Name(str(trial.reason or "unknown"))))
    return _diagnose_learning(view, trial, summaries, (train_metric, val_metric), numbers, suggestions)


def _diagnose_learning(
    view: View,
    trial: Trial,
    summaries: Mapping[str, CurveSummary],
    metrics: tuple[str | None, str | None],
    numbers: _TrialFacts,
    suggestions: remedies.SuggestionRules,
) -> Diagnosis:
    """Return the diagnosis of a trial whose values are all finite: how well it learned."""
    objective = view.study.objective.metric
    train_metric, val_metric = metrics
    if diagnosis := _overfit(view, summaries, train_metric, val_metric, numbers, suggestions):
        return diagnosis
    name = next(
        (
            candidate
            for candidate in (objective, val_metric, train_metric)
            if candidate and candidate in summaries and summaries[candidate].n >= 2
        ),
        None,
    )
    if name is None:
        return Diagnosis("unknown", line("too few points to say"))
    summary, goal = summaries[name], goal_of(view.study, name) or "minimize"
    gain, metric = summary.gain(goal), Name(name)
    if gain <= MAX_FLAT_GAIN:
        message = line(
            "{metric} did not get better: {first} at first, {best} at best",
            metric=metric,
            first=numbers.fact(f"first.{name}", summary.first),
            best=numbers.fact(f"best.{name}", summary.best(goal)),
        )
        return Diagnosis("flat", message, {"first": summary.first, "best": summary.best(goal)}, suggestions.flat())
    if goal == "minimize" and gain < MIN_LEARNED_GAIN and summary.first > 0 and _is_behind(view, trial, name, summary):
        message = line(
            "{metric} is still high: {first} at first, {last} at the end, {gain} less",
            metric=metric,
            first=numbers.fact(f"first.{name}", summary.first),
            last=numbers.fact(f"last.{name}", summary.last),
            gain=numbers.share(f"gain.{name}", gain),
        )
        return Diagnosis(
            "underfit", message, {"first": summary.first, "last": summary.last, "gain": gain}, suggestions.underfit()
        )
    if noise := _noisy(view, trial, name, summary):
        message = line(
            "too noisy to rank: {metric} scatters by {noise} late in the training, more than what separates it from "
            "half of the other trials",
            metric=metric,
            noise=numbers.fact(f"noise.{name}", noise),
        )
        return Diagnosis("noisy", message, {"noise": noise}, suggestions.noisy())
    late = summary.late_gain(goal)
    if summary.n >= 5 and late > MIN_LATE_GAIN:
        message = line(
            "still improving: the last fifth of the training brought {share} of all that {metric} gained",
            share=numbers.share(f"late.{name}", late),
            metric=metric,
        )
        return Diagnosis("improving", message, {"late": late}, suggestions.longer())
    if summary.n >= 5 and summary.share_after_best(goal) > 0.3:
        message = line(
            "on a plateau: {metric} was best at step {step} and did not improve in the last {share} of the training",
            metric=metric,
            step=numbers.fact(f"best_step.{name}", summary.best_step(goal)),
            share=numbers.share(f"stale.{name}", summary.share_after_best(goal)),
        )
        return Diagnosis(
            "plateau",
            message,
            {"step": summary.best_step(goal), "stale": summary.share_after_best(goal)},
            suggestions.plateau(),
        )
    message = line(
        "{metric} went from {first} to {last}",
        metric=metric,
        first=numbers.fact(f"first.{name}", summary.first),
        last=numbers.fact(f"last.{name}", summary.last),
    )
    return Diagnosis("fine", message, {"first": summary.first, "last": summary.last})


def _overfit(
    view: View,
    summaries: Mapping[str, CurveSummary],
    train_metric: str | None,
    val_metric: str | None,
    numbers: _TrialFacts,
    suggestions: remedies.SuggestionRules,
) -> Diagnosis | None:
    """Return the diagnosis `overfit` if validation got worse again or lags far behind training."""
    if val_metric is None or val_metric not in summaries or train_metric == val_metric:
        return None
    val, goal = summaries[val_metric], goal_of(view.study, val_metric) or "minimize"
    train = summaries.get(train_metric or "")
    best_step, best = val.best_step(goal), val.best(goal)
    rise = (val.last - best if goal == "minimize" else best - val.last) / (abs(best) or 1.0)
    if val.n >= 3 and rise > max(MIN_OVERFIT_RISE, 2 * val.noise / (abs(best) or 1.0)) and best_step < val.last_step:
        train_improves = train is not None and train.improved_after(
            goal_of(view.study, train_metric or "") or goal, best_step
        )
        if train is None or train_improves:
            message = line(
                "overfitting: {metric} was best at step {step} ({best}) and ended at {last}, {rise} worse",
                metric=Name(val_metric),
                step=numbers.fact(f"best_step.{val_metric}", best_step),
                best=numbers.fact(f"best.{val_metric}", best),
                last=numbers.fact(f"last.{val_metric}", val.last),
                rise=numbers.share(f"rise.{val_metric}", rise),
            )
            if train_improves:
                message += line(", while {train} still improved", train=Name(str(train_metric)))
            evidence = {"best_step": best_step, "best": best, "last": val.last, "rise": rise}
            return Diagnosis(
                "overfit", message, evidence, suggestions.overfit(best_step / val.last_step if val.last_step else None)
            )
    if train is not None and goal == "minimize" and train.last > 0 and val.last > OVERFIT_RATIO * train.last:
        message = line(
            "overfitting: {metric} is {val}, {train} only {low}",
            metric=Name(val_metric),
            val=numbers.fact(f"last.{val_metric}", val.last),
            train=Name(str(train_metric)),
            low=numbers.fact(f"last.{train_metric}", train.last),
        )
        return Diagnosis(
            "overfit", message, {"validation": val.last, "training": train.last}, suggestions.overfit(None)
        )
    return None


def _is_behind(view: View, trial: Trial, name: str, summary: CurveSummary) -> bool:
    """Return whether another trial got clearly further, or there is none to compare with."""
    others = [
        other.metrics[name]
        for other in view.trials
        if other.number != trial.number and other.status is TrialStatus.COMPLETE and name in other.metrics
    ]
    return not others or min(others) < summary.last - MIN_LEARNED_GAIN * abs(summary.last)


def _noisy(view: View, trial: Trial, name: str, summary: CurveSummary) -> float | None:
    """Return the late noise of the objective if it exceeds the distance to half of the other trials."""
    value = (trial.values or {}).get(name)
    if value is None or summary.n < 8 or not summary.noise:
        return None
    distances = sorted(
        abs((other.values or {})[name] - value)
        for other in view.trials
        if other.number != trial.number and name in (other.values or {})
    )
    return summary.noise if len(distances) >= 2 and 2 * summary.noise > distances[len(distances) // 2] else None


class _TrialFacts:
    """Formats the numbers of one trial's diagnosis as facts."""

    def __init__(self, trial: int) -> None:
        self.trial = trial

    def fact(self, name: str, value: float | None) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", value, number(value or 0), (self.trial,))

    def memory(self, name: str, gb: float | None) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", gb, memory(gb or 0), (self.trial,))

    def share(self, name: str, value: float) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", value, f"{value:.0%}", (self.trial,))


MAX_DIAGNOSED_METRICS = 12
"""Number of metrics of a trial that are examined, the objectives first."""
MAX_DIAGNOSED_POINTS = 2000
"""A longer curve is reduced to the means of this number of stretches."""


def diagnose_trials(view: View, reader: StoreReader, trials: Iterable[Trial]) -> Iterator[tuple[Trial, Diagnosis]]:
    """Yield the diagnosis of each trial, one at a time."""
    for trial in trials:
        yield trial, diagnose(view, trial, curves_for_diagnosis(view, reader, trial))


def curves_for_diagnosis(view: View, reader: StoreReader, trial: Trial) -> Curves:
    """Return the curves of a trial that `diagnose` examines."""
    summaries = reader.metric_summaries(trial.number)
    objectives = [objective.metric for objective in view.study.objectives]
    names = sorted(visible_metrics(summaries), key=lambda name: name not in objectives)[:MAX_DIAGNOSED_METRICS]
    return {name: _curve(reader, trial.number, name, summaries[name].n) for name in names}


def _curve(reader: StoreReader, trial: int, name: str, count: int) -> list[tuple[int, float, float]]:
    if count <= MAX_DIAGNOSED_POINTS:
        return reader.curve(trial, name)
    stretches = reader.buckets(trial, name, MAX_DIAGNOSED_POINTS)
    return [(bucket.last, float("nan") if bucket.mean is None else bucket.mean, 0.0) for bucket in stretches]

"""What a trial suffers from, told from its curves and how it ended, and which changes of its own settings may help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hptui.model.format import memory, number
from hptui.model.trial import Reason, Trial, TrialStatus
from hptui.results import remedies
from hptui.results.facts import Fact, Line, Name, line, plain
from hptui.results.remedies import Remedy
from hptui.results.roles import counterpart, goal_of
from hptui.results.shape import Shape, shape_of
from hptui.results.view import View

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
Curves = Mapping[str, Sequence[tuple[int, float, float]]]
"""Metric -> points (step, value, seconds) by step, as a reader gives them."""

EXPLODED = 1.5
"""A loss that ends above this multiple of where it began has exploded."""
FLAT = 0.01
LITTLE = 0.1
"""A loss that has fallen by less than this share has hardly learned, unless no other trial got further."""
RISE = 0.02
"""A validation metric that ends worse than its best by this share has turned."""
GAP = 2.0
"""A validation loss above this multiple of the training loss: learned by heart."""
LATE = 0.05
"""Share of the whole improvement that the last fifth of the training must bring to say that it still improves."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a trial suffers from. `evidence` are the numbers that say so, by name."""

    kind: Kind
    line: Line
    evidence: Mapping[str, float] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()

    @property
    def sentence(self) -> str:
        """The diagnosis in plain words."""
        return plain(self.line)

    @property
    def healthy(self) -> bool:
        """Whether nothing needs to be done about it."""
        return self.kind in ("fine", "improving", "plateau", "unknown")


def diagnose(view: View, trial: Trial, curves: Curves) -> Diagnosis:
    """The diagnosis of one trial; a failure's reason goes before its curves."""
    say = _Say(trial.number)
    cure = remedies.Cure(view, view.settings(trial))
    if trial.reason in (Reason.OOM, Reason.HOST_OOM):
        whose = "the GPU" if trial.reason is Reason.OOM else "the machine"
        peak = {} if trial.peak_memory_gb is None else {"peak_memory_gb": trial.peak_memory_gb}
        told = line(f"{whose} ran out of memory")
        if peak:
            told += line("; it had reached {gb}", gb=say.memory("peak_memory_gb", trial.peak_memory_gb))
        return Diagnosis("oom", told, peak, cure.oom())
    shapes = {name: shape_of(points) for name, points in curves.items()}
    objective = next((one.metric for one in view.study.objectives), "")
    broken = next((name for name in [objective, *shapes] if name in shapes and shapes[name].odd_step is not None), None)
    if trial.reason is Reason.NAN or broken:
        told = line("a value became NaN or infinite")
        evidence: dict[str, float] = {}
        if broken and (step := shapes[broken].odd_step) is not None:
            told = line(
                "{metric} became NaN or infinite at step {step}", metric=Name(broken), step=say.fact("step", step)
            )
            evidence = {"step": step}
        return Diagnosis("nan", told, evidence, cure.nan())
    on_training, held = counterpart(objective, shapes)
    falling = [
        name
        for name in (on_training, held, objective)
        if name in shapes and goal_of(view.study, str(name)) == "minimize"
    ]
    for name in dict.fromkeys(falling):
        own = shapes[str(name)]
        if own.n >= 3 and own.first > 0 and own.last > EXPLODED * own.first and own.last > EXPLODED * own.low:
            told = line(
                "{metric} exploded: {first} at first, {last} at the end",
                metric=Name(str(name)),
                first=say.fact(f"first.{name}", own.first),
                last=say.fact(f"last.{name}", own.last),
            )
            return Diagnosis("exploding", told, {"first": own.first, "last": own.last}, cure.nan())
    if trial.status is TrialStatus.FAILED:
        return Diagnosis("failed", line("failed ({why})", why=Name(str(trial.reason or "unknown"))))
    return _learned(view, trial, shapes, (on_training, held), say, cure)


def _learned(
    view: View,
    trial: Trial,
    shapes: Mapping[str, Shape],
    pair: tuple[str | None, str | None],
    say: _Say,
    cure: remedies.Cure,
) -> Diagnosis:
    """Of a trial whose numbers are numbers: how well it learned."""
    objective = view.study.objective.metric
    on_training, held = pair
    if found := _overfit(view, shapes, on_training, held, say, cure):
        return found
    name = next((one for one in (objective, held, on_training) if one and one in shapes and shapes[one].n >= 2), None)
    if name is None:
        return Diagnosis("unknown", line("too few points to say"))
    own, goal = shapes[name], goal_of(view.study, name) or "minimize"
    gain, metric = own.gain(goal), Name(name)
    if gain <= FLAT:
        told = line(
            "{metric} did not get better: {first} at first, {best} at best",
            metric=metric,
            first=say.fact(f"first.{name}", own.first),
            best=say.fact(f"best.{name}", own.best(goal)),
        )
        return Diagnosis("flat", told, {"first": own.first, "best": own.best(goal)}, cure.flat())
    if goal == "minimize" and gain < LITTLE and own.first > 0 and _behind(view, trial, name, own):
        told = line(
            "{metric} is still high: {first} at first, {last} at the end, {gain} less",
            metric=metric,
            first=say.fact(f"first.{name}", own.first),
            last=say.fact(f"last.{name}", own.last),
            gain=say.share(f"gain.{name}", gain),
        )
        return Diagnosis("underfit", told, {"first": own.first, "last": own.last, "gain": gain}, cure.underfit())
    if noise := _noisy(view, trial, name, own):
        told = line(
            "too noisy to rank: {metric} scatters by {noise} late in the training, more than what separates it from "
            "half of the other trials",
            metric=metric,
            noise=say.fact(f"noise.{name}", noise),
        )
        return Diagnosis("noisy", told, {"noise": noise}, cure.noisy())
    late = own.late(goal)
    if own.n >= 5 and late > LATE:
        told = line(
            "still improving: the last fifth of the training brought {share} of all that {metric} gained",
            share=say.share(f"late.{name}", late),
            metric=metric,
        )
        return Diagnosis("improving", told, {"late": late}, cure.longer())
    if own.n >= 5 and own.stale(goal) > 0.3:
        told = line(
            "on a plateau: {metric} was best at step {step} and did not improve in the last {share} of the training",
            metric=metric,
            step=say.fact(f"best_step.{name}", own.best_step(goal)),
            share=say.share(f"stale.{name}", own.stale(goal)),
        )
        return Diagnosis("plateau", told, {"step": own.best_step(goal), "stale": own.stale(goal)}, cure.plateau())
    told = line(
        "{metric} went from {first} to {last}",
        metric=metric,
        first=say.fact(f"first.{name}", own.first),
        last=say.fact(f"last.{name}", own.last),
    )
    return Diagnosis("fine", told, {"first": own.first, "last": own.last})


def _overfit(
    view: View,
    shapes: Mapping[str, Shape],
    on_training: str | None,
    held: str | None,
    say: _Say,
    cure: remedies.Cure,
) -> Diagnosis | None:
    """Validation gets worse again while training goes on improving; or what was learned was learned by heart."""
    if held is None or held not in shapes or on_training == held:
        return None
    val, goal = shapes[held], goal_of(view.study, held) or "minimize"
    train = shapes.get(on_training or "")
    best_step, best = val.best_step(goal), val.best(goal)
    rise = (val.last - best if goal == "minimize" else best - val.last) / (abs(best) or 1.0)
    if val.n >= 3 and rise > max(RISE, 2 * val.noise / (abs(best) or 1.0)) and best_step < val.last_step:
        goes_on = train is not None and train.still_better(goal_of(view.study, on_training or "") or goal, best_step)
        if train is None or goes_on:
            told = line(
                "overfitting: {metric} was best at step {step} ({best}) and ended at {last}, {rise} worse",
                metric=Name(held),
                step=say.fact(f"best_step.{held}", best_step),
                best=say.fact(f"best.{held}", best),
                last=say.fact(f"last.{held}", val.last),
                rise=say.share(f"rise.{held}", rise),
            )
            if goes_on:
                told += line(", while {train} still improved", train=Name(str(on_training)))
            evidence = {"best_step": best_step, "best": best, "last": val.last, "rise": rise}
            return Diagnosis(
                "overfit", told, evidence, cure.overfit(best_step / val.last_step if val.last_step else None)
            )
    if train is not None and goal == "minimize" and train.last > 0 and val.last > GAP * train.last:
        told = line(
            "overfitting: {metric} is {val}, {train} only {low}",
            metric=Name(held),
            val=say.fact(f"last.{held}", val.last),
            train=Name(str(on_training)),
            low=say.fact(f"last.{on_training}", train.last),
        )
        return Diagnosis("overfit", told, {"validation": val.last, "training": train.last}, cure.overfit(None))
    return None


def _behind(view: View, trial: Trial, name: str, own: Shape) -> bool:
    """Whether another trial got clearly further, or there is none to compare with."""
    others = [
        other.metrics[name]
        for other in view.trials
        if other.number != trial.number and other.status is TrialStatus.COMPLETE and name in other.metrics
    ]
    return not others or min(others) < own.last - LITTLE * abs(own.last)


def _noisy(view: View, trial: Trial, name: str, own: Shape) -> float | None:
    """How much the end of the objective's curve scatters, if that hides the trial's rank."""
    value = (trial.values or {}).get(name)
    if value is None or own.n < 8 or not own.noise:
        return None
    apart = sorted(
        abs((other.values or {})[name] - value)
        for other in view.trials
        if other.number != trial.number and name in (other.values or {})
    )
    return own.noise if len(apart) >= 2 and 2 * own.noise > apart[len(apart) // 2] else None


class _Say:
    """Numbers of one trial's diagnosis as facts."""

    def __init__(self, trial: int) -> None:
        self.trial = trial

    def fact(self, name: str, value: float | None) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", value, number(value or 0), (self.trial,))

    def memory(self, name: str, gb: float | None) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", gb, memory(gb or 0), (self.trial,))

    def share(self, name: str, value: float) -> Fact:
        return Fact(f"trial.{self.trial}.diagnosis.{name}", value, f"{value:.0%}", (self.trial,))

"""The line that says what became of a trial, and how it compares. Pure.

Trial 0/20: rank=16, alpha=32 → loss=0.6097 (baseline)
Trial 1/20: rank=32, alpha=64 → loss=0.5834 ✓ IMPROVED
Trial 2/20: rank=8, alpha=16 → loss=0.6523 ✗ WORSE
Trial 3/20: rank=32, alpha=64 → loss=0.5621 ✓ BEST
Trial 4/20: rank=64, alpha=128 ✗ FAILED (oom): CUDA out of memory
Trial 5/20: rank=64, alpha=16 – PRUNED (pruner): 0.71 is worse than the median of 5 trials
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hptui.model.format import metric, settings
from hptui.model.outcome import hypervolumes
from hptui.model.stages import comparable, overrides
from hptui.model.study import Study
from hptui.model.trial import Role, Trial, TrialStatus, Value
from hptui.results.view import beats, scored

SIGNS = {TrialStatus.FAILED: "✗ FAILED", TrialStatus.PRUNED: "– PRUNED", TrialStatus.STOPPED: "– STOPPED"}


def line(
    study: Study,
    trial: Trial,
    earlier: Sequence[Trial],
    total: int | None = None,
    base: Mapping[str, Value] | None = None,
) -> str:
    """The line of a trial that has ended. `earlier` are those that ended before it; `base` the baseline's settings."""
    stage = f"{trial.stage}: " if trial.stage else ""
    head = f"Trial {trial.number}{f'/{total}' if total else ''}: {stage}{describe(study, trial, base)}"
    if scored(study, trial):
        return f"{head} → {values(study, trial)} {judgement(study, trial, earlier)}{progress(study, trial, earlier)}"
    sign = SIGNS.get(trial.status, f"– {trial.status.upper()}")
    reason = f" ({trial.reason})" if trial.reason else ""
    return f"{head} {sign}{reason}{f': {trial.message}' if trial.message else ''}"


def describe(study: Study, trial: Trial, base: Mapping[str, Value] | None = None) -> str:
    """What the trial ran with: its overrides; for the baseline, the settings of what is searched."""
    shown: dict[str, Value] = dict(trial.params)
    if trial.role is Role.BASELINE:
        known = study.trainer.settings if base is None else base
        shown = {name: known[name] for name in study.space.names if name in known}
    if trial.role is not Role.BASELINE:
        common = overrides(study, trial.stage)
        shown = {name: value for name, value in shown.items() if name not in common or common[name] != value}
    origin = trial.facts.get("from_trial", trial.replicate_of)
    text = settings(shown) or ("as written" if origin is None else f"trial {origin} again")
    return f"{trial.name}: {text}" if trial.name and trial.role is not Role.BASELINE else text


def values(study: Study, trial: Trial) -> str:
    """`loss=0.5834`, every objective in its own format."""
    found = trial.values or {}
    return ", ".join(f"{o.metric}={metric(found.get(o.metric), study.metrics.get(o.metric))}" for o in study.objectives)


def judgement(study: Study, trial: Trial, earlier: Sequence[Trial]) -> str:
    """Against the baseline, and the best so far, of those that may be compared with it."""
    if trial.role is Role.BASELINE:
        return "(baseline)"
    if trial.role is Role.BASE:
        return "(base model)"
    if trial.replicate_of is not None:
        return f"(trial {trial.replicate_of} again, seed {trial.seed})"
    if trial.continued is not None:
        return f"(from step {trial.continued[1]} of trial {trial.continued[0]})"
    before = [one for one in earlier if scored(study, one) and not one.aside]
    before = [one for one in before if comparable(study, one.stage, trial.stage)]
    baseline = next((one for one in before if one.role is Role.BASELINE), None)
    others = [one for one in before if one.role is not Role.BASELINE]
    if baseline is None:
        return "✓ BEST" if _new_best(study, trial, others) else _behind(study, trial, others)
    if not _better(study, trial, baseline):
        return _behind(study, trial, [baseline])
    improved = [one for one in others if _better(study, one, baseline)]
    return "✓ BEST" if improved and _new_best(study, trial, improved) else "✓ IMPROVED"


def progress(study: Study, trial: Trial, earlier: Sequence[Trial]) -> str:
    """`, hypervolume 0.71` (of 1) where a trial has moved the Pareto set of several objectives."""
    if len(study.objectives) < 2 or trial.aside:
        return ""
    steps = hypervolumes(study, [*earlier, trial])
    moved = len(steps) > 1 and steps[-1][0] == trial.number and steps[-1][1] > steps[-2][1]
    return f", hypervolume {steps[-1][1]:.2f}" if moved else ""


def _new_best(study: Study, trial: Trial, others: Sequence[Trial]) -> bool:
    """Better than all others; with several objectives, on the Pareto front of all of them."""
    if len(study.objectives) > 1:
        return not any(beats(study, one, trial) or _equal(study, one, trial) for one in others)
    return all(beats(study, trial, one) for one in others)


def _better(study: Study, one: Trial, other: Trial) -> bool:
    """Better in at least one objective, and not worse over all."""
    if len(study.objectives) > 1:
        return not beats(study, other, one) and not _equal(study, one, other)
    return beats(study, one, other)


def _behind(study: Study, trial: Trial, others: Sequence[Trial]) -> str:
    """As good as the others, or worse."""
    beaten = any(beats(study, one, trial) for one in others)
    return "✗ WORSE" if beaten or not any(_equal(study, one, trial) for one in others) else "= EQUAL"


def _equal(study: Study, one: Trial, other: Trial) -> bool:
    return all((one.values or {})[o.metric] == (other.values or {})[o.metric] for o in study.objectives)

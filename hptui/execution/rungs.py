"""Rungs of a running study: where an attempt is to pause, what it had shown there, who goes on, what is left over.

Everything here follows from what is recorded, so that a runner that was killed at any point goes on the same."""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hptui.core.format import number as number_text
from hptui.core.format import size
from hptui.core.rungs import BY_PERSON, BY_RULE, latest, place_text
from hptui.core.stages import as_stage, stage_named
from hptui.core.study import Objective, Study
from hptui.core.trial import Reason, Trial, TrialStatus
from hptui.search.promotion import Promotion, make_promotion
from hptui.search.pruners.halving import PROGRESS_TOLERANCE
from hptui.store.crash_points import crash_point
from hptui.store.paths import StudyDir
from hptui.store.recorded import EventKind
from hptui.store.store import Store

log = logging.getLogger(__name__)


def promotion_of(study: Study, stage: str) -> Promotion | None:
    """Return the promotion that trials of a stage are under; None if there is none."""
    return make_promotion(as_stage(study, stage_named(study, stage)))


def next_rung(store: Store, study: Study, trial: Trial) -> dict[str, Any]:
    """Return what `config.json` says of the rung at which an attempt pauses; {} if it trains to its end."""
    promotion = promotion_of(study, trial.stage)
    pause = promotion.next_pause(trial, store.read.rungs(trial.number)) if promotion else None
    if promotion is None or pause is None:
        return {}
    return {"rung": {"progress": pause, "metric": promotion.objective.metric}}


def record_rung(store: Store, study: Study, number: int) -> str:
    """Record that a trial has paused at a rung, and return it in words.

    The caller holds the transaction that ends its attempt. '' where the study no longer has rungs: the trial then goes
    on as soon as there is room.
    """
    trial = store.read.trial(number)
    promotion = promotion_of(study, trial.stage)
    if promotion is None:
        return ""
    objective, value, step = promotion.objective, None, trial.last_step
    if curve := store.read.curve(number, objective.metric):
        step = _judged_step(trial, promotion.next_pause(trial, store.read.rungs(number)), [at for at, *_ in curve])
        value = _selected(objective, [v for at, v, _ in curve if step is None or at <= step])
    known = step is not None and trial.total_steps
    progress = min(1.0, (step or 0) / trial.total_steps) if known and trial.total_steps else trial.progress
    result = promotion.result(number, progress or 0.0, value, step)
    store.add_rung(result)
    shown = "no value" if value is None else f"{objective.metric} {number_text(value)}"
    return f"{result.place}: {shown} at {100 * result.progress:.0f} % of training"


def _judged_step(trial: Trial, rung: float | None, steps: Sequence[int]) -> int | None:
    """Return the step of the first report at or beyond a rung, by which a trial is judged there.

    A script that takes a while to pause has trained further, and another one perhaps not as far.
    """
    if rung is None or not trial.total_steps:
        return trial.last_step
    least = (rung - PROGRESS_TOLERANCE) * trial.total_steps
    return next((step for step in steps if step >= least), trial.last_step)


def _selected(objective: Objective, values: Sequence[float]) -> float | None:
    """Return the value that counts of those that were reported; None if that is no number."""
    finite = [value for value in values if math.isfinite(value)]
    if objective.select == "last":
        return values[-1] if values and math.isfinite(values[-1]) else None
    return (min if objective.goal == "minimize" else max)(finite, default=None)


def promotable(store: Store, promotion: Promotion | None, trials: Sequence[Trial], stage: str) -> dict[str, list[int]]:
    """Return the trials of a stage to promote now, and those to promote at the end.

    At the end nothing else comes to any rung. They have the names of a plan's state.
    """
    of_stage = [trial for trial in trials if not stage or trial.stage == stage]
    at_rungs = [trial.number for trial in of_stage if trial.is_at_rung]
    if promotion is None or not at_rungs:
        return {"promotable": at_rungs, "promotable_at_end": at_rungs}
    numbers = {trial.number for trial in of_stage}
    results = [result for result in store.read.rungs() if result.trial in numbers]
    recorded = {result.trial for result in results}
    freed = [number for number in at_rungs if number not in recorded]
    now = promotion.promotable(results, of_stage, last=False)
    return {
        "promotable": freed + now,
        "promotable_at_end": freed + promotion.promotable(results, of_stage, last=True),
    }


def promote(store: Store, trial: Trial, promotion: Promotion | None) -> None:
    """Record that a trial goes on from its rung: it waits for a place."""
    with store.transaction(durable=True):
        results = store.read.rungs()
        result = latest(results).get(trial.number)
        store.promote(trial.number, BY_RULE)
        store.update_trial(trial.number, status=TrialStatus.WAITING, reason=None, message="")
        place = place_text(result, results, promotion.objective) if result and promotion else "it has no rungs any more"
        where = f"{result.place} ({place})" if result else place
        store.add_event("info", EventKind.RUNG, f"goes on from {where}", trial.number)
    crash_point("after_promote")


def promote_by_hand(store: Store, trial: Trial) -> None:
    """Record that a person lets a trial go on: it is not paused at rungs any more.

    The caller holds the transaction.
    """
    store.promote(trial.number, BY_PERSON)


def prune_at_rungs(sd: StudyDir, store: Store, study: Study, numbers: Sequence[int], why: str) -> None:
    """End the trials that are left at rungs, in one transaction; then delete their checkpoints."""
    with store.transaction(durable=True):
        results = store.read.rungs()
        highest = latest(results)
        for number in numbers:
            trial, result = store.read.trial(number), highest.get(number)
            promotion = promotion_of(study, trial.stage)
            of_stage = [r for r in results if not trial.stage or store.read.trial(r.trial).stage == trial.stage]
            place = f" ({place_text(result, of_stage, promotion.objective)})" if result and promotion else ""
            message = f"stayed at {result.place}{place}" if result else "was paused when the study ended"
            message += f": {why}" if why else ""
            ended = {"status": TrialStatus.PRUNED, "reason": Reason.PRUNER, "message": message, "ended": time.time()}
            store.update_trial(number, **ended)
            store.add_event("info", EventKind.of_trial(TrialStatus.PRUNED), f"pruned (pruner): {message}", number)
    crash_point("after_prune_at_rungs")
    sweep_checkpoints(sd, store, study)


def sweep_checkpoints(sd: StudyDir, store: Store, study: Study) -> None:
    """Delete the checkpoints of trials that were pruned at a rung.

    It may be repeated, and be killed at any point: rows are deleted after the files that they name.
    """
    highest, freed, swept = latest(store.read.rungs()), 0, 0
    for trial in store.read.trials() if highest else ():
        if trial.status is not TrialStatus.PRUNED or trial.number not in highest:
            continue
        rows = store.read.checkpoints(trial.number)
        directory = sd.checkpoints(trial.number, study.checkpoint_directory, store.read.study().uuid)
        _remove(directory)
        crash_point("after_sweep")
        if rows:
            freed, swept = freed + sum(row.bytes for row in rows), swept + 1
            with store.transaction():
                for row in rows:
                    store.delete_checkpoint(trial.number, row.step)
    if swept:
        text = f"deleted the checkpoints of {swept} pruned {'trial' if swept == 1 else 'trials'}: {size(freed)} freed"
        store.add_event("info", EventKind.RUNG, text)


def _remove(directory: Path) -> None:
    """Remove a directory, renamed first, so that a kill leaves no half checkpoint under a valid name."""
    doomed = directory.with_name(f".removed-{directory.name}")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        if directory.is_dir() and not directory.is_symlink():
            directory.rename(doomed)
            shutil.rmtree(doomed)
    except OSError as error:  # it is tried again when the next runner begins
        log.warning("%s cannot be removed: %s", directory, error)

"""Promotion at rungs, replayed on recorded learning curves: how good the best is, and what part of the steps it took.

    python -m tests.benchmarks.fidelity                 # the table
    python -m tests.benchmarks.fidelity record [KIND]   # train all configurations again, and write the curves

The curves are 60 runs of `charlm` and 60 of `sft` with LoRA, each trained whole, with 27 evaluations of the objective
(`fidelity_curves.json`). A replay runs the product's own plan and rule on them: all 60 in a random order, or 27 of them
drawn at random, on one slot or four. Normalised regret is (value - best) / (median - best) over the final values of all
trials of the replay; `value` is the best of those that were trained to the end. Against it stands random search that
trains whole runs with the same steps.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hptui.core.rungs import BY_RULE, RungResult
from hptui.core.study import Objective, TrainerSettings
from hptui.core.study import Study as StudySpec
from hptui.core.trial import Reason, Role, StudyState, Trial, TrialStatus
from hptui.execution import plan as planning
from hptui.search.promotion import Promotion, make_promotion
from hptui.search.pruners.factory import pruner_settings

CURVES = Path(__file__).with_name("fidelity_curves.json")
POINTS, CONFIGURATIONS, SEEDS = 27, 60, 10
RULES: dict[str, dict[str, Any]] = {
    "asha, warmup 1/9, eta 3": {"kind": "asha", "warmup": 1 / 9, "eta": 3},
    "asha, warmup 1/9, eta 2": {"kind": "asha", "warmup": 1 / 9, "eta": 2},
    "asha, warmup 1/5, eta 3": {"kind": "asha", "warmup": 0.2, "eta": 3},
    "asha, warmup 1/5, eta 4": {"kind": "asha", "warmup": 0.2, "eta": 4},
    "hyperband, warmup 1/9, eta 3": {"kind": "hyperband", "warmup": 1 / 9, "eta": 3},
}


# -- the replay


@dataclass(frozen=True)
class Outcome:
    """What a replayed study found: normalised regret, and its share of the steps of all whole runs."""

    regret: float
    steps: float


def promotion_for(values: Mapping[str, Any]) -> Promotion:
    """The product's own rule."""
    given = dict(values)
    startup = given.pop("startup", 5)
    settings = replace(pruner_settings(given.pop("kind"), promote=True, **given), startup=startup)
    spec = StudySpec("replay", (Objective("loss"),), TrainerSettings("toy"))
    promotion = make_promotion(replace(spec, search=replace(spec.search, pruner=settings)))
    assert promotion is not None
    return promotion


def replay(curves: Sequence[Sequence[float]], promotion: Promotion, lanes: int, seed: int) -> Outcome:
    """Run a study on recorded curves. A point takes one unit of time."""
    order = random.Random(seed).sample(range(len(curves)), len(curves))
    trials: list[Trial] = []
    results: list[RungResult] = []
    running: dict[int, int] = {}  # trial -> the point at which it pauses or ends
    reached: dict[int, int] = {}
    while True:
        state = planning.PlanState(
            StudyState.RUNNING,
            trials,
            lanes - len(running),
            len(curves),
            promotable=promotion.promotable(results, trials, last=False),
            promotable_at_end=promotion.promotable(results, trials, last=True),
        )
        for action in planning.plan(state):
            if isinstance(action, planning.Propose):
                trials.append(Trial(len(trials), "", TrialStatus.WAITING, Role.SEARCH, {}))
                start(trials, results, running, promotion, len(trials) - 1)
            elif isinstance(action, planning.Promote):
                results[:] = [
                    replace(r, promoted=1.0, by=BY_RULE) if r.trial == action.number and r.promoted is None else r
                    for r in results
                ]
                start(trials, results, running, promotion, action.number)
            elif isinstance(action, planning.PruneAtRungs | planning.End):
                return outcome(curves, order, trials, reached)
        for number in running:
            reached[number] = reached.get(number, 0) + 1
        for number in [number for number, end in running.items() if reached[number] >= end]:
            curve, at = curves[order[number]], reached[number]
            del running[number]
            if at >= POINTS:
                trials[number] = replace(trials[number], status=TrialStatus.COMPLETE, reason=Reason.FINISHED)
            else:
                trials[number] = replace(trials[number], status=TrialStatus.PAUSED, reason=Reason.RUNG)
                results.append(promotion.result(number, at / POINTS, min(curve[:at]), at))


def start(
    trials: list[Trial], results: list[RungResult], running: dict[int, int], promotion: Promotion, number: int
) -> None:
    """Let a trial train to its next rung."""
    pause = promotion.next_pause(trials[number], [result for result in results if result.trial == number])
    trials[number] = replace(trials[number], status=TrialStatus.RUNNING, reason=None)
    running[number] = POINTS if pause is None else -int(-(pause * POINTS - 1e-6) // 1)


def outcome(
    curves: Sequence[Sequence[float]], order: Sequence[int], trials: Sequence[Trial], reached: Mapping[int, int]
) -> Outcome:
    """What came of it."""
    finals = [min(curve) for curve in curves]
    ended = [finals[order[trial.number]] for trial in trials if trial.status is TrialStatus.COMPLETE]
    return Outcome(regret(finals, min(ended)), sum(reached.values()) / (POINTS * len(curves)))


def regret(finals: Sequence[float], value: float) -> float:
    """0 at the best, 1 at the median."""
    return (value - min(finals)) / (statistics.median(finals) - min(finals))


def whole_runs(curves: Sequence[Sequence[float]], steps: float, seed: int) -> float:
    """The regret of random search that trains whole runs, with this share of the steps."""
    order = random.Random(seed).sample(range(len(curves)), len(curves))
    finals = [min(curve) for curve in curves]
    return regret(finals, min(finals[n] for n in order[: max(1, round(steps * len(curves)))]))


def correlation(curves: Sequence[Sequence[float]], point: int) -> float:
    """The rank correlation of the values at a point with those at the end."""
    from hptui.core.rungs import rank_correlation

    found = rank_correlation([min(curve[:point]) for curve in curves], [min(curve) for curve in curves])
    return float("nan") if found is None else found


def table() -> list[dict[str, Any]]:
    """All rules on all curves: medians over the seeds."""
    recorded, rows = json.loads(CURVES.read_text()), []
    for kind, runs in recorded["curves"].items():
        curves = [run["loss"] for run in runs]
        for name, values in RULES.items():
            for lanes, count in ((1, 60), (4, 60), (1, 27), (4, 27)):
                drawn = [random.Random(f"draw {seed}").sample(curves, count) for seed in range(SEEDS)]
                found = [replay(some, promotion_for(values), lanes, seed) for seed, some in enumerate(drawn)]
                steps = statistics.median(one.steps for one in found)
                rows.append(
                    {
                        "curves": kind,
                        "rule": name,
                        "slots": lanes,
                        "trials": count,
                        "regret": statistics.median(one.regret for one in found),
                        "worst": max(one.regret for one in found),
                        "steps": steps,
                        "whole runs": statistics.median(
                            whole_runs(some, steps, seed) for seed, some in enumerate(drawn)
                        ),
                    }
                )
    return rows


def show() -> None:
    """Print the table."""
    recorded = json.loads(CURVES.read_text())
    for kind, runs in recorded["curves"].items():
        curves = [run["loss"] for run in runs]
        early = ", ".join(f"{correlation(curves, point):.2f} at {point}/{POINTS}" for point in (3, 5, 9))
        print(f"{kind}: {len(curves)} runs, rank correlation with the end {early}")
    print(f"{'curves':8} {'rule':30} trials slots  regret  worst of {SEEDS}  steps  whole runs, same steps")
    for row in table():
        print(
            f"{row['curves']:8} {row['rule']:30} {row['trials']:6} {row['slots']:5}  {row['regret']:6.3f}  "
            f"{row['worst']:11.3f}  {row['steps']:5.0%}  {row['whole runs']:6.3f}"
        )


# -- the recipe of the curves


def configurations(kind: str) -> list[dict[str, Any]]:
    """The settings of the recorded runs."""
    draw = random.Random(f"fidelity {kind}")

    def log(low: float, high: float) -> float:
        return float(f"{low * (high / low) ** draw.random():.4g}")

    if kind == "charlm":
        return [
            {
                "learning_rate": log(1e-4, 5e-2),
                "dropout": round(draw.uniform(0, 0.3), 3),
                "weight_decay": log(1e-3, 0.5),
                "warmup_steps": draw.choice((0, 10, 30)),
                "batch_size": draw.choice((4, 8, 16)),
                "gradient_clip": draw.choice((0.5, 1.0, 5.0)),
            }
            for _ in range(CONFIGURATIONS)
        ]
    return [
        {
            "learning_rate": log(3e-4, 1e-1),
            "lora_rank": draw.choice((2, 4, 8, 16)),
            "lora_alpha": draw.choice((8, 16, 32)),
            "weight_decay": log(1e-3, 0.3),
            "warmup_steps": draw.choice((0, 4, 10)),
            "lora_dropout": round(draw.uniform(0, 0.2), 3),
        }
        for _ in range(CONFIGURATIONS)
    ]


def record(kinds: Sequence[str]) -> None:
    """Train all configurations whole, and write their curves."""
    import tempfile

    import torch

    from hptui.trainers import worker
    from tests.trainers.attempts import events, make
    from tests.trainers.sft import tiny

    torch.set_num_threads(1)
    recorded = json.loads(CURVES.read_text()) if CURVES.exists() else {"curves": {}}
    docs = Path(__file__).resolve().parents[2] / "hptui" / "docs"
    common: dict[str, dict[str, Any]] = {
        "charlm": {
            "text": "text.txt",
            "model_dim": 32,
            "num_layers": 2,
            "num_heads": 2,
            "max_seq_len": 32,
            "lr_schedule": "cosine",
            "steps": 270,
            "eval_every": 10,
            "log_every": 270,
            "eval_batches": 8,
            "sample_chars": 0,
        },
        "sft": {**tiny.TINY, "lr_schedule": "cosine", "steps": 54, "eval_every": 2, "log_every": 54},
    }
    for kind in kinds:
        metric = {"charlm": "val_loss", "sft": "eval_loss"}[kind]
        with tempfile.TemporaryDirectory() as place:
            folder = tiny.study(Path(place), count=240)
            tiny.write(folder / "validation.jsonl", tiny.rows(64, 400))
            (folder / "text.txt").write_text("".join(path.read_text() for path in sorted(docs.glob("*.md"))))
            runs = []
            for number, settings in enumerate(configurations(kind)):
                run = make(folder, kind, {**common[kind], **settings}, number=number, objectives=[metric])
                assert worker.main(str(run.root)) == 0
                values = {e["step"]: e["m"].get(metric) for e in events(run, "metrics") if metric in e["m"]}
                curve = [values[step] for step in sorted(values)]
                curve = [1e3 if value is None else min(float(f"{value:.5g}"), 1e3) for value in curve][:POINTS]
                curve += [1e3] * (POINTS - len(curve))  # diverged: as bad as can be from there on
                runs.append({"settings": settings, "loss": curve})
                print(kind, number, curve[2], curve[8], min(curve), flush=True)
        recorded["curves"][kind] = runs
        recorded["recipe"] = {**recorded.get("recipe", {}), kind: common[kind]}
    text = json.dumps(recorded)
    assert len(text) <= 50_000, len(text)
    CURVES.write_text(text + "\n")


def main(words: Sequence[str]) -> None:
    """The table, or the recording."""
    if words[:1] == ["record"]:
        record(words[1:] or ["charlm", "sft"])
    else:
        show()


if __name__ == "__main__":
    main(sys.argv[1:])

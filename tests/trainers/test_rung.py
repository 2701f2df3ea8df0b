"""Every trainer that can pause at a rung: run to 1/9, pause, to 1/3, pause, to the end, is the uninterrupted run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hptui.store.run_directory import RunDir
from hptui.trainers import worker
from hptui.trainers.rung import RungWatch
from tests.trainers.attempts import events, make

STEPS = 18
TEXT = "to be or not to be, that is the question\n" * 80
CHARLM = {
    "text": "text.txt",
    "model_dim": 16,
    "num_layers": 1,
    "num_heads": 2,
    "dropout": 0.2,
    "max_seq_len": 16,
    "batch_size": 4,
    "gradient_accumulation": 2,
    "lr_schedule": "cosine",
    "warmup_steps": 3,
    "eval_every": 1,
    "eval_batches": 1,
    "log_every": 1,
    "sample_chars": 20,
    "steps": STEPS,
}
TRAINERS: dict[str, tuple[str, dict[str, Any]]] = {
    "toy": ("loss", {"steps": STEPS, "noise": 0.1}),
    "charlm": ("val_loss", CHARLM),
}


def lives(folder: Path, kind: str, number: int, rungs: tuple[float, ...]) -> list[RunDir]:
    """The attempts of a trial that pauses at each rung, and then trains to its end."""
    metric, settings = TRAINERS[kind]
    runs: list[RunDir] = []
    for n, rung in enumerate((*rungs, None), start=1):
        step = max((event["step"] for run in runs for event in events(run, "metrics")), default=0)
        recorded = {metric: {"step": step}} if runs else {}
        over: dict[str, Any] = {"rung": {"progress": rung, "metric": metric}} if rung else {}
        runs.append(
            make(folder, kind, settings, number=number, attempt=n, objectives=[metric], recorded=recorded, **over)
        )
        assert worker.main(str(runs[-1].root)) == 0
    return runs


def points(runs: list[RunDir]) -> list[tuple[int, dict[str, float]]]:
    """All that was reported, in order, but for speeds."""
    found = [(event["step"], event["m"]) for run in runs for event in events(run, "metrics")]
    return [(step, {name: value for name, value in m.items() if name != "tokens_per_second"}) for step, m in found]


@pytest.mark.torch
@pytest.mark.parametrize("kind", TRAINERS)
def test_pauses_at_rungs_change_no_bit(tmp_path: Path, kind: str) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    whole, parts = lives(tmp_path, kind, 0, ()), lives(tmp_path, kind, 1, (1 / 9, 1 / 3))
    assert points(parts) == points(whole)
    ends = [events(run, "end")[0] for run in parts]
    assert [(end["status"], end["reason"]) for end in ends] == [
        ("paused", "rung"),
        ("paused", "rung"),
        ("complete", "finished"),
    ]
    [end] = events(whole[0], "end")
    end["m"].pop("tokens_per_second", None), ends[-1]["m"].pop("tokens_per_second", None)
    assert ends[-1]["m"] == end["m"]
    assert [max(event["step"] for event in events(run, "metrics")) for run in parts] == [2, 6, STEPS]
    assert [event["steps"] for run in parts for event in events(run, "total")] == [STEPS] * 3
    left = [sorted(path.name for path in run.root.parent.glob("checkpoints/*")) for run in parts[:1]]
    assert all(len(names) <= 1 for names in left)


@pytest.mark.process
def test_a_trial_that_was_lost_at_its_rung_pauses_there_at_once(tmp_path: Path) -> None:
    [first, *_] = lives(tmp_path, "toy", 0, (1 / 9,))[:1]
    config = json.loads(first.config.read_text())
    again = make(
        tmp_path,
        "toy",
        config["settings"],
        attempt=3,
        recorded={"loss": {"step": 2}},
        rung=config["rung"],
    )
    assert worker.main(str(again.root)) == 0
    assert (events(again, "end")[0]["reason"], events(again, "metrics")) == ("rung", [])


def test_only_the_objective_at_the_rung_pauses_and_nothing_at_the_end() -> None:
    cases = [
        # (step, values, progress, total) -> reached
        ((3, {"loss": 1.0}, None, 27), True),
        ((2, {"loss": 1.0}, None, 27), False),
        ((9, {"other": 1.0}, None, 27), False),
        ((9, {"loss": float("nan")}, None, 27), False),
        ((9, {"loss": 1.0}, None, None), False),
        ((9, {"loss": 1.0}, 0.2, None), True),
        ((9, {"loss": 1.0}, 0.1, 27), False),
        ((27, {"loss": 1.0}, None, 27), False),
    ]
    for args, reached in cases:
        watch = RungWatch.of({"progress": 1 / 9, "metric": "loss"}, {})
        assert watch is not None
        watch.reported(*args)
        assert watch.reached == reached, args
    assert RungWatch.of(None, {}) is None

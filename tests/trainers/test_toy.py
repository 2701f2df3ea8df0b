"""The toy trainer: a pseudo-loss worth searching, and every way to fail."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hptui.core.errors import UserError
from hptui.store.run_directory import put_control
from hptui.trainers import toy, worker
from hptui.trainers.settings import describe
from tests.trainers.attempts import curve, events, make

pytestmark = pytest.mark.process


def end(study: Path, settings: dict[str, Any], *, attempt: int = 1, **over: Any) -> dict[str, Any]:
    """Run it in this process."""
    run = make(study, "toy", settings, attempt=attempt, **over)
    assert worker.main(str(run.root)) == 0
    return events(run)[-1]


def loss(**settings: Any) -> float:
    return toy.pseudo_metrics(toy.effective_settings(toy.ToySettings(**settings)), 0, settings.get("steps", 20))["loss"]


def test_the_loss_is_a_bowl_in_every_setting() -> None:
    best = {"learning_rate": 2e-3, "width": 64, "depth": 4, "dropout": 0.15, "batch_size": 64}
    for name, values in {
        "learning_rate": (1e-5, 1e-4, 2e-3, 2e-2, 1e-1),
        "depth": (1, 2, 4, 8, 12),
        "dropout": (0.0, 0.05, 0.15, 0.3, 0.5),
        "batch_size": (8, 32, 64, 128, 512),
    }.items():
        low, left, middle, right, high = (loss(**{**best, name: value}) for value in values)
        assert low > left > middle < right < high, name


def test_the_best_learning_rate_depends_on_the_width() -> None:
    assert loss(width=16, depth=2, learning_rate=4e-3) < loss(width=16, depth=2, learning_rate=1e-3)
    assert loss(width=512, depth=7, learning_rate=4e-3) > loss(width=512, depth=7, learning_rate=1e-3)


def test_the_curve_falls_and_flattens() -> None:
    settings = toy.ToySettings(steps=50)
    values = [toy.pseudo_metrics(settings, 0, step)["loss"] for step in range(1, 51)]
    drops = [before - after for before, after in pairwise(values)]
    assert all(drop > 0 for drop in drops)
    assert drops == sorted(drops, reverse=True)


def test_noise_is_a_function_of_seed_and_step() -> None:
    noisy = toy.ToySettings(noise=0.05)
    assert toy.pseudo_metrics(noisy, 1, 5) == toy.pseudo_metrics(noisy, 1, 5)
    assert toy.pseudo_metrics(noisy, 1, 5) != toy.pseudo_metrics(noisy, 2, 5)
    assert toy.pseudo_metrics(noisy, 1, 5) != toy.pseudo_metrics(replace(noisy, noise=0.0), 1, 5)


def test_an_ignored_setting_changes_nothing() -> None:
    assert loss(ignore="dropout", dropout=0.5) == loss(dropout=describe(toy.ToySettings)["dropout"].default)
    with pytest.raises(UserError, match="ignore names no setting: 'droput'"):
        loss(ignore="droput")


def test_it_runs_to_its_end(tmp_path: Path) -> None:
    last = end(tmp_path, {"steps": 7})
    assert (last["status"], last["reason"], last["message"]) == ("complete", "finished", "")
    run = tmp_path / "trials" / "0000" / "attempt-1"
    told = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert [event["q"] for event in told] == list(range(1, len(told) + 1))
    assert [event["steps"] for event in told if event["k"] == "total"] == [7]
    assert [event["step"] for event in told if event["k"] == "metrics"] == list(range(1, 8))
    assert last["m"] == toy.pseudo_metrics(toy.ToySettings(steps=7), 0, 7)


@pytest.mark.parametrize(
    ("settings", "reason", "message"),
    [
        ({"crash_at": 3}, "crash", "RuntimeError: the toy was told to crash at step 3"),
        ({"oom_at": 3}, "oom", "CUDA out of memory"),
        ({"disk_full_at": 3}, "disk_full", "No space left on device"),
        ({"nan_at": 3}, "nan", "loss was nan 5 times in a row, last at step 7"),
        ({"nan_at": 18}, "nan", "loss ended as nan"),
        ({"fail_if": "width > 60 and depth == 4"}, "oom", "width > 60"),
        ({"fail_if": "widht > 60"}, "usage", "width"),
        ({"learning_rate": 0}, "usage", "learning_rate must be above 0"),
        ({"width": "wide"}, "usage", "width must be a whole number, got 'wide'"),
        ({"widht": 3}, "usage", "did you mean 'width'?"),
    ],
)
def test_it_fails_as_it_is_told(tmp_path: Path, settings: dict[str, Any], reason: str, message: str) -> None:
    last = end(tmp_path, settings)
    assert (last["status"], last["reason"]) == ("failed", reason)
    assert message in last["message"]


def test_an_expression_that_does_not_hold_is_no_fault(tmp_path: Path) -> None:
    assert end(tmp_path, {"fail_if": "width > 200"})["status"] == "complete"


def test_faults_can_heal(tmp_path: Path) -> None:
    settings = {"crash_at": 12, "checkpoint_every": 5, "faulty_attempts": 1}
    assert end(tmp_path, settings)["reason"] == "crash"
    assert end(tmp_path, settings, attempt=2)["reason"] == "finished"
    trial = tmp_path / "trials" / "0000"
    told = [json.loads(line) for line in (trial / "attempt-2" / "events.jsonl").read_text().splitlines()]
    assert [event["step"] for event in told if event["k"] == "metrics"] == list(range(11, 21))


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, verb: str) -> None:
    undisturbed = make(tmp_path / "still", "toy", {"noise": 0.05})
    worker.main(str(undisturbed.root))
    first = make(tmp_path / "cut", "toy", {"noise": 0.05}, try_steps=None)
    put_control(first, verb)
    worker.main(str(first.root))
    assert events(first, "metrics") == []
    assert events(first)[-1]["status"] == {"pause": "paused", "stop": "stopped"}[verb]

    whole = {}
    for attempt, cut in ((2, 7), (3, 13), (4, 99)):
        run = make(tmp_path / "cut", "toy", {"noise": 0.05, "crash_at": cut, "checkpoint_every": 3}, attempt=attempt)
        worker.main(str(run.root))
        whole |= curve(run)
    assert whole == curve(undisturbed)
    assert events(run, "hello")[0]["resumed_step"] == 12


def test_children_are_left_behind_some_in_sessions_of_their_own(tmp_path: Path) -> None:
    before = set(_children())
    end(tmp_path, {"children": 3})
    left = set(_children()) - before
    try:
        assert len(left) == 3
        assert sorted(os.getsid(pid) == pid for pid in left) == [False, False, True]
    finally:
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def test_it_may_keep_its_length_to_itself(tmp_path: Path) -> None:
    end(tmp_path, {"report_total": False})
    assert '"total"' not in (tmp_path / "trials" / "0000" / "attempt-1" / "events.jsonl").read_text()

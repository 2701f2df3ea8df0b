"""A real model, killed again and again while it writes a checkpoint, learns exactly what it would have learned."""

from __future__ import annotations

import random
import signal
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest

from hptui.operations.runner_lock import runner_status
from hptui.trainers.checkpoints import MANIFEST
from tests.faults.checker import Known, Snapshot, take
from tests.faults.harness import Attempt, Subject, stopped
from tests.support import until

KILLS, STEPS = 24, 150
LOOSE = frozenset({"tokens_per_second"})
TINY = """
    name = "tiny"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "charlm"
    text = "text.txt"
    model_dim = 16
    num_layers = 1
    num_heads = 2
    dropout = 0.2
    max_seq_len = 16
    batch_size = 4
    learning_rate = 1e-2
    lr_schedule = "cosine"
    early_stopping = true
    patience = 1000
    steps = {steps}
    eval_every = 5
    eval_batches = 1
    checkpoint_every = 1
    sample_chars = 20
    threads = 1
    [search]
    sampler = "list"
    [[trial]]
    name = "attacked"
    set = {{}}
    [resources]
    lost_retries = 1000000
    min_free_gb = 0.0
"""


def study(folder: Path, steps: int) -> Path:
    """The same trial twice: the baseline, and another."""
    draw = random.Random(3)
    (folder / "text.txt").write_text(" ".join(draw.choice(("to", "be", "or", "not")) for _ in range(4000)))
    path = folder / "tiny.toml"
    path.write_text(textwrap.dedent(TINY.format(steps=steps)))
    return path


def curves(now: Snapshot, number: int) -> dict[int, dict[str, float | None]]:
    """step -> metrics of a trial, without those that no run repeats."""
    found: dict[int, dict[str, float | None]] = {}
    for name in now.points[number].keys() - LOOSE:
        curve = now.points[number][name]
        for step, (value, _) in curve.items():
            found.setdefault(step, {})[name] = value
    return found


def caught_writing(subject: Subject, n: int, patience: float = 120.0) -> tuple[Attempt, list[str]]:
    """The second trial, stopped while it writes its n-th checkpoint from now, and the files it had begun."""
    checkpoints = subject.sd.checkpoints(1)
    stale = unfinished(checkpoints)  # what the last kill left
    deadline, count, found = time.monotonic() + patience, 0, set(stale)
    attempt = None
    while time.monotonic() < deadline:
        if attempt is None or not subject.kill(attempt.worker, signal.SIGCONT):
            attempt = next((one for one in subject.attempts() if one.trial == 1), None)
        before, found = found, unfinished(checkpoints)
        stale &= found  # once it is gone, its number may be given to a new one
        count += len(found - stale - before)
        if attempt is None or found <= stale or count < n or not subject.kill(attempt.worker, signal.SIGSTOP):
            continue
        until(lambda a=attempt: stopped(a.worker), seconds=5)  # type: ignore[misc]
        if unfinished(checkpoints) - stale:
            return attempt, sorted(path.name for path in checkpoints.glob(".tmp-0*/*"))
    raise AssertionError(f"nobody wrote a checkpoint in {patience:g} s")


def unfinished(checkpoints: Path) -> set[int]:
    """The directories of checkpoints that are being written, or that nobody finished."""
    found = set()
    for entry in checkpoints.glob(".tmp-0*"):
        with suppress(FileNotFoundError):
            found.add(entry.stat().st_ino)
    return found


def attacked(home: Path, folder: Path, kills: int, steps: int, seed: int) -> list[list[str]]:
    """Run a study, killing the second trial's workers in mid-checkpoint, every fifth time its shim; what they had."""
    subject = Subject(home, study(folder, steps))
    draw, states = random.Random(seed), []
    subject.start()
    until(lambda: take(subject.sd).trials[0]["status"] == "complete", seconds=120 + steps)
    right = curves(take(subject.sd), 0)
    assert set(right) == set(range(1, steps + 1))
    subject.known = Known(truth=lambda settings, seed, step: right.get(step, {}), loose=LOOSE)
    for n in range(kills):
        attempt, files = caught_writing(subject, draw.choice((1, 1, 2, 3)))
        states.append(files)
        assert subject.kill(attempt.shim if n % 5 == 4 else attempt.worker)
        until(lambda a=attempt: stopped(a.worker) and a.run not in [b.run for b in subject.attempts()])  # type: ignore[misc]
    until(lambda: not runner_status(subject.sd)["alive"], seconds=120 + steps)
    now = subject.judge()
    assert [len(now.attempts[number]) for number in (0, 1)] == [1, kills + 1]
    assert now.trials[1]["values_json"] == now.trials[0]["values_json"]
    written = [(subject.sd.trial(number) / "artifacts" / "sample.txt").read_text() for number in (0, 1)]
    assert written[0] == written[1]
    return states


def test_losses_are_those_of_an_undisturbed_run(home: Path, tmp_path: Path) -> None:
    states = attacked(home, tmp_path, KILLS, STEPS, seed=1)
    assert sum(MANIFEST not in files for files in states) >= KILLS / 3  # the data was half written, too


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(2, 5))
def test_losses_are_those_of_an_undisturbed_run_after_many_kills(home: Path, tmp_path: Path, seed: int) -> None:
    attacked(home, tmp_path, 150, 1500, seed)

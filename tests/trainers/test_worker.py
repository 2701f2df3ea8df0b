"""The worker as a process: started on a directory written by hand, signalled, killed, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hptui.store.run_directory import put_control
from hptui.trainers import toy, worker
from tests.trainers.attempts import ROOT, curve, events, make, start, until, work

pytestmark = pytest.mark.process

SLOW = {"steps": 400, "step_seconds": 0.01}


def test_it_introduces_itself_trains_and_says_how_it_ended(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {"steps": 5})
    last = work(run)
    assert [event["k"] for event in events(run)] == [
        *("phase", "hello", "total", "effective"),
        *(5 * ["metrics"]),
        "end",
    ]
    assert last["status"] == "complete"
    assert last["m"] == toy.pseudo_metrics(toy.ToySettings(steps=5), 0, 5)
    assert last["peak_gpu_gb"] is None
    assert 0.005 < last["peak_rss_gb"] < 0.5
    assert "step 5/5 loss" in last["log"]
    hello = events(run, "hello")[0]
    assert hello["resumed_step"] is None
    assert hello["environment"]["python"].startswith("3.")
    assert "torch" not in hello["environment"]["packages"]


def test_memory_that_a_parent_held_is_not_counted(tmp_path: Path) -> None:
    held = b"1" * (1 << 30)
    assert work(make(tmp_path, "toy", {"steps": 2}))["peak_rss_gb"] < 0.5 < len(held) / (1 << 30)


def test_sigterm_with_a_verb_pauses_and_the_next_attempt_goes_on(tmp_path: Path) -> None:
    settings = {"steps": 60, "step_seconds": 0.02, "noise": 0.1}
    run = make(tmp_path, "toy", settings)
    with start(run) as process:
        until(lambda: len(events(run, "metrics")) >= 5)
        put_control(run, "pause")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    last = events(run)[-1]
    assert (last["k"], last["status"], last["reason"]) == ("end", "paused", "user")
    step = events(run, "metrics")[-1]["step"]
    assert events(run, "checkpoint")[-1]["step"] == step < 60

    second = make(tmp_path, "toy", {**settings, "step_seconds": 0.0}, attempt=2)
    assert work(second)["status"] == "complete"
    assert events(second, "hello")[0]["resumed_step"] == step
    assert events(second, "metrics")[0]["step"] == step + 1
    whole = {**curve(run), **curve(second)}
    real = toy.ToySettings(steps=60, noise=0.1)
    assert whole == {n: tuple(toy.pseudo_metrics(real, 0, n).values()) for n in range(1, 61)}


@pytest.mark.parametrize(("verb", "status", "reason"), [("stop", "stopped", "user"), ("prune", "pruned", "pruner")])
def test_the_verb_alone_is_enough(tmp_path: Path, verb: str, status: str, reason: str) -> None:
    run = make(tmp_path, "toy", SLOW)
    with start(run) as process:
        until(lambda: events(run, "metrics"))
        put_control(run, verb)
        assert process.wait(30) == 0
    assert (events(run)[-1]["status"], events(run)[-1]["reason"]) == (status, reason)
    assert bool(events(run, "checkpoint")) is (verb == "stop")


def test_sigterm_that_nobody_explains_is_the_machines_fault(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", SLOW)
    with start(run) as process:
        until(lambda: events(run, "metrics"))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    last = events(run)[-1]
    assert (last["status"], last["reason"]) == ("failed", "lost")
    assert events(run, "checkpoint")


def test_a_kill_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {**SLOW, "checkpoint_every": 10})
    with start(run) as process:
        until(lambda: len(events(run, "metrics")) > 40)
        process.kill()
    told = events(run)
    assert [event["q"] for event in told] == list(range(1, len(told) + 1))
    second = make(tmp_path, "toy", {**SLOW, "step_seconds": 0.0}, attempt=2)
    work(second)
    resumed = events(second, "hello")[0]["resumed_step"]
    assert resumed % 10 == 0
    assert resumed <= max(curve(run)) < resumed + 12
    both = {**curve(run), **curve(second)}
    assert sorted(both) == list(range(1, 401))


def test_a_traceback_goes_to_the_log_and_one_line_to_the_record(tmp_path: Path) -> None:
    last = work(make(tmp_path, "toy", {"crash_at": 2}))
    assert last["message"] == "RuntimeError: the toy was told to crash at step 2"
    assert "Traceback (most recent call last)" in last["log"]
    assert "toy.py" in last["log"]


def test_without_a_configuration_there_is_nothing_to_record(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {})
    run.config.write_text('{"trial": 0')
    assert "config.json is missing or torn" in work(run, code=1)["log"]
    assert not run.events.exists()


def test_a_directory_that_cannot_be_used_is_on_record(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {"checkpoint_every": 1}, checkpoints=str(tmp_path / "file" / "checkpoints"))
    (tmp_path / "file").write_text("in the way")
    assert work(run)["reason"] == "crash"


def test_one_process_can_train_several_trials(tmp_path: Path) -> None:
    runs = [make(tmp_path, "toy", {"steps": n}, number=n) for n in (2, 3)]
    with start(*runs) as process:
        assert process.wait(30) == 0
    assert [len(events(run, "metrics")) for run in runs] == [2, 3]
    assert [events(run)[-1]["status"] for run in runs] == ["complete", "complete"]


FORKER = """
import os, sys, importlib, threading
for name in sys.argv[2:]: importlib.import_module(name)
before = sorted(os.listdir("/proc/self/fd"))
pid = os.fork()
if pid == 0:
    from hptui.trainers.worker import main
    code = main(sys.argv[1])
    left = sorted(os.listdir("/proc/self/fd"))
    print("same" if left == before else f"{before} {left}", flush=True)
    os._exit(code)
print(os.waitpid(pid, 0)[1])
"""


def test_a_forked_child_is_as_good_and_leaves_its_descriptors_alone(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {"steps": 3})
    command = [sys.executable, "-c", FORKER, str(run.root), "hptui.trainers.worker", "hptui.trainers.toy"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.splitlines()[-2:] == ["same", "0"], done.stderr
    assert events(run)[-1]["status"] == "complete"


def test_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert worker.main(str(make(tmp_path, "toy", {"steps": 1}).root)) == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from hptui.trainers import worker
worker.MAX_END_WAIT_S = 1.0
sys.exit(worker.main(sys.argv[2]))
"""


def limited(run_dir: Path, size: int) -> int:
    """Run a worker that cannot write files longer than `size`."""
    command = [sys.executable, "-c", LIMITED, str(size), str(run_dir)]
    return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True).returncode


def test_a_record_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    run = make(tmp_path, "toy", {"steps": 200})
    assert limited(run.root, 4096) == 1
    assert run.events.stat().st_size == 4096
    assert all(event["k"] != "end" for event in events(run))


BESIDE = '''
"""Trainers of a user's own."""
import multiprocessing, sys, time
from dataclasses import dataclass
from pathlib import Path

def plain(learning_rate=1e-3, layers: int = 4, name="x", sizes=(8, 16)):
    return {"loss": learning_rate * layers, "layers": layers, "remark": "fine"}

def needy(data: str, trial=None):
    trial.total_steps = 3
    for step in range(1, 4):
        trial.report(step, loss=1 / step)
    trial.artifact("out.txt").write_text(data)
    return 1 / 3

def nothing(trial):
    trial.report(1, loss=0.5)

def anything(trial, **settings):
    return {"loss": float(len(settings))}

def early(trial):
    trial.stopped_early("enough")
    return {"loss": 1.0}

def missing(trial):
    Path("no such file").read_text()

def imports(trial):
    import no_such_package

def leaves():
    sys.exit(3)

def odd():
    return {"loss": float("nan")}

def wrong():
    return "good"

def forks():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    time.sleep(0.2)
    child.terminate()
    child.join(10)
    return {"loss": float(child.exitcode)}

def big(trial, size=100_000):
    trial.report(1, loss=1.0)
    trial.checkpoint(lambda path: (path / "w.bin").write_bytes(bytes(size)))
    return {"loss": 1.0}

def torn(trial):
    import torch
    trial.report(1, loss=1.0)
    def save(path):
        with (path / "w.pt").open("wb") as file:
            torch.save(torch.zeros(1_000_000), file)
    trial.checkpoint(save)

def slow(trial):
    for step in range(int(trial.resumed_step or 0) + 1, 6):
        trial.report(step, loss=1 / step)
        def save(path):
            (path / "half").write_text("half")
            if step == 4 and trial.attempt == 1:
                time.sleep(60)
            (path / "whole").write_text(str(step))
        trial.checkpoint(save)
    return {"loss": 0.0}

@dataclass
class Knobs:
    rate: float = 0.1

class Trainer:
    Settings = Knobs
    def __call__(self, settings, trial):
        return {"loss": settings.rate}
'''


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(BESIDE)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "settings", "status", "reason", "final"),
    [
        ("mine:plain", {"learning_rate": 1, "layers": 2}, "complete", "finished", {"loss": 2.0, "layers": 2.0}),
        ("mine:needy", {"data": "d"}, "complete", "finished", {"loss": 1 / 3}),
        ("mine:nothing", {}, "complete", "finished", {}),
        ("mine:anything", {"a": 1, "b": [2]}, "complete", "finished", {"loss": 2.0}),
        ("mine:Trainer", {"rate": 3}, "complete", "finished", {"loss": 3.0}),
        ("mine:early", {}, "complete", "early_stop", {"loss": 1.0}),
        ("mine:needy", {}, "failed", "usage", {}),
        ("mine:plain", {"layer": 2}, "failed", "usage", {}),
        ("mine:plain", {"layers": "two"}, "failed", "usage", {}),
        ("mine:plan", {}, "failed", "usage", {}),
        ("yours:plain", {}, "failed", "usage", {}),
        ("mine:missing", {}, "failed", "setup", {}),
        ("mine:imports", {}, "failed", "setup", {}),
        ("mine:leaves", {}, "failed", "crash", {}),
        ("mine:wrong", {}, "failed", "usage", {}),
        ("mine:odd", {}, "failed", "nan", {"loss": None}),
        ("mine:forks", {}, "complete", "finished", {"loss": -15.0}),
    ],
)
def test_a_users_function_is_a_trainer(
    beside: Path, kind: str, settings: dict[str, Any], status: str, reason: str, final: dict[str, float | None]
) -> None:
    last = work(make(beside, kind, settings))
    assert (last["status"], last["reason"], last["m"]) == (status, reason, final), last
    assert (last["message"] == "") is (reason == "finished")


def test_what_a_user_returns_that_is_no_number_is_a_warning(beside: Path) -> None:
    run = make(beside, "mine:plain", {})
    work(run)
    assert [event["message"] for event in events(run, "warning")] == [
        "the trainer returned 'remark' = 'fine', which is no number"
    ]


@pytest.mark.parametrize("kind", ["mine:big", "mine:torn"])
def test_a_checkpoint_that_finds_the_disk_full_is_nobodys_fault(beside: Path, kind: str) -> None:
    run = make(beside, kind, {})
    assert limited(run.root, 65536) == 0
    last = events(run)[-1]
    assert (last["status"], last["reason"]) == ("failed", "disk_full"), last
    assert list((beside / "trials" / "0000" / "checkpoints").iterdir()) == []


def test_a_kill_while_a_checkpoint_is_written_falls_back_to_the_one_before(beside: Path) -> None:
    run = make(beside, "mine:slow", {})
    checkpoints = beside / "trials" / "0000" / "checkpoints"
    with start(run) as process:
        until(lambda: (checkpoints / ".tmp-00000004" / "half").exists())
        process.kill()
    second = make(beside, "mine:slow", {}, attempt=2)
    assert work(second)["status"] == "complete"
    assert events(second, "hello")[0]["resumed_step"] == 3
    assert [event["step"] for event in events(second, "metrics")] == [4, 5]
    assert sorted(path.name for path in checkpoints.iterdir()) == ["step-00000004", "step-00000005"]
    assert json.loads((checkpoints / "step-00000005" / "MANIFEST.json").read_text())["step"] == 5

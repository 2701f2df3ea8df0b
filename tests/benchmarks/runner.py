"""What a runner costs: CPU and memory while 1,000 points a second arrive, and the time to recover from kill -9.

python -m tests.benchmarks.runner
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from hptui.core.trial import TrialStatus
from hptui.operations.run import run
from hptui.operations.runner_lock import runner_status
from hptui.store.reader import StoreReader
from tests.benchmarks.common import machine, scratch
from tests.support import run_to_rest, toy, trials, until

SECONDS = 20.0
TRIALS = 1000


def load(folder: Path, home: Path) -> None:
    """Four workers, each 125 steps a second with two metrics: 1,000 points a second."""
    path = toy(folder, "load", trials=4, steps=10_000, step_seconds=0.008, rest="[resources]\nparallel = 4")
    sd = run(home, str(path)).sd
    until(lambda: all((trial.last_step or 0) > 50 for trial in trials(sd)) and len(trials(sd)) == 4)
    process = psutil.Process(int(str(runner_status(sd)["pid"])))
    with StoreReader.open(sd) as reader:
        before = sum(last.n for trial in range(4) for last in reader.metric_summaries(trial).values())
    cpu, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(SECONDS)
    took = time.monotonic() - began
    used = (sum(process.cpu_times()[:2]) - cpu) / took
    with StoreReader.open(sd) as reader:
        points = sum(last.n for trial in range(4) for last in reader.metric_summaries(trial).values()) - before
    rss, fds = process.memory_info().rss / (1 << 20), process.num_fds()
    print(f"runner at {points / took:6.0f} points/s: {used:6.2%} of a core, {rss:.0f} MiB, {fds} descriptors")
    os.kill(process.pid, signal.SIGKILL)


def recovery(folder: Path, home: Path) -> None:
    """A study of 1,000 trials; from kill -9 of its runner to the first point that the next one has recorded."""
    path = toy(folder, "recovery", trials=TRIALS, steps=1, rest="[resources]\nparallel = 2")
    began = time.monotonic()
    sd = run_to_rest(home, path)
    print(f"{TRIALS} trials of one step in {time.monotonic() - began:.1f} s, two at a time")
    sd = run(home, "recovery", trials="+1", settings={"steps": "100000", "step_seconds": "0.01"}).sd
    until(lambda: any(t.status is TrialStatus.RUNNING and (t.last_step or 0) > 10 for t in trials(sd)[-2:]))
    os.kill(int(str(runner_status(sd)["pid"])), signal.SIGKILL)
    until(lambda: not runner_status(sd)["alive"])
    with StoreReader.open(sd) as reader:
        step = reader.trial(TRIALS).last_step or 0
        began = time.monotonic()
        run(home, "recovery")
        until(lambda: (reader.trial(TRIALS).last_step or 0) > step)
        print(f"recovery with {TRIALS} trials: {time.monotonic() - began:.2f} s from `run` to the next recorded point")


def main() -> None:
    print(machine())
    with scratch() as folder:
        load(folder, folder / "home")
        recovery(folder, folder / "home")


if __name__ == "__main__":
    main()

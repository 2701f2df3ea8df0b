"""What it costs to run a script through hptui, how soon its lines are on record, and whether outputs stay apart.

python -m tests.benchmarks.command [--seconds 30] [--repeats 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from statistics import median

import psutil

from hptui.operations.run import run
from hptui.store.reader import StoreReader
from hptui.store.run_directory import RunDir, read_json
from tests.benchmarks.common import events, machine, percentile, scratch
from tests.support import rest, run_to_rest, trials, until

SCRIPT = """
import hashlib, sys, time
tag, work = sys.argv[1], int(sys.argv[2])
began, data = time.monotonic(), b"x" * 4096
for step in range(1, work + 1):                      # a fixed amount of work, so that what disturbs it shows
    for _ in range(2000):
        data = hashlib.sha256(data).digest() * 128
    print(f"step {step}/{work} loss {1 / step:.6f} tag {tag} written {time.time():.6f}", flush=True)
print(f"val_loss {time.monotonic() - began:.6f}")
"""

STUDY = """
    name = "{name}"
    [objective]
    metric = "val_loss"
    [trainer]
    kind = "command"
    command = ["{{python}}", "work.py", "{{number}}", "{{work}}"]
    work = {work}
    unused = 1
    [space]
    unused = "1..1000000"
    [search]
    sampler = "random"
    trials = {trials}
    [resources]
    parallel = {parallel}
"""


def study(folder: Path, name: str, *, work: int, trials_: int, parallel: int) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(textwrap.dedent(STUDY.format(name=name, work=work, trials=trials_, parallel=parallel)))
    return path


def by_hand(folder: Path, work: int) -> tuple[float, float]:
    """Seconds of the script when a person starts it: all, and what it spent on its work."""
    began = time.monotonic()
    words = [sys.executable, "work.py", "0", str(work)]
    surroundings = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, text=True, check=True, env=surroundings)
    return time.monotonic() - began, float(done.stdout.split()[-1])


def calibrate(folder: Path, seconds: float) -> int:
    """How much work takes so long."""
    return max(10, int(20 * seconds / by_hand(folder, 20)[1]))


def through_hptui(folder: Path, name: str, work: int) -> tuple[float, float, float, list[float]]:
    """(seconds of the trial, of its work, of processor for the worker itself, delays of its lines)."""
    sd = run(folder / "home", str(study(folder, name, work=work, trials_=1, parallel=1))).sd
    until(lambda: isinstance(read_json(RunDir(sd.attempt(0, 1)).shim), dict))
    worker, cpu = psutil.Process(read_json(RunDir(sd.attempt(0, 1)).shim)["worker"]), 0.0
    while worker.is_running():
        try:
            times = worker.cpu_times()
        except psutil.NoSuchProcess:
            break
        cpu = max(cpu, times.user + times.system)
        time.sleep(0.2)
    rest(sd)
    with StoreReader.open(sd) as reader:
        [attempt] = reader.attempts(0)
        written = [value for _, value, _ in reader.curve(0, "written")]
        inner = (reader.trial(0).values or {})["val_loss"]
    told = [event["wall"] for event in events(sd, 0) if event["k"] == "metrics" and "written" in event["m"]]
    return attempt.seconds, inner, cpu, [late - at for late, at in zip(told, written, strict=True)]


def mixed(folder: Path) -> int:
    """Of eight trials at once, how many lines are on record under another trial's number."""
    sd = run_to_rest(folder / "home", study(folder, "eight", work=40, trials_=8, parallel=8))
    wrong = 0
    with StoreReader.open(sd) as reader:
        for trial in trials(sd):
            tags = [value for _, value, _ in reader.curve(trial.number, "tag")]
            wrong += sum(tag != trial.number for tag in tags) + (len(tags) != 40)
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    print(machine())
    with scratch() as folder:
        (folder / "work.py").write_text(SCRIPT)
        work = calibrate(folder, args.seconds)
        hand, ours, delays = [], [], []
        for n in range(args.repeats):  # in turns: the machine is not equally quick all the time
            hand.append(by_hand(folder, work))
            seconds, inner, cpu, late = through_hptui(folder, f"one-{n}", work)
            ours.append((seconds, inner, cpu))
            delays += late
        print("seconds by hand   ", json.dumps(hand))
        print("seconds of a trial", json.dumps(ours))
        around = median(total - inner for total, inner, _ in ours) - median(total - inner for total, inner in hand)
        own, length = median(cpu for *_, cpu in ours), median(inner for _, inner, _ in ours)
        print(f"before and after the script {around:.3f} s more: {100 * around / length:.2f} % of {length:.1f} s")
        print(f"processor time beside it {own:.3f} s: {100 * own / length:.2f} % of a core")
        print(f"a line is handed on after p50 {percentile(delays, 0.5):.3f} s, p95 {percentile(delays, 0.95):.3f} s")
        print(f"eight trials at once: {mixed(folder)} lines under a wrong number")


if __name__ == "__main__":
    main()
